"""Keeps daily counts true in the transaction that changes a message, whoever changes it.

A session remembers where each message it touches was counted, and before its commit moves the counts. What a savepoint
took back is not counted, for the message itself then says so. Rows are changed in the order of their keys, so that two
transactions never wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, inspect
from sqlalchemy.orm import Session, sessionmaker

from api.feedback.tables import Feedback
from api.reports import repository
from api.reports.repository import CELL, Cell
from nlp.insight.frames import MEASURES

_TOUCHED = "counted_before"  # in session.info: message -> (cell, measures) before this transaction; None for a new one
_READ = ("received_at", *CELL[1:], "visibility", "is_repeat", "closed_at", "deadline_on")
N_LOOKED_AT = 200
Counted = tuple[Cell, tuple[int, ...]]


def counting_sessions(engine: Engine, zone: ZoneInfo) -> sessionmaker[Session]:
    """Sessions that count; `zone` says where a day begins."""
    sessions = sessionmaker(engine, expire_on_commit=False)

    def remember(session: Session, *_: object) -> None:
        touched = session.info.setdefault(_TOUCHED, {})
        for row in (*session.new, *session.dirty):
            if isinstance(row, Feedback) and row not in touched:
                touched[row] = _counted(_before(row), zone) if inspect(row).persistent else None

    def count(session: Session) -> None:
        if session.in_nested_transaction():
            return
        session.flush()
        moved: Counter[tuple[Cell, int]] = Counter()
        for row, before in session.info.pop(_TOUCHED, {}).items():
            now = _counted({name: getattr(row, name) for name in _READ}, zone) if inspect(row).persistent else None
            for counted, sign in ((before, -1), (now, 1)):
                if counted is not None:
                    moved.update({(counted[0], k): sign * amount for k, amount in enumerate(counted[1])})
        repository.add_counts(session, _rows(moved))

    event.listen(sessions, "before_flush", remember)
    event.listen(sessions, "before_commit", count)
    event.listen(sessions, "after_rollback", lambda session: session.info.pop(_TOUCHED, None))
    return sessions


def _before(row: Feedback) -> dict[str, object]:
    """A message's columns as they were last stored."""
    before = {}
    for name in _READ:
        history = inspect(row).attrs[name].history
        before[name] = history.deleted[0] if history.deleted else getattr(row, name)
    return before


def _counted(row: dict[str, object], zone: ZoneInfo) -> Counted | None:
    """Where a message is counted and what as; None for a rahasia one, which counts must not tell of."""
    if row["visibility"] == "rahasia":
        return None
    received_at, closed_at, deadline_on = row["received_at"], row["closed_at"], row["deadline_on"]
    assert isinstance(received_at, datetime)  # noqa: S101  -- a required column
    cell = (
        received_at.astimezone(zone).date(),
        *((row[name] or (0 if name == "unit_id" else "")) for name in CELL[1:]),
    )
    settled = isinstance(closed_at, datetime)
    late = isinstance(closed_at, datetime) and isinstance(deadline_on, date) and closed_at.astimezone(zone).date() > deadline_on
    return cell, (1, int(bool(row["is_repeat"])), int(settled), int(late))


def _rows(moved: "Counter[tuple[Cell, int]]") -> Iterator[tuple[Cell, tuple[int, ...]]]:
    """Cells in the order of their keys with what is added to each measure; none that stays as it is."""
    for cell in sorted({cell for cell, _ in moved}):
        amounts = tuple(moved[cell, k] for k in range(len(MEASURES)))
        if any(amounts):
            yield cell, amounts


def _are_of(session: Session, zone: ZoneInfo) -> bool:
    """Whether the messages that were stored last are counted on the days that they have in a zone."""
    rows = repository.newest_to_count(session, _READ, N_LOOKED_AT)
    cells = {counted[0] for row in rows if (counted := _counted(row, zone))}
    return not cells or repository.n_counted(session, sorted(cells)) == len(cells)


def recount(sessions: sessionmaker[Session], zone: ZoneInfo) -> Iterator[int]:
    """Make the counts anew of all messages in one transaction; yields how many messages each batch held."""
    with sessions.begin() as session:
        repository.clear_counts(session)
        for rows in repository.messages_to_count(session, _READ):
            moved: Counter[tuple[Cell, int]] = Counter()
            for row in rows:
                if counted := _counted(row, zone):
                    moved.update({(counted[0], k): amount for k, amount in enumerate(counted[1])})
            repository.add_counts(session, _rows(moved))
            yield len(rows)


def count_if_needed(sessions: sessionmaker[Session], zone: ZoneInfo) -> None:
    """Make the counts of messages that were stored before there were counts, or while days began at another time.

    Moved under a new zone, a message would be taken from a day on which it was never counted. Asked twice: another process
    may move a message between the two reads of one look.
    """
    with sessions() as session:
        is_true = repository.has_counts(session) and (_are_of(session, zone) or _are_of(session, zone))
    if not is_true:
        for _ in recount(sessions, zone):
            pass
