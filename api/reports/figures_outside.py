"""Figures of the monthly report for outside the office: no count of 1 to 4, and none that subtraction would tell.

What shares a total is hidden together (`nlp.insight.small_cells`): weeks and months share days, topics and praise share the
months' totals. Since those totals are themselves shown, or else their parts are not, each of these tables is safe beside
the others. What could be held against them is left out: counts of areas, deadlines, training needs and integrity.
"""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from api.errors import ApiError
from api.reports.context import Context
from api.reports.figures import Figures, month_before
from api.reports.weeks import N_WEEKS, last_sunday
from nlp.insight.small_cells import MIN_CELL, TOTAL, suppress
from nlp.insight.wording import percent

SHARE_DIGITS = 2  # a share in whole percent does not tell of how many it is


def outside(context: Context, figures: Figures) -> Figures:
    """The same, safe; ApiError 422 where the month as a whole holds too few messages."""
    topics, totals = _topics(figures.topics)
    weeks, month_totals = _weeks(context, figures.weeks)
    now, before = context.scope.since, month_before(context.scope.since)
    if totals["n"] or month_totals[now]:
        raise ApiError(
            422,
            "terlalu_sedikit_untuk_luar",
            "Terlalu sedikit pesan untuk luar kantor",
            "Angkanya akan membuka hal pribadi. Buat untuk dalam kantor (audience dalam), atau pilih bulan lain.",
        )
    if totals["n_before"] or month_totals[before]:
        topics["n_before"] = pd.array([pd.NA] * len(topics), dtype="Int64")
    return replace(
        figures,
        weeks=weeks,
        topics=topics,
        rises=figures.rises[["topic_name", "ratio"]],
        deadlines=_deadlines(figures.deadlines),
        kept=_kept(figures.deadlines),
        areas=figures.areas[["rank", "topic_name", "aspect_name", "place", "rank_low", "rank_high", "stability"]],
        area_notes=(),
        themes=_themes(figures.themes),
        actions=figures.actions.drop(columns="told"),
        targets=figures.targets.drop(columns="told"),
        survey=figures.survey[figures.survey["n_respondents"] >= MIN_CELL],
        elements=_elements(figures),
        needs=figures.needs.head(0),
        praise=_praise(figures),
        saving="",
        n_flagged=0,
        floods=(),
    )


def _topics(topics: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, bool]]:
    """Topics of both months with small counts hidden, and whether the month's own totals had to be.

    Each month by itself and in the order of codes, so that a month is hidden alike in its own report and in the next one,
    which tells it again: two patterns laid over each other would leave one count hidden, and its total would tell it.
    """
    columns = ["n", "n_before"]
    counts = topics.set_index("topic")[columns].fillna(0).sort_index()
    safe = {name: suppress(counts[counts[name] > 0][[name]].reset_index(), name, ["topic"]) for name in columns}
    shown = {name: table.set_index("topic")[name].drop(TOTAL).reindex(topics["topic"]) for name, table in safe.items()}
    # a topic that the month lacks has none, which is nothing to hide
    cells = {name: column.mask(topics[name].fillna(0).eq(0).to_numpy(), 0).to_numpy() for name, column in shown.items()}
    # their order must not tell how large hidden ones are
    safe_topics = topics.assign(**cells).sort_values(["n", "topic_name"], ascending=[False, True], ignore_index=True)
    return safe_topics, {name: bool(table["hidden"].iloc[-1]) for name, table in safe.items()}


def _weeks(context: Context, weeks: pd.DataFrame) -> tuple[pd.DataFrame, dict[date, bool]]:
    """Weeks with small counts hidden, also against the months' totals, which days of cut weeks would tell.

    Of all months that the weeks touch, whole: each had its own report, and what that one hid this one must not show. Also
    whether the total of the month, and of the one before, had to be hidden.
    """
    scope = context.scope
    first_month = (last_sunday(context.last_day) - timedelta(days=7 * N_WEEKS - 1)).replace(day=1)
    counts = context.counts(["day"], first_month - timedelta(days=first_month.weekday()))
    told = (month_before(scope.since), scope.since)
    parts = pd.DataFrame(
        {
            "week": counts["day"].dt.to_period("W-SUN").dt.start_time.dt.strftime("%Y-%m-%d"),
            "month": [day.replace(day=1).date().isoformat() for day in counts["day"]],
            "n": counts["n"],
        }
    )
    parts.loc[parts["month"] < first_month.isoformat(), "month"] = ""  # days before the first whole one, of its first week
    parts = parts.groupby(["week", "month"], as_index=False)["n"].sum()
    safe = suppress(parts, "n", ["week", "month"], [("week",), ("month",)])
    by_week = safe[safe["month"] == TOTAL].set_index("week")["hidden"]
    by_month = safe[safe["week"] == TOTAL].set_index("month")["hidden"]
    hidden = weeks["period"].dt.strftime("%Y-%m-%d").map(by_week).fillna(False).astype(bool)
    return weeks.assign(n=weeks["n"].mask(hidden)), {day: bool(by_month.get(day.isoformat(), False)) for day in told}


def _tellable(n_kept: "pd.Series[int]", n_due: "pd.Series[int]") -> "pd.Series[bool]":
    """Where neither those in time nor those late are so few that a share would tell of them."""
    n_late = n_due - n_kept
    return ((n_kept >= MIN_CELL) | (n_kept == 0)) & ((n_late >= MIN_CELL) | (n_late == 0)) & (n_due >= MIN_CELL)


def _deadlines(deadlines: pd.DataFrame) -> pd.DataFrame:
    """Shares alone, in whole percent, of the topics where both sides are large enough."""
    columns = ["topic_name", "share_kept", "share_low", "share_high", "standard_days", "standard_share", "verdict"]
    safe = deadlines[_tellable(deadlines["n_kept"], deadlines["n_due"])][columns].reset_index(drop=True)
    return safe.assign(**{name: safe[name].round(SHARE_DIGITS) for name in columns[1:4]})


def _kept(deadlines: pd.DataFrame) -> str:
    """The sentence on all deadlines without a count, '' where it would tell of few."""
    totals = deadlines[["n_kept", "n_due"]].sum().to_frame().T
    if not _tellable(totals["n_kept"], totals["n_due"]).all():
        return ""
    share = totals["n_kept"].iloc[0] / totals["n_due"].iloc[0]
    return f"Dari pesan yang jatuh tempo, {percent(share)} selesai dalam batas waktu."


def _themes(themes: pd.DataFrame) -> pd.DataFrame:
    """Themes of a topic without small ones; how many messages the topic had in these three months is told nowhere."""
    kept = themes[themes["n_messages"] >= MIN_CELL]
    return kept[["topic_name", "name", "n_messages", "is_emerging"]].reset_index(drop=True)


def _elements(figures: Figures) -> pd.DataFrame:
    """What the survey says of the elements, without what messages say."""
    enough = (figures.survey["n_respondents"] >= MIN_CELL).any()
    return figures.elements[["element", "name", "mean", "grade"]].head(len(figures.elements) if enough else 0)


def _praise(figures: Figures) -> pd.DataFrame:
    """Praise by unit, safe beside the month's total: all other messages are a part of it too."""
    praise = figures.praise[["unit", "n_positive"]]
    if praise.empty:
        return praise
    rest = int(figures.month["n"]) - int(praise["n_positive"].sum())
    parts = pd.DataFrame({"part": range(len(praise) + 1), "n": [*praise["n_positive"], rest]})  # a unit may bear any name
    safe = suppress(parts, "n", ["part"]).head(len(praise))
    return praise.assign(n_positive=safe["n"].to_numpy()).dropna(subset="n_positive").reset_index(drop=True)
