"""Take a message in: mask, assess, store; answer repeats with the first answer."""

import hashlib
import secrets
import time
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.accounts.tables import ApiKey
from api.errors import ApiError
from api.feedback import repository
from api.feedback.schemas import FeedbackIn, FeedbackOut, FeedbackPage, aware
from api.feedback.tables import Feedback, IdempotentRequest, StoredAssessment
from api.scoring.schemas import AssessmentOut, assessment_out
from api.scoring.service import ScoringService

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread over the phone


def new_public_id() -> str:
    """A ULID: 48 bits of time, 80 random bits, 26 characters; ids made later sort later."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def take_in(
    session: Session,
    scoring: ScoringService,
    message: FeedbackIn,
    key: ApiKey | None = None,
    idempotency_key: str | None = None,
) -> tuple[FeedbackOut, bool]:
    """Store a message with its assessment; returns it and whether it is new.

    A repeat (same Idempotency-Key or same external_id) returns the first answer. ApiError 409 for the same
    Idempotency-Key with another body.
    """
    assessment = assessment_out(scoring.assess([message.text])[0], scoring.labels)
    # from here on the text is masked: a hash of the original could be tried against all phone numbers
    message = message.model_copy(update={"text": assessment.masked_text})
    earlier = _earlier(session, message, key, idempotency_key)
    if earlier is not None:
        return feedback_out(earlier), False
    row = _new_row(assessment, message)
    try:
        with session.begin_nested():
            repository.add(session, row)
            if key and idempotency_key:
                repository.add(session, _request_row(message, key, idempotency_key, row.id))
    except IntegrityError:  # the same message came at the same moment and was first
        earlier = _earlier(session, message, key, idempotency_key)
        if earlier is None:
            raise
        return feedback_out(earlier), False
    return feedback_out(row), True


def _earlier(session: Session, message: FeedbackIn, key: ApiKey | None, idempotency_key: str | None) -> Feedback | None:
    if key and idempotency_key:
        found = repository.find_request(session, key.id, idempotency_key)
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
    return repository.get_by_external_id(session, message.external_id) if message.external_id else None


def _request_sha256(message: FeedbackIn) -> str:
    return hashlib.sha256(message.model_dump_json().encode()).hexdigest()


def _request_row(message: FeedbackIn, key: ApiKey, idempotency_key: str, feedback_id: int) -> IdempotentRequest:
    return IdempotentRequest(
        api_key_id=key.id,
        idempotency_key=idempotency_key,
        request_sha256=_request_sha256(message),
        feedback_id=feedback_id,
        created_at=datetime.now(UTC),
    )


def _new_row(assessment: AssessmentOut, message: FeedbackIn) -> Feedback:
    now = datetime.now(UTC)
    stored = StoredAssessment(
        model=assessment.model,
        created_at=now,
        topic=assessment.topic.code if assessment.topic else None,
        aspect=assessment.aspect.code if assessment.aspect else None,
        sentiment=assessment.sentiment.code if assessment.sentiment else None,
        urgency=assessment.urgency.code if assessment.urgency else None,
        band=assessment.band.code if assessment.band else None,
        integrity_risk=assessment.integrity_risk,
        decision=assessment.decision,
        content=assessment.model_dump(mode="json"),
    )
    return Feedback(
        public_id=new_public_id(),
        external_id=message.external_id,
        channel=message.channel,
        district=message.district,
        received_at=message.received_at or now,
        created_at=now,
        masked_text=message.text,
        assessments=[stored],
    )


def feedback_out(row: Feedback) -> FeedbackOut:
    """A stored message for HTTP, with its newest assessment."""
    return FeedbackOut(
        id=row.public_id,
        external_id=row.external_id,
        channel=row.channel,
        district=row.district,
        received_at=aware(row.received_at),
        created_at=aware(row.created_at),
        masked_text=row.masked_text,
        assessment=AssessmentOut.model_validate(row.assessments[-1].content),
    )


def read(session: Session, public_id: str) -> FeedbackOut:
    """One message; ApiError 404 where there is none."""
    return feedback_out(_require(session, public_id))


def read_page(session: Session, cursor: str | None, limit: int) -> FeedbackPage:
    """Messages from the newest on, or those older than the cursor's."""
    before = _require(session, cursor).id if cursor else None
    rows = repository.page(session, before, limit + 1)
    shown = rows[:limit]
    return FeedbackPage(
        items=[feedback_out(row) for row in shown], next_cursor=shown[-1].public_id if len(rows) > limit else None
    )


def _require(session: Session, public_id: str) -> Feedback:
    row = repository.get(session, public_id)
    if row is None:
        raise ApiError(404, "pesan_tidak_ada", "Pesan tidak ditemukan", "Periksa nomor pesannya.")
    return row
