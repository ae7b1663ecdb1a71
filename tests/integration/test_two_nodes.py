"""Two nodes on one Redis: what one says, all hear; and a node killed at a due cue loses none."""

import asyncio
import contextlib
import os
import random
import time

import pytest

from showcaller.testing.balancer import Balancer
from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client, Refused

EVENT = "systems-scale-winter-2023"
KILLS = int(os.environ.get("SHOWCALLER_KILLS", "3"))
CLIENTS = 6
RATE = 60
WHOLE_WITHIN_S = 5.0


@pytest.fixture
async def nodes(schedule_path, tmp_path):
    """Two serve processes in a rehearsal at 60×, on a Redis that keeps everything."""
    with RedisServer(DURABLE) as redis:
        started = [
            ServeProcess(
                schedule_path,
                *("--broker", redis.url, "--rehearse-from", "-12m", "--rate", str(RATE)),
                *("--media-workers", "0"),
                data=tmp_path / name,
            )
            for name in ("a", "b")
        ]
        for node in started:
            await node.start()
        yield started
        for node in started:
            await node.stop()


class Watcher:
    """A client that notes every cue it is shown."""

    def __init__(self, client):
        self.client = client
        self.cues = []
        self.events_task = None
        self.agenda = None

    async def start(self):
        self.agenda = await self.client.follow("agenda")
        self.events_task = asyncio.create_task(self._note())

    async def _note(self):
        async for update in self.agenda:
            for event in update.events:
                if event["type"] == "cue":
                    self.cues.append((event["session"], event["cue"]))


async def test_one_node_shows_what_the_other_was_told(nodes):
    one, other = nodes
    moderator = one.token(EVENT, "moderator")
    attendee = one.token(EVENT, "attendee")
    async with (
        Client(one.url, event=EVENT, token=moderator) as left,
        Client(other.url, event=EVENT, token=attendee, format="msgpack") as right,
    ):
        questions = await right.follow("session/opening/questions")
        queue = await left.follow("session/opening/moderation")
        agenda = await right.follow("agenda")
        await agenda.wait_until(lambda a: a.items["session:opening"]["qa"] == "open")
        asked = await right.ask("opening", "Does it cross?")
        await queue.wait_until(lambda q: asked["question"] in q.items)
        await left.approve(asked["question"])
        await left.push(asked["question"])
        await questions.wait_until(
            lambda q: q.items.get(asked["question"], {}).get("state") == "on_air"
        )


async def test_of_2000_claims_on_two_nodes_at_once_one_for_each_question_holds(nodes):
    questions, moderators = 16, 125  # so many commands of a connection may be under way
    async with contextlib.AsyncExitStack() as stack:

        async def moderator(n):
            token = nodes[0].token(EVENT, "moderator")
            client = Client(nodes[n % 2].url, event=EVENT, token=token)
            return await stack.enter_async_context(client)

        desk = [await moderator(n) for n in range(moderators)]
        agenda = await desk[0].follow("agenda")
        await agenda.wait_until(lambda a: a.items["session:opening"]["qa"] == "open")
        asked = [await desk[n].ask("opening", f"Question {n}?") for n in range(questions)]
        ids = [one["question"] for one in asked]

        async def claim(client, question):
            try:
                await client.claim(question)
            except Refused as refused:
                assert refused.code == "claimed"
                return False
            return True

        held = await asyncio.gather(*(claim(one, q) for q in ids for one in desk))
        by_question = [held[n * moderators : (n + 1) * moderators] for n in range(questions)]
        assert [sum(one) for one in by_question] == [1] * questions


async def test_a_node_killed_at_a_due_cue_loses_and_doubles_none(nodes):
    async with contextlib.AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(Balancer([node.port for node in nodes]))
        producer = await stack.enter_async_context(
            Client(balancer.url, event=EVENT, token=nodes[0].token(EVENT, "producer"))
        )
        cue_sheet = await producer.follow("produce")
        watchers = []
        for _ in range(CLIENTS):
            token = nodes[0].token(EVENT, "attendee")
            client = Client(balancer.url, event=EVENT, token=token)
            watchers.append(Watcher(await stack.enter_async_context(client)))
            await watchers[-1].start()
        already = called(cue_sheet)
        for round_ in range(KILLS):
            victim = nodes[round_ % 2]
            await kill_at_the_next_cue(victim, producer, cue_sheet)
            await all_whole(watchers, producer, cue_sheet, already)
            await victim.start()
            balancer.ports[round_ % 2] = victim.port
        for watcher in watchers:
            assert len(watcher.cues) == len(set(watcher.cues)), "a cue was called twice"


def called(cue_sheet):
    return {
        (item["session"], item["cue"])
        for key, item in cue_sheet.items.items()
        if key.startswith("cue:") and item["called_ms"] is not None and not item["dropped"]
    }


async def kill_at_the_next_cue(victim, producer, cue_sheet):
    """SIGKILL within 50 ms of a due time, before or after."""
    clock = (await producer.follow("agenda")).items["clock"]
    due_wall_ms = min(
        clock["wall_ms"] + (item["due_ms"] - clock["show_ms"]) / clock["rate"]
        for key, item in cue_sheet.items.items()
        if key.startswith("cue:") and item["called_ms"] is None and item["due_ms"] is not None
    )
    wait_s = (due_wall_ms - producer.server_ms()) / 1000 + random.uniform(-0.05, 0.05)
    await asyncio.sleep(max(0.0, wait_s))
    victim.kill()
    await victim.wait()


async def all_whole(watchers, producer, cue_sheet, already):
    """Within five seconds, on the node that is left: the producer commands again, and everybody is
    connected and was shown every cue that was called, the one at the kill too."""
    started_s = time.monotonic()
    async with asyncio.timeout(WHOLE_WITHIN_S):
        await asyncio.gather(
            *(round_trip(one) for one in [producer, *(w.client for w in watchers)])
        )

    def whole():
        expected = called(cue_sheet) - already
        return all(expected <= set(watcher.cues) for watcher in watchers)

    left_s = WHOLE_WITHIN_S - (time.monotonic() - started_s)
    await until(whole, left_s)
    print(f"whole again after {time.monotonic() - started_s:.2f} s")


async def round_trip(client):
    """A command that is answered, if only by a no."""
    with pytest.raises(Refused, match="not_found"):
        await client.command("question.withdraw", {"question": "q_none"})
