"""The only reader of the wall clock and of entropy. Everything else gets time and ids as arguments."""

from __future__ import annotations

import secrets
import time


def wall_ms() -> int:
    """Milliseconds since the Unix epoch by this machine's clock."""
    return time.time_ns() // 1_000_000


def wall_ms_exact() -> float:
    """Return the wall clock with its fraction of a millisecond: for clock synchronisation."""
    return time.time_ns() / 1e6


def monotonic_s() -> float:
    """Seconds on a clock that never jumps: for timeouts and rates."""
    return time.monotonic()


def random_id(prefix: str) -> str:
    """An unguessable id such as `p_3fa9…` (104 bits)."""
    return f"{prefix}_{secrets.token_hex(13)}"


def random_code(alphabet: str, length: int) -> str:
    """Return an unguessable text of so many characters of `alphabet`, to be read out or typed."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def random_secret() -> str:
    """256 bits as text: for signing keys and salts."""
    return secrets.token_urlsafe(32)


def random_bits(count: int) -> int:
    """A random number of that many bits, such as an SSRC."""
    return secrets.randbits(count)


def random_hex(length_bytes: int) -> str:
    """Return as many random bytes, written in hexadecimal."""
    return secrets.token_hex(length_bytes)
