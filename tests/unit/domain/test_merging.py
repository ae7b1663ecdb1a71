"""Merging duplicates: the laws, each against a model of sets of voters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts, merging, question_folds
from showcaller.domain.questions import Questions
from showcaller.domain.touches import QuestionTouch, TallyTouch
from showcaller.domain.votes import Votes

from .panel import ACTIONS, Panel

IDS = tuple(f"q{n}" for n in range(6))
VOTERS = ("bob", "cy", "di", "eve")


def merge(panel, question, into):
    outcome = panel.fold(facts.QuestionMerged(question=question, into=into, by="mo"))
    return outcome.refused.code if outcome.refused else "ok"


def unmerge(panel, question):
    outcome = panel.fold(facts.QuestionUnmerged(question=question, by="mo"))
    return outcome.refused.code if outcome.refused else "ok"


def panel_of(count=6):
    """Return a panel with so many approved questions, each of an author of its own."""
    panel = Panel()
    for n in range(count):
        panel.ask(f"q{n}", session="open", person=f"author{n}")
    return panel


def groups(panel):
    """Return which questions count as one, each group with its survivor."""
    found = {}
    for question in panel.questions.by_id.values():
        found.setdefault(panel.questions.survivor(question).id, set()).add(question.id)
    return found


def voters(panel, ids):
    """Return who votes for at least one of these, looking at the votes alone."""
    numbers = [panel.questions.get(q).number for q in ids]
    return {v for v in VOTERS for n in numbers if panel.questions.votes.has(v, n)}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(IDS), st.sampled_from(IDS)),
        st.tuples(st.just("unmerge"), st.sampled_from(IDS)),
        st.tuples(st.just("vote"), st.sampled_from(VOTERS), st.sampled_from(IDS), st.booleans()),
        st.tuples(
            st.just("do"),
            st.sampled_from(["push", "answer", "reject", "approve", "erase", "pull"]),
            st.sampled_from(IDS),
        ),
        st.tuples(st.just("reject_all"), st.sampled_from(IDS)),
    ),
    max_size=40,
)


def take(panel, step, at_ms):
    match step:
        case ("merge", question, into):
            merge(panel, question, into)
        case ("unmerge", question):
            unmerge(panel, question)
        case ("vote", person, question, on):
            panel.vote((person, question, on), at_ms=at_ms)
        case ("do", action, question):
            panel.do(action, question)
        case ("reject_all", question):
            panel.fold(facts.QuestionsRejected(question=question, of="person", by="mo"))


def panel_after(steps):
    panel = panel_of()
    for at_ms, step in enumerate(steps, start=2_000):
        take(panel, step, at_ms)
    return panel


@given(STEPS)
def test_a_group_counts_the_people_who_vote_for_at_least_one_of_its_questions(steps):
    panel = panel_after(steps)
    for survivor, group in groups(panel).items():
        if panel.state(survivor) != "erased":
            assert panel.votes(survivor) == len(voters(panel, group))
            voting = {
                p for p in VOTERS if panel.questions.has_vote(panel.questions.get(survivor), p)
            }
            assert voting == voters(panel, group)


@given(STEPS)
def test_merges_are_trees_without_cycles_whose_survivors_are_merged_into_nothing(steps):
    panel = panel_after(steps)
    for question in panel.questions.by_id.values():
        seen, now = set(), question
        while now.merged_into is not None:
            assert now.id not in seen
            seen.add(now.id)
            now = panel.questions.get(now.merged_into)
        assert now is panel.questions.survivor(question)
        assert now.session == question.session


def shown(panel):
    """Return all that a merge must leave as it was once it is taken back."""
    asked = panel.questions
    return (
        dict(asked.by_id),
        {q: asked.tally(asked.get(q)) for q in asked.by_id},
        {v: [q.id for q in asked.voted_by(v)] for v in VOTERS},
        asked.places_taken("open"),
    )


@given(STEPS, st.sampled_from(IDS), st.sampled_from(IDS))
def test_a_merge_that_is_taken_back_leaves_everything_as_it_was(steps, question, into):
    panel = panel_after(steps)
    before = shown(panel)
    was_free = panel.questions.get(question).merged_into is None
    verdict = merge(panel, question, into)
    if was_free and verdict == "ok":
        assert unmerge(panel, question) == "ok"
    assert shown(panel) == before


@given(STEPS, st.sampled_from(IDS), st.sampled_from(IDS))
def test_merging_twice_is_merging_once(steps, question, into):
    panel = panel_after(steps)
    if merge(panel, question, into) == "ok":
        once = shown(panel)
        assert merge(panel, question, into) == "ok"
        assert shown(panel) == once
        assert merge(panel, into, question) != "ok" or panel.questions.get(into).merged_into


@given(STEPS, st.lists(st.tuples(st.sampled_from(VOTERS), st.sampled_from(IDS[:2]))))
def test_votes_given_while_merged_stay_where_they_were_given(steps, given_then):
    panel = panel_after([step for step in steps if step[0] == "vote"])
    before = [voters(panel, [q]) for q in IDS[:2]]
    assert merge(panel, "q0", "q1") == "ok"
    for at_ms, (person, question) in enumerate(given_then, start=9_000):
        assert panel.vote((person, question, True), at_ms=at_ms).refused_votes == {}
    assert panel.votes("q1") == len(voters(panel, IDS[:2]))
    assert unmerge(panel, "q0") == "ok"
    for question, then in zip(IDS[:2], before, strict=True):
        expected = then | {person for person, asked in given_then if asked == question}
        assert voters(panel, [question]) == expected
        assert panel.votes(question) == len(expected)


@given(STEPS)
def test_a_snapshot_leads_to_the_same_groups_and_tallies(steps):
    panel = panel_after(steps)
    asked, tallies = panel.questions.by_id.values(), panel.questions.votes.tallies()
    votes = Votes([dict(part) for part in panel.questions.votes.parts()], tallies)
    loaded = Questions(asked, votes, panel.questions.vote_keys)
    for question in asked:
        assert loaded.tally(question) == panel.questions.tally(question)
        assert loaded.survivor(question) == panel.questions.survivor(question)


# By hand ------------------------------------------------------------------------------------------


def test_whoever_voted_for_both_counts_once_and_takes_back_both():
    panel = panel_of(2)
    panel.vote(("bob", "q0", True), ("bob", "q1", True), ("cy", "q0", True))
    merge(panel, "q0", "q1")
    assert panel.votes("q1") == 2
    outcome = panel.vote(("bob", "q1", False), at_ms=3_000)
    assert (outcome.votes, panel.votes("q1")) == ([("bob", "q1", False)], 1)
    unmerge(panel, "q0")
    assert (panel.votes("q0"), panel.votes("q1")) == (1, 0)


def test_a_vote_on_its_way_to_what_was_merged_counts_for_the_survivor():
    panel = panel_of(2)
    merge(panel, "q0", "q1")
    assert panel.vote(("bob", "q0", True)).votes == [("bob", "q1", True)]
    assert [q.id for q in panel.questions.voted_by("bob")] == ["q1"]
    refused = panel.vote(("author0", "q0", True), ("author1", "q0", True)).refused_votes
    assert {r.code for r in refused.values()} == {"own_question"}


def test_what_was_merged_into_a_question_comes_and_goes_with_it():
    panel = panel_of(3)
    merge(panel, "q0", "q1")
    merge(panel, "q1", "q2")
    assert groups(panel) == {"q2": {"q0", "q1", "q2"}}
    unmerge(panel, "q1")
    assert groups(panel) == {"q1": {"q0", "q1"}, "q2": {"q2"}}


@pytest.mark.parametrize("action", ["erase", "withdraw", "reject_all"])
def test_what_was_merged_goes_on_without_a_question_that_goes(action):
    panel = panel_of(4)
    for question in ("q0", "q1"):
        merge(panel, question, "q2")
    merge(panel, "q2", "q3")
    panel.vote(("bob", "q2", True), ("cy", "q0", True), ("cy", "q2", True))
    if action == "reject_all":
        fact = facts.QuestionsRejected(question="q2", of="person", by="mo")
    elif action == "withdraw":
        fact = facts.QuestionWithdrawn(question="q2", person="author2")
    else:
        fact = ACTIONS["erase"]("q2")
    touched = panel.fold(fact).touched
    assert groups(panel) == {"q2": {"q2"}, "q3": {"q0", "q1", "q3"}}
    assert panel.votes("q3") == 1
    assert {QuestionTouch("q2"), QuestionTouch("q0"), TallyTouch("q3")} <= touched


def test_what_is_merged_takes_no_place_and_is_not_moderated():
    panel = panel_of(2)
    merge(panel, "q0", "q1")
    assert panel.questions.places_taken("open") == 1
    for action in ("approve", "reject", "push", "answer", "reply", "return", "pull"):
        assert panel.do(action, "q0") == "wrong_state"
    assert not panel.questions.get("q0").public


@pytest.mark.parametrize(
    ("question", "into", "code"),
    [
        ("q0", "q0", "wrong_state"),
        ("none", "q0", "not_found"),
        ("q0", "none", "not_found"),
        ("q0", "elsewhere", "wrong_state"),
        ("on_air", "q0", "wrong_state"),
        ("rejected", "q0", "wrong_state"),
        ("q0", "rejected", "wrong_state"),
        ("erased", "q0", "not_found"),
        ("q0", "on_air", "ok"),
    ],
)
def test_which_merges_make_sense(question, into, code):
    panel = panel_of(1)
    panel.ask("elsewhere", session="mod", person="author1")
    for id, action in (("on_air", "push"), ("rejected", "reject"), ("erased", "erase")):
        panel.ask(id, session="open", person=id)
        panel.do(action, id)
    fact = facts.QuestionMerged(question=question, into=into, by="mo")
    foreseen = question_folds.why_not(panel.questions, fact, panel.sheet)
    assert merge(panel, question, into) == code == (foreseen.code if foreseen else "ok")


def test_nothing_is_merged_into_what_was_merged_into_it():
    panel = panel_of(3)
    merge(panel, "q0", "q1")
    assert merge(panel, "q1", "q0") == "wrong_state"
    assert merge(panel, "q2", "q0") == "ok"
    assert panel.questions.get("q2").merged_into == "q1"
    assert unmerge(panel, "q1") == "wrong_state"


def test_so_many_are_merged_into_one(monkeypatch):
    monkeypatch.setattr(merging, "MAX_TOGETHER", 3)
    panel = panel_of(4)
    verdicts = [merge(panel, question, "q3") for question in ("q0", "q1", "q2")]
    assert verdicts == ["ok", "ok", "too_many"]


def test_authors_of_what_was_merged_are_told_how_the_survivor_fares():
    panel = panel_of(2)
    merge(panel, "q0", "q1")
    assert QuestionTouch("q0") in panel.fold(ACTIONS["push"]("q1")).touched
    panel.ask("q2", session="open", person="di")
    assert QuestionTouch("q0") in panel.fold(ACTIONS["push"]("q2")).touched
