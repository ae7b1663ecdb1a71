"""Redis forgets everything while two nodes serve: both begin anew, and every client is told."""

import asyncio
from functools import partial

import pytest

from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.show.live_event import LiveEvent
from showcaller.testing.brokers import connected
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.schedules import schedule, session
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller_client import Client, register
from showcaller_client.errors import Terminal

EVENT = "systems-scale-winter-2023"
WITHIN_S = 20.0


async def test_when_the_log_is_lost_the_clients_of_all_nodes_start_over(schedule_path, tmp_path):
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as one,
            ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
            Client(one.url, event=EVENT, token=one.token(EVENT, "moderator")) as left,
            Client(other.url, event=EVENT, token=one.token(EVENT, "attendee")) as right,
        ):
            queue = await left.follow("session/opening/moderation")
            agenda = await right.follow("agenda")
            lost = (await right.ask("opening", "Will this be forgotten?"))["question"]
            await queue.wait_until(lambda q: lost in q.items, WITHIN_S)
            first_run = agenda.items["clock"]["run"]

            await asyncio.to_thread(redis.command, "FLUSHALL")

            await queue.wait_until(lambda q: lost not in q.items, WITHIN_S)
            await agenda.wait_until(lambda a: a.items["clock"]["run"] != first_run, WITHIN_S)
            await agenda.wait_until(lambda a: a.items["session:opening"]["qa"] == "open", WITHIN_S)
            again = (await right.ask("opening", "Does it go on?"))["question"]
            await queue.wait_until(lambda q: again in q.items, WITHIN_S)
            runs = {left.welcome["epoch"], right.welcome["epoch"]}
            assert len(runs) == 1
        assert "event.failed" not in one.log_text() + other.log_text()


async def shuts_out(node: ServeProcess, token: str) -> bool:
    try:
        async with Client(node.url, event=EVENT, token=token):
            return False
    except Terminal:
        return True


async def test_when_the_log_is_lost_bans_stand_and_names_are_right_on_every_node(
    schedule_path, tmp_path
):
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as one,
            ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
        ):
            ada, rude = [await register(one.url, EVENT, name) for name in ("Ada", "Rude")]
            lost = one.token(EVENT, "moderator", token="t_lost")
            # Made before all of the person's are revoked: one that is made in a later second is good.
            gone = one.token(EVENT, person="p_gone")
            async with Client(one.url, event=EVENT, token=one.token(EVENT, "producer")) as producer:
                await producer.command("person.ban", {"person": rude.person})
                await producer.command("token.revoke", {"token": "t_lost"})
                await producer.command("token.revoke", {"person": "p_gone"})
            nodes = (one, other)
            async with Client(one.url, event=EVENT, token=ada.token) as client:
                await client.ask("opening", "Is my name known?")

            shut_out = [(node, token) for node in nodes for token in (rude.token, lost, gone)]
            for node, token in shut_out:
                await until(partial(shuts_out, node, token))

            await asyncio.to_thread(redis.command, "FLUSHALL")

            # Before the bans are carried over, while they are, and afterwards.
            for _ in range(2):
                for node, token in shut_out:
                    assert await shuts_out(node, token)
                await until(lambda: all(node.log_lines("log.carried") for node in nodes))
            async with (
                Client(one.url, event=EVENT, token=ada.token) as client,
                Client(other.url, event=EVENT, token=one.token(EVENT, "moderator")) as moderator,
            ):
                asked = (await client.ask("opening", "Is it known still?"))["question"]
                queue = await moderator.follow("session/opening/moderation")
                await queue.wait_until(lambda q: asked in q.items, WITHIN_S)
                assert queue.items[asked]["author"] == "Ada"


@pytest.mark.parametrize("times", [1, 2])
async def test_who_was_shut_out_stays_out_while_the_new_log_is_told(monkeypatch, caplog, times):
    with RedisServer() as redis:
        async with connected(redis.url) as broker:
            event = LiveEvent("event", await broker.open("event"))
            await event.start(begun)
            await event.append(facts.PersonBanned(person="p_rude", by=""), "ban")
            await event.append(facts.TokenRevoked(token="t_lost", by=""), "revoke")
            append, may_append = event.log.append, asyncio.Event()

            async def held(*args, **more):
                await may_append.wait()
                return await append(*args, **more)

            monkeypatch.setattr(event.log, "append", held)
            said = facts.encode_fact(facts.PersonUnbanned(person="p_x", by=""))
            for number in range(times):
                epoch = event.epoch
                redis.command("FLUSHALL")
                await append(f"said {number}", said)
                await until(lambda epoch=epoch: event.epoch != epoch and event.state.folded)
            assert not event.state.people.banned
            assert event.shuts_out(holder("p_rude")) and event.shuts_out(holder("p_x", "t_lost"))
            assert not event.shuts_out(holder("p_x"))
            may_append.set()
            await until(lambda: caplog.text.count("carried over to the new log") == times)
            assert event.state.people.banned.keys() == {"p_rude"}
            assert event.state.people.revoked == {"t_lost"}
            await event.stop()


def begun():
    return facts.RunStarted(
        run="r", salt="s", schedule=schedule(session("talk", 0, 30)), mode="rehearsal", from_ms=0
    )


def holder(person, token="t_1"):
    return Principal(
        person=person, roles=frozenset({"attendee"}), token=token, expires_at_ms=1, issued_ms=0
    )
