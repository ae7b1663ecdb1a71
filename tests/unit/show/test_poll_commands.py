"""Commands about polls on a live event with a real log: two attendees, a moderator and a producer."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.errors import BadInput, Forbidden, NotFound, Refused
from showcaller.show.clock_runner import ClockRunner
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.testing.schedules import schedule, session
from showcaller.testing.until import until

PLAN = schedule(session("talk", 540, 560))


def principal(person, *roles):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        name=person.title(),
    )


ADA, BOB = principal("ada"), principal("bob")
MO, PRO = principal("mo", "moderator"), principal("pro", "producer")
SCREEN = principal("screen", "screen")
SINGLE = {"kind": "single", "text": "Which?", "options": ["a", "b"]}
WORDS = {"kind": "words", "text": "In a word?", "most": 2}


class Desk:
    def __init__(self, event):
        self.event = event
        self.commands = Commands(event)

    async def do(self, who, name, key=None, **args):
        return await self.commands.run(who, name, args, key)

    async def open(self, **draft):
        made = await self.do(MO, "poll.make", session="talk", draft=SINGLE | draft)
        await self.do(MO, "poll.open", poll=made["poll"])
        return made["poll"]

    def levels(self, channel="polls"):
        return self.event.channels.snapshot(f"session/talk/{channel}").levels

    def own(self, who):
        return self.event.channels.snapshot(self.event.channels.open_own(who)).items

    async def log(self):
        return [entry.data for entry in await self.event.log.read(0)]


@pytest.fixture
async def desk():
    """The clock stands a quarter of an hour before the talk."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=525 * MINUTE_MS
    )
    await event.start(lambda: start)
    yield Desk(event)
    await event.stop()
    await broker.close()


async def test_a_poll_goes_from_draft_to_its_results(desk):
    made = await desk.do(MO, "poll.make", session="talk", draft=SINGLE | {"text": " Which? "})
    poll = made["poll"]
    public, staff = (f"session/talk/{name}" for name in ("polls", "poll_desk"))
    assert desk.event.channels.snapshot(public).items == {}
    assert desk.event.channels.snapshot(staff).items[poll].draft.text == "Which?"
    await desk.do(MO, "poll.edit", poll=poll, draft=SINGLE | {"results": "closed"})
    await desk.do(MO, "poll.open", poll=poll)
    assert desk.event.channels.snapshot(public).items[poll].state == "open"
    assert await desk.do(ADA, "poll.vote", poll=poll, options=[1]) == {
        "poll": poll,
        "options": [1],
        "words": [],
    }
    assert desk.levels() == {poll: 1}
    assert desk.levels("poll_desk") == {poll: 1, f"{poll}/0": 0, f"{poll}/1": 1}
    await desk.do(MO, "poll.close", poll=poll)
    assert desk.levels() == {poll: 1, f"{poll}/0": 0, f"{poll}/1": 1}
    await desk.do(MO, "poll.show", poll=poll, on=False)
    assert desk.levels() == {poll: 1}
    await desk.do(MO, "poll.delete", poll=poll)
    assert desk.event.channels.snapshot(staff).items == {}
    assert desk.levels() == desk.levels("poll_desk") == {}


@pytest.mark.parametrize("anonymous", [True, False])
async def test_one_vote_a_person_which_they_may_change_and_withdraw(desk, anonymous):
    poll = await desk.open(anonymous=anonymous)
    desk.own(ADA)
    for given_ms, options in enumerate(([0], [1], [0]), start=1_000):
        await desk.do(ADA, "poll.vote", poll=poll, options=options, given_ms=given_ms)
        assert list(desk.own(ADA)[f"poll:{poll}"].options) == options
    await desk.do(BOB, "poll.vote", poll=poll, options=[1])
    assert desk.levels() == {poll: 2, f"{poll}/0": 1, f"{poll}/1": 1}
    await desk.do(ADA, "poll.vote", poll=poll, given_ms=2_000)
    assert desk.levels() == {poll: 1, f"{poll}/0": 0, f"{poll}/1": 1}
    assert f"poll:{poll}" not in desk.own(ADA)


async def test_a_vote_that_is_sent_again_with_its_key_counts_once(desk):
    poll = await desk.open()
    for _ in range(2):
        await desk.do(ADA, "poll.vote", "k1", poll=poll, options=[0])
    facts_then = desk.event.state.folded
    await desk.do(ADA, "poll.vote", "k1", poll=poll, options=[0])
    assert (desk.event.state.folded, desk.levels()[poll]) == (facts_then, 1)


async def test_many_votes_are_few_facts(desk):
    poll, before = await desk.open(), desk.event.state.folded
    people = [principal(f"p{number}") for number in range(200)]
    await asyncio.gather(*(desk.do(one, "poll.vote", poll=poll, options=[0]) for one in people))
    assert desk.levels()[poll] == 200
    assert desk.event.state.folded - before < 20


async def test_the_log_of_an_anonymous_poll_names_nobody_who_voted(desk):
    poll = await desk.open(anonymous=True)
    await desk.do(ADA, "poll.vote", "k1", poll=poll, options=[0])
    votes = [data for data in await desk.log() if b"votes_cast" in data]
    assert len(votes) == 1
    assert b"ada" not in votes[0]
    named = await desk.open(anonymous=False)
    await desk.do(ADA, "poll.vote", poll=named, options=[0])
    assert b"ada" in (await desk.log())[-1]


async def test_words_count_alike_however_they_are_written(desk):
    poll = await desk.open(**WORDS, options=[])
    await desk.do(ADA, "poll.vote", poll=poll, words=[" Fast\n food ", "FAST FOOD"])
    await desk.do(BOB, "poll.vote", poll=poll, words=["fast food", "Straße"])
    assert desk.levels() == {poll: 2, f"{poll}/fast food": 2, f"{poll}/strasse": 1}
    await desk.do(MO, "poll.hide_word", poll=poll, word="STRASSE", on=True)
    assert desk.levels() == {poll: 2, f"{poll}/fast food": 2}
    await desk.do(MO, "poll.hide_word", poll=poll, word="strasse", on=False)
    assert f"{poll}/strasse" in desk.levels()


@pytest.mark.parametrize("anonymous", [True, False])
async def test_an_erased_persons_words_are_gone_from_cloud_and_log(desk, anonymous):
    poll = await desk.open(**WORDS, options=[], anonymous=anonymous)
    gone = await desk.open(**WORDS, options=[], anonymous=anonymous)
    await desk.do(ADA, "poll.vote", poll=gone, words=["secret zero"])
    await desk.do(MO, "poll.delete", poll=gone)
    await desk.do(ADA, "poll.vote", poll=poll, words=["secret one"])
    await desk.do(BOB, "poll.vote", poll=poll, words=["kept"])
    await desk.do(ADA, "poll.vote", poll=poll, words=["secret two"])
    await desk.do(PRO, "person.erase", person="ada")
    assert desk.levels() == {poll: 1, f"{poll}/kept": 1}
    entries = await desk.event.log.read(0)
    assert not any(b"secret" in entry.data for entry in entries)
    anew = State(event_id="event")
    for entry in entries:
        anew.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
    assert anew == desk.event.state


async def test_the_clock_opens_a_planned_poll_and_ends_its_timer(desk):
    draft = {"kind": "quiz", "text": "Which?", "options": ["a", "b"], "right": [1], "timer_s": 3}
    poll = (await desk.do(MO, "poll.make", session="talk", draft=draft))["poll"]
    await desk.do(MO, "poll.plan", poll=poll, plan={"anchor": "started"})
    runner = asyncio.create_task(ClockRunner(desk.event).run())
    await desk.do(PRO, "session.start", session="talk")
    await until(lambda: desk.event.state.polls.get(poll).state == "open")
    await desk.do(PRO, "clock.hold")
    await desk.do(ADA, "poll.vote", poll=poll, options=[1])
    assert desk.event.channels.snapshot("session/talk/polls").items[poll].right is None
    await desk.do(PRO, "clock.resume")
    await until(lambda: desk.event.state.polls.get(poll).state == "closed")
    assert desk.event.channels.snapshot("session/talk/polls").items[poll].right == (1,)
    with pytest.raises(Refused) as refused:
        await desk.do(BOB, "poll.vote", poll=poll, options=[0])
    assert refused.value.code == "poll_closed"
    runner.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await runner


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"text": " "}, "draft.text"),
        ({"text": "a" * 201}, "draft.text"),
        ({"options": ["a", "b" * 81]}, "draft.options[1]"),
        ({"options": ["a"]}, "draft.options"),
        ({"options": ["a"] * 13}, "draft.options"),
        ({"kind": "vote"}, "draft.kind"),
        ({"most": 13}, "draft.most"),
        ({"timer_s": 3_601}, "draft.timer_s"),
        ({"kind": "quiz"}, "draft.right"),
    ],
)
async def test_a_wrong_draft_names_its_field(desk, draft, field):
    with pytest.raises(BadInput) as bad:
        await desk.do(MO, "poll.make", session="talk", draft=SINGLE | draft)
    assert bad.value.field == field


@pytest.mark.parametrize(
    ("who", "name", "args", "error"),
    [
        (ADA, "poll.open", {"poll": "poll_1"}, Forbidden),
        (ADA, "poll.make", {"session": "talk", "draft": SINGLE}, Forbidden),
        (SCREEN, "poll.vote", {"poll": "poll_1", "options": [0]}, Forbidden),
        (SCREEN, "question.ask", {"session": "talk", "text": "Why?"}, Forbidden),
        (SCREEN, "reaction.send", {"session": "talk", "reaction": "clap"}, Forbidden),
        (MO, "poll.open", {"poll": "poll_1"}, NotFound),
        (MO, "poll.make", {"session": "none", "draft": SINGLE}, NotFound),
        (ADA, "poll.vote", {"poll": "poll_1", "options": [0]}, NotFound),
    ],
)
async def test_who_may_do_what(desk, who, name, args, error):
    with pytest.raises(error):
        await desk.do(who, name, **args)


async def test_a_choice_that_is_not_offered_leaves_no_fact(desk):
    poll = await desk.open()
    before = desk.event.state.folded
    with pytest.raises(Refused) as refused:
        await desk.do(ADA, "poll.vote", poll=poll, options=[0, 1])
    assert (refused.value.code, desk.event.state.folded) == ("bad_choice", before)
