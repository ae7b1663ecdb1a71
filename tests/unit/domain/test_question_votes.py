"""Votes for questions: the one given last counts."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import asking
from showcaller.domain.touches import QuestionTouch, TallyTouch, VotersTouch

from .panel import ACTIONS, LEADS, Panel, panel_with


def test_a_person_votes_once_and_may_withdraw():
    panel = panel_with("approved")
    on, off = ("bob", "q1", True), ("bob", "q1", False)
    assert panel.vote(on).votes == [on]
    assert panel.vote(on).votes == []
    assert panel.votes() == 1
    assert panel.vote(off).votes == [off]
    assert panel.votes() == 0
    assert panel.vote(off).votes == []


def test_of_several_votes_in_a_batch_the_last_wins():
    panel = panel_with("approved")
    panel.vote(("bob", "q1", True), ("cy", "q1", True), ("bob", "q1", False))
    question = panel.questions.get("q1")
    assert panel.votes() == 1
    assert panel.questions.has_vote(question, "cy")
    assert not panel.questions.has_vote(question, "bob")


def test_a_vote_that_comes_after_a_later_one_changes_nothing():
    panel = panel_with("approved")
    on, off = ("bob", "q1", True), ("bob", "q1", False)
    assert panel.vote(on, off, given_ms=(5_000, 5_001)).votes == [on, off]
    late = panel.vote(on, at_ms=9_000, given_ms=(5_000,))
    assert (late.votes, late.refused_votes, panel.votes()) == ([], {}, 0)
    assert panel.vote(on, at_ms=9_500, given_ms=(9_400,)).votes == [on]


def test_a_vote_without_its_time_that_comes_again_counts_once():
    panel = panel_with("approved")
    on, off = ("bob", "q1", True), ("bob", "q1", False)
    assert panel.vote(on, at_ms=5_000, keys=(1,)).votes == [on]
    assert panel.vote(off, at_ms=6_000, keys=(2,)).votes == [off]
    again = panel.vote(on, ("cy", "q1", True), at_ms=7_000, keys=(1, 1))
    assert (again.votes, again.refused_votes) == ([("cy", "q1", True)], {})
    assert panel.vote(on, at_ms=8_000, keys=(3,)).votes == [on]


def test_a_vote_without_its_time_was_given_when_the_log_took_it():
    panel = panel_with("approved")
    on, off = ("bob", "q1", True), ("bob", "q1", False)
    panel.vote(on, at_ms=5_000)
    assert panel.vote(off, at_ms=6_000, given_ms=(4_999,)).votes == []
    assert panel.vote(off, at_ms=7_000).votes == [off]


@pytest.mark.parametrize("wrong_by_ms", [-(10**10), 10**10])
def test_votes_of_a_clock_that_is_far_off_count_in_the_order_of_the_log(wrong_by_ms):
    panel = panel_with("approved")
    on, off = ("bob", "q1", True), ("bob", "q1", False)
    for at_ms, vote in ((5_000, on), (6_000, off), (7_000, on)):
        given_ms = (max(1, at_ms + wrong_by_ms),)
        assert panel.vote(vote, at_ms=at_ms, given_ms=given_ms).votes == [vote]


@given(st.data())
def test_however_votes_come_each_question_ends_as_its_voter_said_last(data):
    """One person's commands over several workers: late, repeated, overtaking one another."""
    said = data.draw(st.lists(st.tuples(st.sampled_from(["q1", "q2"]), st.booleans()), max_size=8))
    gaps_ms = data.draw(st.lists(st.integers(1, 50_000), min_size=len(said), max_size=len(said)))
    given_ms = list(accumulate(gaps_ms, initial=2_000))[1:]
    commands = [(("bob", *what), ms) for what, ms in zip(said, given_ms, strict=True)]
    again = data.draw(st.lists(st.sampled_from(commands))) if commands else []
    panel = panel_with("approved")
    panel.ask("q2", session="open", person="cy")
    at_ms = 2_000
    for vote, ms in data.draw(st.permutations(commands + again)):
        at_ms = max(at_ms, ms)
        panel.vote(vote, at_ms=at_ms, given_ms=(ms,))
    last = dict(said)
    assert {q.id for q in panel.questions.voted_by("bob")} == {q for q in last if last[q]}
    assert [panel.votes(q) for q in ("q1", "q2")] == [last.get(q, False) for q in ("q1", "q2")]


def test_each_vote_has_its_own_verdict():
    panel = panel_with("approved")
    panel.ask("q2", person="bob")
    outcome = panel.vote(
        ("ada", "q1", True), ("bob", "q1", True), ("cy", "q2", True), ("cy", "none", True)
    )
    codes = {place: refusal.code for place, refusal in outcome.refused_votes.items()}
    assert codes == {0: "own_question", 2: "not_votable", 3: "not_found"}
    assert outcome.refused is None
    assert panel.votes() == 1


@pytest.mark.parametrize("state", LEADS)
def test_in_which_states_votes_count(state):
    refused = panel_with(state).vote(("bob", "q1", True)).refused_votes
    expected = {"approved": None, "on_air": None, "erased": "not_found"}.get(state, "not_votable")
    assert (refused[0].code if refused else None) == expected


def test_nobody_is_told_when_nobody_voted():
    panel = panel_with("approved")
    assert panel.fold(ACTIONS["reject"]("q1")).touched == {
        QuestionTouch("q1"),
        TallyTouch("q1"),
    }


def test_voters_are_told_when_the_question_leaves_or_rejoins_the_public():
    panel = panel_with("approved")
    panel.vote(("bob", "q1", True))
    vote = VotersTouch(("q1",))
    assert vote in panel.fold(ACTIONS["reject"]("q1")).touched
    assert vote in panel.fold(ACTIONS["approve"]("q1")).touched
    assert vote not in panel.fold(ACTIONS["push"]("q1")).touched


def test_a_full_session_counts_every_vote():
    panel = Panel()
    for n in range(asking.MAX_PER_SESSION):
        panel.ask(f"q{n}", session="open", person=f"p{n}")
    for n in range(40):
        panel.vote(*((f"v{n}-{i}", f"q{(n * 500 + i) % 5000}", True) for i in range(500)))
    assert sum(panel.votes(f"q{n}") for n in range(asking.MAX_PER_SESSION)) == 20_000
