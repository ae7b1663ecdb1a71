"""Ratings on a live event with a real log: given, seen by speakers, and exported."""

from __future__ import annotations

import pytest

from showcaller.api.feedback_exports import result_of, table_of
from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS
from showcaller.errors import BadInput, Refused
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.show.permissions import may_follow
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560, feedback=True))


def principal(person, *roles, sessions=()):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        name=person.title(),
        sessions=frozenset(sessions),
    )


ADA, BOB, PRO = principal("ada"), principal("bob"), principal("pro", "producer")


class Audience:
    def __init__(self, event):
        self.event = event
        self.commands = Commands(event)

    async def do(self, who, name, key=None, **args):
        return await self.commands.run(who, name, args, key)

    async def rate(self, who, stars, comment=""):
        await self.do(who, "session.rate", session="talk", stars=stars, comment=comment)

    def shown(self):
        return self.event.channels.snapshot("session/talk/feedback")

    def own(self, who):
        return self.event.channels.snapshot(self.event.channels.open_own(who)).items

    def result(self):
        state = self.event.state
        return result_of(state, "talk", state.feedback.on("talk"))


@pytest.fixture
async def audience():
    """The talk is over."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=535 * MINUTE_MS
    )
    await event.start(lambda: start)
    audience = Audience(event)
    await audience.do(PRO, "session.start", session="talk")
    await audience.do(PRO, "session.end", session="talk")
    yield audience
    await event.stop()
    await broker.close()


async def test_a_person_rates_once_and_may_change_their_mind(audience):
    await audience.rate(ADA, 3, "Too fast")
    await audience.rate(ADA, 5, " Much better the second time ")
    assert audience.own(ADA)["rating:talk"].stars == 5
    assert audience.shown().levels == {"5": 1}
    [comment] = audience.shown().items.values()
    assert (comment.stars, comment.text) == (5, "Much better the second time")
    await audience.rate(ADA, 4)
    assert audience.shown().items == {}


async def test_speakers_and_producers_read_what_was_said_and_not_by_whom(audience):
    await audience.rate(ADA, 4, "Fine")
    await audience.rate(BOB, 2)
    [comment] = audience.shown().items.values()
    assert comment.__struct_fields__ == ("id", "stars", "text", "said_ms")
    assert audience.shown().levels == {"2": 1, "4": 1}
    channel = "session/talk/feedback"
    assert may_follow(principal("grace", "speaker", sessions=("talk",)), channel)
    assert not may_follow(principal("other", "speaker", sessions=("b",)), channel)
    assert may_follow(PRO, channel)
    assert not may_follow(ADA, channel)


@pytest.mark.parametrize("stars", [0, 6, "5", None])
async def test_there_are_one_to_five_stars(audience, stars):
    with pytest.raises(BadInput):
        await audience.rate(ADA, stars)


async def test_while_a_talk_is_on_nobody_rates_it(audience):
    await audience.do(PRO, "session.reopen", session="talk")
    with pytest.raises(Refused):
        await audience.rate(ADA, 5)


async def test_what_people_thought_is_exported_with_cells_that_no_spreadsheet_runs(audience):
    await audience.rate(ADA, 5, "=HYPERLINK(1)")
    await audience.rate(BOB, 4)
    result = audience.result()
    assert (result["ratings"], result["mean"], result["stars"]) == (2, 4.5, [0, 0, 0, 1, 1])
    assert [one["text"] for one in result["comments"]] == ["=HYPERLINK(1)"]
    head, line = table_of([result]).splitlines()
    assert head.startswith("session,title,ratings,mean,stars_1")
    assert line.endswith("2,4.5,0,0,0,1,1,5/5: =HYPERLINK(1)")


async def test_an_erased_persons_rating_and_words_are_gone_from_the_event_and_the_log(audience):
    await audience.rate(ADA, 5, "My secret")
    await audience.rate(BOB, 1)
    await audience.do(PRO, "person.erase", person="ada")
    assert audience.shown().levels == {"1": 1}
    assert audience.shown().items == {}
    entries = await audience.event.log.read(0)
    assert not [entry for entry in entries if b"My secret" in entry.data]
