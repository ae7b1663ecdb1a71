"""A log that is longer than what clients may resume: it is folded to the same event as a short one."""

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.show import live_event
from showcaller.show.live_event import LiveEvent
from showcaller.show.names import Names
from showcaller.testing.schedules import schedule, session

VOTERS = 40
TALK = session("talk", 0, 30)


async def append_history(log):
    begin = facts.RunStarted(
        run="r", salt="s", schedule=schedule(TALK), mode="rehearsal", from_ms=0
    )
    await log.append("run", facts.encode_fact(begin))
    history = [
        facts.QaOpened(session="talk", by="m"),
        facts.QuestionAsked(question="q", session="talk", person="ada", text="Why?"),
        facts.QuestionApproved(question="q", by="m"),
        *(facts.VotesCast(votes=((f"p{n}", "q", True),)) for n in range(VOTERS)),
    ]
    for number, fact in enumerate(history):
        await log.append(f"k{number}", facts.encode_fact(fact))


@pytest.mark.parametrize("resumable", [1, 10, 10_000])
async def test_the_channels_are_the_same_however_much_passed_through_them(monkeypatch, resumable):
    monkeypatch.setattr(live_event, "FACTS_RESUMABLE", resumable)
    broker = SqliteBroker(":memory:")
    log = await broker.open("event")
    await append_history(log)
    await Names(log).put("ada", "Ada")
    event = LiveEvent("event", log)
    await event.start()
    public = event.channels.snapshot("session/talk/questions")
    assert [(q.text, q.author) for q in public.items.values()] == [("Why?", "Ada")]
    assert public.levels == {"q": VOTERS}
    assert event.state.folded == (await log.head()).offset
    await event.append(facts.QuestionPushed(question="q", by="m"), "push")
    assert event.channels.snapshot("session/talk/questions").items["q"].state == "on_air"
    await event.stop()
    await broker.close()
