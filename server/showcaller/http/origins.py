"""The origins whose pages may connect (RFC 6455 §10.2) and ask (the Fetch standard, CORS).

A browser says in `Origin` which page asks. The server's own pages may, and those of origins that the operator
allowed. Who sends no `Origin` is no browser, so no visitor's browser can be misused through it: it may.
A reverse proxy must pass the `Host` that the browser sent, with its port.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import ConfigError

# http and https, and what apps serve their pages by: capacitor://localhost, app://-, chrome-extension://ID.
_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?", re.ASCII
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?")
# Pages out of files, and in sandboxes: of these anybody can make one, so they are allowed only by name.
_WITHOUT_HOST = frozenset({"null", "file://"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int  # 0: the scheme knows none


def parse_origin(text: str) -> Origin | None:
    """Return the origin that `scheme://host[:port]` tells, compared without case; None if it is none."""
    lower = text.strip().lower()
    if lower in _WITHOUT_HOST:
        return Origin(lower, "", 0)
    found = _ORIGIN.fullmatch(lower)
    if found is None:
        return None
    scheme, host, port = found.groups()
    return Origin(scheme, host, int(port) if port else _DEFAULT_PORTS.get(scheme, 0))


def read_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """Return the origins that the operator allows. Raises `ConfigError`."""
    return frozenset(map(read_origin, texts))


def read_origin(text: str) -> Origin:
    """Return an origin that the operator allows. Raises `ConfigError`."""
    origin = parse_origin(text)
    if origin is None:
        raise ConfigError(
            f"{text!r} is no origin: write it as https://HOST or https://HOST:PORT, an app's as SCHEME://HOST"
        )
    return origin


def may_connect(origin: str | None, host: str, allowed: frozenset[Origin]) -> bool:
    """Return whether a page of `origin` may ask this server, which the browser knows as `host`."""
    if origin is None:
        return True
    page = parse_origin(origin)
    if page is None:
        return False
    return page in allowed or _is_same(page, host)


def _is_same(page: Origin, host: str) -> bool:
    """Behind a TLS proxy our own scheme can't be known: a missing port is that of the page's scheme."""
    found = _HOST.fullmatch(host.lower())
    if found is None or page.scheme not in _DEFAULT_PORTS:
        return False
    port = int(found[2]) if found[2] else _DEFAULT_PORTS[page.scheme]
    return (page.host, page.port) == (found[1], port)
