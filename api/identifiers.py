"""Ids and receipts that people can read out over the phone."""

import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
PUBLIC_ID = "^[0-9a-z]{26}$"
RECEIPT_CHARS = 12  # 60 random bits
_READ_AS = str.maketrans("ilo", "110", "- ")


def new_public_id() -> str:
    """A ULID: 48 bits of time, 80 random bits, 26 characters; ids made later sort later."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def new_receipt() -> str:
    """Twelve random characters, as stored."""
    return "".join(secrets.choice(ALPHABET) for _ in range(RECEIPT_CHARS))


def shown_receipt(stored: str) -> str:
    """As printed for a citizen: 'K7QF-2M9X-T4BD'."""
    return "-".join(stored[i : i + 4] for i in range(0, len(stored), 4)).upper()


def read_receipt(typed: str) -> str | None:
    """What a citizen typed, as stored: without dashes and spaces, small letters, misread characters put right.

    None for what can be no receipt.
    """
    receipt = typed.lower().translate(_READ_AS)
    return receipt if len(receipt) == RECEIPT_CHARS and set(receipt) <= set(ALPHABET) else None
