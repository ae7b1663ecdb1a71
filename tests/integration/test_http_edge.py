"""The checks of all HTTP requests before any handler: whose pages may ask, and how long a head may be."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from multidict import CIMultiDict
from yarl import URL

from showcaller.testing.serving import ServeProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
STAGE = f"{API}/stages/main/whep"
FRIEND = "https://event.example"
APP = "capacitor://localhost"
STRANGER = "https://stranger.example"
PATIENCE_S = 20.0
LIMIT = 16 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    options = ("--rehearse-from", "-2m", "--allow-origin", FRIEND, "--allow-origin", APP)
    data = tmp_path_factory.mktemp("edge") / "data"
    async with ServeProcess(SCHEDULE, *options, data=data) as process:
        yield process
        assert process.complaints() == []


@pytest_asyncio.fixture(loop_scope="module")
async def http(server):
    async with aiohttp.ClientSession(server.url) as session:
        yield session


def bearer(server, *roles):
    return {"Authorization": f"Bearer {server.token(EVENT, *roles)}"}


# Whose address counts -------------------------------------------------------------------------------

ONE_PERSON = {
    "as two lines": lambda n: [
        ("X-Forwarded-For", f"198.51.100.{n}"),
        ("X-Forwarded-For", "203.0.113.1"),
    ],
    "as one line": lambda n: [("X-Forwarded-For", f"198.51.100.{n}, 203.0.113.2")],
    "by another port each time": lambda n: [("X-Forwarded-For", f"203.0.113.3:{50_000 + n}")],
    "by another IPv6 address each time": lambda n: [("X-Forwarded-For", f"2001:db8:1:2::{n}")],
    "in both notations": lambda n: [("X-Forwarded-For", f"{'::ffff:' * (n % 2)}203.0.113.4")],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counting(tmp_path_factory):
    """A server behind a proxy, which lets five people of an address register in an hour."""
    options = ("--behind-proxy", "--registrations-per-address-hour", "5", "--media-workers", "0")
    async with ServeProcess(
        SCHEDULE, *options, data=tmp_path_factory.mktemp("counting")
    ) as process:
        yield process


@pytest.mark.parametrize("told", ONE_PERSON)
async def test_one_person_is_counted_once(told, counting):
    statuses = []
    async with aiohttp.ClientSession(counting.url) as http:
        for number in range(7):
            headers, body = CIMultiDict(ONE_PERSON[told](number)), {"name": "x"}
            async with http.post(f"{API}/registrations", json=body, headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [201] * 5 + [429] * 2


# Pages of other origins -----------------------------------------------------------------------------

# What the SDKs ask for, and how: method, path, what a browser says in the preflight.
ASKED = [
    ("POST", f"{API}/registrations", "content-type"),
    ("POST", f"{API}/tokens", "authorization"),
    ("POST", f"{API}/commands/question.ask", "authorization,content-type,idempotency-key"),
    ("GET", f"{API}/media", "authorization"),
    ("GET", f"{API}/stages/main/viewers", "authorization"),
    ("GET", f"{API}/exports/quality.json", "authorization"),
    ("GET", f"{API}/export", "authorization"),
    ("POST", STAGE, "authorization,content-type"),
    ("POST", f"{API}/sessions/opening/whip", "authorization,content-type"),
    ("PATCH", f"{API}/media/w~r", "authorization,content-type,if-match"),
    ("DELETE", f"{API}/media/w~r", "authorization"),
    ("POST", f"{API}/media/w~r/layer", "authorization,content-type"),
]


async def preflight(http, method, path, origin, headers):
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    async with http.options(path, headers={"Origin": origin, **asked}) as answer:
        return answer


def listed(answer, header):
    return {word.strip().lower() for word in answer.headers.get(header, "").split(",")}


@pytest.mark.parametrize("origin", [FRIEND, APP])
@pytest.mark.parametrize(("method", "path", "headers"), ASKED)
async def test_a_page_of_an_allowed_origin_may_ask(http, origin, method, path, headers):
    answer = await preflight(http, method, path, origin, headers)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] in (origin, "*")
    assert method.lower() in listed(answer, "Access-Control-Allow-Methods")
    assert set(headers.split(",")) <= listed(answer, "Access-Control-Allow-Headers")


@pytest.mark.parametrize(("method", "path", "headers"), ASKED[:7])
async def test_a_page_of_another_origin_may_not(http, method, path, headers):
    answer = await preflight(http, method, path, STRANGER, headers)
    assert "Access-Control-Allow-Origin" not in answer.headers or method == "GET"
    assert answer.status == 405


async def test_answers_and_problems_are_readable_for_an_allowed_origin_only(http, server):
    for origin in (FRIEND, APP, STRANGER, None):
        headers = {"Origin": origin} if origin else {}
        for body, status in (({"name": "Ada"}, 201), ({"name": ""}, 400)):
            path = f"{API}/registrations"
            async with http.post(path, json=body, headers=headers) as answer:
                assert answer.status == status
                readable = answer.headers.get("Access-Control-Allow-Origin")
                assert readable == (origin if origin in (FRIEND, APP) else None)
                assert "Origin" in answer.headers["Vary"]
        async with http.get(f"{API}/nowhere", headers=headers) as answer:
            assert answer.status == 404
            assert ("Access-Control-Allow-Origin" in answer.headers) == (origin in (FRIEND, APP))


async def test_pages_can_read_when_to_come_back_and_where_to(http, server):
    for path, headers in ((STAGE, {}), (f"{API}/tokens", {"Origin": FRIEND})):
        async with http.post(path, headers=headers) as answer:
            assert answer.status == 401
            exposed = listed(answer, "Access-Control-Expose-Headers")
            assert {"location", "etag", "link", "retry-after"} <= exposed


async def test_the_agenda_and_its_etag_are_readable_for_anybody(http):
    async with http.get(API, headers={"Origin": STRANGER}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "etag" in listed(answer, "Access-Control-Expose-Headers")


async def test_a_stream_is_readable_too(http, server):
    headers = {"Origin": FRIEND, **bearer(server, "producer")}
    async with http.get(f"{API}/export", headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND


async def test_the_sdk_may_be_loaded_from_here(http):
    async with http.get("/sdk/index.js", headers={"Origin": STRANGER}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


# Addresses with a slash at their end ----------------------------------------------------------------

SLASHED = [
    ("GET", "/api/v1/events/", 200),
    ("GET", f"{API}/", 200),
    ("GET", f"{API}/agenda.ics/", 200),
    ("GET", "/api/v1/openapi.json/", 200),
    ("POST", f"{API}/registrations/", 201),
    ("POST", f"{API}/tokens/", 201),
    ("POST", f"{API}/commands/question.ask/", 400),
    ("GET", f"{API}/exports/quality.csv/", 200),
    ("GET", f"{API}/media/", 200),
    ("GET", f"{STAGE}/", 200),
    ("POST", f"{STAGE}/", 415),
    ("POST", f"{API}/sessions/opening/whip/", 415),
    ("POST", f"{API}/sessions/opening/whep/", 415),
    ("OPTIONS", f"{API}/sessions/opening/whip/", 204),
    ("DELETE", f"{API}/media/w~r/", 404),
    ("PATCH", f"{API}/media/w~r/", 415),
    ("PATCH", f"{API}/registrations/", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), SLASHED)
async def test_a_slash_at_the_end_changes_nothing(http, server, method, path, status):
    """Compared with the address without it, by the answer's status, type and methods."""
    body = {"json": {"name": "Ada"}} if path.endswith("/registrations/") else {}
    seen = []
    for address in (path, path.rstrip("/")):
        headers = bearer(server, "producer")
        async with http.request(method, address, headers=headers, **body) as answer:
            seen.append((answer.status, answer.content_type, answer.headers.get("Allow")))
    assert seen[0] == seen[1]
    assert seen[0][0] == status


async def test_a_live_socket_opens_with_a_slash_too(server):
    async with connection(server) as (reader, writer):
        line = f"GET {API}/live/ HTTP/1.1".encode()
        assert (await answer_to(reader, writer, *UPGRADE, line=line))[0] == 101


async def test_what_is_encoded_in_an_address_stays_so_when_its_slash_goes(http):
    address = URL(f"/e/{EVENT}/watch/a%2Fb/", encoded=True)
    async with http.get(address, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, f"/e/{EVENT}/watch/a%2Fb")


@pytest.mark.parametrize("page", ["watch/opening", "speak/opening", "moderate", "produce"])
async def test_a_page_with_a_slash_sends_to_the_one_without(http, page):
    async with http.get(f"/e/{EVENT}/{page}/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, f"/e/{EVENT}/{page}")
    async with http.get(f"/e/{EVENT}/{page}/") as answer:
        assert answer.status == 200


# How long a head may be -----------------------------------------------------------------------------


@asynccontextmanager
async def connection(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer_to(reader, writer, *lines, line=b"GET /healthz HTTP/1.1"):
    """Status, headers by their lower-case names, and body."""
    writer.write(b"\r\n".join([line, b"Host: x", *lines, b"", b""]))
    async with asyncio.timeout(PATIENCE_S):
        head, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head.split()[1]), headers, body


SECRET_WORD = b"s3cr3t-token-of-somebody"
FITS = {
    "one long cookie": [b"Cookie: a=" + b"x" * 15_000],
    "several": [
        b"Cookie: a=" + b"x" * 5_000,
        b"X-More: " + b"y" * 5_000,
        b"X-Less: " + b"z" * 5_000,
    ],
    "a hundred": [b"X-%d: y" % n for n in range(100)],
}
TOO_MUCH = {
    "one long cookie": [b"Cookie: " + SECRET_WORD + b"x" * LIMIT],
    "several": [b"X-%d: " % n + SECRET_WORD + b"x" * 6_000 for n in range(3)],
    "hundreds": [b"X-%d: " % n + SECRET_WORD for n in range(300)],
    "a long name": [SECRET_WORD * 800 + b": x"],
}
UPGRADE = [
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Protocol: showcaller.v1+json",
]
LIVE = f"GET {API}/live HTTP/1.1".encode()


@pytest.mark.parametrize("kind", FITS)
@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_head_of_up_to_16_kib_is_taken(server, kind, earlier):
    async with connection(server) as (reader, writer):
        for _ in range(earlier):
            assert (await answer_to(reader, writer))[0] == 200
        assert (await answer_to(reader, writer, *FITS[kind]))[0] == 200
        assert (await answer_to(reader, writer, *UPGRADE, *FITS[kind], line=LIVE))[0] == 101


@pytest.mark.parametrize("kind", TOO_MUCH)
@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize(("line", "more"), [(b"GET /healthz HTTP/1.1", []), (LIVE, UPGRADE)])
async def test_a_longer_one_is_refused_without_telling_what_was_sent(
    server, kind, earlier, line, more
):
    async with connection(server) as (reader, writer):
        for _ in range(earlier):
            assert (await answer_to(reader, writer))[0] == 200
        status, headers, body = await answer_to(reader, writer, *more, *TOO_MUCH[kind], line=line)
    assert (status, headers["content-type"]) == (431, "application/problem+json")
    assert json.loads(body)["code"] == "head_too_large"
    assert_tells_nothing(server, headers, body)


@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_long_target_is_too_long_a_head(server, earlier):
    async with connection(server) as (reader, writer):
        for _ in range(earlier):
            assert (await answer_to(reader, writer))[0] == 200
        line = b"GET /?" + SECRET_WORD + b"x" * LIMIT + b" HTTP/1.1"
        status, headers, body = await answer_to(reader, writer, line=line)
    assert status == 431
    assert_tells_nothing(server, headers, body)


@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        (SECRET_WORD, [], 400),
        (b"GET / HTTP/1.1", [b"no colon " + SECRET_WORD], 400),
        (b"GET / HTTP/1.1", [b"Content-Length: " + SECRET_WORD], 400),
        (b"GET / HTTP/1.1", [b"Expect: " + SECRET_WORD], 417),
        (b"GET /" + SECRET_WORD + b" HTTP/1.1", [], 404),
        (b"DELETE / HTTP/1.1", [], 405),
    ],
)
async def test_every_refusal_is_a_problem_document(server, line, fields, status):
    async with connection(server) as (reader, writer):
        answered, headers, body = await answer_to(reader, writer, *fields, line=line)
    assert (answered, headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(body)["status"] == status
    assert_tells_nothing(server, headers, body)


def assert_tells_nothing(server, headers, body):
    """Neither what was sent, here or in the log, nor by what the server is made."""
    assert SECRET_WORD not in body
    assert "aiohttp" not in body.decode().lower()
    assert headers.get("server", "showcaller") == "showcaller"
    assert SECRET_WORD.decode() not in server.log_text()


async def test_no_answer_tells_the_version_of_a_library(http):
    for path in ("/", f"/e/{EVENT}", "/nowhere", "/metrics", f"{API}/live"):
        async with http.get(path, allow_redirects=False) as answer:
            assert answer.headers.get("Server", "showcaller") == "showcaller", path
