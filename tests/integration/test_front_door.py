"""The one TCP port, byte by byte: what goes to the gateway, what to HTTP, and what to nobody."""

import asyncio
import json
import socket
import struct
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvloop

from showcaller.gateway import front, gateway
from showcaller.gateway.wheel import RESOLUTION_S
from showcaller.protocol.frames import CLOSE, CONTINUATION, PING, PONG, TEXT
from showcaller.testing.live_port import LivePort
from showcaller.testing.raw_frames import client_frame
from showcaller.testing.until import until

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
PATIENCE_S = 20.0


@pytest.fixture
async def port(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
        yield port


class Raw:
    """A TCP connection, and what a WebSocket client would need of it."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    def send(self, data):
        self.writer.write(data)

    async def read(self, size):
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(size)

    async def head(self):
        """The status and the head of an answer."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1]), head.decode()

    async def problem(self):
        """Status and code of an answer that ends the connection."""
        status, _ = await self.head()
        return status, json.loads(await self.rest())["code"]

    async def rest(self):
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def frame(self):
        """Opcode and payload of the next frame."""
        first, size = await self.read(2)
        if size == 126:
            size = int.from_bytes(await self.read(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.read(8), "big")
        return first & 0x0F, await self.read(size)

    async def message(self, op):
        while True:
            opcode, payload = await self.frame()
            if opcode == TEXT and json.loads(payload)["op"] == op:
                return json.loads(payload)

    async def close_code(self):
        """The code of the close frame, which the end must follow."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                assert await self.rest() == b""
                return int.from_bytes(payload[:2], "big")


@asynccontextmanager
async def raw(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


def upgrade_head(port, *more, target=None):
    lines = [
        f"GET {target or port.path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: showcaller.v1+json",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def say(op, **fields):
    return client_frame(TEXT, json.dumps({"op": op} | fields).encode())


async def enter(client, port):
    client.send(upgrade_head(port))
    assert (await client.head())[0] == 101
    client.send(say("hello", token=port.token()))
    await client.message("welcome")


# Whom a connection belongs to ---------------------------------------------------------------------


async def test_http_goes_to_http_and_keeps_alive(port):
    async with raw(port) as client:
        for _ in range(2):
            client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            status, head = await client.head()
            assert status == 200
            assert "Content-Length: 2" in head
            assert await client.read(2) == b"ok"


async def test_a_request_in_pieces_goes_to_http_whole(port):
    async with raw(port) as client:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.head())[0] == 200


async def test_a_body_that_comes_with_its_head_is_not_lost(port):
    async with raw(port) as client:
        body = b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
        client.send(body + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.head())[0] == 404
        await client.reader.readuntil(b"ok")  # the second request was not taken for the body


async def test_an_upgrade_in_pieces_and_frames_that_come_with_it(port):
    async with raw(port) as client:
        for byte in upgrade_head(port):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.head())[0] == 101
    async with raw(port) as client:
        client.send(upgrade_head(port) + say("hello", token=port.token()))
        assert (await client.head())[0] == 101
        await client.message("welcome")


async def test_an_upgrade_on_a_connection_that_http_has_used(port):
    """A proxy keeps its connections for reuse; the HTTP server must forget it."""
    async with raw(port) as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.reader.readuntil(b"ok")
        assert len(port.http.server.connections) == 1
        await enter(client, port)
        await until(lambda: not port.http.server.connections)
        client.send(say("clock", t1=1))
        await client.message("clock")
        client.send(client_frame(CLOSE, b"\x03\xe8"))
        assert await client.close_code() == 1000


async def test_an_absolute_target_is_understood(port):
    async with raw(port) as client:
        client.send(upgrade_head(port, target=f"http://127.0.0.1{port.path}"))
        assert (await client.head())[0] == 101


async def test_a_refused_upgrade_on_a_used_connection(port):
    async with raw(port) as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.reader.readuntil(b"ok")
        client.send(upgrade_head(port, "Origin: https://evil.example"))
        assert await client.problem() == (403, "foreign_origin")


def test_a_used_connection_is_taken_over_on_uvloop_too(tmp_path):
    async def reuse():
        async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
            url = f"http://127.0.0.1:{port.port}"
            async with aiohttp.ClientSession() as session:
                await (await session.get(url + "/healthz")).read()
                protocols = ["showcaller.v1+json"]
                async with session.ws_connect(url + port.path, protocols=protocols) as ws:
                    await ws.send_json({"op": "hello", "token": port.token()})
                    assert (await ws.receive_json())["op"] == "welcome"

    uvloop.run(reuse())


# Answers that are ready -------------------------------------------------------------------------------

LASTING = b"GET /lasting HTTP/1.1\r\nHost: a\r\n\r\n"


async def make_ready(port):
    """Have an answer made, by the HTTP server; returns what is ready for the others."""
    async with raw(port) as client:
        client.send(LASTING)
        assert (await client.head())[0] == 200
        assert await client.read(len(port.lasting)) == port.lasting
    await until(lambda: not port.http.server.connections)


async def test_what_is_ready_needs_no_http_server_until_something_else_is_asked_for(port):
    await make_ready(port)
    async with raw(port) as client:
        for sent in (LASTING, LASTING[:20], LASTING[20:] + b"\r\n" + LASTING):
            client.send(sent)
        for _ in range(3):
            assert (await client.head())[0] == 200
            assert await client.read(len(port.lasting)) == port.lasting
        assert not port.http.server.connections
        client.send(LASTING + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.head()
        await client.read(len(port.lasting))
        assert (await client.head())[0] == 200
        assert await client.read(2) == b"ok"
        assert len(port.http.server.connections) == 1
        client.send(LASTING)
        assert (await client.head())[0] == 200


async def test_a_connection_that_was_answered_may_become_a_live_one(port):
    await make_ready(port)
    async with raw(port) as client:
        client.send(LASTING)
        await client.head()
        await client.read(len(port.lasting))
        await enter(client, port)


async def test_who_reads_nothing_is_answered_little_and_all_when_they_read(port):
    await make_ready(port)
    async with raw(port) as client:
        client.writer.transport.pause_reading()
        client.send(LASTING * 30)
        await until(lambda: port.newest_front._blocked)
        unsent = port.newest_front._transport.get_write_buffer_size()
        assert unsent <= len(port.lasting) + 64 * 1024
        client.writer.transport.resume_reading()
        for _ in range(30):
            assert (await client.head())[0] == 200
            assert await client.read(len(port.lasting)) == port.lasting


@pytest.mark.parametrize(("more", "end"), [(b"", b""), (LASTING[:10], b"HTTP/1.1 408 ")])
async def test_who_asks_for_nothing_more_is_left(port, monkeypatch, more, end):
    monkeypatch.setattr(front, "HEAD_DEADLINE_S", 0.2)
    monkeypatch.setattr(front, "KEEP_ALIVE_S", 0.2)
    await make_ready(port)
    async with raw(port) as client:
        client.send(LASTING + more)
        await client.head()
        await client.read(len(port.lasting))
        assert (await client.rest()).startswith(end)


# Heads that do not come, or too much of them --------------------------------------------------------


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET /api/v1/events/x/live HTTP/1.1\r\nA: b"])
async def test_a_request_head_that_does_not_come_in_time_ends_the_connection(
    port, monkeypatch, start
):
    monkeypatch.setattr(front, "HEAD_DEADLINE_S", 0.2)
    async with raw(port) as client:
        client.send(start)
        assert await client.problem() == (408, "head_timeout")


@pytest.mark.parametrize("ending", [b"", b"\r\n\r\n"])
async def test_a_request_head_that_is_too_long_is_refused(port, ending):
    async with raw(port) as client:
        client.send(b"GET / HTTP/1.1\r\nCookie: " + b"x" * 17_000 + ending)
        assert await client.problem() == (431, "head_too_large")


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n", 426, "upgrade_required"),
        (b"GET %s HTTP/1.0\r\nHost: a\r\n\r\n", 400, "bad_input"),
        (b"GET %s HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_input"),
        (b"GET %s HTTP/1.1\r\n\xff\xfe\r\n\r\n", 400, "bad_input"),
    ],
)
async def test_requests_of_the_live_endpoint_that_are_no_upgrade(port, head, status, code):
    async with raw(port) as client:
        client.send(head % port.path.encode())
        assert await client.problem() == (status, code)


@pytest.mark.parametrize("rubbish", [b"\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"\xff" * 100])
async def test_rubbish_harms_nobody(port, rubbish):
    async with raw(port) as client, raw(port) as other:
        client.send(rubbish)
        await enter(other, port)


# After the upgrade ----------------------------------------------------------------------------------


async def test_ten_mebibytes_are_refused_at_once_and_the_reason_arrives(port):
    async with raw(port) as client:
        await enter(client, port)
        client.send(client_frame(TEXT, b"x" * (10 << 20)))
        assert await client.close_code() == 1009


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (client_frame(TEXT, b"{}", masked=False), 1002),
        (client_frame(TEXT, b"{}", reserved=4), 1002),
        (client_frame(CONTINUATION, b"{}"), 1002),
        (client_frame(TEXT, b"\xff"), 1007),
        (b"\xff" * 50, 1002),
    ],
)
async def test_broken_frames_close_the_connection(port, frame, code):
    async with raw(port) as client:
        await enter(client, port)
        client.send(frame)
        assert await client.close_code() == code


async def test_endless_empty_fragments_are_a_flood(port):
    async with raw(port) as client:
        await enter(client, port)
        client.send(
            client_frame(TEXT, b"", fin=False) + client_frame(CONTINUATION, fin=False) * 300
        )
        assert await client.close_code() == 4504


async def test_a_ping_is_answered_with_what_it_carried(port):
    async with raw(port) as client:
        await enter(client, port)
        client.send(client_frame(PING, b"payload"))
        assert await client.frame() == (PONG, b"payload")


async def test_a_peer_that_does_not_answer_pings_is_cut_off(tmp_path):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, heartbeat_s=0.3) as port,
        raw(port) as client,
    ):
        await enter(client, port)
        while await client.frame() != (PING, b""):  # heartbeats come first
            pass
        assert await client.close_code() == 4001


async def test_a_half_closed_connection_ends(port):
    async with raw(port) as client:
        await enter(client, port)
        client.writer.write_eof()
        assert await client.rest() == b""
        await until(lambda: port.gateway.counters.connections == 0)


async def test_a_reset_connection_ends(port):
    async with raw(port) as client:
        await enter(client, port)
        own = client.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.writer.transport.abort()
        await until(lambda: port.gateway.counters.connections == 0)
        assert port.gateway.counters.closes[1006] == 1


async def test_a_peer_that_does_not_finish_closing_is_cut_off(port, monkeypatch):
    monkeypatch.setattr("showcaller.protocol.connection_state.LINGER_S", 0.2)
    async with raw(port) as client:
        await enter(client, port)
        await asyncio.sleep(2 * RESOLUTION_S)  # until its next deadline is a far one
        client.send(client_frame(TEXT, b"\xff"))
        assert await client.close_code() == 1007
        await cut_off(client)


async def test_a_drain_waits_for_goodbyes_but_not_for_ever(port, monkeypatch):
    monkeypatch.setattr(gateway, "GOODBYE_S", 0.3)
    async with raw(port) as client:
        async with raw(port) as earlier:
            await enter(earlier, port)
        await enter(client, port)
        await until(lambda: port.gateway.counters.connections == 1)
        draining = asyncio.create_task(port.gateway.drain(0))
        assert (await client.message("drain"))["reconnect_after_ms"] == 0
        assert await client.close_code() == 1012
        assert not draining.done()
        await draining
        await cut_off(client)


async def cut_off(client):
    """Neither answer a close nor close, but go on, until that is impossible."""
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                client.send(b"more")
                await client.writer.drain()
                await asyncio.sleep(0.01)
