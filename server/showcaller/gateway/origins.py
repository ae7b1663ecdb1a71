"""Which pages may open a live connection (RFC 6455 §10.2).

A browser says in `Origin` which page asks. The server's own pages may, and those of origins that the operator
allowed. Who sends no `Origin` is no browser, so no visitor's browser can be misused through it: it may.
A reverse proxy must pass the `Host` that the browser sent, with its port.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import ConfigError

_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int


def parse_origin(text: str) -> Origin | None:
    """The origin as `scheme://host[:port]` tells it, compared without case; None if it is none."""
    found = _ORIGIN.fullmatch(text.strip().lower())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return Origin(scheme, host, int(port) if port else _DEFAULT_PORTS[scheme])


def read_origin(text: str) -> Origin:
    """An origin that the operator allows. Raises `ConfigError`."""
    origin = parse_origin(text)
    if origin is None:
        raise ConfigError(f"{text!r} is no origin: write it as https://HOST or https://HOST:PORT")
    return origin


def may_connect(origin: str | None, host: str, allowed: frozenset[Origin]) -> bool:
    """Whether a page of `origin` may connect to this server, which the browser knows as `host`."""
    if origin is None:
        return True
    page = parse_origin(origin)
    if page is None:
        return False
    return page in allowed or _is_same(page, host)


def _is_same(page: Origin, host: str) -> bool:
    """Behind a TLS proxy our own scheme can't be known: a missing port is that of the page's scheme."""
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return False
    port = int(found[2]) if found[2] else _DEFAULT_PORTS[page.scheme]
    return (page.host, page.port) == (found[1], port)
