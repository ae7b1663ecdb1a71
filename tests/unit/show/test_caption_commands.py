"""Commands about captions on a live event with a real log, and what the channels show of them."""

from __future__ import annotations

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.captions import LIVE, Caption
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS
from showcaller.errors import BadInput, Forbidden, RateLimited
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.show.permissions import may_follow
from showcaller.show.web_vtt import vtt_of
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560, captions=("en",)), session("other", 560, 580))
CHANNEL = "session/talk/captions/en"


def principal(person, *roles, sessions=()):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        sessions=frozenset(sessions),
    )


ADA, PRO = principal("ada"), principal("pro", "producer")
CAT = principal("cat", "captioner", sessions=("talk",))
SERVICE = principal("service", "captioner")


class Talk:
    def __init__(self, event):
        self.event = event
        self.commands = Commands(event)

    async def do(self, who, name, key=None, **args):
        args = {"session": "talk", "language": "en"} | args
        return await self.commands.run(who, name, args, key)

    async def say(self, who=CAT, text="Hello", key=None, **times):
        return (await self.do(who, "caption.say", key, text=text, **times))["caption"]

    def shown(self):
        return self.event.channels.snapshot(CHANNEL).items

    async def logged(self):
        entries = await self.event.log.read(0)
        found = (facts.decode_fact(entry.data) for entry in entries)
        return [f.text for f in found if isinstance(f, facts.CaptionSaid | facts.CaptionCorrected)]


@pytest.fixture
async def talk():
    """The talk has begun."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=535 * MINUTE_MS
    )
    await event.start(lambda: start)
    talk = Talk(event)
    await talk.do(PRO, "session.start")
    yield talk
    await event.stop()
    await broker.close()


async def test_what_a_captioner_or_a_service_says_everybody_may_follow(talk):
    typed = await talk.say(CAT, " Hello ", key="k")
    assert await talk.say(CAT, " Hello ", key="k") == typed
    timed = await talk.say(SERVICE, "there", from_ms=5_000, to_ms=7_000)
    shown = talk.shown()
    assert [one.text for one in shown.values()] == ["Hello", "there"]
    assert (shown[timed].from_ms, shown[timed].to_ms) == (5_000, 7_000)
    assert may_follow(ADA, CHANNEL)
    assert not may_follow(ADA, "session/talk/moderation/en")
    assert not talk.event.channels.exists("session/other/captions/en")


async def test_only_captioners_of_the_session_and_the_desk_write_captions(talk):
    elsewhere = principal("eve", "captioner", sessions=("other",))
    for who in (ADA, elsewhere, principal("sam", "speaker", sessions=("talk",))):
        with pytest.raises(Forbidden):
            await talk.say(who)
    with pytest.raises(Forbidden):
        await talk.do(CAT, "question.approve", question="q")
    await talk.say(PRO)


async def test_the_newest_lines_are_live_and_one_that_goes_makes_room_for_an_older_one(talk):
    lines = [await talk.say(text=str(n)) for n in range(LIVE + 2)]
    assert talk.shown().keys() == set(lines[2:])
    await talk.do(CAT, "caption.correct", caption=lines[-1], text="")
    assert talk.shown().keys() == set(lines[1:-1])
    await talk.do(CAT, "caption.correct", caption=lines[5], text="five")
    assert talk.shown()[lines[5]].text == "five"


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": " "},
        {"text": "x" * 301},
        {"from_ms": 9, "to_ms": 9},
        {"from_ms": 1, "to_ms": 70_000},
    ],
)
async def test_what_is_no_line_is_refused(talk, wrong):
    with pytest.raises(BadInput):
        await talk.say(**wrong)


async def test_a_service_that_floods_is_slowed(talk):
    with pytest.raises(RateLimited):
        for _ in range(200):
            await talk.say(SERVICE)


async def test_a_deleted_recording_empties_captions_in_the_log(talk):
    line = await talk.say(text="Secret")
    await talk.do(CAT, "caption.correct", caption=line, text="More secret")
    await talk.do(PRO, "recording.delete")
    assert talk.shown() == {}
    assert await talk.logged() == ["", ""]


def test_webvtt_counts_from_the_moment_that_is_asked_for_and_holds_no_markup():
    lines = [
        Caption(id="0", text="before", from_ms=1_000, to_ms=2_000),
        Caption(id="1", text="a <b> & c", from_ms=1_500, to_ms=3_725_250),
    ]
    assert vtt_of(lines, 2_000) == (
        "WEBVTT\n\n00:00:00.000 --> 01:02:03.250\na &lt;b&gt; &amp; c\n"
    )
