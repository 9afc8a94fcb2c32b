"""What the monthly report says, collected out of the other reports: frames and sentences, for inside the office.

Nothing is counted here. Of the month: messages, topics, people, integrity. Of the three months that end with it, where a
month alone holds too little: deadlines, priorities, themes. Of the year: weeks and the survey.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from api.plans import repository as plans
from api.plans.service import effect, target_progress
from api.plans.tables import ImprovementAction, StoredTarget
from api.reports.changes import floods_of
from api.reports.context import Context
from api.reports.priorities import ranking_of
from api.reports.scope import Scope
from api.reports.standards import people, standards
from api.reports.themes import themes
from api.reports.trends import trends
from api.reports.weeks import weeks
from api.routing.repository import units_by_id
from api.surveys.service import satisfaction
from nlp.insight.areas import Place
from nlp.insight.rises import RISE
from nlp.insight.satisfaction import GRADES
from nlp.insight.wording import day, number, span
from nlp.labels import FLAGGED_BANDS

MAX_AREAS = 10
MAX_THEMED_TOPICS = 3
MAX_THEMES = 3  # of each, the largest
MAX_PLANS = 5  # the newest ones
MAX_DAYS_LISTED = 5
MAX_FLOODS = 3
SURVEY_DAYS = 366  # a survey is taken once or twice a year
MIN_PEOPLE = 3  # messages about a unit's people before a report that is signed speaks of them
PLACES: tuple[Place, ...] = ("district", "unit")
UNNAMED = "Tanpa topik"


@dataclass(frozen=True, slots=True)
class Figures:
    """Frames by what they hold. A count that the reader may not see is missing (NA)."""

    month: "pd.Series[Any]"  # n, expected, low, high
    weeks: pd.DataFrame  # see api.reports.weeks
    topics: pd.DataFrame  # topic, topic_name, n, n_before; the largest first
    rises: pd.DataFrame  # topic_name, n, expected, ratio, sentence; the surest first
    deadlines: pd.DataFrame  # by topic as nlp.insight.standards has them, only those with a deadline over; the worst first
    kept: str  # sentence about all deadlines
    areas: pd.DataFrame  # as nlp.insight.priorities ranks them, the first ones, with `place`
    area_notes: tuple[str, ...]
    themes: pd.DataFrame  # topic, topic_name, name, n_messages, growth, is_emerging
    actions: pd.DataFrame  # name, area, starts_on, cost_rupiah, verdict, told
    targets: pd.DataFrame  # name, area, due_on, status, told
    survey: pd.DataFrame  # one row or none: n_respondents, index, low, high, grade, grade_name
    elements: pd.DataFrame  # element, name, mean, grade, messages_n, share_negative, flag
    needs: pd.DataFrame  # unit, aspect_name, n_negative, n_unit, share
    praise: pd.DataFrame  # unit, n_positive, n_unit
    saving: str
    n_flagged: int
    floods: tuple[str, ...]  # sentences about many nearly the same messages, which all counts hold one by one
    missing_days: tuple[date, ...]


def month_before(first: date) -> date:
    """The first day of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def quarter(context: Context) -> Context:
    """The three months that end with the context's one."""
    return replace(context, scope=replace(context.scope, since=month_before(month_before(context.scope.since))))


def collect(context: Context) -> Figures:
    """Figures of a context whose scope is one calendar month."""
    scope = context.scope
    total = trends(context, None, "M").tables["deret"].frame.iloc[0]
    topics, rises = _topics(context)
    by_topic = standards(quarter(context))
    kept = by_topic.tables["topik"].frame
    if (kept["n_open"] == kept["n"]).all():  # closings are not noted here, so nothing can be said of deadlines
        kept = kept.head(0)
    needs, praise, saving = _people(context)
    survey, elements = _survey(context)
    areas, area_notes = _areas(quarter(context))
    counts = context.counts(["band"])
    observed = set(context.observed_days(scope.since).date)
    days = (scope.since + timedelta(days=n) for n in range((scope.until - scope.since).days))
    return Figures(
        month=total[["n", "expected", "low", "high"]],
        weeks=weeks(context),
        topics=topics,
        rises=rises,
        deadlines=_named(kept[kept["n_due"] > 0]).sort_values("share_kept", kind="stable", ignore_index=True),
        kept=by_topic.all_sentences[0],
        areas=areas,
        area_notes=area_notes,
        themes=_themes(quarter(context), topics),
        actions=_actions(context),
        targets=_targets(context),
        survey=survey,
        elements=elements,
        needs=needs,
        praise=praise,
        saving=saving,
        n_flagged=int(counts.loc[counts["band"].isin(FLAGGED_BANDS), "n"].sum()),
        floods=_floods(context),
        missing_days=tuple(sorted(set(days) - observed)),
    )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(topic_name=frame["topic_name"].where(frame["topic_name"] != "", UNNAMED))


def _topics(context: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Topics of the month beside the month before, and those that rose at its end."""
    first = pd.Timestamp(context.scope.since)
    both = replace(context, scope=replace(context.scope, since=month_before(context.scope.since)))
    found = trends(both, "topic", "M").tables
    wide = _named(found["deret"].frame).pivot_table("n", ["topic", "topic_name"], "period", aggfunc="sum")
    before = pd.Timestamp(both.scope.since)
    wide = wide.reindex(columns=[first, before]).set_axis(["n", "n_before"], axis=1).reset_index()
    wide = wide[wide[["n", "n_before"]].any(axis=1)].sort_values(["n", "topic"], ascending=[False, True], ignore_index=True)
    rises = found["berubah"].frame
    return wide.fillna({"n": 0}), rises[rises["direction"] == RISE].reset_index(drop=True)


def _areas(context: Context) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Ranked by district or by unit, whichever leaves more messages in named areas large enough to stand for themselves."""
    rankings = {kind: ranking_of(context, kind) for kind in PLACES}
    alone = {kind: ranking.areas.loc[ranking.areas[kind] != "", "n"].sum() for kind, ranking in rankings.items()}
    kind = max(PLACES, key=lambda kind: alone[kind])
    ranking = rankings[kind]
    frame = context.with_names(ranking.areas.head(MAX_AREAS))
    several = "beberapa wilayah" if kind == "district" else "beberapa unit"
    lacking = "tanpa wilayah" if kind == "district" else "belum ada unit"
    places = [place or (several if n_pooled else lacking) for place, n_pooled in zip(frame[kind], frame["n_pooled"], strict=True)]
    return frame.assign(place=places), ranking.notes


def _themes(context: Context, topics: pd.DataFrame) -> pd.DataFrame:
    """Themes of the topics that most of the month's messages are about."""
    columns = ["topic", "topic_name", "name", "n_messages", "growth", "is_emerging"]
    named = topics[topics["topic"] != ""].head(MAX_THEMED_TOPICS)
    parts = []
    for topic, name in zip(named["topic"], named["topic_name"], strict=True):
        found = themes(replace(context, scope=replace(context.scope, topic=topic)), topic).tables["tema"].frame
        parts.append(found.head(MAX_THEMES).assign(topic=topic, topic_name=name)[columns])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _plans(context: Context, table: type[Any]) -> list[Any]:
    return plans.page(context.session, table, context.scope.unit_ids, None, context.desk.settings.page_limit)


def _actions(context: Context) -> pd.DataFrame:
    """Actions that had begun, each judged as its effect stood at the month's end."""
    rows = [row for row in _plans(context, ImprovementAction) if row.starts_on < context.scope.until][:MAX_PLANS]
    found = [(row, effect(context.session, context.desk, row, context.scope.until)) for row in rows]
    told = [
        {
            "name": row.name,
            "area": _area(context, row),
            "starts_on": pd.Timestamp(row.starts_on),
            "cost_rupiah": row.cost_rupiah,
            "verdict": effect_.verdict,
            "told": " ".join(effect_.reasons),
        }
        for row, effect_ in found
    ]
    return pd.DataFrame(told, columns=["name", "area", "starts_on", "cost_rupiah", "verdict", "told"])


def _targets(context: Context) -> pd.DataFrame:
    rows = [row for row in _plans(context, StoredTarget) if row.baseline_on < context.scope.until][:MAX_PLANS]
    told = []
    for row in rows:
        progress = target_progress(context.session, context.desk, row, context.scope.until)
        told.append(
            {
                "name": row.name,
                "area": _area(context, row),
                "due_on": pd.Timestamp(row.due_on),
                "status": progress["status"],
                "told": progress["sentence"],
            }
        )
    return pd.DataFrame(told, columns=["name", "area", "due_on", "status", "told"])


def _area(context: Context, row: ImprovementAction | StoredTarget) -> str:
    """What a plan is about, in names."""
    names = [context.labels.name(family, code) for family, code in (("topic", row.topic), ("aspect", row.aspect)) if code]
    if row.unit_id is not None:
        names.append(units_by_id(context.session, {row.unit_id})[row.unit_id].name)
    return " · ".join([*names, *([row.district] if row.district else [])])


def _survey(context: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    scope = context.scope
    year = Scope(scope.until - timedelta(days=SURVEY_DAYS), scope.until, unit_ids=scope.unit_ids)
    found = satisfaction(replace(context, scope=year)).tables
    names = {grade.code: grade.name for grade in GRADES}
    whole = found["ikm"].frame
    whole = whole[whole["index"].notna()]
    return whole.assign(grade_name=whole["grade"].map(names)).reset_index(drop=True), found["unsur"].frame


def _people(context: Context) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    found = people(context)
    saved = found.tables["penghematan"].frame
    saving = found.all_sentences[0] if (saved["n_saved"] > 0).any() else ""
    needs, praise = found.tables["pelatihan"].frame, found.tables["pujian"].frame
    return needs[needs["n_negative"] >= MIN_PEOPLE], praise[praise["n_positive"] >= MIN_PEOPLE], saving


def _floods(context: Context) -> tuple[str, ...]:
    """Floods of the month, the largest first: without them a campaign reads like a need of many people."""
    table = floods_of(context.messages("text", "signature")).table.head(MAX_FLOODS)
    return tuple(
        f"{number(row['n'])} pesan yang hampir sama masuk {span(row['first_day'], row['last_day'])} dan dihitung satu per satu; "
        "mungkin kampanye, bukan laporan terpisah."
        for row in table.to_dict("records")
    )


def days_told(days: tuple[date, ...]) -> str:
    """'2 hari (11 Oktober 2026, 12 Oktober 2026)'; of many days the number alone."""
    listed = f" ({', '.join(day(pd.Timestamp(one)) for one in days)})" if len(days) <= MAX_DAYS_LISTED else ""
    return f"{len(days)} hari{listed}"
