"""Coming in when many do, and when there is too much to do: on real sockets."""

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack, suppress
from itertools import cycle, islice
from pathlib import Path

import aiohttp
import pytest
from websockets.asyncio.client import connect

from showcaller.errors import ShowcallerError
from showcaller.gateway import front, load
from showcaller.gateway.connection_limits import STAFF, STAFF_PLACES
from showcaller.protocol.frames import TEXT
from showcaller.testing.live_client import LiveClient
from showcaller.testing.live_port import LivePort
from showcaller.testing.raw_frames import client_frame
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
OPENS_MS = 1_702_486_500_000  # five minutes before the opening
ONE_A_TURN_S = 1e-9  # a budget that the first work of a turn spends
CHANNELS = ["agenda", "announcements", "me", "session/opening", "session/opening/questions"]


@pytest.fixture
async def port(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS) as port:
        yield port


@pytest.fixture
async def narrow(port):
    """Its turnstile lets one in at a time."""
    port.gateway.turnstile._budget_s = ONE_A_TURN_S
    return port


def upgrade(port):
    return (
        f"GET {port.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: showcaller.v1+json\r\n\r\n"
    ).encode()


def message(op, **fields):
    return client_frame(TEXT, json.dumps({"op": op} | fields).encode())


async def closed_by(port, *roles):
    """Return how a connection that says hello is closed."""
    async with port.websocket() as ws:
        client = LiveClient(ws)
        await client.send("hello", token=port.token(*roles))
        return await client.closed()


# In order and in turn -----------------------------------------------------------------------------


async def test_one_clients_requests_are_answered_in_order_however_often_it_waits(narrow):
    async with narrow.enter() as client:
        expected = []
        for number, channel in enumerate(CHANNELS):
            await client.send("subscribe", id=str(number), channel=channel)
            await client.send("clock", t1=float(number))
            expected += [("reply", str(number)), ("snapshot", channel), ("clock", float(number))]
        for wanted in expected:
            found = await client.receive()
            assert found["op"] == wanted[0]
            assert wanted[1] in (found.get("id"), found.get("channel"), found.get("t1"))


async def test_a_client_that_sends_everything_at_once_is_served_in_order(narrow):
    """Hello before the upgrade was answered, three hundred times, while one who is in measures the clock."""
    at_once = upgrade(narrow) + message("hello", token=narrow.token())
    at_once += b"".join(message("subscribe", id=c, channel=c) for c in CHANNELS)

    async def come():
        reader, writer = await asyncio.open_connection("127.0.0.1", narrow.port)
        writer.write(at_once)
        received = b""
        while received.count(b'"op":"snapshot"') < len(CHANNELS):
            received += await reader.read(1 << 16)
        writer.close()
        ops = re.findall(rb'"op":"(welcome|reply|snapshot)"', received)
        assert ops == [b"welcome", *[b"reply", b"snapshot"] * len(CHANNELS)]

    async with narrow.enter() as inside, asyncio.timeout(30):
        coming = [asyncio.create_task(come()) for _ in range(300)]
        await until(lambda: len(narrow.gateway.turnstile) > 50)
        await inside.send("clock", t1=1.0)
        await inside.until("clock")
        assert len(narrow.gateway.turnstile) > 0  # it did not wait for those
        await asyncio.gather(*coming)
    await until(lambda: narrow.gateway.counters.connections == 0)


async def test_clients_that_left_while_they_waited_leave_nothing(narrow):
    async def come_and_go():
        _, writer = await asyncio.open_connection("127.0.0.1", narrow.port)
        writer.write(upgrade(narrow) + message("hello", token=narrow.token()))
        writer.transport.abort()

    await asyncio.gather(*(come_and_go() for _ in range(50)))
    async with narrow.enter() as client:
        await client.follow("agenda")
    await until(lambda: not len(narrow.gateway.turnstile))
    await until(lambda: narrow.gateway.counters.connections == 0)
    assert not narrow.hub.connections


async def test_no_deadline_runs_out_while_it_is_we_who_let_somebody_wait(port, monkeypatch):
    monkeypatch.setattr(front, "HEAD_DEADLINE_S", 0.2)
    turnstile = port.gateway.turnstile
    soon, held = turnstile._soon, []
    turnstile._soon = held.append
    turnstile._budget_s = 0.0
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(upgrade(port))
        await until(lambda: len(turnstile))
        await until(lambda: not port.gateway._wheel)  # the deadline has passed
        turnstile._budget_s, turnstile._soon = 1.0, soon
        held.pop()()
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        writer.close()


# Too much to do -----------------------------------------------------------------------------------


async def test_a_client_that_would_wait_too_long_is_sent_away_before_those_who_wait(
    port, monkeypatch
):
    turnstile = port.gateway.turnstile
    async with port.enter() as inside:
        turnstile._budget_s = 0.0  # nobody is let in
        monkeypatch.setattr("showcaller.gateway.gateway.MAX_WAIT_S", 1e-9)
        async with AsyncExitStack() as waiting:
            for _ in range(2):
                _, writer = await asyncio.open_connection("127.0.0.1", port.port)
                waiting.callback(writer.close)
                writer.write(upgrade(port))
            await until(lambda: len(turnstile) == 2)
            coming = asyncio.create_task(closed_by(port))
            await until(lambda: len(turnstile) == 3)
            turnstile._budget_s = ONE_A_TURN_S
            code, reason = await coming
            assert code == 1013
            assert re.fullmatch(r"overload retry_after_ms=[12]\d{3}", reason)
        await inside.send("clock", t1=1.0)
        await inside.until("clock")


async def test_lasting_lag_sends_newcomers_away_and_nobody_else(port):
    watching = asyncio.create_task(load.watch(port.gateway.load, port.gateway.now))
    async with port.enter() as inside:
        for _ in range(2 * load.PROBES):
            await asyncio.sleep(load.PROBE_EVERY_S / 2)
            time.sleep(2 * load.LATE_S)  # noqa: ASYNC251
            if port.gateway.load.why:
                break
        assert port.gateway.load.why == "lag"
        code, reason = await closed_by(port)
        assert (code, reason.split("=")[0]) == (1013, "overload retry_after_ms")
        assert port.gateway.http_refusal().retry_after_s >= 1
        await inside.send("clock", t1=1.0)
        await inside.until("clock")
        await until(lambda: not port.gateway.load.why)
        async with port.enter() as client:
            await client.follow("agenda")
    watching.cancel()
    with suppress(asyncio.CancelledError, ShowcallerError):
        await watching


async def test_a_node_beyond_its_memory_serves_those_who_are_in(tmp_path):
    options = ("--rehearse-from", "-2m", "--max-memory-mib", "1")
    async with (
        ServeProcess(SCHEDULE, *options, data=tmp_path) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        api = f"/api/v1/events/{EVENT}"

        async def ask(method, path, **more):
            async with http.request(method, path, **more) as answer:
                return answer.status, answer.headers, await answer.read()

        async def is_overloaded():
            return b"showcaller_overloaded 1.0" in (await ask("GET", "/metrics"))[2]

        await until(is_overloaded)
        waits = set()
        for path in ("/", "/api/v1/events", api):
            status, headers, body = await ask("GET", path)
            problem = json.loads(body)
            assert (status, problem["code"], problem["retry"]) == (503, "overload", True)
            assert int(headers["Retry-After"]) == problem["retry_after_s"] >= 1
            waits.add(problem["retry_after_s"])
        assert (await ask("POST", f"{api}/registrations", json={"name": "Ada"}))[0] == 503
        assert (await ask("GET", "/healthz"))[0] == 200
        assert (await ask("GET", "/readyz"))[0] == 200
        producer = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
        command = f"{api}/commands/announcement.make"
        status, _, body = await ask("POST", command, json={"text": "Lunch"}, headers=producer)
        assert status == 200, body
        assert (await ask("POST", f"{api}/tokens", headers=producer))[0] == 201
        assert (await ask("DELETE", f"{api}/media/nothing", headers=producer))[0] == 404
        assert (await ask("POST", f"{api}/sessions/opening/whip", headers=producer))[0] == 415
        for page in ("speak/opening", "moderate", "produce"):
            assert (await ask("GET", f"/e/{EVENT}/{page}"))[0] == 200
        assert (await ask("GET", "/sdk/client.js"))[0] == 200
        assert (await ask("GET", f"/e/{EVENT}/watch/opening"))[0] == 503
        url = f"{server.live_url}{api}/live"
        async with connect(url, subprotocols=["showcaller.v1+json"], proxy=None) as ws:
            client = LiveClient(ws)
            await client.send("hello", token=server.token(EVENT))
            code, reason = await client.closed()
            assert code == 1013
            assert re.fullmatch(r"overload retry_after_ms=\d+", reason)
        async with connect(url, subprotocols=["showcaller.v1+json"], proxy=None) as ws:
            await LiveClient(ws).hello(server.token(EVENT, "producer"))
        assert "load.overloaded" in server.log_text()


# The staff ----------------------------------------------------------------------------------------


async def test_staff_come_in_when_attendees_have_taken_every_place(tmp_path):
    async with LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, max_connections=2) as port:
        async with AsyncExitStack() as inside:
            for _ in range(2):
                await inside.enter_async_context(port.enter())
            for role in islice(cycle(STAFF), STAFF_PLACES[0]):
                client = await inside.enter_async_context(port.enter(role))
                await client.follow("agenda")
            for role in ("attendee", "producer"):  # the reserve has been taken too
                code, reason = await closed_by(port, role)
                assert (code, reason.split("=")[0]) == (1013, "overload retry_after_ms")
            assert port.gateway.counters.connections == 2 + STAFF_PLACES[0]
            assert port.gateway.counters.sent_away == 2
        await until(lambda: port.gateway.counters.connections == 0)
        assert not port.hub.connections


async def test_staff_come_in_while_there_is_too_much_to_do(port):
    port.gateway.load.memory_limit_bytes = 1
    port.gateway.load.note(0.0, 1)
    async with port.enter("moderator") as client:
        await client.command("qa.open", session="opening")
    assert (await closed_by(port))[0] == 1013


async def test_silent_clients_do_not_keep_staff_out(tmp_path):
    async with (
        LivePort(SCHEDULE, tmp_path, from_ms=OPENS_MS, max_connections=1) as port,
        port.enter(),
        AsyncExitStack() as stack,
    ):
        silent = [await stack.enter_async_context(port.websocket()) for _ in range(20)]
        async with port.enter("producer"):
            pass
        codes = [(await LiveClient(ws).closed())[0] for ws in silent]
        assert codes == [1013] * 20
