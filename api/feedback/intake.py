"""Take messages in: mask, assess, seal, route, link to similar ones; answer repeats with the first answer."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
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
class Repeat:
    """How a repeat of the same request is recognised."""

    idempotency_key: str | None = None
    import_place: tuple[int, int] | None = None  # import and row


def take_in(
    session: Session, desk: Desk, who: Principal, message: FeedbackIn, idempotency_key: str | None = None
) -> tuple[Feedback, bool]:
    """Store one message; returns it and whether it is new.

    A repeat (same Idempotency-Key or same external_id) returns the first one. ApiError 409 for the same
    Idempotency-Key with another body, and for a number of a message that is another unit's.
    """
    assessment = desk.scoring.assess([message.text])[0]
    rulebook = load_rulebook(session, desk.labels)
    row, is_new = store(session, desk, rulebook, who, message, assessment, Repeat(idempotency_key))
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
    session: Session,
    desk: Desk,
    rulebook: Rulebook,
    who: Principal,
    message: FeedbackIn,
    assessment: Assessment,
    repeat: Repeat,
) -> tuple[Feedback, bool]:
    """Store an assessed message unless it is a repeat; imports come here row by row."""
    original = message.text
    # from here on the text is masked: a hash of the original could be tried against all phone numbers
    message = message.model_copy(update={"text": assessment.masked_text})
    numbers = _stored_numbers(desk, who, message)
    earlier = _earlier(session, who, message, repeat, numbers)
    if earlier is not None:
        return earlier, False
    row = _new_row(assessment, assessment_out(assessment, desk.labels), message, repeat)
    step: Disposition | None = None
    links: list[SimilarLink] = []
    if row.visibility == "rahasia":
        row.routing = _routing(Routing("manual", "Pesan rahasia ditangani unit integritas."))
    else:
        decided = rulebook.decide(facts_of(row, assessment), assessment.decision)
        step, links = route(desk.calendar, desk.labels, row, decided), _links(session, row)
    row.external_id = numbers[row.visibility == "rahasia"] if numbers else None
    try:
        # where nothing can be taken already no savepoint is needed
        with session.begin_nested() if message.external_id or repeat != Repeat() else nullcontext():
            repository.add_message(session, row)
            if repeat.idempotency_key:
                repository.add(session, _request_row(who, message, repeat.idempotency_key, row.id))
    except IntegrityError:  # the same message came at the same moment and was first
        earlier = _earlier(session, who, message, repeat, numbers)
        if earlier is None:
            raise
        return earlier, False
    for link in links:
        link.newer_id = row.id
    if step is not None:
        step.feedback_id = row.id
    session.add_all([*_sealed(desk, row, original, message), *links, *([step] if step else [])])
    if row.has_case:
        open_case(session, row, "model" if assessment.flagged else "rahasia")
    session.flush()
    return row, True


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


def _earlier(session: Session, who: Principal, message: FeedbackIn, repeat: Repeat, numbers: tuple[str, ...]) -> Feedback | None:
    if repeat.idempotency_key:
        found = repository.find_request(session, who.actor, repeat.idempotency_key)
        if found:
            request, feedback = found
            if request.request_sha256 != _request_sha256(message):
                raise ApiError(
                    409,
                    "idempotency_key_dipakai",
                    "Idempotency-Key sudah dipakai untuk isi lain",
                    "Pakai kunci baru untuk pesan baru; ulangi isi yang sama persis untuk pengiriman ulang.",
                )
            return feedback
    return repository.get_by_external_id(session, numbers) if numbers else None


def _request_sha256(message: FeedbackIn) -> str:
    """Of the masked message without its reporter: a hash of a name could be tried against a list of names."""
    return hashlib.sha256(message.model_dump_json(exclude={"reporter"}).encode()).hexdigest()


def _request_row(who: Principal, message: FeedbackIn, idempotency_key: str, feedback_id: int) -> IdempotentRequest:
    return IdempotentRequest(
        idempotency_key=idempotency_key,
        request_sha256=_request_sha256(message),
        feedback_id=feedback_id,
        created_at=datetime.now(UTC),
        **who.actor,
    )


def _new_row(assessment: Assessment, content: AssessmentOut, message: FeedbackIn, repeat: Repeat) -> Feedback:
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
        import_id=repeat.import_place[0] if repeat.import_place else None,
        import_row=repeat.import_place[1] if repeat.import_place else None,
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


def _links(session: Session, row: Feedback) -> list[SimilarLink]:
    """Links of a message to similar ones of the same place in the window, which then is a repeat; nothing is merged."""
    if row.district is None or row.signature is None:
        return []  # without a place two alike messages are as likely two incidents
    window = (row.received_at - SIMILAR_WINDOW, row.received_at + SIMILAR_WINDOW)
    others = repository.similar_candidates(session, row.district, *window)
    if not others:
        return []
    shares = resemblance(row.signature, [other.signature for other in others])
    found = [("teks", float(share), other.id) for share, other in zip(shares, others, strict=True) if share >= SIMILAR_WORDS]
    known = {id_ for _, _, id_ in found}
    with_meaning = [o for o in others if o.meaning and row.meaning and len(o.meaning) == len(row.meaning) and o.id not in known]
    if with_meaning:
        vectors = np.frombuffer(b"".join(o.meaning for o in with_meaning), np.float16).reshape(len(with_meaning), -1)
        cosine = vectors.astype(np.float32) @ np.frombuffer(row.meaning or b"", np.float16).astype(np.float32)
        found += [("arti", float(c), o.id) for c, o in zip(cosine, with_meaning, strict=True) if c >= SIMILAR_MEANING]
    row.is_repeat = bool(found)
    return [
        SimilarLink(older_id=older_id, kind=kind, similarity=min(1.0, round(similarity, 4)))
        for kind, similarity, older_id in sorted(found, key=lambda f: -f[1])[:MAX_SIMILAR]
    ]
