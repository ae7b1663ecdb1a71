"""Commands that are sent again, and those that are refused without a fact."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.errors import (
    Forbidden,
    RateLimited,
    Refused,
)

from .desk import ADA, BOB, MO, Desk, principal

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
