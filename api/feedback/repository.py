"""SQL about messages."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, literal_column, or_, select, text, update
from sqlalchemy.orm import Session

from api.database import hold_writes
from api.feedback.schemas import FeedbackFilter
from api.feedback.tables import (
    Correction,
    Feedback,
    IdempotentRequest,
    SealedOriginal,
    SealedReporter,
    SimilarLink,
    StoredAssessment,
)
from api.integrity.tables import IntegrityCase
from api.routing.tables import Disposition, Unit

SHOWN_OF_CASES = {"topic", "state", "since", "until", "limit", "cursor"}  # filters on what everybody sees of a message
MAX_CANDIDATES = 500  # newest messages of the same place that a new one is compared with


def add_messages(session: Session, rows: Sequence[Feedback]) -> None:
    """Store new messages with their assessments, searchable; IntegrityError where their unique keys are taken."""
    session.add_all(rows)
    session.flush()
    if rows and session.get_bind().dialect.name == "sqlite":  # PostgreSQL's index follows by itself
        session.execute(
            text("INSERT INTO feedback_words(rowid, masked_text) VALUES (:id, :words)"),
            [{"id": row.id, "words": row.masked_text} for row in rows],
        )


def add(
    session: Session, row: IdempotentRequest | SealedOriginal | SealedReporter | Correction | SimilarLink | StoredAssessment
) -> None:
    """Store a new row beside a message."""
    session.add(row)
    session.flush()


def get(session: Session, public_id: str) -> Feedback | None:
    """The message with this id."""
    return session.scalar(select(Feedback).where(Feedback.public_id == public_id))


def get_for_change(session: Session, public_id: str) -> Feedback | None:
    """The same, held until the transaction ends, so that two people's changes come one after the other."""
    hold_writes(session)
    return session.scalar(select(Feedback).where(Feedback.public_id == public_id).with_for_update())


def by_external_id(session: Session, numbers: Collection[str]) -> dict[str, Feedback]:
    """Messages by the way the sender's own id is kept, the first first."""
    if not numbers:
        return {}
    found = session.scalars(select(Feedback).where(Feedback.external_id.in_(numbers)).order_by(Feedback.id))
    return {row.external_id: row for row in found if row.external_id is not None}


def get_by_receipt(session: Session, receipt: str) -> Feedback | None:
    """The message with this receipt."""
    return session.scalar(select(Feedback).where(Feedback.receipt == receipt))


def find_request(session: Session, actor: dict[str, Any], idempotency_key: str) -> tuple[IdempotentRequest, Feedback] | None:
    """An earlier request of this caller with this key, and the message it stored."""
    row = session.execute(
        select(IdempotentRequest, Feedback)
        .join(Feedback, Feedback.id == IdempotentRequest.feedback_id)
        .where(
            IdempotentRequest.actor_kind == actor["actor_kind"],
            IdempotentRequest.actor_id == actor["actor_id"],
            IdempotentRequest.idempotency_key == idempotency_key,
        )
    ).first()
    return (row[0], row[1]) if row else None


# ---------------------------------------------------------------------------------------------- lists
def visible_to(units: frozenset[int] | None, *, sees_cases: bool) -> ColumnElement[bool]:
    """Messages that a caller may know of: with `sees_cases` all, else none that is rahasia; of its units if limited."""
    conditions: list[ColumnElement[bool]] = []
    if not sees_cases:
        conditions.append(Feedback.visibility != "rahasia")
    if units is not None:
        conditions.append(Feedback.unit_id.in_(units))
    return and_(True, *conditions)


def page(
    session: Session,
    wanted: FeedbackFilter,
    visible: ColumnElement[bool],
    *,
    sees_cases: bool,
    today: date,
    before_id: int | None,
) -> list[Feedback]:
    """The newest messages that fit, one more than `wanted.limit` where there are more."""
    query = select(Feedback).where(visible).order_by(Feedback.id.desc()).limit(wanted.limit + 1)
    query = _filtered(session, query, wanted, today, sees_cases=sees_cases)
    if before_id is not None:
        query = query.where(Feedback.id < before_id)
    return list(session.scalars(query))


def _filtered(
    session: Session, query: Select[Feedback], wanted: FeedbackFilter, today: date, *, sees_cases: bool
) -> Select[Feedback]:
    for name in ("topic", "aspect", "sentiment", "urgency", "district", "state"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(Feedback, name) == value)
    if wanted.q:
        query = query.where(_has_words(session, wanted.q))
    if not sees_cases and wanted.model_fields_set - SHOWN_OF_CASES:  # whether a hidden value fits would tell the value
        query = query.where(Feedback.has_case.is_(False))
    if wanted.unit == "-":
        query = query.where(Feedback.unit_id.is_(None))
    elif wanted.unit is not None:
        query = query.where(Feedback.unit_id.in_(select(Unit.id).where(Unit.code == wanted.unit)))
    if wanted.overdue is not None:
        late = and_(Feedback.deadline_on < today, Feedback.closed_at.is_(None))
        query = query.where(late if wanted.overdue else or_(~late, Feedback.deadline_on.is_(None)))
    if wanted.since is not None:
        query = query.where(Feedback.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Feedback.received_at < wanted.until)
    return query


def _has_words(session: Session, words: str) -> ColumnElement[bool]:
    """All words occur in the masked text."""
    if session.get_bind().dialect.name == "postgresql":
        document = func.to_tsvector(literal_column("'simple'"), Feedback.masked_text)
        return document.op("@@")(func.plainto_tsquery(literal_column("'simple'"), words))
    phrases = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
    found = text("SELECT rowid FROM feedback_words WHERE feedback_words MATCH :words").bindparams(bindparam("words", phrases))
    return Feedback.id.in_(found.columns(literal_column("rowid")).subquery().select())


# ---------------------------------------------------------------------------------------------- what lies beside
def corrections_of(session: Session, feedback_id: int) -> list[Correction]:
    """What people corrected, the first first."""
    return list(session.scalars(select(Correction).where(Correction.feedback_id == feedback_id).order_by(Correction.id)))


def original_of(session: Session, feedback_id: int) -> SealedOriginal | None:
    """The sealed words of a message; None once destroyed."""
    return session.get(SealedOriginal, feedback_id)


def reporter_of(session: Session, feedback_id: int) -> SealedReporter | None:
    """The sealed reporter of a message; None once destroyed."""
    return session.get(SealedReporter, feedback_id)


def similar_candidates(session: Session, district: str, since: datetime, until: datetime) -> list[Any]:
    """(id, signature, meaning) of messages from a place in a window, the newest first, rahasia ones left out."""
    query = (
        select(Feedback.id, Feedback.signature, Feedback.meaning)
        .where(
            Feedback.district == district,
            Feedback.received_at.between(since, until),
            Feedback.signature.is_not(None),
            Feedback.visibility != "rahasia",
        )
        .order_by(Feedback.received_at.desc())
        .limit(MAX_CANDIDATES)
    )
    return list(session.execute(query))


def similar_to(
    session: Session, feedback_id: int, visible: ColumnElement[bool], *, with_cases: bool
) -> list[tuple[SimilarLink, Feedback]]:
    """Links of a message in both directions with the other message, the most similar first."""
    if not with_cases:
        visible = and_(visible, Feedback.has_case.is_(False))
    other = or_(
        and_(SimilarLink.newer_id == feedback_id, Feedback.id == SimilarLink.older_id),
        and_(SimilarLink.older_id == feedback_id, Feedback.id == SimilarLink.newer_id),
    )
    query = select(SimilarLink, Feedback).join(Feedback, other).where(visible).order_by(SimilarLink.similarity.desc()).limit(50)
    return [(row[0], row[1]) for row in session.execute(query)]


# ---------------------------------------------------------------------------------------------- what is sealed
def sealed_otherwise(session: Session, key_name: str, limit: int) -> list[tuple[SealedOriginal | SealedReporter, str]]:
    """Rows that another key than `key_name` seals, each with its message's public id; held until the transaction ends."""
    hold_writes(session)
    tables: tuple[type[SealedOriginal] | type[SealedReporter], ...] = (SealedOriginal, SealedReporter)
    found: list[tuple[SealedOriginal | SealedReporter, str]] = []
    for table in tables:
        query = (
            select(table, Feedback.public_id)
            .join(Feedback, Feedback.id == table.feedback_id)
            .where(table.key_name != key_name)
            .limit(limit - len(found))
            .with_for_update(of=table)
        )
        rows: list[Any] = list(session.execute(query))
        found += [(row[0], row[1]) for row in rows]
    return found


def wait_for_arrivals(session: Session) -> None:
    """Wait for messages that are being stored; those that come meanwhile wait in turn. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE feedback IN SHARE ROW EXCLUSIVE MODE"))


def destroy_sealed(session: Session, taken_in_before: datetime, now: datetime, limit: int) -> list[int]:
    """Delete what is sealed of messages taken in before a moment, but of undecided cases; their ids."""
    hold_writes(session)
    undecided = select(IntegrityCase.feedback_id).where(IntegrityCase.decided_at.is_(None))
    query = (
        select(Feedback.id)
        .where(Feedback.created_at < taken_in_before, Feedback.original_destroyed_at.is_(None), Feedback.id.not_in(undecided))
        .order_by(Feedback.id)
        .limit(limit)
        .with_for_update()
    )
    ids = list(session.scalars(query))
    for table in (SealedOriginal, SealedReporter):
        session.execute(delete(table).where(table.feedback_id.in_(ids)))
    session.execute(update(Feedback).where(Feedback.id.in_(ids)).values(original_destroyed_at=now))
    return ids


def forget_requests(session: Session, before: datetime) -> None:
    """Delete what tells repeats of old requests apart; an external_id still does."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < before))


def wipe_log(session: Session) -> None:
    """Write SQLite's log into the file and empty it: deleted rows still stand in it. PostgreSQL's vacuum sees to its own."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


# ---------------------------------------------------------------------------------------------- labels that people gave
def labelled_by_people(session: Session) -> Iterator[tuple[Feedback, list[Correction], str | None]]:
    """Messages that somebody corrected or sent to a unit by hand, with the corrections and the last such unit's name.

    None that is an integrity case or rahasia: a training file leaves that room. A few hundred in memory at a time.
    """
    corrected = select(Correction.feedback_id)
    sent = select(Disposition.feedback_id).where(Disposition.actor_kind != "system")
    last_id = 0
    while True:
        query = (
            select(Feedback)
            .where(Feedback.id > last_id, or_(Feedback.id.in_(corrected), Feedback.id.in_(sent)))
            .where(Feedback.has_case.is_(False), Feedback.visibility != "rahasia")
            .order_by(Feedback.id)
            .limit(500)
        )
        rows = list(session.scalars(query))
        if not rows:
            return
        ids = [row.id for row in rows]
        corrections: dict[int, list[Correction]] = {id_: [] for id_ in ids}
        for correction in session.scalars(select(Correction).where(Correction.feedback_id.in_(ids)).order_by(Correction.id)):
            corrections[correction.feedback_id].append(correction)
        by_hand = (
            select(Disposition.feedback_id, Unit.name)
            .join(Unit, Unit.id == Disposition.unit_id)
            .where(Disposition.feedback_id.in_(ids), Disposition.actor_kind != "system")
            .order_by(Disposition.id)
        )
        units = {row[0]: row[1] for row in session.execute(by_hand)}
        yield from ((row, corrections[row.id], units.get(row.id)) for row in rows)
        last_id = ids[-1]
