"""Limits on how often somebody asks: by key or account, and by address where neither is needed.

Everything is held in the memory of one process and counted by it alone: with several processes behind one address a
caller may ask that many times as often. An address is held as a salted hash for about a minute and never written down.
"""

import hashlib
import hmac
import ipaddress
import math
import secrets
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.accounts.principal import Principal
from api.errors import ApiError

MAX_ADDRESSES = 10_000
IPV6_NETWORK_BITS = 64  # one household or office holds a whole network of addresses


class RateLimits:
    """Counts requests in a moving window of a minute. Safe to share between threads."""

    def __init__(self, per_caller: int, per_address: int) -> None:
        self._per_caller, self._per_address = RateLimitItemPerMinute(per_caller), RateLimitItemPerMinute(per_address)
        self._callers = MovingWindowRateLimiter(MemoryStorage())
        self._address_storage = MemoryStorage()
        self._addresses = MovingWindowRateLimiter(self._address_storage)
        self._salt = secrets.token_bytes(32)

    def count_caller(self, who: Principal) -> None:
        """Count a request of a key or account; ApiError 429 beyond the limit."""
        _count(self._callers, self._per_caller, f"{who.kind}:{who.id}")

    def count_address(self, address: str) -> None:
        """Count a request without a key; ApiError 429 beyond the limit."""
        if len(self._address_storage.events) >= MAX_ADDRESSES:  # the library keeps an address it has once seen
            self._address_storage.reset()
        hashed = hmac.new(self._salt, _network(address).encode(), hashlib.sha256).hexdigest()
        _count(self._addresses, self._per_address, hashed)


def _count(limiter: MovingWindowRateLimiter, limit: RateLimitItemPerMinute, key: str) -> None:
    if limiter.hit(limit, key):
        return
    seconds = max(1, math.ceil(limiter.get_window_stats(limit, key).reset_time - time.time()))
    raise ApiError(
        429,
        "terlalu_sering",
        "Permintaan terlalu sering",
        f"Batas {limit.amount} permintaan dalam satu menit. Coba lagi dalam {seconds} detik.",
        {"Retry-After": str(seconds)},
    )


def _network(address: str) -> str:
    """The address, of IPv6 its network; what is no address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_NETWORK_BITS), strict=False))
