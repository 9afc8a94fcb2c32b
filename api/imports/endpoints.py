"""/api/v1/imports."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.accounts.dependencies import needs
from api.accounts.permissions import Right
from api.accounts.principal import Principal
from api.database import SessionDep
from api.dependencies import DeskDep
from api.errors import problems
from api.identifiers import PUBLIC_ID
from api.imports import service
from api.imports.events import EventStream
from api.imports.files import destroy
from api.imports.schemas import ImportIn, ImportOut, ImportPage, Upload
from api.imports.slots import ImportSlots
from api.imports.wake import wake_workers

PREFIX = "/api/v1/imports"
router = APIRouter(prefix=PREFIX, tags=["impor"], responses=problems(401, 403, 422, 503))
PublicId = Annotated[str, Path(pattern=PUBLIC_ID, examples=["01kb4m0c2dq8x5w7t9r3z6y1ha"])]
Importer = Annotated[Principal, Depends(needs(Right.IMPORT))]
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Isi berkas apa adanya, misalnya curl --data-binary @keluhan.csv.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _slots(request: Request) -> ImportSlots:
    slots: ImportSlots = request.app.state.import_slots
    return slots


def _upload(
    wanted: Annotated[ImportIn, Query()], idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None
) -> Upload:
    return Upload(wanted, idempotency_key)


@router.post(
    "",
    operation_id="create_import",
    status_code=202,
    summary="Unggah berkas pesan; pekerja di latar menerimanya baris demi baris",
    openapi_extra=FILE_BODY,
    responses={
        200: {"model": ImportOut, "description": "Pengiriman ulang: impor pertama"},
        **problems(400, 408, 409, 413, 429, 507),
    },
)
async def create_import(
    request: Request,
    response: Response,
    after: BackgroundTasks,
    session: SessionDep,
    desk: DeskDep,
    who: Importer,
    upload: Annotated[Upload, Depends(_upload)],
) -> ImportOut:
    """Take a file in; the body is read here, piece by piece, and never held whole."""
    with _slots(request).uploads.one():
        row, is_new = await service.receive(session, desk, who, upload, request.stream())
    if not is_new:
        response.status_code = 200
    after.add_task(wake_workers, desk.settings.data_dir)
    response.headers["Location"] = f"{PREFIX}/{row.public_id}"
    return service.import_out(row)


@router.get("", operation_id="list_imports", summary="Daftar impor sendiri, terbaru dahulu", responses=problems(404))
def list_imports(
    session: SessionDep,
    desk: DeskDep,
    who: Importer,
    limit: Annotated[int, Query(ge=1)] = 20,
    cursor: Annotated[str | None, Query(pattern=PUBLIC_ID)] = None,
) -> ImportPage:
    """One page of imports."""
    return service.read_page(session, desk, who, cursor, limit)


@router.get("/{import_id}", operation_id="get_import", summary="Kemajuan satu impor", responses=problems(404))
def get_import(import_id: PublicId, session: SessionDep, who: Importer) -> ImportOut:
    """One import."""
    return service.read(session, who, import_id)


@router.get(
    "/{import_id}/events",
    operation_id="watch_import",
    summary="Kemajuan impor sebagai server-sent events, sampai selesai",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Acara 'progress' berisi impor"},
        **problems(404),
    },
)
def watch_import(import_id: PublicId, request: Request, session: SessionDep, who: Importer) -> EventStream:
    """Follow an import."""
    return EventStream(request.app.state.sessions, service.reader(session, who, import_id), _slots(request).streams)


@router.get(
    "/{import_id}/errors",
    operation_id="get_import_errors",
    summary="Baris yang tidak diterima dan alasannya, sebagai CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404)},
)
def get_import_errors(import_id: PublicId, session: SessionDep, who: Importer) -> Response:
    """The row-level error file."""
    name = f'attachment; filename="galat-{import_id}.csv"'
    return Response(service.errors_csv(session, who, import_id), media_type="text/csv", headers={"Content-Disposition": name})


@router.post(
    "/{import_id}/cancel",
    operation_id="cancel_import",
    summary="Batalkan impor; baris yang sudah masuk tetap",
    responses=problems(404),
)
def cancel_import(import_id: PublicId, after: BackgroundTasks, session: SessionDep, desk: DeskDep, who: Importer) -> ImportOut:
    """Stop an import."""
    answer = service.cancel(session, desk, who, import_id)
    if answer.ended_at is not None:
        after.add_task(destroy, desk.settings.data_dir, import_id)
    return answer
