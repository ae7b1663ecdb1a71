"""Presence and reactions over two nodes on one Redis: each shows the sums of both."""

import pytest

from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller_client import Client, Refused

EVENT = "systems-scale-winter-2023"
AUDIENCE = "session/opening/audience"


@pytest.fixture
async def nodes(schedule_path, tmp_path):
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text("people: names\n" + schedule_path.read_text())
    with RedisServer(DURABLE) as redis:
        started = [
            ServeProcess(
                schedule,
                *("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0"),
                data=tmp_path / name,
            )
            for name in ("a", "b")
        ]
        for node in started:
            await node.start()
        yield started
        for node in started:
            await node.stop()


async def test_each_node_shows_the_sums_of_both(nodes):
    one, other = nodes
    async with (
        Client(one.url, event=EVENT, token=one.token(EVENT, "attendee")) as left,
        Client(other.url, event=EVENT, token=other.token(EVENT, "attendee")) as right,
        Client(other.url, event=EVENT, token=other.token(EVENT, "producer")) as desk,
    ):
        shown = [await client.follow(AUDIENCE) for client in (left, right)]
        hall = await desk.follow("audience")
        await left.follow("session/opening")
        await right.follow("session/opening")
        await left.react("opening", "clap")
        await right.react("opening", "clap")
        await right.react("opening", "heart")
        wanted = {"present": 2, "clap": 2, "heart": 1}
        for channel in shown:
            await channel.wait_until(lambda c: dict(c.levels) == wanted)
        await hall.wait_until(
            lambda h: h.levels.get("sockets") == 3 and h.levels.get("session:opening") == 2,
        )
        await left.unfollow("session/opening")
        await shown[1].wait_until(lambda c: c.levels.get("present") == 1)


async def test_names_are_told_over_both_nodes_a_person_once_and_no_screens(nodes):
    one, other = nodes
    ada, bob = (one.token(EVENT, "attendee", person=f"p_{n}", name=n) for n in ("Ada", "Bob"))
    screen = one.token(EVENT, "screen", name="Lobby")
    async with (
        Client(one.url, event=EVENT, token=ada) as left,
        Client(other.url, event=EVENT, token=bob) as right,
        Client(other.url, event=EVENT, token=bob) as again,
        Client(one.url, event=EVENT, token=screen) as lobby,
    ):
        people = await left.follow("session/opening/people")
        for client in (left, right, again, lobby):
            await client.follow("session/opening")
        wanted = {"Ada": 1, "Bob": 1}
        await people.wait_until(lambda c: dict(c.levels) == wanted)
        await left.unfollow("session/opening")
        await people.wait_until(lambda c: dict(c.levels) == {"Bob": 1})


async def test_reactions_are_for_sessions_whose_doors_are_open(nodes):
    token = nodes[0].token(EVENT, "attendee")
    async with Client(nodes[0].url, event=EVENT, token=token) as client:
        agenda = await client.follow("agenda")
        later = next(
            session["id"] for session in agenda.items.values() if session.get("state") == "upcoming"
        )
        with pytest.raises(Refused) as refused:
            await client.react(later, "clap")
        assert refused.value.code == "wrong_state"
