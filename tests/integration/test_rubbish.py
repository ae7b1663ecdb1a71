"""Rubbish from outside: each gets its documented error, and the process lives on as it was."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import random
import re
import struct
import time
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from showcaller.show.commands import COMMAND_NAMES
from showcaller.testing.live_client import LiveClient
from showcaller.testing.serving import SECRET, ServeProcess
from showcaller.testing.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
FORMATS = ("json", "msgpack")
SPARE_DESCRIPTORS = 8
SPARE_KILOBYTES = 40_000
SETTLE_S = 5.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("rubbish") / "data"
    async with ServeProcess(SCHEDULE, "--rehearse-from", "-2m", data=data) as process:
        async with live(process) as client:
            assert (await client.command("session.start", session="opening"))["ok"]
        yield process


@pytest_asyncio.fixture(loop_scope="module")
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


def descriptors(server):
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def kilobytes(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def unharmed(request):
    """After each test the server is as it was: no fault logged, no descriptor or memory kept."""
    if "server" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("server")
    before = descriptors(server), kilobytes(server)
    yield
    await until(lambda: descriptors(server) <= before[0] + SPARE_DESCRIPTORS, SETTLE_S)
    assert kilobytes(server) <= before[1] + SPARE_KILOBYTES
    assert server.complaints() == []


class live:
    """`async with live(server)`: a client that was welcomed as a producer, or says nothing yet."""

    def __init__(self, server, form="json", *, hello=True, headers=None):
        self.server, self.hello = server, hello
        self.opening = connect(
            f"{server.live_url}{API}/live",
            subprotocols=[f"showcaller.v1+{form}"],
            additional_headers=headers,
            compression=None,
        )

    async def __aenter__(self):
        self.client = LiveClient(await self.opening)
        if self.hello:
            await self.client.hello(self.server.token(EVENT, "producer", "moderator"))
        return self.client

    async def __aexit__(self, *_):
        if self.client.ws.close_code is None:
            await self.client.ws.close()


async def verdict(client):
    """The code of the next reply or error, or of the close."""
    try:
        while True:
            message = await client.receive()
            if message["op"] in ("reply", "error"):
                return "ok" if message.get("ok") else message["error"]["code"]
    except ConnectionClosed:
        return client.ws.close_code


# Live messages ------------------------------------------------------------------------------------

BOMBS = {
    "json": [
        *(b"", b"{", b"[]", b"null", b'"op"', b"\0", b'{"op": null}', b'{"op": "nonsense"}'),
        *(b"[" * 60_000, b'{"a":' * 10_000, b"[" * 30_000 + b"]" * 30_000),
        b'{"op":"clock","t1":1,"x":' + b"[" * 32 + b"]" * 32 + b"}",
        *(b'{"op":"clock","t1":NaN}', b'{"op":"clock","t1":1e999}'),
        b'{"op":"clock","t1":-' + b"9" * 400 + b"}",
        b'{"op":"subscribe","id":"\\ud800","channel":"agenda"}',
    ],
    "msgpack": [
        *(b"", b"\xc0", b"\x80", b"\xc1", b"\x81\x01\x02", b"\x81\x91\x01\x02"),
        *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff"),
        *(b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01", b"\xdc\xff\xff" * 20_000),
        *(b"\x91" * 60_000, b"\x81\xa1a" * 20_000, b"\xdd\x00\x00\xff\x00" + b"\xc0" * 0xFF00),
        b"\x82\xa2op\xa5clock\xa2t1\xcb\x7f\xf8" + b"\0" * 6,  # not a number
        b"\x82\xa2op\xa5clock\xa2t1\xd7\xff" + b"\xff" * 8,  # a time stamp
        b"\x81\xa2op\xa2\xff\xff",
    ],
}


@pytest.mark.parametrize("form", FORMATS)
async def test_a_frame_that_is_no_message_gets_an_error_and_the_tenth_closes(server, form):
    for start in range(0, len(BOMBS[form]), 9):
        async with live(server, form) as client:
            for bomb in BOMBS[form][start : start + 9]:
                await client.ws.send(bomb, text=form == "json")
                assert await verdict(client) == "bad_input", bomb[:40]
    async with live(server, form) as client:
        for _ in range(10):
            await client.send("nonsense")
        assert (await client.closed())[0] == 4503


@pytest.mark.parametrize("form", FORMATS)
async def test_a_flood_before_the_welcome_closes_at_once(server, form):
    for bomb in BOMBS[form]:
        async with live(server, form, hello=False) as client:
            await client.ws.send(bomb, text=form == "json")
            assert await verdict(client) == 4503, bomb[:40]
    async with live(server, form, hello=False) as client:
        await client.send("subscribe", id="1", channel="agenda")
        assert await verdict(client) == 4503


@pytest.mark.parametrize("form", FORMATS)
async def test_ten_mebibytes_close_with_1009_whole_or_in_fragments(server, form):
    async def fragments():
        for _ in range(160):
            yield "x" * 65_536 if form == "json" else b"x" * 65_536

    for message in (b"x" * (10 << 20), fragments()):
        async with live(server, form) as client:
            as_text = form == "json" if isinstance(message, bytes) else None
            with contextlib.suppress(ConnectionClosed):
                await client.ws.send(message, text=as_text)
            assert await verdict(client) == 1009


WRONG = [None, True, -1, 1.5, 2**63, "", "x" * 300, "\0", "\u202e", [], [[]], {}, {"a": {}}]
FIELDS = {
    "hello": {"token": "x", "client": ""},
    "subscribe": {"id": "1", "channel": "agenda", "since": {"epoch": "", "offset": 0}},
    "unsubscribe": {"id": "1", "channel": "agenda"},
    "command": {"id": "1", "name": "clock.hold", "args": {}, "key": "k"},
    "refresh": {"id": "1", "token": "x"},
    "clock": {"t1": 1},
}
EXPECTED = {"ok", "bad_input", "bad_token", "not_found", "wrong_state", "clock", "rate_limited"}


async def either(client):
    """Return what `verdict` does; the answer to a clock probe counts too."""
    message = await client.receive()
    while message["op"] not in ("reply", "error", "clock"):
        message = await client.receive()
    if message["op"] == "clock":
        return "clock"
    return "ok" if message.get("ok") else message["error"]["code"]


@pytest.mark.parametrize("form", FORMATS)
async def test_wrong_types_in_every_field_of_every_message(server, form):
    for op, good in FIELDS.items():
        for field in good:
            for start in range(0, len(WRONG), 7):
                async with live(server, form) as client:
                    for wrong in WRONG[start : start + 7]:
                        await client.send(op, **(good | {field: wrong}))
                        assert await either(client) in EXPECTED, (op, field, wrong)


ARGS = {
    "session": "opening",
    "question": "q_none",
    "announcement": "a_none",
    "control": "c_none",
    "person": "p_none",
    "token": "t_none",
    "text": "hi",
    "reason": "",
    "anonymous": False,
    "on": True,
    "minutes": 1,
    "at_ms": 0,
    "if_revision": 999,
}
REFUSALS = EXPECTED | {
    "bad_text",
    "forbidden",
    "qa_closed",
    "stale_preview",
    "cannot_undo",
    "chat_closed",
}


@pytest.mark.parametrize("form", FORMATS)
async def test_wrong_types_in_the_arguments_of_every_command(server, form):
    async def try_out(name, field):
        async with live(server, form) as client:
            for wrong in [*WRONG, 10**15]:
                reply = await client.command(name, **(ARGS | {field: wrong}))
                code = "ok" if reply["ok"] else reply["error"]["code"]
                assert code in REFUSALS | {"too_many"}, (name, field, wrong, reply)

    for name in sorted(COMMAND_NAMES - {"session.end", "session.skip", "question.erase"}):
        await asyncio.gather(*(try_out(name, field) for field in ARGS))


# Tokens and origins -------------------------------------------------------------------------------


def signed(header, claims, secret=SECRET):
    parts = [
        json.dumps(part).encode() if isinstance(part, dict) else part for part in (header, claims)
    ]
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    seal = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return text + "." + base64.urlsafe_b64encode(seal).rstrip(b"=").decode()


def bad_tokens():
    now_s = int(time.time())
    claims = {"iss": "showcaller", "aud": EVENT, "sub": "p_x", "jti": "t_x", "iat": now_s}
    claims |= {"exp": now_s + 3600, "roles": ["producer"]}
    header = {"alg": "HS256", "typ": "JWT"}
    return {
        "none": signed({"alg": "none"}, claims).rpartition(".")[0] + ".",
        "another algorithm": signed({"alg": "RS256"}, claims),
        "forged": signed(header, claims, "another secret that is long enough too"),
        "other event": signed(header, claims | {"aud": "another"}),
        "unknown role": signed(header, claims | {"roles": ["god"]}),
        "no roles": signed(header, claims | {"roles": []}),
        "half a surrogate": signed(header, claims | {"sub": "\ud800"}),
        "deep header": signed(b"[" * 2_000, claims),
        "deep claims": signed(header, b"[" * 2_000),
        "endless": signed(
            header, json.dumps(claims | {"exp": 0}).replace(": 0", ": 1e400").encode()
        ),
        "no token at all": "é",
        "expired": signed(header, claims | {"exp": 1}),
    }


@pytest.mark.parametrize("kind", bad_tokens())
async def test_a_bad_token_opens_nothing(server, http, kind):
    token, is_old = bad_tokens()[kind], kind == "expired"
    async with live(server, hello=False) as client:
        await client.send("hello", token=token)
        assert await verdict(client) == (4003 if is_old else 4500)
    async with live(server) as client:
        reply = await client.ask("refresh", token=token)
        assert reply["error"]["code"] == ("token_expired" if is_old else "bad_token")
    for method, path, body, content_type in (
        ("POST", "/commands/qa.open", b"{}", "application/json"),
        ("POST", "/tokens", b"", "application/json"),
        ("GET", "/export", None, "text/plain"),
        ("POST", "/sessions/opening/whip", b"v=0", "application/sdp"),
        ("POST", "/stages/main/whep", b"v=0", "application/sdp"),
        ("PATCH", "/media/x", b"a=x", "application/trickle-ice-sdpfrag"),
        ("DELETE", "/media/x", None, "text/plain"),
    ):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        url = server.url + API + path
        async with http.request(method, url, data=body, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (401, "application/problem+json"), path


async def test_foreign_origins_are_refused(server):
    own = f"http://127.0.0.1:{server.port}"
    for origin in (
        *("null", "http://evil.example", "http://127.0.0.1", f"{own}.evil.example", f"{own}/"),
        *(f"{own}@evil.example", f"http://localhost:{server.port}", "file://", f"{own} http://e"),
    ):
        upgrade = await exchange(server, upgrade_request(server, origin))
        assert upgrade.startswith(b"HTTP/1.1 403"), origin
        assert b'"foreign_origin"' in upgrade
    async with live(server, headers={"Origin": own}):
        pass


# HTTP ---------------------------------------------------------------------------------------------


def upgrade_request(server, origin):
    return (
        f"GET {API}/live HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Protocol: showcaller.v1+json\r\n\r\n"
    ).encode()


async def exchange(server, request):
    """The raw answer to a raw request on a connection of its own.

    A server that closes before it has read everything resets the connection, and the reset may overtake
    its answer (RFC 9112 §9.6): then ask again.
    """
    for _ in range(5):
        try:
            return await exchange_once(server, request)
        except ConnectionResetError:
            continue
    raise ConnectionResetError("five answers in a row were lost")


async def exchange_once(server, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(request)
        async with asyncio.timeout(SETTLE_S):
            return await reader.read()
    finally:
        writer.close()


def request(method, path, *headers, body=b""):
    """A raw request; `path` and `headers` are bytes, since they may be anything."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers]
    if body or method == b"POST":
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


AGENDA = API.encode()
RAW = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    "empty lines first": (b"\r\n\r\n" + request(b"GET", b"/healthz"), 200),
    "unknown method": (request(b"FOO", b"/"), 400),
    "long path": (request(b"GET", b"/" + b"a" * 20_000), 431),
    "many headers": (
        request(b"GET", b"/", *[b"X-%d: aaaaaaaaaaaa" % i for i in range(2_000)]),
        431,
    ),
    "header no UTF-8": (request(b"GET", AGENDA, b"If-None-Match: \xff"), 200),
    "path no UTF-8": (request(b"GET", b"/api/v1/events/%ff"), 404),
    "path with a NUL": (request(b"GET", b"/assets/%00"), 404),
    "path upwards": (request(b"GET", b"/assets/%2e%2e/%2e%2e/pages/home.html"), 404),
    "encoded slash": (request(b"GET", AGENDA + b"%2fagenda.ics"), 404),
    "line feed to redirect to": (request(b"GET", b"/e/%0d%0aX:y"), 308),
    "host no UTF-8": (
        b"GET " + AGENDA + b"/agenda.ics HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        400,
    ),
    "broken chunks": (
        b"POST " + AGENDA + b"/registrations HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        400,
    ),
}


@pytest.mark.parametrize("kind", RAW)
async def test_http_rubbish_gets_its_status(server, kind):
    sent, status = RAW[kind]
    answer = await exchange(server, sent)
    assert int(answer[9:12]) == status, answer[:200]


JSON_BODIES = {
    "cut off": (b"{", 400),
    "no object": (b"[]", 400),
    "no UTF-8": (b'{"name": "\xc3("}', 400),
    "half a surrogate": (b'{"name": "\\ud800"}', 400),
    "deep": (b'{"name": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400),
    "70 KB": (b'{"name": "' + b"x" * 70_000 + b'"}', 413),
}


@pytest.mark.parametrize("path", [b"/registrations", b"/commands/question.ask"])
@pytest.mark.parametrize("kind", JSON_BODIES)
async def test_bad_bodies_are_refused(server, path, kind):
    body, status = JSON_BODIES[kind]
    answer = await exchange(server, json_request(server, path, body))
    assert int(answer[9:12]) == status, answer
    assert b"application/problem+json" in answer


def json_request(server, path, body, *headers):
    bearer = b"Authorization: Bearer " + server.token(EVENT, "producer").encode()
    kind = b"Content-Type: application/json"
    return request(b"POST", AGENDA + path, kind, bearer, *headers, body=body)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Idempotency-Key: \xff\xfe", 400),
        (b"Idempotency-Key: " + b"x" * 65, 400),
        (b"Content-Encoding: gzip", 415),
    ],
)
async def test_bad_headers_of_a_command_are_refused(server, header, status):
    sent = json_request(server, b"/commands/qa.open", b'{"session": "opening"}', header)
    answer = await exchange(server, sent)
    assert int(answer[9:12]) == status, answer


async def test_bodies_that_break_off_leave_nothing_open(server):
    for content_type in (b"application/json", b"application/sdp"):
        path = b"/registrations" if b"json" in content_type else b"/sessions/opening/whip"
        for way in (b"Content-Length: 100\r\n\r\nv", b"Transfer-Encoding: chunked\r\n\r\n5\r\nv"):
            bearer = server.token(EVENT, "producer").encode()
            head = (
                b"POST " + AGENDA + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: " + content_type
            )
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head + b"\r\nAuthorization: Bearer " + bearer + b"\r\n" + way)
            await writer.drain()
            writer.transport.abort()


async def test_silent_connections_are_let_go(server):
    opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
    for number, (_, writer) in enumerate(opened):
        writer.write(
            b"GET / HT"
            if number % 2
            else upgrade_request(server, f"http://127.0.0.1:{server.port}")
        )
    async with asyncio.timeout(15):
        ends = [await reader.read() for reader, _ in opened]
    assert all(b"HTTP/1.1 408" in end for end in ends[1::2])
    assert all(end.endswith(struct.pack(">H", 4502) + b"hello_timeout") for end in ends[::2])
    for _, writer in opened:
        writer.close()


# Media --------------------------------------------------------------------------------------------

JUNK = ["", "\0", "🎥", "x" * 5_000, "-1", "99999999999", "=", "a=setup:active", "a=mid:0"]
JUNK += ["a=group:BUNDLE", "a=rtpmap:96 VP8/0", "a=fmtp:96 apt=x", "a=extmap:0 x", "m=video 9 x y"]


def mutated(offer, dice):
    lines = offer.split("\r\n")
    for _ in range(dice.choice((1, 1, 2, 5))):
        place, line = dice.randrange(len(lines)), dice.choice(lines)
        change = dice.randrange(5)
        if change == 0:
            lines[place : place + 1] = []
        elif change == 1:
            lines.insert(place, dice.choice((line, *JUNK)))
        elif change == 2:
            lines[place] = lines[place][: dice.randrange(len(lines[place]) + 1)]
        elif change == 3:
            lines[place] = lines[place].replace(dice.choice("0123456789 :/"), dice.choice(JUNK))
        else:
            words = lines[place].split(" ")
            words[dice.randrange(len(words))] = dice.choice(JUNK)
            lines[place] = " ".join(words)
        lines = lines or [""]
    return "\r\n".join(lines)


async def viewer_offer():
    from aiortc import RTCPeerConnection

    peer = RTCPeerConnection()
    for kind in ("audio", "video"):
        peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp
    await peer.close()
    return offer


async def test_sdp_rubbish_is_answered_and_leaves_nothing(server, http):
    dice, offer = random.Random(1), await viewer_offer()
    section = offer[offer.index("m=") :]
    offers = ["", "v=0", "v=0\n" * 15_000, "v=0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 1_500]
    offers += [offer + section * 10, (offer + "a=x:" + "y" * 60_000)[:61_440], "x" * 70_000]
    offers += [mutated(offer, dice) for _ in range(150)]
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    sdp = headers | {"Content-Type": "application/sdp"}
    for text in offers:
        for path in ("/stages/main/whep", "/sessions/opening/whip"):
            url = server.url + API + path
            async with http.post(url, data=text.encode(), headers=sdp) as answer:
                assert answer.status in (201, 400, 413, 422), (answer.status, text)
                place = answer.headers.get("Location")
            if place:
                async with http.delete(server.url + place, headers=headers) as answer:
                    assert answer.status == 200
