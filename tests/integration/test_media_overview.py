"""The producers' view of media, over all nodes; and stages that go where there is the least to do."""

import json

import pytest

from showcaller.broker.redis import RedisBroker
from showcaller.broker.sqlite import SqliteBroker
from showcaller.media.contract.statistics import StageStatistics, Statistics
from showcaller.media.node import placement, stages
from showcaller.media.node.workers import Worker
from showcaller.testing.media_node import MediaNode
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.schedules import schedule, session
from showcaller.testing.until import until

JSON = "application/json"
TWO_STAGES = schedule(
    session("one", 60, 80),
    session("aside", 60, 80, stage="side"),
    session("two", 200, 220),
    session("later", 300, 320, stage="side"),
)


@pytest.fixture
async def broker(tmp_path):
    broker = SqliteBroker(str(tmp_path / "log.sqlite3"))
    yield broker
    await broker.close()


@pytest.fixture
async def brokers():
    """Connections of two nodes to one Redis."""
    with RedisServer() as redis:
        brokers = [RedisBroker(redis.url) for _ in range(2)]
        yield brokers
        for broker in brokers:
            await broker.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("showcaller.media.node.service.TELL_EVERY_S", 0.3)
    monkeypatch.setattr("showcaller.media.node.workers.PING_EVERY_S", 0.1)


async def live(node, *sessions):
    for id in sessions:
        await node.until(lambda id=id: node.sheet.sessions[id].live)


async def overview(node):
    answer = await node.ask("GET", "media", token=node.token("producer"))
    assert (answer.status, answer.type) == (200, JSON)
    return json.loads(answer.text)


async def viewers(node):
    """Return who watches the stage `main`: person and name."""
    answer = await node.ask("GET", "stages/main/viewers", token=node.token("producer"))
    assert (answer.status, answer.type) == (200, JSON)
    return [(one["person"], one["name"]) for one in json.loads(answer.text)["viewers"]]


async def test_producers_see_all_nodes_from_any_node(brokers):
    async with MediaNode(brokers[0]) as host, MediaNode(brokers[1]) as other:
        await live(host, "one")
        await live(other, "one")
        _, published = await host.publish()
        watcher, _ = await host.watch()
        await watcher.wait_for_frames(2)

        async def told():
            seen = await overview(other)
            return len(seen["workers"]) == 2 and any(s["viewers"] for s in seen["stages"])

        await until(told)
        seen = await overview(other)
        assert {line["worker"] for line in seen["workers"]} == {
            node.media._workers.all()[0].name for node in (host, other)
        }
        assert len({line["node"] for line in seen["workers"]}) == 2
        [publication] = seen["publications"]
        assert published.resource.endswith(publication["publication"])
        assert (publication["session"], publication["person"]) == ("one", "p_speaker")
        [stage] = seen["stages"]
        assert (stage["stage"], stage["session"], stage["viewers"]) == ("main", "one", 1)

        for asked in (host, other):  # here, and by way of the node that has the stage
            assert await viewers(asked) == [("p_viewer", "")]
        await host.event.names.put("p_viewer", "Vera")
        for asked in (host, other):
            assert await viewers(asked) == [("p_viewer", "Vera")]
        nothing = await other.ask("GET", "stages/side/viewers", token=other.token("producer"))
        assert json.loads(nothing.text) == {"viewers": []}


@pytest.mark.parametrize("path", ["media", "stages/main/viewers", "stages/nowhere/viewers"])
async def test_only_producers_may_read_about_media(broker, path):
    async with MediaNode(broker, workers=0) as node:
        for token, status in (("", 401), (node.token(), 403), (node.token("moderator"), 403)):
            assert (await node.ask("GET", path, token=token)).status == status
        answer = await node.ask("GET", path, token=node.token("producer"))
        assert answer.status == (404 if "nowhere" in path else 200)


async def test_a_worker_that_ended_is_not_seen_any_more(brokers):
    async with MediaNode(brokers[0]) as one, MediaNode(brokers[1]) as other:
        await until(lambda: len(other.media._overview.elsewhere()) == 1)
        one.media._workers.all()[0].process.kill()
        await until(lambda: other.media._overview.elsewhere() == [], 3)
        await until(lambda: len(other.media._overview.elsewhere()) == 1)


async def test_a_node_that_is_not_heard_of_is_gone(brokers, monkeypatch):
    monkeypatch.setattr("showcaller.media.node.overview.FRESH_FOR_S", 1.0)
    monkeypatch.setattr("showcaller.media.node.overview.HEARD_FOR_S", 2.0)
    async with MediaNode(brokers[0], workers=0) as one:
        async with MediaNode(brokers[1]) as other:
            await until(lambda: one.media._overview.elsewhere())
            other.media._overview._log = await brokers[1].open(
                "another event"
            )  # unheard from now on
            await until(lambda: not one.media._overview.elsewhere(), 5)
            assert len((await overview(one))["workers"]) == 1  # not given anything, but shown
            await until(lambda: not one.media._overview.everything().workers, 5)


async def test_two_stages_go_to_two_workers_of_a_node(broker):
    async with MediaNode(broker, workers=2, plan=TWO_STAGES) as node:
        await live(node, "one", "aside")
        owners = {(await node.publish(id))[1].resource.split("~")[0] for id in ("one", "aside")}
        assert len(owners) == 2


async def test_two_stages_go_to_two_nodes_whichever_is_asked(brokers):
    async with (
        MediaNode(brokers[0], plan=TWO_STAGES) as asked,
        MediaNode(brokers[1], plan=TWO_STAGES) as other,
    ):
        await live(asked, "one", "aside")
        await live(other, "one", "aside")
        await until(lambda: asked.media._overview.elsewhere())
        owners = {(await asked.publish(id))[1].resource.split("~")[0] for id in ("one", "aside")}
        assert owners == {
            f"/api/v1/events/event/media/{n.media._workers.all()[0].name}" for n in (asked, other)
        }


async def test_a_node_that_does_not_answer_is_passed_over(brokers, monkeypatch):
    monkeypatch.setattr("showcaller.media.node.relay.RELAY_TIMEOUT_S", 0.5)
    async with (
        MediaNode(brokers[0], plan=TWO_STAGES) as asked,
        MediaNode(brokers[1], plan=TWO_STAGES) as silent,
    ):
        await live(asked, "one", "aside")
        await until(lambda: asked.media._overview.elsewhere())
        await asked.publish("one")
        silent.media._relay.stop()
        _, published = await asked.publish("aside")
        assert asked.media._workers.all()[0].name in published.resource


async def test_a_stage_moves_between_sessions_when_that_clearly_helps(broker, monkeypatch):
    monkeypatch.setattr(stages, "RESTED_AFTER_S", 0.5)
    monkeypatch.setattr(placement, "PLACED_LOAD", 0.0)
    load = {}
    really_measure = Worker.measure

    async def measured(worker, *timeout_s):
        await really_measure(worker, *timeout_s)  # whoever has not started yet does not answer
        hosted = [StageStatistics(stage=stage) for stage in ("main", "side")]
        worker.measured = Statistics(load=load.get(worker.name, 0.0), stages=hosted)
        return worker.measured

    monkeypatch.setattr(Worker, "measure", measured)
    async with MediaNode(broker, workers=2, plan=TWO_STAGES) as node:
        await live(node, "one")
        _, published = await node.publish("one")
        watcher, _ = await node.watch()
        await watcher.wait_for_frames(2)
        generation = node.generation()
        busy, idle = sorted(
            (worker.name for worker in node.media._workers.all()),
            key=lambda name: name not in published.resource,
        )
        load[busy] = 0.9
        await node.until(lambda: node.media._workers.get(busy).measured.load == 0.9)
        await watcher.wait_for_frames(30)
        assert node.generation() == generation  # not while it is shown
        await node.end_session("one")
        await node.until(lambda: node.generation() > generation)
        assert node.media._stages.hosted_by("main", idle)
        await node.until(lambda: watcher.pc.connectionState == "closed")
        moved = node.generation()
        load[busy], load[idle] = 0.0, 0.2  # not by a clear margin, and nothing has been shown here
        await until(lambda: node.media._workers.get(idle).measured.load == 0.2)
        assert node.generation() == moved


async def test_a_speaker_whose_key_has_ended_is_told_to_producers_of_all_nodes(brokers, caplog):
    async with (
        MediaNode(brokers[0], workers=0) as here,
        MediaNode(brokers[1], workers=0) as there,
    ):
        ended = here.token("speaker", person="p_ada", name="Ada", sessions=("one",), ttl_s=-120)
        for token, times in (
            (ended, 3),
            (here.token("speaker", sessions=("two",)), 1),
            ("rubbish", 1),
        ):
            for _ in range(times):
                assert (await here.post("sessions/one/whip", "v=0", token)).status in (401, 403)
        await here.post("sessions/nowhere/whip", "v=0", ended)

        async def told(node):
            return (await overview(node))["refused"]

        for node in (here, there):
            await until(lambda node=node: told(node))
            by_code = {one["code"]: one for one in await told(node)}
            assert by_code.keys() == {"token_expired", "forbidden", "bad_token"}
            assert (by_code["token_expired"]["name"], by_code["token_expired"]["times"]) == (
                "Ada",
                3,
            )
            assert by_code["bad_token"]["person"] == ""
    lines = [
        one for one in caplog.records if one.__dict__.get("action") == "media.publisher_refused"
    ]
    assert sorted(line.code for line in lines) == ["bad_token", "forbidden", "token_expired"]
    assert "Ada" not in caplog.text and ended not in caplog.text
