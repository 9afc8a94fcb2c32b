"""Server-sent events: how far an import is, told anew whenever that changed, until it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import anyio
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.database import UNAVAILABLE
from api.imports.schemas import OPEN_STATES, ImportOut
from api.imports.slots import Slots

POLL_S = 1.0
QUIET_S = 15.0  # a comment line after so long shows a client that went away, and proxies that the stream lives
MAX_STREAM_S = 3_600.0  # a browser opens it again by itself
Read = Callable[[Session], ImportOut]


class EventStream(StreamingResponse):
    """Events that hold a place while they last; ApiError 503 where all places are taken."""

    media_type = "text/event-stream"

    def __init__(self, sessions: sessionmaker[Session], read: Read, slots: Slots) -> None:
        super().__init__(_events(sessions, read), headers={"X-Accel-Buffering": "no"})
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the import ends or the client goes away."""
        with self._slots.one():
            async with anyio.create_task_group() as tasks:

                async def until_gone() -> None:
                    await self.listen_for_disconnect(receive)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(until_gone)
                with suppress(OSError):  # the client went away this moment
                    await self.stream_response(send)
                tasks.cancel_scope.cancel()


def _look(sessions: sessionmaker[Session], read: Read) -> ImportOut | None:
    """The import as it is now, in a session of its own; None while the database is busy."""
    try:
        with sessions() as session:
            return read(session)
    except UNAVAILABLE:
        return None


async def _events(sessions: sessionmaker[Session], read: Read) -> AsyncIterator[bytes]:
    told: ImportOut | None = None
    quiet_s = 0.0
    for _ in range(int(MAX_STREAM_S / POLL_S)):
        now = await run_in_threadpool(_look, sessions, read)
        if now is not None and (told is None or _progress(now) != _progress(told)):
            told, quiet_s = now, 0.0
            yield format_sse_event(event="progress", data_str=now.model_dump_json())
        elif quiet_s >= QUIET_S:
            quiet_s = 0.0
            yield b": masih berjalan\n\n"
        if told is not None and told.state not in OPEN_STATES:
            return
        await anyio.sleep(POLL_S)
        quiet_s += POLL_S


def _progress(given: ImportOut) -> tuple[object, ...]:
    return given.state, given.rows_total, given.rows_done, given.rows_failed
