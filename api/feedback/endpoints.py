"""/api/v1/feedback, /api/v1/corrections and /api/v1/track."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Path, Query, Response
from fastapi.responses import FileResponse

from api.accounts.dependencies import count_address, needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.feedback import intake, service, training
from api.feedback.schemas import (
    CorrectionIn,
    FeedbackDetail,
    FeedbackFilter,
    FeedbackIn,
    FeedbackOut,
    FeedbackPage,
    OpeningIn,
    OriginalOut,
    StateIn,
    TrackOut,
)
from api.identifiers import PUBLIC_ID
from api.routing.schemas import DispositionIn

router = APIRouter(prefix="/api/v1/feedback", tags=["pesan"], responses=problems(401, 403, 422, 503))
corrections = APIRouter(prefix="/api/v1/corrections", tags=["pesan"], responses=problems(401, 403, 422, 503))
tracking = APIRouter(
    prefix="/api/v1/track", tags=["warga"], responses=problems(404, 422, 503), dependencies=[Depends(count_address)]
)
PublicId = Annotated[str, Path(pattern=PUBLIC_ID, examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])]
Reader = Annotated[Principal, Depends(needs(Right.READ))]
Writer = Annotated[Principal, Depends(needs(Right.WRITE))]
Corrector = Annotated[Principal, Depends(needs(Right.CORRECT))]
Router = Annotated[Principal, Depends(needs(Right.ROUTE))]
Exporter = Annotated[Principal, Depends(needs(Right.EXPORT))]


@router.post(
    "",
    operation_id="create_feedback",
    status_code=201,
    summary="Terima satu pesan, nilai, teruskan, dan simpan",
    responses={
        200: {"model": FeedbackOut, "description": "Pengiriman ulang: jawaban pertama"},
        **problems(400, 409, 413),
    },
)
def create_feedback(
    message: FeedbackIn,
    response: Response,
    session: SessionDep,
    desk: DeskDep,
    who: Writer,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> FeedbackOut:
    """Take one message in."""
    row, is_new = intake.take_in(session, desk, who, message, idempotency_key)
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/feedback/{row.public_id}"
    return service.feedback_out(session, who, row)


@router.get("", operation_id="list_feedback", summary="Daftar pesan, terbaru dahulu", responses=problems(404))
def list_feedback(session: SessionDep, desk: DeskDep, who: Reader, wanted: Annotated[FeedbackFilter, Query()]) -> FeedbackPage:
    """One page of messages."""
    return service.read_page(session, desk, who, wanted)


@router.get("/{feedback_id}", operation_id="get_feedback", summary="Satu pesan dan jejaknya", responses=problems(404))
def get_feedback(feedback_id: PublicId, session: SessionDep, who: Reader) -> FeedbackDetail:
    """One message."""
    return service.read(session, who, feedback_id)


@router.post(
    "/{feedback_id}/corrections",
    operation_id="correct_feedback",
    status_code=201,
    summary="Betulkan label; penilaian pertama tetap tersimpan",
    responses=problems(400, 404),
)
def correct_feedback(
    feedback_id: PublicId, given: CorrectionIn, session: SessionDep, desk: DeskDep, who: Corrector
) -> FeedbackDetail:
    """Correct labels."""
    return service.correct(session, desk, who, feedback_id, given)


@router.post(
    "/{feedback_id}/dispositions",
    operation_id="dispose_feedback",
    status_code=201,
    summary="Teruskan pesan ke unit",
    responses=problems(400, 404, 409),
)
def dispose_feedback(
    feedback_id: PublicId, wanted: DispositionIn, session: SessionDep, desk: DeskDep, who: Router
) -> FeedbackDetail:
    """Send a message to a unit."""
    return service.send_on(session, desk, who, feedback_id, wanted)


@router.post(
    "/{feedback_id}/state",
    operation_id="set_feedback_state",
    summary="Ubah status: ditangani, selesai, atau ditolak",
    responses=problems(400, 404),
)
def set_feedback_state(feedback_id: PublicId, wanted: StateIn, session: SessionDep, desk: DeskDep, who: Router) -> FeedbackDetail:
    """Say how far the work is."""
    return service.set_state(session, desk, who, feedback_id, wanted)


@router.post(
    "/{feedback_id}/original",
    operation_id="open_original",
    summary="Buka teks asli dengan alasan; pembukaan dicatat",
    responses=problems(400, 404, 410),
)
def open_original(feedback_id: PublicId, why: OpeningIn, session: SessionDep, desk: DeskDep, who: Reader) -> OriginalOut:
    """Open the sealed words."""
    return service.open_original(session, desk, who, feedback_id, why)


@corrections.get(
    "/export",
    operation_id="export_corrections",
    summary="Label dari petugas sebagai berkas latih (CSV)",
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
def export_corrections(session: SessionDep, desk: DeskDep, who: Exporter, after: BackgroundTasks) -> FileResponse:
    """A training file."""
    path = training.export_to_send(session, desk, who)
    after.add_task(path.unlink)
    return FileResponse(path, media_type="text/csv", filename="koreksi.csv")


@tracking.get("/{receipt}", operation_id="track", summary="Status pesan dari nomor tanda terima; tanpa kunci")
def track(
    receipt: Annotated[str, Path(min_length=1, max_length=40, examples=["K7QF-2M9X-T4BD"])], session: SessionDep, desk: DeskDep
) -> TrackOut:
    """State and dates."""
    return service.track(session, desk, receipt)
