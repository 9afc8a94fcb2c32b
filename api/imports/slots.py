"""A bound on what may be open at once: uploads on their way, streams of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.errors import ApiError

MAX_UPLOADS = 4  # each holds a database connection while it lasts
MAX_STREAMS = 50


class Slots:
    """So many at a time; taken and given back on the event loop alone."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place; ApiError 503 where all are taken."""
        if self._free == 0:
            raise ApiError(
                503,
                "sedang_ramai",
                "Terlalu banyak yang berjalan bersamaan",
                "Tidak ada yang tersimpan. Coba lagi sebentar.",
                {"Retry-After": "5"},
            )
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


@dataclass(frozen=True, slots=True)
class ImportSlots:
    """The places of one running application."""

    uploads: Slots = field(default_factory=lambda: Slots(MAX_UPLOADS))
    streams: Slots = field(default_factory=lambda: Slots(MAX_STREAMS))
