"""Logs as JSON lines on standard error; a processor lets only known, harmless fields through."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

OWN_CODE = Path(__file__).parent
ALLOWED_FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "request_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "error",
        "where",
        "model",
        "rows",
        "role",
        "key_id",
    }
)


def _only_known_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop what is not on the list: a text or a name that slips into a log call never reaches the log."""
    return {name: value for name, value in event.items() if name in ALLOWED_FIELDS}


class ServerLines(logging.Handler):
    """Lines of the web server and the libraries, in the form of ours; of an error its kind alone."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        kind = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().log(record.levelno, record.getMessage().strip(), error=kind.__name__ if kind else None)


def place_of(error: Exception) -> str:
    """The innermost places in our own code that the error passed, without what was in hand there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(OWN_CODE)]
    return " > ".join(f"{Path(frame.filename).relative_to(OWN_CODE)}:{frame.lineno}" for frame in frames[-4:])


def configure_logs(level: str) -> None:
    """Set up structlog."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_known_fields,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
