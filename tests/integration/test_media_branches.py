"""A stage with more viewers than one worker has room for."""

import json
import os
import signal

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import Full
from showcaller.media.contract.calls import View
from showcaller.media.node.workers import Worker
from showcaller.testing.media_node import MediaNode
from showcaller.testing.media_peers import Watcher
from showcaller.testing.until import until


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


@pytest.fixture
def full(monkeypatch):
    """Names of workers that have room for no viewer more."""
    names = set()
    do = Worker.do

    async def do_if_room(worker, call, *timeout_s):
        if isinstance(call, View) and worker.name in names:
            raise Full("this stage has no room for more viewers", retry_after_s=5)
        return await do(worker, call, *timeout_s)

    monkeypatch.setattr(Worker, "do", do_if_room)
    return names


async def test_a_stage_that_is_full_branches_off_to_another_worker(broker, full):
    async with MediaNode(broker, workers=2) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        _, published = await node.publish(brightness=90)
        trunk = published.resource.rpartition("/")[2].partition("~")[0]
        first, _ = await node.watch()
        full.add(trunk)
        second, at_branch = await node.watch()
        for watcher in (first, second):
            await watcher.wait_for_frames(10)
            assert abs(watcher.brightness - 90) < 12
        assert trunk not in at_branch.resource

        async def overview():
            answer = await node.ask("GET", "media", token=node.token("producer"))
            return json.loads(answer.text)

        async def both_are_counted():
            stages = (await overview())["stages"]
            return [stage["viewers"] for stage in stages] == [2]

        await until(both_are_counted, 10)
        assert len((await overview())["publications"]) == 1
        answer = await node.ask("GET", "stages/main/viewers", token=node.token("producer"))
        assert len(json.loads(answer.text)["viewers"]) == 2
        assert {s.viewers for s in node.media.measured().each_stage()} == {2}
        owner = node.token(person="p_viewer")
        chosen = await node.ask(
            "POST",
            f"{at_branch.resource}/layer",
            '{"layer": "none"}',
            token=owner,
            Content_Type="application/json",
        )
        assert chosen.status == 204

        await node.end_session("one")
        await node.until(lambda: getattr(node.sheet.quality.get("one"), "viewers", 0) == 2)
        await node.start_session("two")
        await node.publish("two", brightness=200)
        await first.wait_for(lambda w: abs(w.brightness - 200) < 12)
        answer = await node.ask("DELETE", at_branch.resource, token=owner)
        assert answer.status == 200


async def test_without_another_worker_a_full_stage_says_so(broker, full):
    async with MediaNode(broker) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        await node.publish()
        full.add(node.media._workers.all()[0].name)
        offer = await Watcher().offer()
        refused = await node.post("stages/main/whep", offer, node.token(person="p_viewer"))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert json.loads(refused.text)["code"] == "full"


@pytest.mark.parametrize("dies", ["trunk", "branch"])
async def test_a_branched_stage_outlives_either_worker(broker, full, dies):
    async with MediaNode(broker, workers=2) as node:
        await node.until(lambda: node.sheet.sessions["one"].live)
        _, published = await node.publish(brightness=90)
        trunk = published.resource.rpartition("/")[2].partition("~")[0]
        full.add(trunk)
        watcher, _ = await node.watch()
        await watcher.wait_for_frames(2)
        full.clear()
        generation = node.generation()
        victim = next(
            w for w in node.media._workers.all() if (w.name == trunk) == (dies == "trunk")
        )
        os.kill(victim.process.pid, signal.SIGKILL)
        await node.until(lambda: node.media._workers.get(victim.name) is None)
        if dies == "trunk":
            await node.until(lambda: node.generation() > generation)
            await node.until(lambda: watcher.pc.connectionState == "closed")  # not left in the dark
            await node.until(lambda: not node.on_air("one"))
            await node.publish(brightness=200)
        again, _ = await node.watch()
        await again.wait_for_frames(2)
        assert (node.generation() == generation) == (dies == "branch")
