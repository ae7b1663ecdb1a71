"""Commands on a live event with a real log, as two attendees, a moderator and a producer give them."""

from __future__ import annotations

import asyncio

import pytest

from showcaller import system
from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.quality import TalkQuality
from showcaller.domain.schedule import MINUTE_MS, QaPolicy
from showcaller.domain.state import State
from showcaller.errors import (
    BadInput,
    Banned,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    Stalled,
    TooLate,
    Unavailable,
)
from showcaller.show.commands import Commands
from showcaller.show.live_event import APPEND_WITHIN_MS, LiveEvent
from showcaller.show.pulse import STILL_S, Pulse
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("talk", 540, 560, speakers=("sue",)),
    session("open", 560, 580, qa=QaPolicy(pre_moderation=False)),
)


def principal(person, *roles, **more):
    return Principal(
        person=person,
        roles=frozenset(roles or {"attendee"}),
        token=f"token-{person}",
        expires_at_ms=0,
        name=person.title(),
        **more,
    )


ADA, BOB = principal("ada"), principal("bob")
MO = principal("mo", "moderator")
PRO = principal("pro", "producer")
SUE = principal("sue", "speaker", sessions=frozenset({"talk"}))
OPS = principal("ops", "ops")


class Desk:
    def __init__(self, event):
        self.event = event
        self.pulse = Pulse()
        self.commands = Commands(event, self.pulse)

    async def do(self, who, name, key=None, deadline_ms=None, came_from="", **args):
        return await self.commands.run(who, name, args, key, deadline_ms, came_from)

    @property
    def facts(self):
        return self.event.state.folded

    async def ask(self, who=ADA, session="open", key=None, **more):
        asked = await self.do(who, "question.ask", key, session=session, text="Why?", **more)
        return asked["question"]

    def question(self, id):
        return self.event.state.questions.get(id)


@pytest.fixture
async def desk():
    """Its questions are open, and the clock stands a quarter of an hour before the first talk."""
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=525 * MINUTE_MS
    )
    await event.start(lambda: start)
    desk = Desk(event)
    for id in ("talk", "open"):
        await desk.do(MO, "qa.open", session=id)
    yield desk
    await event.stop()
    await broker.close()


async def test_a_questions_view_follows_it_from_asked_to_answered(desk):
    asked = await desk.do(ADA, "question.ask", session="talk", text=" Cafe\u0301? ", anonymous=True)
    assert asked["state"] == "pending"
    question = desk.question(asked["question"])
    assert (question.text, question.anonymous, question.person) == ("Café?", True, "ada")
    about = {"question": question.id}
    assert await desk.do(ADA, "question.edit", text="Tea?", **about) == {}
    for name, state in (
        ("approve", "approved"),
        ("reject", "rejected"),
        ("approve", "approved"),
        ("push", "on_air"),
        ("pull", "approved"),
        ("push", "on_air"),
        ("answered", "answered"),
    ):
        assert await desk.do(MO, f"question.{name}", **about) == {}
        assert desk.question(question.id).state == state
    await desk.do(MO, "question.reply", text="Both.", **about)
    assert desk.question(question.id).reply == "Both."
    await desk.do(MO, "question.reply", text="  ", **about)
    assert desk.question(question.id).reply is None
    await desk.do(ADA, "question.withdraw", **about)
    await desk.do(MO, "question.erase", **about)
    assert desk.question(question.id).state == "erased"


async def test_a_command_is_answered_with_the_verdict_of_the_fold(desk):
    question = await desk.ask(session="talk")
    with pytest.raises(Refused) as refused:
        await desk.do(MO, "question.pull", question=question)
    assert refused.value.code == "wrong_state"
    with pytest.raises(Forbidden):
        await desk.do(BOB, "question.withdraw", question=question)
    await desk.do(MO, "question.erase", question=question)
    with pytest.raises(NotFound):
        await desk.do(MO, "question.approve", question=question)
    await desk.do(MO, "qa.close", session="open")
    with pytest.raises(Refused) as closed:
        await desk.ask()
    assert closed.value.code == "qa_closed"


# Checks before the log ----------------------------------------------------------------------------


async def test_an_unknown_command_is_not_found(desk):
    with pytest.raises(NotFound, match=r"event\.delete"):
        await desk.do(PRO, "event.delete")


@pytest.mark.parametrize(
    ("name", "args", "field"),
    [
        ("question.ask", {"session": "open"}, "text"),
        ("question.ask", {"session": "open", "text": 5}, "text"),
        ("question.ask", {"session": 1, "text": "a"}, "session"),
        ("question.ask", {"session": "open", "text": "a", "anonymous": 1}, "anonymous"),
        ("question.ask", {"session": "open", "text": " "}, "text"),
        ("question.ask", {"session": "open", "text": "a" * 501}, "text"),
        ("question.vote", {"question": "q", "on": "yes"}, "on"),
        ("session.delay", {"session": "open", "minutes": 721}, "minutes"),
        ("session.delay", {"session": "open", "minutes": True}, "minutes"),
        ("session.delay", {"session": "open", "minutes": 1.5}, "minutes"),
        ("announcement.make", {"text": "a" * 281}, "text"),
        ("announcement.make", {"text": "a", "at_ms": -1}, "at_ms"),
        ("person.ban", {"person": ""}, "person"),
        ("question.reject", {"question": "q", "reason": "a" * 501}, "reason"),
    ],
)
async def test_wrong_args_name_their_field(desk, name, args, field):
    if "question" in args:
        args = {**args, "question": await desk.ask()}
    with pytest.raises(BadInput) as wrong:
        await desk.commands.run(PRO, name, args, None)
    assert wrong.value.field == field


async def test_bad_characters_have_a_code_of_their_own(desk):
    with pytest.raises(BadInput) as wrong:
        await desk.do(ADA, "question.ask", session="open", text="a\x1b[2J")
    assert (wrong.value.code, wrong.value.field) == ("bad_text", "text")


async def test_unknown_args_are_ignored(desk):
    assert await desk.ask(colour="green")


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("question.push", {"question": "q_none"}),
        ("question.ask", {"session": "none", "text": "Why?"}),
        ("announcement.cancel", {"announcement": "a_none"}),
        ("announcement.make", {"text": "Hi", "session": "none"}),
        ("session.start", {"session": "none"}),
        ("session.preview_delay", {"session": "none", "minutes": 5}),
    ],
)
async def test_commands_about_things_that_do_not_exist_are_not_found(desk, name, args):
    before = desk.event.state.folded
    with pytest.raises(NotFound):
        await desk.commands.run(PRO, name, args, None)
    assert desk.event.state.folded == before


async def test_the_roles_of_a_token_decide(desk):
    question = await desk.ask()
    with pytest.raises(Forbidden):
        await desk.do(BOB, "question.push", question=question)
    with pytest.raises(Forbidden):
        await desk.do(MO, "clock.hold")


async def test_a_speaker_replies_to_questions_of_their_sessions(desk):
    theirs, other = await desk.ask(session="talk"), await desk.ask(session="open")
    await desk.do(SUE, "question.reply", question=theirs, text="So.")
    assert desk.question(theirs).reply == "So."
    with pytest.raises(Forbidden):
        await desk.do(SUE, "question.reply", question=other, text="So.")


async def test_a_banned_person_may_give_no_command(desk):
    await desk.do(MO, "person.ban", person="ada")
    with pytest.raises(Banned):
        await desk.ask()
    await desk.do(MO, "person.unban", person="ada")
    await desk.do(OPS, "token.revoke", token="token-bob")
    with pytest.raises(Banned):
        await desk.ask(BOB)
    assert await desk.ask()


async def test_too_many_questions_at_once(desk):
    for _ in range(3):
        await desk.ask()
    with pytest.raises(RateLimited) as limited:
        await desk.ask()
    assert 5 < limited.value.retry_after_s <= 10
    assert await desk.ask(BOB)


async def test_an_erased_question_leaves_no_text_in_the_log(desk):
    asked = await desk.do(ADA, "question.ask", session="talk", text="Secret one")
    kept = await desk.do(BOB, "question.ask", session="talk", text="Kept one")
    about = {"question": asked["question"]}
    await desk.do(ADA, "question.edit", text="Secret two", **about)
    await desk.do(MO, "question.clarify", text="Secret five", **about)
    await desk.do(MO, "question.reply", text="Secret three", **about)
    await desk.do(MO, "question.reject", reason="Secret four", **about)
    await desk.do(MO, "question.erase", **about)
    entries = await desk.event.log.read(0)
    assert not any(b"Secret" in entry.data for entry in entries)
    anew = State(event_id="event")
    for entry in entries:
        anew.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
    assert anew == desk.event.state
    assert anew.questions.get(kept["question"]).text == "Kept one"


# The same key again -------------------------------------------------------------------------------


async def test_a_repeated_command_has_no_second_effect(desk):
    first = await desk.do(ADA, "question.ask", "k1", session="talk", text="Why?")
    await desk.do(MO, "question.push", question=first["question"])
    again = await desk.do(ADA, "question.ask", "k1", session="talk", text="Why?")
    assert again == first
    assert len(desk.event.state.questions.by_id) == 1


async def test_a_repeated_command_gets_the_first_verdict_whatever_has_happened_since(desk):
    question = await desk.ask()
    for _ in range(2):
        assert await desk.do(ADA, "question.withdraw", "k1", question=question) == {}
    with pytest.raises(Refused):
        await desk.do(ADA, "question.withdraw", "k2", question=question)
    await desk.do(MO, "qa.close", session="open")
    for _ in range(2):
        with pytest.raises(Refused, match="no questions"):
            await desk.ask(key="k3")
        await desk.do(MO, "qa.open", session="open")


async def test_a_repeated_question_is_not_limited_like_a_new_one(desk):
    for n in range(3):
        await desk.ask(key=f"k{n}")
    for _ in range(5):
        assert await desk.ask(key="k0")


async def test_repeated_commands_are_limited_too(desk):
    question = await desk.ask(key="k")
    with pytest.raises(RateLimited):
        for _ in range(40):
            assert await desk.ask(key="k") == question


async def test_keys_belong_to_a_person_and_a_command(desk):
    assert await desk.ask(ADA, key="k") != await desk.ask(BOB, key="k")
    made = await desk.do(MO, "announcement.make", "k", text="Hi")
    assert made["announcement"].startswith("a_")


async def test_two_commands_at_once_under_one_key_are_one(desk):
    asked = await asyncio.gather(*(desk.ask(key="k") for _ in range(2)))
    assert asked[0] == asked[1]
    assert len(desk.event.state.questions.by_id) == 1


# What is refused without a fact -------------------------------------------------------------------


async def test_a_refusal_that_can_be_foreseen_leaves_no_fact(desk):
    question = await desk.ask(session="talk")
    await desk.do(MO, "question.approve", question=question)
    await desk.do(MO, "qa.close", session="open")
    before = desk.facts
    for who, name, args, kind in (
        (ADA, "question.edit", {"question": question, "text": "Why?"}, Refused),
        (BOB, "question.edit", {"question": question, "text": "Why?"}, Forbidden),
        (BOB, "question.withdraw", {"question": question}, Forbidden),
        (ADA, "question.vote", {"question": question, "on": True}, Refused),
        (ADA, "question.ask", {"session": "open", "text": "Why?"}, Refused),
        (MO, "question.pull", {"question": question}, Refused),
    ):
        with pytest.raises(kind):
            await desk.do(who, name, came_from="192.0.2.1", **args)
    assert desk.facts == before


async def test_a_flood_of_refused_commands_costs_its_senders_and_not_the_log(desk):
    question = await desk.ask()
    before, limited = desk.facts, 0
    flooders = [principal(f"f{n}") for n in range(60)]
    for _ in range(20):
        for who in flooders:
            try:
                await desk.do(who, "question.withdraw", question=question, came_from="192.0.2.1")
            except RateLimited:
                limited += 1
            except Forbidden:
                pass
    assert desk.facts == before
    assert limited >= 60 * 14  # each paid for the first few


async def test_what_was_done_is_not_refused_when_it_is_sent_again(desk):
    """Not even though the state would refuse it now, nor on another node."""
    asked = await desk.do(ADA, "question.ask", "k1", session="open", text="Why?")
    await desk.do(ADA, "question.withdraw", "k2", question=asked["question"])
    await desk.do(MO, "qa.close", session="open")
    other = Desk(desk.event)
    for one in (desk, other):
        assert await one.do(ADA, "question.ask", "k1", session="open", text="Why?") == asked
        assert await one.do(ADA, "question.withdraw", "k2", question=asked["question"]) == {}


async def test_a_node_that_is_behind_catches_up_before_it_refuses(desk, late):
    await desk.do(MO, "qa.close", session="open")
    await late.event.catch_up()
    late.event.may_fold.clear()
    await desk.do(MO, "qa.open", session="open")
    asking = asyncio.create_task(late.ask())
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert not done
    late.event.may_fold.set()
    assert (await asking).startswith("q_")


# All at once --------------------------------------------------------------------------------------


async def test_an_address_loses_all_its_questions_and_its_people_by_one_command(desk):
    flood = [principal(f"f{n}") for n in range(4)]
    theirs = [await desk.ask(who, came_from="192.0.2.1") for who in flood for _ in range(3)]
    honest = await desk.ask(BOB, came_from="192.0.2.2")
    about = {"question": theirs[0], "of": "address", "ban": True}
    with pytest.raises(Forbidden):
        await desk.do(BOB, "question.reject_all", **about)
    assert await desk.do(MO, "question.reject_all", "k", **about) == {"rejected": 12, "banned": 4}
    assert {desk.question(one).state for one in theirs} == {"rejected"}
    assert desk.question(honest).state == "approved"
    with pytest.raises(Banned):
        await desk.ask(flood[3], came_from="192.0.2.9")
    before = desk.facts
    assert await desk.do(MO, "question.reject_all", "k", **about)
    assert desk.facts == before


async def test_a_person_loses_all_their_questions_by_one_command(desk):
    theirs = [await desk.ask(ADA) for _ in range(3)]
    about = {"question": theirs[2], "of": "person"}
    assert await desk.do(MO, "question.reject_all", **about) == {"rejected": 3, "banned": 0}
    assert await desk.ask(BOB)


async def test_the_log_tells_nobody_which_address_a_question_came_over(desk):
    await desk.ask(came_from="192.0.2.77")
    entries = await desk.event.log.read(0)
    assert not any(b"192.0.2" in entry.data for entry in entries)


# Votes --------------------------------------------------------------------------------------------


async def test_votes(desk):
    question = await desk.ask()
    vote = {"question": question, "on": True}
    assert await desk.do(BOB, "question.vote", **vote) == {**vote, "votes": 1}
    assert (await desk.do(MO, "question.vote", **vote))["votes"] == 2
    assert (await desk.do(BOB, "question.vote", question=question, on=False))["votes"] == 1
    with pytest.raises(Refused) as own:
        await desk.do(ADA, "question.vote", **vote)
    assert own.value.code == "own_question"


async def test_a_repeated_vote_does_not_undo_a_later_one(desk):
    question = await desk.ask()
    await desk.do(BOB, "question.vote", "k1", question=question, on=True)
    await desk.do(BOB, "question.vote", "k2", question=question, on=False)
    again = await desk.do(BOB, "question.vote", "k1", question=question, on=True)
    assert again["votes"] == 0


async def test_many_votes_are_few_facts(desk):
    question = await desk.ask()
    before = desk.event.state.folded
    voters = [principal(f"v{n}") for n in range(300)]
    await asyncio.gather(
        *(desk.do(who, "question.vote", question=question, on=True) for who in voters)
    )
    assert desk.event.state.questions.tally(desk.question(question)) == 300
    assert desk.event.state.folded - before < 10


# The producer, announcements, people --------------------------------------------------------------


async def test_a_delay_with_preview_and_undo(desk):
    delay = {"session": "open", "minutes": 5}
    preview = await desk.do(PRO, "session.preview_delay", **delay)
    (shift,) = preview["shifts"]
    assert shift["after_ms"] - shift["before_ms"] == 5 * MINUTE_MS
    done = await desk.do(PRO, "session.delay", if_revision=preview["revision"], **delay)
    with pytest.raises(Refused) as stale:
        await desk.do(PRO, "session.delay", if_revision=preview["revision"], **delay)
    assert stale.value.code == "stale_preview"
    assert await desk.do(PRO, "control.undo", control=done["control"]) == {}
    with pytest.raises(Refused) as undone:
        await desk.do(PRO, "control.undo", control=done["control"])
    assert undone.value.code == "cannot_undo"


async def test_edits_with_preview_and_undo(desk):
    move = {"session": "talk", "stage": "main", "starts_at_ms": 580 * MINUTE_MS}
    preview = await desk.do(PRO, "control.preview", command="session.move", args=move)
    (shift,) = preview["shifts"]
    assert (shift["session"], shift["after_ms"]) == ("talk", 580 * MINUTE_MS)
    moved = await desk.do(PRO, "session.move", if_revision=preview["revision"], **move)
    view = desk.event.channels.snapshot("agenda").items["session:talk"]
    assert (view.scheduled.start_ms, view.planned.start_ms) == (540 * MINUTE_MS, 580 * MINUTE_MS)
    await desk.do(PRO, "control.undo", control=moved["control"])
    await desk.do(PRO, "session.swap", session="talk", other="open")
    await desk.do(PRO, "session.cancel", session="talk", note=" Sue is ill. ")
    view = desk.event.channels.snapshot("session/talk").items["session"]
    assert (view.state, view.note) == ("skipped", "Sue is ill.")


async def test_an_inserted_break_has_channels_of_its_own_until_it_is_undone(desk):
    tea = {"stage": "main", "starts_at_ms": 560 * MINUTE_MS, "minutes": 10, "title": "Tea"}
    done = await desk.do(PRO, "break.insert", key="tea", **tea)
    assert await desk.do(PRO, "break.insert", key="tea", **tea) == done
    channel = f"session/{done['session']}"
    assert desk.event.channels.snapshot(channel).items["session"].title == "Tea"
    await desk.do(PRO, "control.undo", control=done["control"])
    assert "session" not in desk.event.channels.snapshot(channel).items
    assert f"session:{done['session']}" not in desk.event.channels.snapshot("agenda").items


async def test_somebody_new_speaks_and_is_named_in_the_event(desk):
    new = {"session": "talk", "speaker": "sue", "name": " Cyd  ", "company": "Crane works"}
    await desk.commands.run(PRO, "session.replace_speaker", new, "key")
    items = desk.event.channels.snapshot("agenda").items
    (guest,) = items["event"].speakers
    assert (guest.name, items["session:talk"].speakers) == ("Cyd", (guest.id,))
    with pytest.raises(BadInput, match="one of the two"):
        await desk.do(PRO, "session.replace_speaker", session="talk", speaker=guest.id)


@pytest.mark.parametrize(
    ("command", "args", "error"),
    [
        ("question.ask", {}, BadInput),
        ("session.move", {"session": "talk"}, BadInput),
        ("session.swap", {"session": "talk", "other": "none"}, NotFound),
        ("session.end", {"session": "talk"}, Refused),
    ],
)
async def test_what_can_not_be_previewed(desk, command, args, error):
    with pytest.raises(error):
        await desk.do(PRO, "control.preview", command=command, args=args)


async def test_an_impossible_delay_has_no_preview(desk):
    with pytest.raises(Refused) as refused:
        await desk.do(PRO, "session.preview_delay", session="talk", minutes=-60)
    assert refused.value.code == "wrong_state"


async def test_running_the_show_by_hand(desk):
    sheet = desk.event.state.runsheet
    await desk.do(PRO, "clock.hold")
    assert sheet.clock.held
    await desk.do(PRO, "clock.resume")
    started = await desk.do(PRO, "session.start", session="talk")
    assert started["control"].startswith("c_")
    await desk.do(PRO, "session.extend", session="talk", minutes=10)
    assert sheet.sessions["talk"].state == "live"
    await desk.do(PRO, "session.end", session="talk")
    await desk.do(PRO, "session.skip", session="open")
    assert (sheet.sessions["talk"].state, sheet.sessions["open"].state) == ("ended", "skipped")
    undo = desk.event.channels.snapshot("produce").items["undo"]
    assert (undo.name, undo.by) == ("skip", "Pro")


async def test_announcements(desk):
    channels = desk.event.channels
    now = await desk.do(MO, "announcement.make", text="Lunch")
    (shown,) = channels.snapshot("announcements").items.values()
    assert (shown.id, shown.by) == (now["announcement"], "Mo")
    later = await desk.do(MO, "announcement.make", text="Tea", at_ms=600 * MINUTE_MS)
    assert f"announcement:{later['announcement']}" in channels.snapshot("produce").items
    for made in (now, later):
        assert await desk.do(MO, "announcement.cancel", **made) == {}
    assert channels.snapshot("announcements").items == {}
    assert desk.event.state.announcements.due() == []


async def test_an_erased_person_loses_name_and_record_for_good(desk):
    question = await desk.ask()
    assert desk.event.channels.snapshot("session/open/questions").items[question].author == "Ada"
    await desk.do(PRO, "person.erase", person="ada")
    assert desk.event.channels.snapshot("session/open/questions").items[question].author is None
    await desk.ask()
    assert await desk.event.log.get_records("person", ["ada"]) == [None]


async def test_a_star_is_there_on_all_of_a_persons_devices_and_nobody_elses(desk):
    channels = desk.event.channels
    laptop, bobs = channels.open_own(ADA), channels.open_own(BOB)
    assert await desk.do(ADA, "session.star", session="talk", on=True) == {}
    assert channels.snapshot(laptop).items["favourite:talk"] is True
    phone = channels.open_own(ADA)
    assert channels.snapshot(phone).items["favourite:talk"] is True
    assert "favourite:talk" not in channels.snapshot(bobs).items
    await desk.do(ADA, "session.star", session="talk", on=False)
    assert "favourite:talk" not in channels.snapshot(laptop).items
    with pytest.raises(NotFound):
        await desk.do(ADA, "session.star", session="none", on=True)


async def test_erasing_a_person_takes_their_favourites_out_of_the_log(desk):
    await desk.do(ADA, "session.star", "k1", session="talk", on=True)
    await desk.do(BOB, "session.star", "k2", session="talk", on=True)
    await desk.do(ADA, "calendar.renew")
    claim = facts.RemindersClaimed(session="talk", reminder="soon", people=("ada", "bob"), node="n")
    await desk.event.append(claim, "claim")
    await desk.do(PRO, "person.erase", person="ada")
    entries = [facts.decode_fact(entry.data) for entry in await desk.event.log.read(0)]
    starred = [one.person for one in entries if isinstance(one, facts.SessionStarred)]
    assert starred == ["", "bob"]
    assert [one.people for one in entries if isinstance(one, facts.RemindersClaimed)] == [("bob",)]
    again = State(event_id="event")
    for offset, (entry, fact) in enumerate(
        zip(await desk.event.log.read(0), entries, strict=True), 1
    ):
        again.apply(offset, entry.at_ms, fact)
    assert again.favourites == desk.event.state.favourites


async def test_the_link_to_ones_calendar_is_ones_own_and_can_be_renewed(desk):
    first = await desk.do(ADA, "calendar.show")
    assert first["path"].startswith("/api/v1/events/event/calendars/")
    assert await desk.do(ADA, "calendar.show") == first != await desk.do(BOB, "calendar.show")
    renewed = await desk.do(ADA, "calendar.renew")
    assert renewed != first
    assert await desk.do(ADA, "calendar.show") == renewed


async def test_a_silence_keeps_from_asking_and_its_reason_goes_with_the_person(desk):
    await desk.do(MO, "person.silence", person="ada", reason="Secret reason", minutes=5)
    with pytest.raises(Refused) as refused:
        await desk.ask()
    assert refused.value.code == "silenced"
    assert not [e for e in await desk.event.log.read(0) if b"question.asked" in e.data]
    term = desk.event.channels.snapshot("desk").items["silenced:ada"]
    assert (term.reason, term.until_ms > desk.event.wall_ms()) == ("Secret reason", True)
    await desk.do(PRO, "person.erase", person="ada")
    assert not any(b"Secret" in entry.data for entry in await desk.event.log.read(0))
    await desk.do(MO, "person.unsilence", person="ada")
    await desk.ask()


async def test_a_claim_says_until_when_and_who(desk):
    question = await desk.ask()
    until_ms = (await desk.do(MO, "question.claim", question=question))["until_ms"]
    claim = desk.event.channels.snapshot("session/open/moderation").items[question].claim
    assert (claim.person, claim.name, claim.until_ms) == ("mo", "Mo", until_ms)
    with pytest.raises(Refused) as refused:
        await desk.do(PRO, "question.answered", question=question)
    assert refused.value.code == "claimed"
    await desk.do(PRO, "question.claim", question=question, take_over=True)
    await desk.do(PRO, "question.answered", question=question)


async def test_what_is_sent_to_the_speakers_is_shown_to_them(desk):
    question = await desk.ask()
    await desk.do(MO, "question.send", question=question, on=True)
    shown = desk.event.channels.snapshot("session/open/backstage").items
    assert shown[f"question:{question}"].text
    await desk.do(MO, "question.answered", question=question)
    assert not desk.event.channels.snapshot("session/open/backstage").items


async def test_a_name_that_can_not_be_shown_is_not_kept(desk):
    nameless = principal("nobody")
    odd = Principal(
        person="odd", roles=nameless.roles, token="t", expires_at_ms=0, name="\x1b[2J" * 20
    )
    await desk.ask(odd)
    assert desk.event.names.get("odd") == ""


# Sources ------------------------------------------------------------------------------------------


async def test_a_producer_chooses_a_source_once_however_often_it_is_sent(desk):
    await desk.do(PRO, "session.start", session="talk")
    fact = facts.PublicationStarted(session="talk", publication="p1", by="sue", source="spare")
    await desk.event.append(fact, "publication:p1:started")
    with pytest.raises(Forbidden):
        await desk.do(MO, "source.choose", session="talk", publication="p1")
    about = {"key": "k", "session": "talk", "publication": "p1"}
    first = await desk.do(PRO, "source.choose", **about)
    assert await desk.do(PRO, "source.choose", **about) == first
    sheet = desk.event.state.runsheet
    assert sheet.sessions["talk"].chosen == "p1"
    assert sheet.last_control().id == first["control"]
    with pytest.raises(NotFound):
        await desk.do(PRO, "source.choose", session="talk", publication="other")
    await desk.do(PRO, "control.undo", control=first["control"])
    assert sheet.sessions["talk"].chosen == ""


async def test_a_talk_is_measured_once_however_often_its_worker_says_so(desk):
    measured = facts.TalkMeasured(
        session="talk", stage="main", worker="w", quality=TalkQuality(viewers=3)
    )
    for _ in range(2):
        await desk.event.append(measured, "measured:w:talk:1")
    assert desk.event.state.runsheet.quality["talk"].viewers == 3


class LateEvent(LiveEvent):
    """A node that falls behind the log."""

    def __init__(self, *args):
        super().__init__(*args)
        self.may_fold = asyncio.Event()
        self.may_fold.set()

    async def _fold_all(self, entries):
        await self.may_fold.wait()
        await super()._fold_all(entries)


@pytest.fixture
async def late(desk):
    event = LateEvent("event", desk.event.log)
    await event.start()
    yield Desk(event)
    event.may_fold.set()
    await event.stop()


async def test_a_node_that_is_behind_catches_up_before_it_denies_a_question(desk, late):
    late.event.may_fold.clear()
    question = await desk.ask()
    voting = asyncio.create_task(late.do(BOB, "question.vote", question=question, on=True))
    done, _ = await asyncio.wait({voting}, timeout=0.1)
    assert not done
    late.event.may_fold.set()
    assert (await voting)["votes"] == 1


async def test_a_node_that_is_behind_catches_up_before_it_forbids_a_speaker_to_reply(desk, late):
    late.event.may_fold.clear()
    theirs, other = await desk.ask(session="talk"), await desk.ask(session="open")
    replying = [
        asyncio.create_task(late.do(SUE, "question.reply", question=question, text="So."))
        for question in (theirs, other)
    ]
    await asyncio.sleep(0)
    late.event.may_fold.set()
    good, bad = await asyncio.gather(*replying, return_exceptions=True)
    assert good == {} and isinstance(bad, Forbidden)
    assert late.question(theirs).reply == "So."


async def test_a_node_that_stays_behind_says_that_it_may_be_tried_again(desk, late, monkeypatch):
    monkeypatch.setattr(LateEvent._folded, "__defaults__", (0.05,))
    late.event.may_fold.clear()
    question = await desk.ask()
    with pytest.raises(Unavailable):
        await late.do(BOB, "question.vote", question=question, on=True)
    late.event.may_fold.set()
    with pytest.raises(NotFound):
        await late.do(BOB, "question.vote", question="q_nobody_asked_this", on=True)


@pytest.mark.parametrize(
    ("registration", "holds"),
    [
        ("open", "until_they_register_again"),
        ("invite", "until_they_register_with_a_code"),
        ("closed", "for_good"),
    ],
)
async def test_a_ban_says_how_much_it_holds(desk, registration, holds):
    desk.commands = Commands(desk.event, registration=registration)
    assert await desk.do(MO, "person.ban", person="ada") == {"holds": holds}


async def test_a_moderator_bans_no_producer_that_has_come(desk):
    await desk.event.note_staff(PRO)
    with pytest.raises(Forbidden):
        await desk.do(MO, "person.ban", person="pro")
    other = principal("pru", "producer")
    assert await desk.do(other, "person.ban", person="pro")
    with pytest.raises(Banned):
        await desk.do(PRO, "clock.hold")


async def test_all_tokens_of_a_person_are_revoked_at_once(desk):
    await desk.do(OPS, "token.revoke", person="ada")
    with pytest.raises(Banned):
        await desk.ask()
    later = principal("ada", issued_ms=int(desk.event.wall_ms()) + 2_000)
    assert await desk.ask(later)


@pytest.mark.parametrize("args", [{}, {"token": "t", "person": "p"}])
async def test_what_to_revoke_is_a_token_or_a_person(desk, args):
    with pytest.raises(BadInput):
        await desk.do(PRO, "token.revoke", **args)


async def test_staff_is_noted_once_and_attendees_never(desk):
    for who in (MO, MO, ADA):
        await desk.event.note_staff(who)
    head = await desk.event.log.head()
    desk.event.note_staff_soon(MO)
    desk.event.note_staff_soon(ADA)
    assert desk.event.state.people.knows(MO)
    assert not desk.event.state.people.staff.get("ada")
    assert await desk.event.log.head() == head


# Commands that waited ------------------------------------------------------------------------------


async def test_what_comes_to_a_node_that_stood_still_is_refused_and_may_be_sent_again(desk):
    desk.pulse.beat(system.monotonic_s() - 60)
    with pytest.raises(Stalled) as refused:
        await desk.do(PRO, "session.extend", session="talk", minutes=5)
    assert refused.value.retry and desk.event.state.runsheet.controls == []
    desk.pulse.beat(system.monotonic_s())
    with pytest.raises(Stalled):
        await desk.do(MO, "qa.close", session="talk")
    assert desk.event.state.runsheet.sessions["talk"].qa_open


async def test_a_node_that_is_only_slow_does_what_it_is_told(desk):
    desk.pulse.beat(system.monotonic_s() - STILL_S / 2)
    assert await desk.do(MO, "qa.close", session="talk") == {}


COMMANDS_WITH_DEADLINES = [
    (MO, "qa.close", {"session": "talk"}),
    (BOB, "question.vote", {"on": True}),
    (PRO, "session.start", {"session": "talk"}),
    (ADA, "reaction.send", {"session": "talk", "reaction": "clap"}),
]


@pytest.mark.parametrize(("who", "name", "args"), COMMANDS_WITH_DEADLINES)
async def test_a_command_is_not_done_after_its_deadline(desk, who, name, args):
    if name == "question.vote":
        question = await desk.ask()
        args = {**args, "question": question}
    if name == "reaction.send":
        await desk.do(PRO, "session.start", session="talk")
    folded, now_ms = desk.event.state.folded, int(desk.event.wall_ms())
    with pytest.raises(TooLate) as refused:
        await desk.do(who, name, deadline_ms=now_ms - 1_000, **args)
    assert not refused.value.retry and desk.event.state.folded == folded
    await desk.do(who, name, deadline_ms=now_ms + 60_000, **args)


async def test_a_command_that_was_done_in_time_is_answered_after_its_deadline_too(desk):
    now_ms = int(desk.event.wall_ms())
    first = await desk.do(PRO, "session.start", "k", now_ms + 60_000, session="talk")
    assert await desk.do(PRO, "session.start", "k", now_ms - 1, session="talk") == first


async def test_a_node_that_froze_on_the_way_to_the_log_writes_nothing_late(desk, monkeypatch):
    """It takes the command, and stands still before it has appended it."""
    append = desk.event.log.append
    seconds = system.monotonic_s

    async def frozen(*args, **more):
        later_s = seconds() + APPEND_WITHIN_MS / 1000 + 1
        monkeypatch.setattr(desk.event.clock, "_monotonic_s", lambda: later_s)
        more["not_after_ms"] -= APPEND_WITHIN_MS + 1_000
        return await append(*args, **more)

    monkeypatch.setattr(desk.event.log, "append", frozen)
    with pytest.raises(Stalled):
        await desk.do(PRO, "session.start", session="talk")
    assert desk.event.state.runsheet.controls == []


@pytest.mark.parametrize("off_ms", [7_200_000, -7_200_000])
async def test_a_command_on_its_way_while_the_brokers_clock_is_stepped_is_done(
    desk, monkeypatch, off_ms
):
    """The log refuses it by the clock of the moment; then server time is settled, and it is taken."""
    append, sample, steps_ms = desk.event.log.append, desk.event.clock.sample, [off_ms]

    async def stepped(key, data, *, not_before_ms, not_after_ms):
        bounds = {
            "not_before_ms": not_before_ms - steps_ms[0],
            "not_after_ms": not_after_ms - steps_ms[0],
        }
        return await append(key, data, **bounds)

    async def settle():
        steps_ms[0] = 0
        await sample()

    monkeypatch.setattr(desk.event.log, "append", stepped)
    monkeypatch.setattr(desk.event.clock, "sample", settle)
    assert (await desk.do(PRO, "session.start", session="talk"))["control"]
    assert desk.event.state.runsheet.sessions["talk"].live
