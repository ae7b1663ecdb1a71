"""Answers that are sent again as they are: the same as the HTTP server's, or none."""

import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from showcaller.api.prepared import prepare, prepared_answer
from showcaller.http import ready
from showcaller.http.ready import ReadyAnswers

BODY = b"word " * 1000
HOST = "live.example.org"


class Shop:
    """An app whose answers are kept, and what they say of how long they hold."""

    def __init__(self):
        self.ready = ReadyAnswers(lambda: 1_700_000_000.5)
        self.holds = True
        self.vary = ""
        self.body = prepare(BODY)
        self.app = web.Application()
        self.app.on_response_prepare.append(self.ready.keep)
        self.app.router.add_get("/{path}", self.get)

    async def get(self, request):
        answer = prepared_answer(
            request,
            self.body,
            content_type="text/plain",
            headers={"X": "y"},
            holds=lambda: self.holds,
        )
        if self.vary:
            answer.headers.add("Vary", self.vary)
        return answer

    def again(self, path="/a", **headers):
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        fields = "".join(f"{name}: {text}\r\n" for name, text in ({"host": HOST} | named).items())
        asked = self.ready.read(f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode())
        return self.ready.answer(asked) if asked is not None else None


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
async def client(shop):
    async with TestClient(TestServer(shop.app), auto_decompress=False) as client:
        yield client


async def ask(client, path="/a", **headers):
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.get(path, headers={"Host": HOST} | named)


def parts(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, dict(field.split(": ", 1) for field in fields), body


def lower(fields):
    return {name.lower(): text for name, text in fields.items()}


@pytest.mark.parametrize("accepted", ["identity", "gzip", "gzip, br"])
async def test_it_is_the_answer_of_the_http_server(shop, client, accepted):
    first = await ask(client, Accept_Encoding=accepted)
    line, fields, body = parts(shop.again(accept_encoding=accepted))
    assert line == "HTTP/1.1 200 OK"
    assert body == await first.read()
    dated = {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    assert lower(fields) == lower(first.headers) | dated


async def test_who_has_it_is_sent_nothing(shop, client):
    etag = (await ask(client)).headers["ETag"]
    for known in (etag, etag.removeprefix("W/")):
        line, fields, body = parts(shop.again(if_none_match=known))
        assert (line, body, fields["ETag"]) == ("HTTP/1.1 304 Not Modified", b"", etag)
        assert "Content-Length" not in fields


async def test_nothing_is_sent_that_holds_no_more(shop, client):
    await ask(client)
    assert shop.again() is not None
    shop.holds = False
    assert shop.again() is None


@pytest.mark.parametrize(
    "more",
    [
        {"host": "another.example.org"},
        {"authorization": "Bearer x"},
        {"content_length": "0"},
        {"transfer_encoding": "chunked"},
        {"range": "bytes=0-1"},
        {"connection": "close"},
        {"upgrade": "h2c"},
        {"if_none_match": '"other", "more"'},
    ],
)
async def test_who_asks_for_anything_more_is_left_to_the_http_server(shop, client, more):
    await ask(client)
    assert shop.again(connection="Keep-Alive") is not None
    assert shop.again(**more) is None


async def test_what_differs_by_origin_is_for_none(shop, client):
    shop.vary = "Origin"
    await ask(client, Origin="https://other.example.org")
    assert shop.again() is None
    await ask(client)
    assert shop.again() is not None
    assert shop.again(origin="https://other.example.org") is None


async def test_nothing_is_sent_once_connections_are_to_end(shop, client):
    await ask(client)
    shop.ready.closed = True
    assert shop.again() is None


async def test_what_was_asked_for_last_is_kept(shop, client, monkeypatch):
    size = len(BODY) + sum(len(twin) for _, twin in shop.body.packed)
    monkeypatch.setattr(ready, "KEPT_BYTES", 2 * size)
    for path in ("/a", "/b", "/c"):
        await ask(client, path)
        shop.again("/a")
    assert [shop.again(path) is not None for path in ("/a", "/b", "/c")] == [True, False, True]
    assert gzip.decompress(parts(shop.again("/c", accept_encoding="gzip"))[2]) == BODY


async def test_a_head_is_read_once_and_followed_when_the_answer_is_another(
    shop, client, monkeypatch
):
    await ask(client)
    assert shop.again(accept_encoding="gzip") is not None
    monkeypatch.setattr(ready, "parse_request", lambda head: pytest.fail("it was read again"))
    shop.body = prepare(b"news " * 1000)
    shop.holds = False
    assert shop.again(accept_encoding="gzip") is None
    shop.holds = True
    await ask(client)
    assert gzip.decompress(parts(shop.again(accept_encoding="gzip"))[2]) == b"news " * 1000


async def test_heads_with_cookies_or_of_what_is_not_kept_are_not_remembered(shop, client):
    await ask(client)
    for _ in range(2):
        shop.again("/b")
        shop.again(cookie="token=1")
        shop.again(user_agent="x" * ready.MAX_READ_HEAD_BYTES)
    assert not shop.ready._read
