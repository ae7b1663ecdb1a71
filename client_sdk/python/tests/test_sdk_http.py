"""Registration and newer tokens against a real HTTP server; what it refuses; where tokens never go."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from showcaller_client import Refused, register
from showcaller_client.http import (
    event_url,
    fetch_captions,
    fetch_history,
    fetch_live,
    fetch_replay,
    live_url,
    newer_token,
    request,
)

GRANT = {
    "token": "t.t.t",
    "person": "p_1",
    "name": "Ada",
    "roles": ["attendee"],
    "expires_at_ms": 9,
}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str | None, bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def will(self, status: int, body: Any = None, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {k.replace("_", "-"): v for k, v in headers.items()}, data))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, self.headers["Authorization"], body))
        status, headers, data = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


async def test_registering_gives_a_token_that_is_never_printed(server: Server) -> None:
    server.will(201, GRANT)
    me = await register(server.url, "my-event", "Ada", invite_code="x")
    assert (me.token, me.person, me.roles) == ("t.t.t", "p_1", ("attendee",))
    assert "t.t.t" not in repr(me)
    method, path, authorization, body = server.seen[0]
    assert (method, path, authorization) == ("POST", "/api/v1/events/my-event/registrations", None)
    assert json.loads(body) == {"name": "Ada", "invite_code": "x"}


async def test_a_token_is_exchanged_for_a_newer_one(server: Server) -> None:
    server.will(201, GRANT | {"token": "newer"})
    assert (await newer_token(server.url, "e", "older")).token == "newer"
    assert server.seen[0][1:3] == ("/api/v1/events/e/tokens", "Bearer older")


async def test_a_problem_becomes_refused(server: Server) -> None:
    problem = {"code": "rate_limited", "detail": "too many", "retry": True, "field": "name"}
    server.will(429, problem, Retry_After="7")
    with pytest.raises(Refused, match="too many") as raised:
        await register(server.url, "e", "Ada")
    refused = raised.value
    assert (refused.code, refused.retry, refused.retry_after_s) == ("rate_limited", True, 7.0)
    assert (refused.http_status, refused.field) == (429, "name")


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"[1]", b""])
async def test_a_proxys_answer_becomes_refused_too(server: Server, body: bytes) -> None:
    server.will(502, body)
    with pytest.raises(Refused, match="HTTP 502") as raised:
        await register(server.url, "e", "Ada")
    assert raised.value.retry


async def test_a_redirect_takes_the_token_nowhere(server: Server) -> None:
    server.will(307, b"", Location=f"{server.url}/elsewhere")
    with pytest.raises(Refused, match="307"):
        await request("POST", server.url + "/x", {}, token="secret")
    assert len(server.seen) == 1


async def test_headers_of_one_name_are_joined(server: Server) -> None:
    server.will(201, b"", Link="<stun:a>; rel=x", LINK="<stun:b>; rel=y")
    answer = await request("POST", server.url + "/x", "offer", content_type="application/sdp")
    assert answer.headers["link"] == "<stun:a>; rel=x, <stun:b>; rel=y"


async def test_nobody_there_is_an_os_error(server: Server) -> None:
    server.server_close()
    with pytest.raises(OSError):
        await register(server.url, "e", "Ada")


@pytest.mark.parametrize(
    ("given", "live"),
    [
        ("https://show.example", "wss://show.example/api/v1/events/e/live"),
        ("https://show.example/some/page", "wss://show.example/api/v1/events/e/live"),
        ("http://127.0.0.1:80", "ws://127.0.0.1:80/api/v1/events/e/live"),
        ("wss://show.example:444", "wss://show.example:444/api/v1/events/e/live"),
        ("show.example", "wss://show.example/api/v1/events/e/live"),
    ],
)
def test_the_live_address_follows_from_the_servers_address(given: str, live: str) -> None:
    assert live_url(given, "e") == live


def test_names_are_escaped_in_addresses() -> None:
    assert event_url("http://h", "a/b", "x?y") == "http://h/api/v1/events/a%2Fb/x%3Fy"


async def test_captions_are_those_of_one_language(server: Server) -> None:
    server.will(200, {"lines": []})
    assert await fetch_captions(server.url, "conf", "t.t.t", "a talk", "pt-BR") == {"lines": []}
    method, path, token, _ = server.seen[0]
    assert (method, token) == ("GET", "Bearer t.t.t")
    assert path.endswith("/conf/sessions/a%20talk/captions/pt-BR")


async def test_the_history_is_asked_for_with_what_narrows_it(server: Server) -> None:
    server.will(200, {"entries": [], "more": False})
    found = await fetch_history(server.url, "conf", "t.t.t", session="a talk", q="sue & co")
    assert found == {"entries": [], "more": False}
    method, path, token, _ = server.seen[0]
    assert (method, token) == ("GET", "Bearer t.t.t")
    assert path.endswith("/conf/exports/history.json?limit=200&session=a+talk&q=sue+%26+co")


@pytest.mark.parametrize(
    ("fetch", "path"),
    [(fetch_live, "stages/hall%201/live"), (fetch_replay, "sessions/hall%201/replay")],
)
async def test_where_hls_is_comes_as_an_address_that_players_take(
    server: Server, fetch: Any, path: str
) -> None:
    server.will(200, {"address": "/hls/conf/open/hall/main.m3u8", "expires_at_ms": None})
    found = await fetch(server.url, "conf", "t.t.t", "hall 1")
    assert found["address"] == f"{server.url}/hls/conf/open/hall/main.m3u8"
    method, asked, token, _ = server.seen[0]
    assert (method, asked, token) == ("GET", f"/api/v1/events/conf/{path}", "Bearer t.t.t")
