"""The HTTP side: registration, newer tokens, and plain requests (PROTOCOL.md §1, §8, §9).

urllib in a thread: an HTTP library would be a dependency for three calls a day.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from .errors import Refused

TIMEOUT_S = 15.0
MAX_BODY = 1 << 20  # bytes


@dataclass(frozen=True)
class Response:
    """An answer of 2xx; `headers` by their names in lower case, those of one name joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A token and what it stands for. The token is a secret: it does not show in `repr`."""

    token: str
    person: str
    name: str
    roles: tuple[str, ...]
    expires_at_ms: int

    def __repr__(self) -> str:
        return f"Registration(person={self.person!r}, name={self.name!r}, roles={self.roles!r})"


def event_url(url: str, event: str, *path: str) -> str:
    """The HTTP address of something of an event, from any address of the server."""
    scheme, host, *_ = urlsplit(url if "://" in url else f"https://{url}")
    if scheme not in ("http", "https", "ws", "wss") or not host:
        raise ValueError("not the address of a server: expected https://HOST")
    host = host.rpartition("@")[2]  # no user and password: addresses are logged
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    parts = "/".join(quote(part, safe="") for part in (event, *path))
    return urlunsplit((scheme, host, f"/api/v1/events/{parts}", "", ""))


def live_url(url: str, event: str) -> str:
    """The WebSocket address of an event."""
    return "ws" + event_url(url, event, "live").removeprefix("http")


async def register(
    url: str,
    event: str,
    name: str,
    *,
    invite_code: str | None = None,
    consents: Mapping[str, str] | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> Registration:
    """Register an attendee. Raises `Refused`, and `OSError` when the server can't be reached.

    `consents`: the versions of what the attendee agrees to, by the consent's id (PROTOCOL.md §1).
    """
    body: dict[str, Any] = {"name": name}
    body |= {"invite_code": invite_code} if invite_code else {}
    body |= {"consents": dict(consents)} if consents else {}
    address = event_url(url, event, "registrations")
    return _registration(await request("POST", address, body, ssl_context=ssl_context))


async def use_code(
    url: str,
    event: str,
    code: str,
    browser: str,
    *,
    name: str = "",
    ssl_context: ssl.SSLContext | None = None,
) -> Registration:
    """Return the token that a short link's code stands for (PROTOCOL.md §8).

    `browser` is a secret of 16 to 64 characters to keep: another one can't use the code any more. `name`:
    what a guest is called. Raises `Refused`, and `OSError` when the server can't be reached.
    """
    address = event_url(url, event, "codes", "use")
    body = {"code": code, "browser": browser, "name": name}
    return _registration(await request("POST", address, body, ssl_context=ssl_context))


async def newer_token(
    url: str, event: str, token: str, *, ssl_context: ssl.SSLContext | None = None
) -> Registration:
    """Exchange a token that is still valid for a newer one. Raises as `register`."""
    address = event_url(url, event, "tokens")
    return _registration(await request("POST", address, {}, token=token, ssl_context=ssl_context))


async def fetch_history(
    url: str,
    event: str,
    token: str,
    *,
    limit: int = 200,
    ssl_context: ssl.SSLContext | None = None,
    **filters: str | int,
) -> dict[str, Any]:
    """Return what moderators and producers did, newest first: `{"entries": […], "more"}` (PROTOCOL.md §8).

    `filters`: `q`, `what`, `session`, `by`, `before`. Raises as `request`.
    """
    query = urlencode({"limit": limit, **filters})
    address = f"{event_url(url, event, 'exports', 'history.json')}?{query}"
    answer = await request("GET", address, token=token, ssl_context=ssl_context)
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def fetch_captions(
    url: str,
    event: str,
    token: str,
    session: str,
    language: str,
    *,
    ssl_context: ssl.SSLContext | None = None,
) -> dict[str, Any]:
    """Return all lines of a session's captions, by their times: `{"lines": [Caption…]}` (PROTOCOL.md §8)."""
    address = event_url(url, event, "sessions", session, "captions", language)
    answer = await request("GET", address, token=token, ssl_context=ssl_context)
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def fetch_live(
    url: str, event: str, token: str, stage: str, *, ssl_context: ssl.SSLContext | None = None
) -> dict[str, Any]:
    """Return where a stage can be watched by HLS: `{"address", "expires_at_ms"}` (PROTOCOL.md §9).

    The address is absolute. Raises as `request`: `Refused` says by its code why there is none.
    """
    return await _fetch_hls(event_url(url, event, "stages", stage, "live"), token, ssl_context)


async def fetch_replay(
    url: str, event: str, token: str, session: str, *, ssl_context: ssl.SSLContext | None = None
) -> dict[str, Any]:
    """Return a session's replay, with `starts_at_ms` and `ends_at_ms` too, as `fetch_live` does."""
    return await _fetch_hls(
        event_url(url, event, "sessions", session, "replay"), token, ssl_context
    )


async def _fetch_hls(url: str, token: str, ssl_context: ssl.SSLContext | None) -> dict[str, Any]:
    answer = await request("GET", url, token=token, ssl_context=ssl_context)
    found: dict[str, Any] = json.loads(answer.body)
    return {**found, "address": absolute(url, found["address"])}


async def request(
    method: str,
    url: str,
    body: Mapping[str, Any] | str | None = None,
    *,
    content_type: str | None = None,
    token: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Response:
    """One request; a mapping goes as JSON. Raises `Refused` for 300 and above, else `OSError`."""
    if isinstance(body, Mapping):
        body, content_type = json.dumps(body), "application/json"
    data = None if body is None else body.encode()
    message = urllib.request.Request(url, data=data, method=method)
    if content_type:
        message.add_header("Content-Type", content_type)
    if token:
        message.add_unredirected_header("Authorization", f"Bearer {token}")
    return await asyncio.to_thread(_send, message, ssl_context, timeout_s)


def absolute(base: str, location: str) -> str:
    """A `Location` header as an address."""
    return urljoin(base, location)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would carry the body, and the token's owner, elsewhere."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> None:
        return None


def _send(
    message: urllib.request.Request, context: ssl.SSLContext | None, timeout_s: float
) -> Response:
    https = urllib.request.HTTPSHandler(context=context or ssl.create_default_context())
    opener = urllib.request.build_opener(_NoRedirects, https)
    try:
        with opener.open(message, timeout=timeout_s) as answer:
            return Response(answer.status, _joined(answer.headers), answer.read(MAX_BODY))
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error.code, error.headers, error.read(MAX_BODY)) from None


def _joined(headers: Message) -> dict[str, str]:
    """RFC 9110 §5.3."""
    names = {name.lower() for name in headers}
    return {name: ", ".join(headers.get_all(name, ())) for name in names}


def _refused(status: int, headers: Any, body: bytes) -> Refused:
    """From a problem+json answer (RFC 9457), or whatever a proxy in between says."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    after = str(headers.get("Retry-After") or problem.get("retry_after_s"))
    return Refused(
        str(problem.get("code", f"http_{status}")),
        str(problem.get("detail", f"the server answered HTTP {status}")),
        retry=bool(problem.get("retry", status in (429, 502, 503, 504))),
        retry_after_s=float(after) if after.isdigit() else None,
        field=problem.get("field"),
        http_status=status,
    )


def _registration(response: Response) -> Registration:
    body = json.loads(response.body)
    return Registration(
        token=body["token"],
        person=body["person"],
        name=body["name"],
        roles=tuple(body["roles"]),
        expires_at_ms=body["expires_at_ms"],
    )
