"""URLs that operators give us: what they must look like, and what may be shown of them.

A user or a password, or a part of one, must reach no log, error, export or calendar. So a URL is refused
if it is not plain where its secrets end: what is special in them is written as %XX. Libraries' own errors
about URLs are not shown, since they quote.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .errors import ConfigError

_HOST = r"(?:[\w.-]+|\[[\da-fA-F:.]+\])?(?::\d{1,5})?"
_URL = re.compile(
    rf"(?P<scheme>[a-z]+)://(?:(?P<secrets>[^/?#\[\]\s]*)@)?(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"(?P<path>/[^?#@\s]*)?(?P<query>\?[^#@\s]*)?"
)
_ICE_SERVER = re.compile(
    rf"(?P<scheme>stuns?|turns?):(?:(?P<secrets>[^@/?#\s]*)@)?(?P<host>{_HOST})(?P<query>\?[\w=&-]+)?"
)

QUOTE = "what is special in a user or password is written as %XX: # as %23, / as %2F, : as %3A"


def shown(url: str) -> str:
    """Return what may be shown of `url`: where it leads, without user, password and options."""
    found = _URL.fullmatch(url)
    if found:
        return f"{found['scheme']}://{found['hosts']}{found['path'] or ''}"
    if url.startswith("sqlite:"):
        return url
    scheme = re.match(r"[a-z]+:(?=//)", url)
    return f"{scheme[0]}//…" if scheme else "…"


def check_redis(url: str) -> None:
    """Raise `ConfigError` unless `url` is redis://USER:PASSWORD@HOST:PORT,HOST:PORT/DB?OPTIONS."""
    found = _URL.fullmatch(url) if url.isascii() else None
    if found is None or not re.fullmatch(r"/?\d*", found["path"] or ""):
        form = "redis://USER:PASSWORD@HOST:PORT/DB"
        raise ConfigError(f"the redis:// URL can't be read: it is {form}, and {QUOTE}")


def check_http(url: str, name: str) -> None:
    """Raise `ConfigError` unless `url` is the address of a site, without a user; `name` is the option's.

    A path is refused too: pages and API stand at the root of a host, and would be looked for there.
    """
    found = _URL.fullmatch(url)
    if (
        found is None
        or found["scheme"] not in ("http", "https")
        or not found["hosts"]
        or found["secrets"] is not None
        or found["query"]
    ):
        raise ConfigError(f"{name} is https://HOST or https://HOST:PORT, without a user or options")
    if found["path"] not in (None, "/"):
        raise ConfigError(
            f"{name} is https://HOST or https://HOST:PORT, without a path: pages and API stand at the root "
            "of a host. Where something else has that, give Showcaller a host name of its own"
        )


class IceServer(NamedTuple):
    """A STUN or TURN server; `user` and `password` as its clients send them, "" if there are none."""

    url: str
    user: str
    password: str


def ice_server(text: str) -> IceServer:
    """Read stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT. Raises `ConfigError`."""
    found = _ICE_SERVER.fullmatch(text)
    if found is None or not found["host"]:
        form = "stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT"
        raise ConfigError(f"--ice-server is {form}, and {QUOTE}")
    secrets = found["secrets"]
    if secrets is not None and (found["scheme"].startswith("stun") or secrets.count(":") != 1):
        form = "USER:PASSWORD@, and for a TURN server only"
        raise ConfigError(f"--ice-server has {form} before its host, and {QUOTE}")
    user, _, password = (secrets or "").partition(":")
    url = f"{found['scheme']}:{found['host']}{found['query'] or ''}"
    server = IceServer(url, unquote(user), unquote(password))
    both = server.user + server.password
    if not (both.isascii() and both.isprintable()):  # headers hold no more
        raise ConfigError("--ice-server has a user or password with characters that can't be sent")
    return server
