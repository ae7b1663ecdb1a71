"""Commands about chats on a live event with a real log, and what the channels show of them."""

from __future__ import annotations

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.errors import BadInput, Forbidden, NotFound, RateLimited, Refused
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560, chat=True), session("silent", 560, 580))


def principal(person, *roles, sessions=()):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        name=person.title(),
        sessions=frozenset(sessions),
    )


ADA, BOB = principal("ada"), principal("bob")
MO, PRO = principal("mo", "moderator"), principal("pro", "producer")
SPEAKER = principal("grace", "speaker", sessions=("talk",))


class Room:
    def __init__(self, event):
        self.event = event
        self.commands = Commands(event)

    async def do(self, who, name, key=None, came_from="", **args):
        args = {"session": "talk"} | args
        return await self.commands.run(who, name, args, key, came_from=came_from)

    async def say(self, who, text="hello", key=None):
        return (await self.do(who, "chat.say", key, text=text))["message"]

    def shown(self, channel="chat"):
        return self.event.channels.snapshot(f"session/talk/{channel}").items

    async def facts(self, kind):
        entries = await self.event.log.read(0)
        return [f for f in (facts.decode_fact(e.data) for e in entries) if isinstance(f, kind)]


@pytest.fixture
async def room():
    """The talk has begun."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=535 * MINUTE_MS
    )
    await event.start(lambda: start)
    room = Room(event)
    await room.do(PRO, "session.start")
    yield room
    await event.stop()
    await broker.close()


async def test_everybody_sees_what_is_said_and_by_whom_and_moderators_which_person(room):
    said = await room.say(ADA, " Hello from Lisbon ")
    public, desk = room.shown()[said], room.shown("chat_desk")[said]
    assert (public.author, public.text, public.badge) == ("Ada", "Hello from Lisbon", "")
    assert not hasattr(public, "person")
    assert (desk.author, desk.person) == ("Ada", "ada")
    assert room.shown()["room"].open
    by_speaker, by_staff = await room.say(SPEAKER), await room.say(MO)
    assert room.shown()[by_speaker].badge == "speaker"
    assert room.shown()[by_staff].badge == "staff"


async def test_a_message_that_is_sent_again_is_said_once(room):
    assert await room.say(ADA, key="k1") == await room.say(ADA, key="k1")
    assert len(await room.facts(facts.ChatSaid)) == 1


async def test_where_the_schedule_wants_no_chat_there_is_neither_channel_nor_message(room):
    assert not room.event.channels.exists("session/silent/chat")
    assert not room.event.channels.exists("session/talk/people")  # nor names, unless it wants them
    with pytest.raises(Refused) as refused:
        await room.do(ADA, "chat.say", session="silent", text="hello")
    assert refused.value.code == "chat_closed"
    assert await room.facts(facts.ChatSaid) == []  # what can be foreseen leaves no fact


async def test_slow_mode_is_told_and_refuses_without_a_fact(room):
    await room.do(MO, "chat.slow", seconds=30)
    assert room.shown()["room"].slow_s == 30
    first = await room.say(ADA, key="k1")
    with pytest.raises(Refused) as refused:
        await room.say(ADA, key="k2")
    assert refused.value.code == "slow_mode"
    assert await room.say(ADA, key="k1") == first  # it was said: slow mode is no later verdict
    await room.say(BOB)
    assert len(await room.facts(facts.ChatSaid)) == 2


async def test_authors_delete_their_own_and_moderators_all_that_somebody_said(room):
    own, other = await room.say(ADA), await room.say(BOB)
    with pytest.raises(Forbidden):
        await room.do(ADA, "chat.delete", message=other)
    await room.do(ADA, "chat.delete", "k", message=own, all_of_author=True)
    await room.do(ADA, "chat.delete", "k", message=own, all_of_author=True)  # as the first time
    assert room.shown().keys() == {"room", other}
    await room.say(BOB)
    await room.do(MO, "chat.delete", message=other, all_of_author=True)
    assert room.shown().keys() == {"room"}
    with pytest.raises(NotFound):
        await room.do(MO, "chat.delete", message=other)


async def test_attendees_neither_slow_nor_close_a_chat(room):
    for name, more in (("chat.slow", {"seconds": 1}), ("chat.close", {}), ("chat.open", {})):
        with pytest.raises(Forbidden):
            await room.do(ADA, name, **more)
    await room.do(MO, "chat.close")
    assert not room.shown()["room"].open
    with pytest.raises(Refused):
        await room.say(ADA)


async def test_who_chats_too_fast_waits_and_so_does_everybody_over_one_address(room):
    for _ in range(3):
        await room.say(ADA)
    with pytest.raises(RateLimited):
        await room.say(ADA)
    fast = 0
    with pytest.raises(RateLimited):
        for fast in range(100):
            await room.do(principal(f"p{fast}"), "chat.say", came_from="192.0.2.1", text="hi")
    assert 50 <= fast <= 70


@pytest.mark.parametrize("text", ["", "   ", "x" * 301, "\x00"])
async def test_what_is_no_message_is_not_said(room, text):
    with pytest.raises(BadInput):
        await room.say(ADA, text)


async def test_what_an_erased_person_said_is_gone_from_the_chat_and_the_log(room):
    await room.say(ADA, "My secret")
    other = await room.say(BOB, "Mine")
    await room.do(PRO, "person.erase", person="ada")
    assert room.shown().keys() == {"room", other}
    assert [fact.text for fact in await room.facts(facts.ChatSaid)] == ["", "Mine"]
    entries = await room.event.log.read(0)
    again = State(event_id="event")
    for entry in entries:
        again.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
    assert again.digest() == room.event.state.digest()


async def test_who_joins_after_a_restart_sees_names_and_messages(room):
    said = await room.say(ADA)
    anew = LiveEvent("event", room.event.log)
    await anew.start()
    assert anew.channels.snapshot("session/talk/chat").items[said].author == "Ada"
    await anew.stop()


async def test_the_history_tells_what_moderators_do_in_a_chat_and_not_what_people_take_back(room):
    own, other = await room.say(ADA), await room.say(BOB)
    await room.do(ADA, "chat.delete", message=own)
    await room.do(MO, "chat.delete", message=other)
    await room.do(MO, "chat.slow", seconds=30)
    acts = await room.event.history.read(room.event.state, room.event.epoch)
    assert [(act.what, act.by) for act in acts[:2]] == [
        ("chat.slowed", "mo"),
        ("chat.deleted", "mo"),
    ]
    assert acts[0].details == {"seconds": 30}
    assert "ada" not in {act.by for act in acts}
