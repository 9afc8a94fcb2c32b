"""SQL about daily counts and about the messages that reports read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Executable, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.database import hold_writes
from api.feedback.tables import Feedback
from api.reports.tables import DailyCount
from api.routing.tables import Unit
from nlp.insight.frames import DIMENSIONS, MEASURES

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


def counts(session: Session, by: Sequence[str], since: date, until: date, **only: str) -> pd.DataFrame:
    """COUNTS of days from `since` to before `until`, added up by day (where asked) and dimensions.

    `by`: 'day' and names of `nlp.insight.frames.DIMENSIONS`; `only`: a dimension and the value it must have. `unit` is
    the unit's code.
    """
    columns = {name: Unit.code if name == "unit" else getattr(DailyCount, name) for name in ("day", *DIMENSIONS)}
    query = (
        select(*(columns[name].label(name) for name in by), *(func.sum(getattr(DailyCount, m)).label(m) for m in MEASURES))
        .join(Unit, Unit.id == DailyCount.unit_id, isouter=True)
        .where(DailyCount.day >= since, DailyCount.day < until)
        .group_by(*(columns[name] for name in by))
        .order_by(*(columns[name] for name in by))
    )
    for name, value in only.items():
        query = query.where(columns[name] == value)
    frame = pd.DataFrame(session.execute(query).all(), columns=[*by, *MEASURES])
    for name in by:
        frame[name] = pd.to_datetime(frame[name]) if name == "day" else frame[name].fillna("").astype("str")
    return frame.astype(dict.fromkeys(MEASURES, "int64"))
