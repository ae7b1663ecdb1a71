"""One person or one address against everybody else's connections: on real sockets."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from showcaller.protocol.frames import TEXT
from showcaller.testing.live_client import LiveClient
from showcaller.testing.live_port import LivePort
from showcaller.testing.raw_frames import client_frame
from showcaller.testing.until import until

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
PLACES, SILENT, HONEST = 50, 70, 36


def limited(tmp_path, **limits):
    return LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, **limits)


def forwarded(address):
    return {"additional_headers": {"X-Forwarded-For": address}}


async def enter_from(port, stack, address, *roles):
    """Say hello as somebody behind the proxy; return the close code, or None for who is in."""
    ws = await stack.enter_async_context(port.websocket(**forwarded(address)))
    client = LiveClient(ws)
    await client.send("hello", token=port.token(*roles))
    try:
        async with asyncio.timeout(10):
            return None if json.loads(await ws.recv())["op"] == "welcome" else "?"
    except Exception:
        return ws.close_code


@pytest.fixture
async def stack():
    async with AsyncExitStack() as stack:
        yield stack


# Before somebody has signed in --------------------------------------------------------------------


async def silent_upgrade(port, stack):
    return await stack.enter_async_context(port.websocket())


async def silent_connection(port, stack):
    _, writer = await asyncio.open_connection("127.0.0.1", port.port)
    stack.callback(writer.close)


async def half_a_head(port, stack):
    _, writer = await asyncio.open_connection("127.0.0.1", port.port)
    stack.callback(writer.close)
    writer.write(f"GET {port.path} HTTP/1.1\r\nHost: x\r\n".encode())


async def idle_request(port, stack):
    reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
    stack.callback(writer.close)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"ok")


@pytest.mark.parametrize(
    "come",
    [silent_upgrade, silent_connection, half_a_head, idle_request],
    ids=lambda one: one.__name__,
)
async def test_silent_connections_refuse_nobody_who_says_hello(tmp_path, stack, come):
    async with limited(tmp_path, max_connections=PLACES) as port:
        for _ in range(SILENT):
            await come(port, stack)
        async with AsyncExitStack() as inside:
            for _ in range(HONEST):
                client = await inside.enter_async_context(port.enter())
                await client.follow("agenda")
            assert port.gateway.counters.connections == HONEST
            assert port.gateway.counters.sent_away <= port.gateway.counters.gave_way
            assert len(port.gateway.strangers) <= PLACES
        await stack.aclose()
        await until(lambda: port.gateway.counters.connections == 0)
        await until(lambda: len(port.gateway.strangers) == 0)


async def test_a_silent_client_that_gave_way_may_come_back(tmp_path, stack):
    async with limited(tmp_path, max_connections=1) as port:
        first, _ = [await silent_upgrade(port, stack) for _ in range(2)]
        code, reason = await LiveClient(first).closed()
        assert (code, reason.split("=")[0]) == (1013, "overload retry_after_ms")


async def test_an_upgrade_of_a_used_connection_is_no_visitor_any_more(tmp_path, stack):
    """A proxy's connection that answered a request before may become a live one."""
    async with limited(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        stack.callback(writer.close)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"ok")
        writer.write(
            f"GET {port.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: showcaller.v1+json\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        hello = json.dumps({"op": "hello", "token": port.token()}).encode()
        writer.write(client_frame(TEXT, hello))
        await until(lambda: port.gateway.counters.connections == 1)
        assert len(port.gateway.strangers) == 0


# One person, one address --------------------------------------------------------------------------


async def test_a_person_with_too_many_connections_loses_their_own_oldest(tmp_path, stack):
    async with limited(tmp_path, connections_per_person=3) as port:
        async with port.enter() as somebody_else:
            theirs = [await stack.enter_async_context(port.enter(person="p_ada")) for _ in range(5)]
            assert [await one.closed() for one in theirs[:2]] == [
                (4505, "too_many_connections")
            ] * 2
            for client in (*theirs[2:], somebody_else):
                await client.follow("agenda")
            await until(lambda: port.gateway.counters.connections == 4)
            assert port.gateway.counters.closes[4505] == 2


async def test_a_person_who_replaces_connections_without_end_is_slowed(
    tmp_path, stack, monkeypatch
):
    monkeypatch.setattr("showcaller.gateway.connection.HELD_S", 0.1)
    async with limited(tmp_path, connections_per_person=1) as port:
        kept = [await stack.enter_async_context(port.enter(person="p_ada")) for _ in range(11)]
        async with port.websocket() as ws:
            client = LiveClient(ws)
            await client.send("hello", token=port.token(person="p_ada"))
            await client.send("subscribe", id="1", channel="agenda")  # is not read
            assert await client.closed() == (4505, "too_many_connections")
        await kept[-1].follow("agenda")


async def test_an_address_that_is_full_keeps_no_other_and_no_staff_out(tmp_path, stack):
    async with limited(tmp_path, connections_per_address=2, behind_proxy=True) as port:
        comings = [
            ("2001:db8::1", None),
            ("2001:db8::2", None),
            ("2001:db8::3", 1013),  # of one /64, so of one line
            ("2001:db8:0:1::3", None),
            ("2001:db8::4, 192.0.2.1", None),
            ("[::ffff:192.0.2.1]:4711", None),
            ("192.0.2.1:80", 1013),
        ]
        for address, expected in comings:
            assert await enter_from(port, stack, address) == expected, address
        assert await enter_from(port, stack, "2001:db8::9", "moderator") is None


async def test_when_an_address_has_taken_all_places_newcomers_from_elsewhere_come_in(
    tmp_path, stack
):
    async with limited(tmp_path, max_connections=20, behind_proxy=True) as port:
        codes = [await enter_from(port, stack, "192.0.2.1") for _ in range(22)]
        assert codes == [None] * 20 + [1013] * 2
        assert await enter_from(port, stack, "192.0.2.2") is None
