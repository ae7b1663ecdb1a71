"""`serve --workers`: several processes on one port, killed and replaced under people's hands."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from showcaller.testing.live_client import LiveClient
from showcaller.testing.media_peers import Publisher, Watcher
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client

EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"
RATE = 60
VOTERS = 10
QUESTIONS = 6
DESKS = 3


@pytest.fixture(scope="module")
def redis():
    with RedisServer(DURABLE) as redis:
        yield redis


@pytest.fixture
def schedule(schedule_path, tmp_path):
    """A copy, which tests may change."""
    return Path(shutil.copy(schedule_path, tmp_path / "event.yaml"))


@pytest.fixture
def workers(redis, schedule, tmp_path):
    """Makes servers of two workers, on an empty Redis; `options` come last."""
    redis.command("FLUSHALL")

    def make(*options):
        return ServeProcess(
            schedule,
            *("--workers", "2", "--broker", redis.url, "--rehearse-from", "-2m"),
            *("--media-workers", "0", "--drain-timeout", "2", *options),
            data=tmp_path / "data",
        )

    return make


def client(server, *roles, **more):
    return Client(server.url, event=EVENT, token=server.token(EVENT, *roles), **more)


def is_alive(pid):
    """Return whether the process runs (one that ended and was not waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def answer_of(url):
    """Over a connection of its own, so that any worker may answer."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


# One port -----------------------------------------------------------------------------------------


async def test_two_workers_are_one_server(workers):
    async with workers() as server, contextlib.AsyncExitStack() as stack:
        assert server.ready["workers"] == 2
        assert server.ready["events"] == [EVENT]
        pids = server.worker_pids()
        assert sorted(pids) == [0, 1]
        for _ in range(24):
            await stack.enter_async_context(client(server))
        text = await answer_of(server.url + "/metrics")
        families = {one.name: one for one in text_string_to_metric_families(text)}
        live = {
            one.labels["worker"]: one.value for one in families["showcaller_connections"].samples
        }
        assert sum(live.values()) == 24
        assert min(live.values()) > 0
        assert len(families["process_resident_memory_bytes"].samples) == 2
        assert [one.value for one in families["showcaller_workers_missing"].samples] == [0]
    assert not any(map(is_alive, pids.values()))
    actions = [line["action"] for line in server.log_lines()]
    assert actions[-1] == "workers.stopped"
    assert server.complaints() == []
    assert {line["worker"] for line in server.log_lines("serve.stopped")} == {0, 1}


async def test_a_start_that_fails_is_said_once(workers, schedule):
    async def outcome(server):
        with pytest.raises(RuntimeError):
            await server.start()
        return await server.wait(), server.log_text()

    code, said = await outcome(workers("--broker", ""))
    assert code == 2
    assert "--broker redis://" in said
    code, said = await outcome(workers("--broker", "redis://127.0.0.1:1"))
    assert code == 1
    assert said.count("error:") == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = await outcome(workers("--port", str(taken.getsockname()[1])))
    assert code == 1  # it may be free when it is tried again
    assert "can't listen on 127.0.0.1" in said
    schedule.write_text("title: x")
    code, said = await outcome(workers())
    assert code == 2
    assert said.count("error: the schedule has errors:") == 1


async def test_workers_leave_signals_to_the_supervisor(workers):
    async with workers() as server:
        for pid in server.worker_pids().values():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        assert await server.roll() == "workers.rolled"  # they are there to be replaced
        assert server.log_lines("worker.died") == []


async def test_nobody_outlives_the_supervisor(workers):
    server = await workers("--media-workers", "2").start()
    processes = set(server.worker_pids().values())
    await until(lambda: sum(len(children(pid)) for pid in processes) == 2)
    processes |= {child for pid in processes for child in children(pid)}
    server.kill()
    await server.wait()
    await until(lambda: not any(map(is_alive, processes)))


def children(pid):
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


# Killed -------------------------------------------------------------------------------------------


async def test_votes_count_once_though_a_worker_is_killed_among_them(workers):
    async with workers() as server, contextlib.AsyncExitStack() as stack:
        desk = await stack.enter_async_context(client(server, "moderator"))
        voters = [await stack.enter_async_context(client(server)) for _ in range(VOTERS)]
        queue = await desk.follow("session/opening/moderation")
        await asyncio.gather(*(ask(server, desk, queue, number) for number in range(QUESTIONS)))
        questions = list(queue.items)
        seen = [await one.follow("session/opening/questions") for one in voters]

        async def vote(voter):
            for question in questions:
                await voter.vote(question)
                await voter.vote(question, on=False)
                await voter.vote(question)

        voting = asyncio.gather(*map(vote, voters))
        await until(lambda: sum(queue.levels.values()) > VOTERS)
        victim = server.worker_pids()[1]
        os.kill(victim, signal.SIGKILL)
        await voting
        for followed in seen:
            await followed.wait_until(
                lambda f: [f.levels.get(q) for q in questions] == [VOTERS] * QUESTIONS
            )
        await until(lambda: server.worker_pids()[1] != victim)
        text = await answer_of(server.url + "/metrics")
        assert "showcaller_worker_restarts_total 1.0" in text
        assert "showcaller_workers_missing 0.0" in text
    (died,) = server.complaints()
    assert (died["action"], died["worker"], died["status"]) == ("worker.died", 1, -9)


async def ask(server, desk, queue, number):
    async with client(server) as author:
        asked = await author.ask("opening", f"Question {number}?")
    await queue.wait_until(lambda q: asked["question"] in q.items)  # on the desk's worker too
    if asked["state"] == "pending":
        await desk.approve(asked["question"])


async def test_connections_go_to_those_who_are_left(workers, schedule):
    """While a worker can't be started again, its share of the port is the others'."""
    async with workers() as server:
        schedule.write_text("title: x")
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        await until(lambda: len(server.log_lines("worker.failed")) > 1)
        for _ in range(20):
            assert "alive" in await answer_of(server.url + "/healthz")
        assert "showcaller_workers_missing 1.0" in await answer_of(server.url + "/metrics")


# Replaced -----------------------------------------------------------------------------------------


class Ledger:
    """The events that one client was shown."""

    def __init__(self):
        self.announced = []
        self.cues = []
        self.resets = 0

    async def note(self, followed):
        async for update in followed:
            self.resets += update.reset
            for event in update.events:
                if event["type"] == "cue":
                    self.cues.append((event["session"], event["cue"]))
                else:
                    self.announced.append(event["id"])


async def test_a_rolling_restart_loses_doubles_and_refuses_nothing(workers):
    async with workers("--rate", str(RATE)) as server, contextlib.AsyncExitStack() as stack:
        before = server.worker_pids()
        desks = [await stack.enter_async_context(client(server, "producer")) for _ in range(DESKS)]
        sheet = await desks[0].follow("produce")
        shown = await desks[0].follow("announcements")
        ledgers = [Ledger() for _ in desks]
        for desk, ledger in zip(desks, ledgers, strict=True):
            for channel in ("announcements", "agenda"):
                spawn(stack, ledger.note(await desk.follow(channel)))
        known = called(sheet)
        acknowledged = []
        done = asyncio.Event()
        busy = [spawn(stack, announce(desk, n, acknowledged, done)) for n, desk in enumerate(desks)]
        visits = [spawn(stack, visit(server, done)), spawn(stack, look_in(server, done))]
        assert await server.roll() == "workers.rolled"
        assert await server.roll() == "workers.rolled"
        done.set()
        await asyncio.gather(*busy)
        assert min(await asyncio.gather(*visits)) > 10  # each of which would have raised

        def whole():
            cues = called(sheet) - known
            return all(
                sorted(one.announced) == sorted(acknowledged) and set(one.cues) >= cues
                for one in ledgers
            )

        await until(whole)
        assert set(acknowledged) == set(shown.items)
        assert len(acknowledged) == len({item["text"] for item in shown.items.values()})
        assert all(len(one.cues) == len(set(one.cues)) for one in ledgers)
        assert sum(one.resets for one in ledgers) == 0
        after = server.worker_pids()
        assert not set(before.values()) & set(after.values())
        assert min(desk.connections for desk in desks) > 1
    assert server.complaints() == []


async def test_a_replaced_worker_hears_out_those_who_have_just_connected(workers):
    async with workers("--drain-timeout", "8") as server:
        streams = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]
        rolling = asyncio.create_task(server.roll())
        await until(lambda: server.log_lines("serve.draining"))
        await asyncio.sleep(0.5)  # by then, one that does not wait has ended
        for _, writer in streams:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        for reader, writer in streams:
            assert (await reader.read()).startswith(b"HTTP/1.1 200")  # and then the connection ends
            writer.close()
        assert await rolling == "workers.rolled"


def spawn(stack, work):
    task = asyncio.create_task(work)
    stack.callback(task.cancel)
    return task


def called(sheet):
    return {
        (item["session"], item["cue"])
        for key, item in sheet.items.items()
        if key.startswith("cue:") and item["called_ms"] is not None and not item["dropped"]
    }


async def announce(desk, number, acknowledged, done):
    """Announce as fast as one may, until `done`."""
    count = 0
    while not done.is_set():
        made = await desk.announce(f"{number}/{count}")
        acknowledged.append(made["announcement"])
        count += 1
        await asyncio.sleep(0.11)


async def visit(server, done):
    """Come and go over HTTP. How often."""
    count = 0
    while not done.is_set():
        async with aiohttp.ClientSession() as http, http.get(server.url + "/readyz") as answer:
            assert answer.status == 200, await answer.text()
        count += 1
    return count


async def look_in(server, done):
    """Come and go over a live socket. How often."""
    count = 0
    url = f"{server.live_url}{API}/live"
    while not done.is_set():
        async with connect(url, subprotocols=["showcaller.v1+json"], compression=None) as ws:
            try:
                await LiveClient(ws).hello(server.token(EVENT))
            except ConnectionClosed as closed:
                assert closed.rcvd.code == 1012, closed  # came in, and is moved already
        count += 1
    return count


async def test_a_replacement_that_does_not_start_leaves_the_one_before(workers, schedule):
    good = schedule.read_text()
    async with workers() as server, client(server) as attendee:
        agenda = await attendee.follow("agenda")
        before = server.worker_pids()
        schedule.write_text("title: x")
        assert await server.roll() == "workers.roll_given_up"
        assert server.worker_pids() == before
        assert attendee.connections == 1
        (failed,) = server.log_lines("worker.failed")
        assert "the schedule has errors" in failed["message"]
        assert 'outcome="given_up"} 1.0' in await answer_of(server.url + "/metrics")
        title = agenda.items["event"]["title"]
        schedule.write_text(good.replace(title, f"{title}, moved"))
        assert await server.roll() == "workers.rolled"
        await agenda.wait_until(lambda a: a.items["event"]["title"] == f"{title}, moved")
        assert not set(server.worker_pids().values()) & set(before.values())


# Media --------------------------------------------------------------------------------------------


async def test_any_worker_answers_for_the_stage(workers):
    """Two workers with a media process each; one hosts the stage, and signalling may reach either."""
    async with workers("--media-workers", "2", "--media-address", "127.0.0.1") as server:
        await media_workers(server, 2)
        async with client(server, "producer") as producer:
            await producer.command("session.start", {"session": "opening"})
        publisher, watchers = Publisher(), [Watcher() for _ in range(5)]
        speaker = server.token(EVENT, "speaker", sessions=["opening"])
        await signal_media(server, "sessions/opening/whip", publisher, speaker)
        for watcher in watchers:
            await signal_media(server, "stages/main/whep", watcher, server.token(EVENT))
        await asyncio.gather(*(watcher.wait_for_frames(5) for watcher in watchers))
        for one in (publisher, *watchers):
            await one.close()


async def media_workers(server, count):
    async def are_up():
        text = await answer_of(server.url + "/metrics")
        lines = [line for line in text.splitlines() if line.startswith("showcaller_media_workers{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines) == count

    await until(are_up)


async def signal_media(server, path, peer, token):
    """Over a connection of its own; a stage that nobody hosts yet is asked for again."""
    offer = await peer.offer()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}

    async def answered():
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{server.url}{API}/{path}", data=offer, headers=headers) as answer,
        ):
            text = await answer.text()
            assert answer.status in (201, 503), text
            return text if answer.status == 201 else None

    answer = None

    async def has_answer():
        nonlocal answer
        answer = await answered()
        return answer

    await until(has_answer)
    await peer.accept(answer)
