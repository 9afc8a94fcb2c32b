"""What every request passes: a limit on its body, an id, safe headers, one log line without anybody's words."""

import re
import time
import traceback
from pathlib import Path
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import UNEXPECTED, problem, too_large

log = structlog.get_logger()
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
OWN_CODE = Path(__file__).parent
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class BodyLimit:
    """Answer 413 to a body over `max_bytes`, told by its header or found while reading."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self.max_bytes:
            await problem(too_large(self.max_bytes))(scope, receive, send)
            return
        read_bytes = 0

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self.max_bytes:
                raise too_large(self.max_bytes)
            return message

        await self.app(scope, counted, send)


def _where(error: Exception) -> str:
    """The innermost places in our own code that the error passed, without what was in hand there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(OWN_CODE)]
    return " > ".join(f"{Path(frame.filename).relative_to(OWN_CODE)}:{frame.lineno}" for frame in frames[-4:])


class RequestLog:
    """Give a request an id and safe headers, and write one line: method, route, status, milliseconds.

    An unexpected error ends here as a problem with 500: the server would log it whole, with the words of a message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        started = time.perf_counter()
        status = 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, with_headers)
        except Exception as error:
            log.error("unexpected error", request_id=request_id, error=type(error).__name__, where=_where(error))
            if not status:
                await problem(UNEXPECTED)(scope, receive, with_headers)
        finally:
            route = scope.get("route")
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=getattr(route, "path", "-"),  # the pattern, not the address: no ids or search words in logs
                status=status,
                duration_ms=round(1000 * (time.perf_counter() - started), 1),
            )
