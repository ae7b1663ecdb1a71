"""Asking questions: who may ask how many, and many that are rejected at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import asking, facts
from showcaller.domain.touches import QuestionTouch

from .panel import Panel


def test_with_pre_moderation_a_question_waits():
    panel = Panel()
    panel.ask("q1", session="mod")
    panel.ask("q2", session="open")
    assert (panel.state("q1"), panel.state("q2")) == ("pending", "approved")
    assert panel.questions.get("q1").asked_ms == 1_000


def test_a_session_that_takes_no_questions():
    panel = Panel()
    panel.sheet.sessions["mod"].qa_open = False
    assert panel.ask().refused.code == "qa_closed"
    assert panel.ask(session="lunch").refused.code == "not_found"


def test_a_question_is_asked_once():
    panel = Panel()
    panel.ask()
    assert panel.ask(person="bob").refused.code == "wrong_state"
    assert panel.questions.get("q1").person == "ada"


def test_so_many_questions_of_a_person_may_wait():
    panel = Panel()
    for n in range(asking.MAX_PER_PERSON):
        assert panel.ask(f"q{n}").refused is None
    assert panel.ask("more").refused.code == "too_many"
    assert panel.ask("other", person="bob").refused is None


@pytest.mark.parametrize("actions", [["erase"], ["withdraw"], ["reject"], ["push", "answer"]])
def test_places_come_back(monkeypatch, actions):
    monkeypatch.setattr(asking, "MAX_PER_PERSON", 2)
    panel = Panel()
    for n in range(2):
        panel.ask(f"q{n}")
    assert panel.ask("more").refused.code == "too_many"
    for action in actions:
        panel.do(action, "q0")
    assert panel.ask("again").refused is None
    assert panel.ask("more").refused.code == "too_many"


def test_a_person_asks_so_often_and_no_oftener(monkeypatch):
    monkeypatch.setattr(asking, "MAX_ASKED", 3)
    panel = Panel()
    for n in range(3):
        panel.ask(f"q{n}")
        panel.do("withdraw", f"q{n}")
    assert panel.ask("more").refused.code == "too_many"


def test_a_session_takes_so_many(monkeypatch):
    monkeypatch.setattr(asking, "MAX_PER_SESSION", 3)
    panel = Panel()
    for n in range(3):
        assert panel.ask(f"q{n}", person=f"p{n}").refused is None
    assert panel.ask("more", person="bob").refused.code == "too_many"
    assert panel.ask("more", person="bob", session="open").refused is None
    panel.do("erase", "q0")
    assert panel.ask("again", person="bob").refused is None


def flood(panel, people, each, *, via="v_flood", session="open"):
    """Have so many people ask so many questions each, one after another; return how many were taken."""
    asked = (
        panel.ask(f"{via}-{p}-{n}", person=f"{via}-{p}", session=session, via=via)
        for p in range(people)
        for n in range(each)
    )
    return sum(outcome.refused is None for outcome in asked)


def test_252_people_at_one_address_with_20_questions_each_close_a_session_to_nobody():
    panel = Panel()
    assert flood(panel, 252, 20) < asking.MAX_PER_ADDRESS * 0.6
    for n in range(500):
        at_home, next_door = f"home{n}", f"door{n}"
        assert panel.ask(at_home, person=at_home, session="open", via=f"v{n}").refused is None
        assert panel.ask(next_door, person=next_door, session="open", via="v_flood").refused is None


def test_an_address_is_full_before_the_session_is():
    panel = Panel()
    assert flood(panel, 2_100, 1) == asking.MAX_PER_ADDRESS
    refused = panel.ask("more", person="bob", session="open", via="v_flood").refused
    assert refused.code == "too_many" and "address" in refused.message
    assert panel.ask("other", person="bob", session="open", via="v_other").refused is None
    assert panel.ask("unknown", person="bob", session="open").refused is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=200))
def test_whoever_has_no_question_yet_finds_a_place_until_all_are_taken(asked):
    panel, places = Panel(), 60
    taken = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "MAX_PER_SESSION", places)
        for number, (person, _) in enumerate(asked):
            theirs = sum(q.is_open for q in panel.questions.of_person(f"p{person}"))
            outcome = panel.ask(f"q{number}", person=f"p{person}", session="open")
            assert (outcome.refused is None) == ((theirs + 1) * taken < places and theirs < 20)
            taken += outcome.refused is None


def reject_all(panel, question, of):
    return panel.fold(facts.QuestionsRejected(question=question, of=of, by="mo"))


def test_all_questions_of_a_person_are_rejected_in_one_step():
    panel = Panel()
    for n, session_id in enumerate(("open", "mod", "open", "mod")):
        panel.ask(f"q{n}", session=session_id)
    panel.ask("other", person="bob")
    panel.do("push", "q0")
    panel.do("withdraw", "q1")
    outcome = reject_all(panel, "q1", "person")
    states = [panel.state(f"q{n}") for n in range(4)]
    assert states == ["on_air", "withdrawn", "rejected", "rejected"]
    assert panel.state("other") == "pending"
    assert QuestionTouch("q2") in outcome.touched and QuestionTouch("other") not in outcome.touched


def test_all_questions_of_an_address_are_rejected_in_one_step_and_their_places_come_back():
    panel = Panel()
    taken = flood(panel, 252, 20)
    panel.ask("honest", person="bob", session="open", via="v_other")
    outcome = reject_all(panel, "v_flood-7-0", "address")
    assert sum(isinstance(touch, QuestionTouch) for touch in outcome.touched) == taken
    assert panel.state("honest") == "approved"
    assert panel.questions.places_taken("open") == 1


def test_what_came_from_an_unknown_address_is_like_nothing_else():
    panel = Panel()
    panel.ask("q1")
    assert reject_all(panel, "q1", "address").refused.code == "wrong_state"
    assert reject_all(panel, "none", "person").refused.code == "not_found"
    panel.do("erase", "q1")
    assert reject_all(panel, "q1", "person").refused is None
