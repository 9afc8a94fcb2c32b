"""POST and GET /api/v1/feedback."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.accounts.dependencies import KeyDep
from api.database import SessionDep
from api.dependencies import ScoringDep, SettingsDep
from api.errors import problems
from api.feedback import service
from api.feedback.schemas import FeedbackIn, FeedbackOut, FeedbackPage

router = APIRouter(prefix="/api/v1/feedback", tags=["pesan"], responses=problems(401, 422, 503))
PublicId = Annotated[str, Path(pattern="^[0-9a-z]{26}$", examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])]


@router.post(
    "",
    operation_id="create_feedback",
    status_code=201,
    summary="Terima satu pesan, nilai, dan simpan",
    responses={
        200: {"model": FeedbackOut, "description": "Pengiriman ulang: jawaban pertama"},
        **problems(400, 409, 413),
    },
)
def create_feedback(
    message: FeedbackIn,
    response: Response,
    session: SessionDep,
    scoring: ScoringDep,
    key: KeyDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> FeedbackOut:
    """Take one message in."""
    stored, is_new = service.take_in(session, scoring, message, key, idempotency_key)
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/feedback/{stored.id}"
    return stored


@router.get("", operation_id="list_feedback", summary="Daftar pesan, terbaru dahulu", responses=problems(404))
def list_feedback(
    session: SessionDep,
    settings: SettingsDep,
    _: KeyDep,
    limit: Annotated[int, Query(ge=1)] = 20,
    cursor: Annotated[str | None, Query(pattern="^[0-9a-z]{26}$")] = None,
) -> FeedbackPage:
    """One page of messages."""
    return service.read_page(session, cursor, min(limit, settings.page_limit))


@router.get("/{feedback_id}", operation_id="get_feedback", summary="Satu pesan", responses=problems(404))
def get_feedback(feedback_id: PublicId, session: SessionDep, _: KeyDep) -> FeedbackOut:
    """One message."""
    return service.read(session, feedback_id)
