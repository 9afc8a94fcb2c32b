"""SQL about daily counts and about the messages that reports read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import ColumnElement, Executable, and_, case, delete, func, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.database import hold_writes
from api.feedback.tables import Feedback, StoredAssessment
from api.reports.scope import Scope
from api.reports.tables import DailyCount, StoredTheme
from api.routing.tables import Disposition, Unit
from nlp.insight.areas import Place
from nlp.insight.frames import DIMENSIONS, MEASURES
from nlp.labels import FLAGGED_BANDS, Labels

CELL = ("day", "topic", "aspect", "unit_id", "district", "channel", "sentiment", "urgency", "band")
Cell = tuple[Any, ...]
BATCH = 5_000


def add_counts(session: Session, rows: Iterable[tuple[Cell, tuple[int, ...]]]) -> None:
    """Add amounts to the measures of cells, which come in the order of their keys."""
    values = [dict(zip((*CELL, *MEASURES), (*cell, *amounts), strict=True)) for cell, amounts in rows]
    if not values:
        return
    session.connection().execute(_upsert(session.get_bind().dialect.name), values)


@lru_cache(maxsize=2)
def _upsert(dialect: str) -> Executable:
    """Made once: it is part of every message's way in."""
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(DailyCount)
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=list(CELL),
        set_={name: getattr(DailyCount, name) + getattr(statement.excluded, name) for name in MEASURES},
    )
    return upsert


def clear_counts(session: Session) -> None:
    """Delete every count; nobody else stores a message until the transaction ends."""
    hold_writes(session)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE feedback IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(delete(DailyCount))


def has_counts(session: Session) -> bool:
    """Whether anything is counted, or there is nothing to count."""
    return session.scalar(select(DailyCount.day).limit(1)) is not None or session.scalar(select(Feedback.id).limit(1)) is None


def messages_to_count(session: Session, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Some columns of every message, batch by batch."""
    query = select(*(getattr(Feedback, name) for name in columns)).order_by(Feedback.id)
    for rows in session.execute(query.execution_options(yield_per=BATCH)).partitions():
        yield [dict(row._mapping) for row in rows]


def newest_to_count(session: Session, columns: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """Some columns of the messages that were stored last."""
    query = select(*(getattr(Feedback, name) for name in columns)).order_by(Feedback.id.desc()).limit(limit)
    return [dict(row._mapping) for row in session.execute(query)]


def n_counted(session: Session, cells: Sequence[Cell]) -> int:
    """How many of these different cells hold a message."""
    place = tuple_(*(getattr(DailyCount, name) for name in CELL))
    return session.scalar(select(func.count()).select_from(DailyCount).where(place.in_(cells), DailyCount.n > 0)) or 0


# ---------------------------------------------------------------------------------------------- what reports read
_DIMENSION = {name: func.coalesce(Unit.name, "") if name == "unit" else getattr(DailyCount, name) for name in DIMENSIONS}


def counts(session: Session, by: Sequence[str], scope: Scope) -> pd.DataFrame:
    """COUNTS of a scope, added up by day (where `by` holds it) and names of `nlp.insight.frames.DIMENSIONS`."""
    columns = [DailyCount.day if name == "day" else _DIMENSION[name] for name in by]
    query = (
        select(*(column.label(name) for name, column in zip(by, columns, strict=True)), *_sums())
        .join(Unit, Unit.id == DailyCount.unit_id, isouter=True)
        .where(*_inside(scope))
        .group_by(*columns)
        .order_by(*columns)
    )
    frame = pd.DataFrame(session.execute(query).all(), columns=[*by, *MEASURES])
    if "day" in by:
        frame["day"] = pd.to_datetime(frame["day"])
    return frame.astype({name: "str" for name in by if name != "day"} | dict.fromkeys(MEASURES, "int64"))


def _sums() -> list[Any]:
    return [func.sum(getattr(DailyCount, name)).label(name) for name in MEASURES]


def _inside(scope: Scope, since: date | None = None) -> list[ColumnElement[bool]]:
    return [DailyCount.day >= (since or scope.since), DailyCount.day < scope.until, *_named(DailyCount, scope)]


def _of_messages(scope: Scope) -> list[ColumnElement[bool]]:
    return [Feedback.visibility != "rahasia", *_named(Feedback, scope)]


def _named(table: type[DailyCount] | type[Feedback], scope: Scope) -> list[ColumnElement[bool]]:
    """What a scope names besides its days."""
    named = ((name, getattr(scope, name)) for name in ("topic", "aspect", "district"))
    found = [getattr(table, name) == value for name, value in named if value is not None]
    return found if scope.unit_ids is None else [*found, table.unit_id.in_(scope.unit_ids)]


def observed_days(session: Session, since: date, until: date) -> pd.DatetimeIndex:
    """Days on which anything came in from anybody: on others the service was not listening."""
    query = select(DailyCount.day).where(DailyCount.day >= since, DailyCount.day < until, DailyCount.n > 0).distinct()
    return pd.DatetimeIndex(sorted(session.scalars(query)))


def first_day(session: Session) -> date | None:
    """The first day that holds a message."""
    return session.scalar(select(func.min(DailyCount.day)))


def areas(session: Session, place: Place, scope: Scope, labels: Labels) -> pd.DataFrame:
    """AREAS of a scope (see nlp.insight.areas), summed in the database; `n_before` of the equally long window before."""
    earlier = scope.since - (scope.until - scope.since)
    now, praise = DailyCount.day >= scope.since, DailyCount.sentiment.in_(labels.positive)

    def total(measure: Any, *conditions: ColumnElement[bool]) -> Any:
        return func.sum(case((and_(*conditions), measure), else_=0))

    n = DailyCount.n
    measures = {
        "n": total(n, now),
        "n_positive": total(n, now, praise),
        "n_negative": total(n, now, DailyCount.sentiment.in_(labels.negative)),
        "n_urgent": total(n, now, DailyCount.urgency.in_(labels.raised_urgency)),
        "n_flagged": total(n, now, DailyCount.band.in_(FLAGGED_BANDS)),
        **{name: total(getattr(DailyCount, name), now) for name in ("n_repeat", "n_settled", "n_late")},
        "n_before": total(n, ~now, ~praise),
    }
    keys = {"topic": DailyCount.topic, "aspect": DailyCount.aspect, place: _DIMENSION[place]}
    query = (
        select(*(column.label(name) for name, column in keys.items()), *(m.label(name) for name, m in measures.items()))
        .join(Unit, Unit.id == DailyCount.unit_id, isouter=True)
        .where(*_inside(scope, earlier))
        .group_by(*keys.values())
        .order_by(*keys.values())
    )
    frame = pd.DataFrame(session.execute(query).all(), columns=[*keys, *measures])
    frame = frame.astype(dict.fromkeys(keys, "str") | dict.fromkeys(measures, "int64"))
    overdue = _overdue(session, place, scope)
    return frame.merge(overdue, how="left", on=list(keys)).fillna({"n_overdue": 0}).astype({"n_overdue": "int64"})


def _overdue(session: Session, place: Place, scope: Scope) -> pd.DataFrame:
    """Messages that are open past their deadline at the scope's end, by area."""
    unit = func.coalesce(Unit.name, "")
    where = unit if place == "unit" else func.coalesce(Feedback.district, "")
    keys = [func.coalesce(Feedback.topic, ""), func.coalesce(Feedback.aspect, ""), where]
    query = (
        select(*keys, func.count())
        .join(Unit, Unit.id == Feedback.unit_id, isouter=True)
        .where(Feedback.closed_at.is_(None), Feedback.deadline_on < scope.until, *_of_messages(scope))
        .group_by(*keys)
    )
    names = ["topic", "aspect", place]
    frame = pd.DataFrame(session.execute(query).all(), columns=[*names, "n_overdue"])
    return frame.astype(dict.fromkeys(names, "str"))


_MESSAGE = {
    "id": Feedback.public_id,
    "received_at": Feedback.received_at,
    "closed_at": Feedback.closed_at,
    "deadline_on": Feedback.deadline_on,
    "unit": Unit.name,
    **{name: getattr(Feedback, name) for name in DIMENSIONS if name != "unit"},
    "state": Feedback.state,
    "has_case": Feedback.has_case,
}
WORDS = {"text": Feedback.masked_text, "signature": Feedback.signature, "meaning": Feedback.meaning}


def messages(session: Session, scope: Scope, zone: ZoneInfo, limit: int, words: Sequence[str] = ()) -> pd.DataFrame:
    """MESSAGES of a scope, the newest `limit`, by time; rahasia ones left out.

    Columns besides the dimensions: `id` (public), `day`, `received_day`, `closed_day` (NaT while open), `deadline_on`,
    `state`, `has_case`, and those of WORDS asked for. With words, messages that an integrity unit looks at are left out.
    """
    columns = _MESSAGE | {name: WORDS[name] for name in words}
    query = (
        select(*(column.label(name) for name, column in columns.items()))
        .join(Unit, Unit.id == Feedback.unit_id, isouter=True)
        .where(*_received(scope, zone), *_of_messages(scope))
        .order_by(Feedback.received_at.desc(), Feedback.id.desc())
        .limit(limit)
    )
    if words:
        query = query.where(Feedback.has_case.is_(False))
    frame = pd.DataFrame(session.execute(query).all(), columns=list(columns)).iloc[::-1].reset_index(drop=True)
    for name in ("received", "closed"):
        moments = pd.to_datetime(frame.pop(f"{name}_at"), utc=True)
        frame[f"{name}_day"] = moments.dt.tz_convert(zone).dt.normalize().dt.tz_localize(None)
    frame["deadline_on"] = pd.to_datetime(frame["deadline_on"])
    frame["day"] = frame["received_day"]
    return frame.assign(**{name: frame[name].fillna("").astype("str") for name in DIMENSIONS})


def how_sure(session: Session, scope: Scope, zone: ZoneInfo, limit: int) -> pd.DataFrame:
    """`id`, `topic_probability` and `decision` of the first assessment of the newest messages of a scope."""
    query = (
        select(
            Feedback.public_id,
            StoredAssessment.content["topic"]["probability"].as_float(),
            StoredAssessment.decision,
        )
        .join(StoredAssessment, StoredAssessment.feedback_id == Feedback.id)
        .where(*_received(scope, zone), *_of_messages(scope))
        .order_by(Feedback.received_at.desc(), Feedback.id.desc(), StoredAssessment.id)
        .limit(limit)
    )
    frame = pd.DataFrame(session.execute(query).all(), columns=["id", "topic_probability", "decision"])
    return frame.drop_duplicates("id")


def first_steps(session: Session, scope: Scope, zone: ZoneInfo) -> pd.DataFrame:
    """Of each message that was sent anywhere: `id`, `is_auto` (first by the service), `is_rerouted` (later by a person)."""
    by_person = Disposition.actor_kind != "system"
    query = (
        select(
            Feedback.public_id,
            func.max(case((and_(~by_person, Disposition.previous_unit_id.is_(None)), 1), else_=0)),
            func.max(case((and_(by_person, Disposition.previous_unit_id.is_not(None)), 1), else_=0)),
        )
        .join(Disposition, Disposition.feedback_id == Feedback.id)
        .where(*_received(scope, zone), *_of_messages(scope))
        .group_by(Feedback.public_id)
    )
    frame = pd.DataFrame(session.execute(query).all(), columns=["id", "is_auto", "is_rerouted"])
    return frame.astype({"is_auto": bool, "is_rerouted": bool})


def _received(scope: Scope, zone: ZoneInfo) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    begin, end = (datetime.combine(day, time(), zone) for day in (scope.since, scope.until))
    return Feedback.received_at >= begin, Feedback.received_at < end


# ---------------------------------------------------------------------------------------------- themes
def themes_of(session: Session, topic: str) -> list[dict[str, Any]]:
    """Stored themes of a topic."""
    return list(session.scalars(select(StoredTheme.content).where(StoredTheme.topic == topic).order_by(StoredTheme.key)))


def keep_theme(session: Session, row: StoredTheme) -> None:
    """Store a theme in place of what was stored under its key."""
    session.merge(row)
