"""From a URL to the broker behind it."""

from __future__ import annotations

from ..errors import ConfigError
from .base import Broker
from .redis import RedisBroker
from .sqlite import SqliteBroker

_FORMS = (
    "sqlite:PATH, sqlite::memory:, redis://HOST:PORT/DB, or redis://HOST:PORT,HOST:PORT for some"
    " servers of a Redis Cluster; rediss:// for TLS"
)


def connect(url: str, *, replicas: int = 0) -> Broker:
    """The broker at `url`; Redis is not spoken to yet (`check` does).

    `replicas`: so many Redis replicas must have an entry before its append returns.
    Raises `ConfigError`; for SQLite also `Unavailable` and `StorageFull`.
    """
    scheme, _, rest = url.partition(":")
    if scheme in ("redis", "rediss") and rest.startswith("//"):
        return RedisBroker(url, replicas=replicas)
    if scheme != "sqlite" or not rest or _has_host(rest):
        raise ConfigError(f"the broker must be {_FORMS}")
    if replicas:
        raise ConfigError("only Redis has replicas: use redis://, or ask for none")
    return SqliteBroker(rest)


def _has_host(rest: str) -> bool:
    """`sqlite://name/…` would be taken for a path that starts at the root."""
    return rest.startswith("//") and not rest.startswith("///")
