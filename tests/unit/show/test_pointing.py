"""Words in place of ids: what is on, what comes next, the last control."""

from __future__ import annotations

import pytest

from showcaller.errors import NotFound

from .desk import PRO


async def test_next_is_started_and_is_on_from_then(desk):
    await desk.do(PRO, "session.start", session="next:main")
    await desk.do(PRO, "session.extend", session="on:main", minutes=7)
    run = desk.event.state.runsheet.sessions["talk"]
    assert (run.state, run.extension_ms) == ("live", 7 * 60_000)
    assert desk.event.state.runsheet.sessions["open"].to_come


async def test_a_key_means_what_it_meant_the_first_time_also_when_nothing_more_is_to_come(desk):
    first = await desk.do(PRO, "session.start", key="a", session="next:main")
    assert await desk.do(PRO, "session.start", key="a", session="next:main") == first
    assert desk.event.state.runsheet.sessions["open"].to_come
    second = await desk.do(PRO, "session.start", key="b", session="next:main")
    facts = desk.facts
    assert await desk.do(PRO, "session.start", key="b", session="next:main") == second
    assert desk.facts == facts


async def test_the_last_control_is_undone_by_that_word(desk):
    await desk.do(PRO, "session.delay", session="talk", minutes=5)
    await desk.do(PRO, "session.delay", session="open", minutes=5)
    await desk.do(PRO, "control.undo", control="last")
    runs = desk.event.state.runsheet.sessions
    assert (runs["talk"].delay_ms, runs["open"].delay_ms) == (5 * 60_000, 0)


@pytest.mark.parametrize("words", ["on:main", "next:attic", "between:main", ":main", "on:"])
async def test_where_there_is_no_such_thing_nothing_is_done(desk, words):
    facts = desk.facts
    with pytest.raises(NotFound):
        await desk.do(PRO, "session.end", session=words)
    assert desk.facts == facts


async def test_a_control_is_previewed_by_the_same_words(desk):
    args = {"session": "next:main", "minutes": 5}
    found = await desk.do(PRO, "control.preview", command="session.delay", args=args)
    assert [shift["session"] for shift in found["shifts"]] == ["talk", "open"]
