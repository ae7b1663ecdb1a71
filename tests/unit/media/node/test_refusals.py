"""The list of people turned away from publishing, as producers are told."""

import pytest

from showcaller.errors import BadInput, Banned, Forbidden, TokenExpired, TooEarly, Unavailable
from showcaller.media.node.refusals import KEPT, LOGGED_EVERY_MS, SHOWN_FOR_MS, Refusals, together

MINUTE_MS = 60_000
ADA = {"person": "p_ada", "name": "Ada"}


def test_an_encoder_that_tries_again_and_again_is_one_refusal_and_a_line_a_minute():
    refusals = Refusals()
    logged = [
        refusals.note("one", TokenExpired("x"), second * 1000, **ADA) for second in range(150)
    ]
    [one] = refusals.recent(150_000)
    assert (one.session, one.name, one.code, one.times) == ("one", "Ada", "token_expired", 150)
    assert [second for second, is_due in enumerate(logged) if is_due] == [0, 60, 120]
    assert LOGGED_EVERY_MS == MINUTE_MS


def test_what_is_over_is_not_shown_any_more():
    refusals = Refusals()
    refusals.note("one", Forbidden("x"), 0, **ADA)
    assert refusals.recent(SHOWN_FOR_MS - 1) != []
    assert refusals.recent(SHOWN_FOR_MS) == []
    refusals.note("one", Banned("x"), 0, **ADA)
    refusals.note("two", Banned("x"), 0, **ADA)
    refusals.forget("one", "p_ada")
    assert [one.session for one in refusals.recent(1)] == ["two"]


@pytest.mark.parametrize("error", [TooEarly("x"), Unavailable("x"), BadInput("x")])
def test_what_mends_itself_or_is_a_programs_fault_is_no_news_for_producers(error):
    refusals = Refusals()
    assert not refusals.note("one", error, 0, **ADA)
    assert refusals.recent(1) == []


def test_strangers_fill_neither_memory_nor_log_for_ever():
    refusals = Refusals()
    for number in range(10 * KEPT):
        refusals.note("one", Forbidden("x"), 0, person=f"p_{number}", name="")
    assert len(refusals.recent(1)) == KEPT


def test_what_was_logged_of_people_who_were_let_in_is_not_kept_for_ever():
    refusals = Refusals()
    for number in range(10 * KEPT):
        refusals.note("one", Forbidden("x"), 0, person=f"p_{number}", name="")
        refusals.forget("one", f"p_{number}")
    assert len(refusals._logged_ms) == KEPT


def test_the_tries_at_all_nodes_are_added_up():
    here, there = Refusals(), Refusals()
    for node, at_ms in ((here, 5), (there, 7), (there, 9)):
        node.note("one", TokenExpired("x"), at_ms, **ADA)
    there.note("two", TokenExpired("x"), 8, **ADA)
    found = together([*here.recent(10), *there.recent(10)])
    assert [(one.session, one.times, one.last_ms) for one in found] == [
        ("one", 3, 9),
        ("two", 1, 8),
    ]
