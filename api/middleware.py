"""What every request passes: a limit on its body, an id, safe headers, one log line without anybody's words."""

import re
import time
from collections.abc import Mapping
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import UNEXPECTED, problem, too_large
from api.logs import place_of

log = structlog.get_logger()
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
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
    """Answer 413 to a body over `max_bytes`, told by its header or found while reading.

    `own_limits`: bytes for a (method, path) that has a limit of its own.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, own_limits: Mapping[tuple[str, str], int]) -> None:
        self.app, self.max_bytes, self.own_limits = app, max_bytes, own_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        max_bytes = self.own_limits.get((scope["method"], scope["path"]), self.max_bytes)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > max_bytes:
            await problem(too_large(max_bytes))(scope, receive, send)
            return
        read_bytes = 0

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > max_bytes:
                raise too_large(max_bytes)
            return message

        await self.app(scope, counted, send)


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
            log.error("unexpected error", request_id=request_id, error=type(error).__name__, where=place_of(error))
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
