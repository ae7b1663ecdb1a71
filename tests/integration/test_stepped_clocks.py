"""Real servers whose clocks are set while they run: server time goes on, and no cue comes of it."""

import time

import aiohttp
import pytest
from websockets.asyncio.client import connect

from showcaller.testing.live_client import LiveClient
from showcaller.testing.moved_clock import MovedServeProcess
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

EVENT = "systems-scale-winter-2023"
TWO_HOURS_MS = 7_200_000
NOT_STEPPED_MS = 60_000  # a busy machine answers late
REHEARSAL = ("--rehearse-from", "-10m", "--media-workers", "0")
CLOCK = f"showcaller:{{{EVENT}}}:clock"


async def joined(node, *roles):
    url = f"{node.live_url}/api/v1/events/{EVENT}/live"
    client = LiveClient(await connect(url, subprotocols=["showcaller.v1+json"]))
    await client.hello(node.token(EVENT, *roles))
    return client


async def readiness(node):
    async with aiohttp.ClientSession() as http, http.get(f"{node.url}/readyz") as answer:
        return answer.status, await answer.json()


async def server_ms(client):
    await client.send("clock", t1=0)
    return (await client.until("clock"))["t3"]


async def states(client):
    """The states of all sessions."""
    await client.ask("unsubscribe", channel="agenda")
    _, snapshot = await client.follow("agenda")
    sessions = (item for key, item in snapshot["items"].items() if key.startswith("session:"))
    return {session["id"]: session["state"] for session in sessions}


def corrections_s(node):
    return [line["correction_s"] for line in node.log_lines("clock.stepped")]


async def test_two_hours_ahead_and_back_on_one_node_end_nothing(schedule_path, tmp_path):
    async with MovedServeProcess(schedule_path, *REHEARSAL, data=tmp_path / "n") as node:
        producer = await joined(node, "producer")
        before_ms, began_s = await server_ms(producer), time.monotonic()
        node.set_clock(TWO_HOURS_MS)
        await until(lambda: corrections_s(node) == [pytest.approx(-7_200, abs=60)])
        assert set((await states(producer)).values()) <= {"upcoming", "doors_open"}
        assert (await producer.command("session.delay", session="opening", minutes=5))["ok"]
        assert (await producer.command("session.start", session="opening"))["ok"]
        assert (await producer.command("session.extend", session="opening", minutes=5))["ok"]
        node.set_clock(0)
        await until(lambda: corrections_s(node)[1:] == [0])
        passed_ms = (time.monotonic() - began_s) * 1000
        assert await server_ms(producer) - before_ms == pytest.approx(passed_ms, abs=NOT_STEPPED_MS)
        assert (await states(producer))["opening"] == "live"
        assert not node.complaints()[1:]  # but for the one that tells of the step


async def test_two_hours_ahead_and_back_in_redis_are_settled_for_all_nodes(schedule_path, tmp_path):
    """The correction is added to Redis's clock: moving one without the other is a step."""
    with RedisServer() as redis:
        options = ("--broker", redis.url, *REHEARSAL)
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as one,
            ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
        ):
            clients = [await joined(one, "producer"), await joined(other, "producer")]
            await until(lambda: redis.command("HGET", CLOCK, "read"))  # somebody keeps the time
            before_ms, began_s = await server_ms(clients[0]), time.monotonic()
            for step_ms in (TWO_HOURS_MS, -TWO_HOURS_MS):
                redis.command("HINCRBY", CLOCK, "correction", str(step_ms))
                started = [
                    await client.command("announcement.make", text="Still here")
                    for client in clients
                ]
                assert all(reply["ok"] for reply in started)

                def is_settled():
                    return abs(int(redis.command("HGET", CLOCK, "correction"))) < 100

                await until(is_settled)
                for client in clients:
                    passed_ms = (time.monotonic() - began_s) * 1000
                    gone_ms = await server_ms(client) - before_ms
                    assert gone_ms == pytest.approx(passed_ms, abs=NOT_STEPPED_MS)
            found = await states(clients[1])
            assert set(found.values()) <= {"upcoming", "doors_open"}


async def test_a_node_whose_clock_is_wrong_serves_by_server_time(schedule_path, tmp_path):
    """Tokens are good and run out by the same time on all nodes."""
    with RedisServer() as redis:
        options = ("--broker", redis.url, *REHEARSAL)
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as right,
            MovedServeProcess(
                schedule_path, *options, data=tmp_path / "b", off_ms=TWO_HOURS_MS
            ) as wrong,
        ):
            await until(lambda: wrong.log_lines("node.unlike"))
            status, answer = await readiness(wrong)
            assert status == 503 and "7200.0 s ahead" in answer["because"][0]
            assert (await readiness(right))[0] == 200
            short = right.token(EVENT, "attendee", ttl_s=600)
            url = f"{wrong.live_url}/api/v1/events/{EVENT}/live"
            client = LiveClient(await connect(url, subprotocols=["showcaller.v1+json"]))
            await client.hello(short)
            assert await server_ms(client) == pytest.approx(time.time() * 1000, abs=NOT_STEPPED_MS)


async def test_a_node_with_another_secret_is_not_ready_and_says_why(schedule_path, tmp_path):
    with RedisServer() as redis:
        options = ("--broker", redis.url, *REHEARSAL)
        another = {"SHOWCALLER_SECRET": "another secret that only tests use, and long enough"}
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as first,
            ServeProcess(schedule_path, *options, data=tmp_path / "b", env=another) as second,
        ):
            await until(lambda: second.log_lines("node.unlike"))
            status, answer = await readiness(second)
            assert status == 503 and "--secret-file" in answer["because"][0]
            assert (await readiness(first))[0] == 200
            await first.stop()

            async def is_ready():
                return (await readiness(second))[0] == 200

            await until(is_ready)
