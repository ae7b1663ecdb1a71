"""Commands on a live event with a real log, as two attendees, a moderator and a producer give them."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.domain import facts
from showcaller.domain.state import State
from showcaller.errors import (
    BadInput,
    Banned,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
)

from .desk import ADA, BOB, MO, OPS, PRO, SUE, principal


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
