"""Make a name wait after failed sign-ins, whether an account bears it or not.

The fifth failure in a row costs a minute, each further one twice as long, up to an hour. Nothing may tell which names
exist, so the count that answers is kept in memory for every name alike, and counted before the password is hashed, so
that many guesses sent at once count as many. For an account it is also stored, after the answer has gone out: a stored
count outlives a restart and is seen by every process, and the time taken to write it tells nothing. What stays
different: names without an account are counted by each process for itself and start anew with it. Whoever wants to
tell names apart by that needs dozens of attempts, which the limit by address slows down.
"""

import hashlib
import hmac
import math
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from api.errors import ApiError

FREE_FAILURES = 4
MAX_DELAY = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=24)
MAX_NAMES = 10_000


def delay_after(n_failures: int) -> timedelta:
    """How long the next attempt waits: 0 for up to four failures, then 1, 2, 4 ... minutes, at most an hour."""
    beyond = n_failures - FREE_FAILURES
    return min(timedelta(minutes=2 ** min(beyond - 1, 6)), MAX_DELAY) if beyond > 0 else timedelta()


@dataclass(frozen=True, slots=True)
class Failures:
    """How many sign-ins failed in a row, and when the last one did; with n = 0, when the count was set back."""

    n: int
    at: datetime

    @property
    def until(self) -> datetime:
        """When the next attempt may come."""
        return self.at + delay_after(self.n)

    def and_one(self, now: datetime) -> "Failures":
        """With one more; a day without any begins anew."""
        n = self.n if now - self.at < FORGOTTEN_AFTER else 0
        return Failures(n + 1, max(self.at, now))


NONE = Failures(0, datetime.min.replace(tzinfo=UTC))


def stored_failures(n: int, until: datetime | None) -> Failures:
    """From the columns of an account."""
    return NONE if until is None else Failures(n, until - delay_after(n))


class Lockout:
    """Counts failures by name, as salted hashes: a name that is typed may be a password. Safe to share between threads."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._names: OrderedDict[bytes, Failures] = OrderedDict()
        self._lock = Lock()

    def begin(self, name: str, stored: Failures, now: datetime) -> None:
        """Count an attempt as failed until it is known better; ApiError 429 while the name has to wait.

        `stored`: what the database holds for an account. The newer count leads, so that what another process or
        `suara account unlock` set back stays so.
        """
        hashed = self._hash(name)
        with self._lock:
            known = max(self._names.get(hashed, NONE), stored, key=lambda count: (count.at, count.n))
            if known.until > now:
                raise _wait(known.until - now)
            self._names[hashed] = known.and_one(now)
            self._names.move_to_end(hashed)
            if len(self._names) > MAX_NAMES:
                self._names.popitem(last=False)

    def forget(self, name: str) -> None:
        """The attempt did not fail."""
        with self._lock:
            self._names.pop(self._hash(name), None)

    def _hash(self, name: str) -> bytes:
        return hmac.new(self._salt, name.encode(), hashlib.sha256).digest()


def _wait(left: timedelta) -> ApiError:
    seconds = math.ceil(left.total_seconds())
    return ApiError(
        429,
        "masuk_ditunda",
        "Masuk ditunda",
        f"Terlalu banyak percobaan yang gagal untuk nama itu. Coba lagi dalam {math.ceil(seconds / 60)} menit.",
        {"Retry-After": str(seconds)},
    )
