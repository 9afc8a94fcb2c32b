"""Take messages in: mask, assess, seal, route, link to similar ones; answer repeats with the first answer."""

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.desk import Desk
from api.errors import ApiError
from api.feedback import repository
from api.feedback.schemas import FeedbackIn
from api.feedback.tables import Feedback, IdempotentRequest, SealedOriginal, SealedReporter, SimilarLink, StoredAssessment
from api.identifiers import new_public_id, new_receipt
from api.integrity.cases import open_case
from api.routing.rulebook import Facts, Routing, Rulebook
from api.routing.service import load_rulebook, route
from api.routing.tables import Disposition
from api.scoring.schemas import AssessmentOut, assessment_out
from nlp import Assessment
from nlp.insight.duplicates import resemblance, signature

REPORTER_BYTES = 2_048  # every sealed reporter is filled up to it, so that its size tells nothing; the longest has 1,800
SIMILAR_WINDOW = timedelta(days=14)
SIMILAR_WORDS = 0.5  # share of words and word pairs two messages have in common
SIMILAR_MEANING = 0.95  # cosine of the encoder's vectors
MAX_SIMILAR = 10


@dataclass(frozen=True, slots=True)
class Arrival:
    """An assessed message on its way in, and how a repeat of it is recognised besides its external_id."""

    message: FeedbackIn
    assessment: Assessment
    idempotency_key: str | None = None
    import_place: tuple[int, int] | None = None  # import and row


@dataclass(slots=True)
class _New:
    """What is stored of an arrival that is no repeat; ids are filled in once the message has its own."""

    row: Feedback
    arrival: Arrival
    message: FeedbackIn  # masked
    step: Disposition | None = None
    similar: list["_Similar"] = field(default_factory=list)


class _Similar(NamedTuple):
    kind: str
    similarity: float
    other: "Feedback | Row[Any]"  # of the same batch, or stored


def take_in(
    session: Session, desk: Desk, who: Principal, message: FeedbackIn, idempotency_key: str | None = None
) -> tuple[Feedback, bool]:
    """Store one message; returns it and whether it is new.

    A repeat (same Idempotency-Key or same external_id) returns the first one. ApiError 409 for the same
    Idempotency-Key with another body, and for a number of a message that is another unit's.
    """
    assessment = desk.scoring.assess([message.text])[0]
    rulebook = load_rulebook(session, desk.labels)
    [(row, is_new)] = store(session, desk, rulebook, who, [Arrival(message, assessment, idempotency_key)])
    sent_it = is_new or (idempotency_key and repository.find_request(session, who.actor, idempotency_key))
    if not sent_it and who.units is not None and row.unit_id not in who.units:
        # somebody limited to units who tries numbers must not be given another unit's message
        raise ApiError(
            409,
            "nomor_dipakai",
            "Nomor sudah dipakai",
            "external_id ini sudah dipakai pesan lain. Untuk pengiriman ulang pakai Idempotency-Key.",
        )
    return row, is_new


def store(
    session: Session, desk: Desk, rulebook: Rulebook, who: Principal, arrivals: Sequence[Arrival]
) -> list[tuple[Feedback, bool]]:
    """Store assessed messages, each unless it is a repeat; returns each with whether it is new.

    A batch goes in with a few statements, so that an import of many rows holds the database for a short time alone.
    """
    # from here on the text is masked: a hash of the original could be tried against all phone numbers
    masked = [arrival.message.model_copy(update={"text": arrival.assessment.masked_text}) for arrival in arrivals]
    numbers = [_stored_numbers(desk, who, message) for message in masked]
    known = repository.by_external_id(session, {number for pair in numbers for number in pair})
    result: list[tuple[Feedback, bool]] = []
    batch: list[_New] = []
    for arrival, message, own in zip(arrivals, masked, numbers, strict=True):
        earlier = _first_sent(session, who, arrival, message) or _first_numbered(known, own, message)
        if earlier is None:
            new = _decided(session, desk, rulebook, arrival, message, batch)
            new.row.external_id = own[new.row.visibility == "rahasia"] if own else None
            if new.row.external_id is not None:
                known[new.row.external_id] = new.row
            batch.append(new)
        result.append((earlier or batch[-1].row, earlier is None))
    try:
        # where nothing can be taken already no savepoint is needed
        with session.begin_nested() if any(map(_may_be_taken, batch)) else nullcontext():
            repository.add_messages(session, [new.row for new in batch])
            session.add_all(_request_row(who, new) for new in batch if new.arrival.idempotency_key)
            session.flush()
    except IntegrityError:  # the same message came at the same moment and was first
        if len(arrivals) > 1:
            return [pair for arrival in arrivals for pair in store(session, desk, rulebook, who, [arrival])]
        earlier = _first_sent(session, who, arrivals[0], masked[0]) or _first_numbered(
            repository.by_external_id(session, numbers[0]), numbers[0], masked[0]
        )
        if earlier is None:
            raise
        return [(earlier, False)]
    _add_what_lies_beside(session, desk, batch)
    return result


def _may_be_taken(new: _New) -> bool:
    return bool(new.row.external_id or new.arrival.idempotency_key or new.arrival.import_place)


def _decided(
    session: Session, desk: Desk, rulebook: Rulebook, arrival: Arrival, message: FeedbackIn, batch: Sequence[_New]
) -> _New:
    """The row of a new message, routed and compared with those before it."""
    new = _New(_new_row(arrival.assessment, assessment_out(arrival.assessment, desk.labels), message, arrival), arrival, message)
    if new.row.visibility == "rahasia":
        new.row.routing = _routing(Routing("manual", "Pesan rahasia ditangani unit integritas."))
        return new
    decided = rulebook.decide(facts_of(new.row, arrival.assessment), arrival.assessment.decision)
    new.step = route(desk.calendar, desk.labels, new.row, decided)
    new.similar = _similar(session, new.row, [other.row for other in batch])
    new.row.is_repeat = bool(new.similar)
    return new


def _add_what_lies_beside(session: Session, desk: Desk, batch: Sequence[_New]) -> None:
    for new in batch:
        session.add_all(_sealed(desk, new.row, new.arrival.message.text, new.message))
        session.add_all(
            SimilarLink(
                newer_id=new.row.id, older_id=found.other.id, kind=found.kind, similarity=min(1.0, round(found.similarity, 4))
            )
            for found in new.similar
        )
        if new.step is not None:
            new.step.feedback_id = new.row.id
            session.add(new.step)
    session.flush()
    for new in batch:
        if new.row.has_case:
            open_case(session, new.row, "model" if new.arrival.assessment.flagged else "rahasia")


def facts_of(row: Feedback, assessment: Assessment | None) -> Facts:
    """What routing rules look at."""
    return Facts(
        words=row.masked_text.casefold(),
        topics=_codes(assessment.topic.alternatives if assessment and assessment.topic else (), row.topic),
        units=_codes(assessment.unit.alternatives if assessment and assessment.unit else (), None),
        aspect=row.aspect,
        district=row.district,
    )


def _codes(alternatives: Sequence[tuple[str, float]], first: str | None) -> tuple[str, ...]:
    codes = tuple(code for code, _ in alternatives)
    return codes if first is None or codes[:1] == (first,) else (first, *(code for code in codes if code != first))


def _routing(routing: Routing) -> dict[str, object]:
    return {"band": routing.band, "reason": routing.reason, "suggestions": []}


def _stored_numbers(desk: Desk, who: Principal, message: FeedbackIn) -> tuple[str, str] | tuple[()]:
    """How the sender's own number is kept: as it is, and for a rahasia message.

    Of a rahasia message a digest is kept that is this sender's alone: somebody else who tries numbers, to be given the
    first answer, learns nothing.
    """
    if message.external_id is None:
        return ()
    return message.external_id, desk.vault.digest("external_id", who.kind, str(who.id), message.external_id)


def _first_sent(session: Session, who: Principal, arrival: Arrival, message: FeedbackIn) -> Feedback | None:
    """The message that the same caller sent first with this Idempotency-Key; ApiError 409 where it was another."""
    found = repository.find_request(session, who.actor, arrival.idempotency_key) if arrival.idempotency_key else None
    if found is None:
        return None
    request, feedback = found
    if request.request_sha256 != _request_sha256(message):
        raise ApiError(
            409,
            "idempotency_key_dipakai",
            "Idempotency-Key sudah dipakai untuk isi lain",
            "Pakai kunci baru untuk pesan baru; ulangi isi yang sama persis untuk pengiriman ulang.",
        )
    return feedback


def _first_numbered(known: dict[str, Feedback], own: Sequence[str], message: FeedbackIn) -> Feedback | None:
    """The first message that bears the sender's number.

    Senders that count from 1 may give the same number. Then a rahasia report must not be lost behind somebody's open
    message: it is a repeat of one only where it says the same.
    """
    found = (known[number] for number in own if number in known)
    same = (
        row for row in found if message.visibility != "rahasia" or row.visibility == "rahasia" or row.masked_text == message.text
    )
    return min(same, key=lambda row: row.id or math.inf, default=None)


def _request_sha256(message: FeedbackIn) -> str:
    """Of the masked message without its reporter: a hash of a name could be tried against a list of names."""
    return hashlib.sha256(message.model_dump_json(exclude={"reporter"}).encode()).hexdigest()


def _request_row(who: Principal, new: _New) -> IdempotentRequest:
    return IdempotentRequest(
        idempotency_key=new.arrival.idempotency_key,
        request_sha256=_request_sha256(new.message),
        feedback_id=new.row.id,
        created_at=datetime.now(UTC),
        **who.actor,
    )


def _new_row(assessment: Assessment, content: AssessmentOut, message: FeedbackIn, arrival: Arrival) -> Feedback:
    now = datetime.now(UTC)
    labels = {
        name: getattr(content, name).code if getattr(content, name) else None
        for name in ("topic", "aspect", "sentiment", "urgency", "band")
    }
    stored = StoredAssessment(
        model=content.model,
        created_at=now,
        integrity_risk=content.integrity_risk,
        decision=content.decision,
        content=content.model_dump(mode="json"),
        **labels,
    )
    return Feedback(
        public_id=new_public_id(),
        receipt=new_receipt(),
        import_id=arrival.import_place[0] if arrival.import_place else None,
        import_row=arrival.import_place[1] if arrival.import_place else None,
        channel=message.channel,
        district=message.district,
        visibility=message.visibility,
        received_at=message.received_at or now,
        created_at=now,
        masked_text=message.text,
        state="diterima",
        has_case=assessment.flagged or message.visibility == "rahasia",
        routing=_routing(Routing("manual", "")),
        signature=signature(message.text),
        meaning=None if assessment.meaning is None else assessment.meaning.astype(np.float16).tobytes(),
        assessments=[stored],
        **labels,
    )


def _sealed(desk: Desk, row: Feedback, original: str, message: FeedbackIn) -> tuple[SealedOriginal, SealedReporter]:
    key_name, sealed = desk.vault.seal(original.encode(), f"original:{row.public_id}")
    words = SealedOriginal(feedback_id=row.id, key_name=key_name, sealed=sealed)
    reporter = json.dumps(message.reporter.model_dump() if message.reporter else None, ensure_ascii=False).encode()
    key_name, sealed = desk.vault.seal(reporter.ljust(REPORTER_BYTES), f"reporter:{row.public_id}")
    return words, SealedReporter(feedback_id=row.id, key_name=key_name, sealed=sealed)


def _similar(session: Session, row: Feedback, batch: Sequence[Feedback]) -> list[_Similar]:
    """Messages of the same place in the window like this one, which then is a repeat; the likest first. Nothing is merged.

    `batch`: messages that come in with it, before it.
    """
    if row.district is None or row.signature is None:
        return []  # without a place two alike messages are as likely two incidents
    since, until = row.received_at - SIMILAR_WINDOW, row.received_at + SIMILAR_WINDOW
    others = repository.similar_candidates(session, row.district, since, until)
    others += [
        other
        for other in batch
        if other.district == row.district and since <= other.received_at <= until and other.visibility != "rahasia"
    ]
    if not others:
        return []
    shares = resemblance(row.signature, [other.signature for other in others])
    found = [_Similar("teks", float(share), other) for share, other in zip(shares, others, strict=True) if share >= SIMILAR_WORDS]
    unlike = (other for share, other in zip(shares, others, strict=True) if share < SIMILAR_WORDS)
    with_meaning = [o for o in unlike if o.meaning and row.meaning and len(o.meaning) == len(row.meaning)]
    if with_meaning:
        vectors = np.frombuffer(b"".join(o.meaning for o in with_meaning), np.float16).reshape(len(with_meaning), -1)
        cosine = vectors.astype(np.float32) @ np.frombuffer(row.meaning or b"", np.float16).astype(np.float32)
        found += [_Similar("arti", float(c), o) for c, o in zip(cosine, with_meaning, strict=True) if c >= SIMILAR_MEANING]
    return sorted(found, key=lambda other: -other.similarity)[:MAX_SIMILAR]
