"""The way of a question: where each action leads, and what is told of it."""

from __future__ import annotations

import pytest

from showcaller.domain import facts, moderating, question_folds, voting
from showcaller.domain.touches import QuestionTouch, VotersTouch

from .panel import ACTIONS, LEADS, Panel, panel_with


def test_a_question_tells_when_it_was_on_air_and_when_it_was_answered():
    panel = Panel()
    panel.ask("q1")
    panel.ask("q2")

    def times(question):
        found = panel.questions.get(question)
        return found.aired, found.answered_ms

    panel.do("push", "q1", 10)
    assert times("q1") == (((10, None),), None)
    panel.do("reply", "q1", 15)  # no change of its state
    panel.do("pull", "q1", 20)
    panel.do("push", "q1", 30)
    assert times("q1") == (((10, 20), (30, None)), None)
    panel.do("push", "q2", 40)  # answers the one before
    assert times("q1") == (((10, 20), (30, 40)), 40)
    assert times("q2") == (((40, None),), None)
    panel.do("withdraw", "q2", 50)
    assert times("q2") == (((40, 50),), None)
    panel.do("approve", "q1", 60)
    assert times("q1") == (((10, 20), (30, 40)), None)  # it is answered no longer


def test_of_a_question_that_goes_on_and_off_air_again_and_again_the_newest_times_stay():
    panel = panel_with("approved")
    for n in range(20):
        panel.do("push", at_ms=2 * n)
        panel.do("pull", at_ms=2 * n + 1)
    aired = panel.questions.get("q1").aired
    assert (len(aired), aired[-1]) == (8, (38, 39))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", LEADS)
def test_where_each_action_leads(state, action):
    panel = panel_with(state)
    verdict = panel.do(action)
    expected = LEADS[state].get(action, "wrong_state")
    assert (panel.state() if verdict == "ok" else verdict) == expected
    if verdict != "ok":
        assert panel.state() == state


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", sorted(LEADS))
def test_what_the_fold_would_say_is_foreseen(state, action):
    panel = panel_with(state)
    foreseen = question_folds.why_not(panel.questions, ACTIONS[action]("q1"), panel.sheet)
    assert (foreseen.code if foreseen else "ok") == panel.do(action)


def test_a_vote_that_would_be_refused_is_foreseen():
    panel = panel_with("approved")
    assert voting.why_not_vote(panel.questions, "q1", "bob") is None
    assert voting.why_not_vote(panel.questions, "q1", "ada").code == "own_question"
    assert voting.why_not_vote(panel.questions, "none", "bob").code == "not_found"
    panel.do("reject")
    assert voting.why_not_vote(panel.questions, "q1", "bob").code == "not_votable"


@pytest.mark.parametrize("action", ACTIONS)
def test_what_was_never_asked_is_not_found(action):
    assert Panel().do(action) == "not_found"


def test_only_the_author_edits_and_withdraws():
    panel = panel_with("pending")
    edited = facts.QuestionEdited(question="q1", person="bob", text="Mine")
    assert panel.fold(edited).refused.code == "forbidden"
    withdrawn = facts.QuestionWithdrawn(question="q1", person="bob")
    assert panel.fold(withdrawn).refused.code == "forbidden"


def test_an_edited_question_says_so():
    panel = panel_with("pending")
    assert not panel.questions.get("q1").edited
    panel.do("edit")
    assert panel.questions.get("q1").edited
    assert panel.questions.get("q1").text == "Edited"


def test_one_question_is_on_air_and_the_next_answers_it():
    panel = panel_with("on_air")
    panel.ask("q2", person="bob")
    pushed = panel.fold(ACTIONS["push"]("q2"))
    assert (panel.state("q1"), panel.state("q2")) == ("answered", "on_air")
    assert {QuestionTouch("q1"), QuestionTouch("q2")} <= pushed.touched


def test_each_session_has_its_own_air():
    panel = panel_with("on_air")
    panel.ask("q2", session="open")
    panel.do("push", "q2")
    assert (panel.state("q1"), panel.state("q2")) == ("on_air", "on_air")


@pytest.mark.parametrize("action", ["withdraw", "pull", "answer", "erase"])
def test_what_leaves_the_air_leaves_it_free(action):
    panel = panel_with("on_air")
    panel.do(action)
    assert panel.questions.on_air == {}


def test_a_reply_may_be_removed():
    panel = panel_with("approved")
    panel.do("reply")
    assert panel.questions.get("q1").reply == "So."
    panel.fold(facts.QuestionReplied(question="q1", by="mo", text=""))
    assert panel.questions.get("q1").reply is None


@pytest.mark.parametrize("action", ["approve", "return"])
def test_what_is_rejected_no_more_has_no_reason(action):
    panel = panel_with("rejected")
    assert panel.questions.get("q1").reason == "Twice"
    panel.do(action)
    assert panel.questions.get("q1").reason is None


def test_a_question_is_put_more_clearly_and_restored():
    panel = panel_with("approved")
    panel.do("clarify")
    panel.fold(facts.QuestionClarified(question="q1", by="mo", text="Why now?"))
    question = panel.questions.get("q1")
    assert (question.text, question.original) == ("Why now?", "Why?")
    panel.fold(facts.QuestionClarified(question="q1", by="mo", text="Why?"))
    question = panel.questions.get("q1")
    assert (question.text, question.original) == ("Why?", None)


def test_an_author_who_edits_what_was_put_more_clearly_has_the_last_word():
    panel = panel_with("pending")
    panel.do("clarify")
    panel.do("edit")
    question = panel.questions.get("q1")
    assert (question.text, question.original) == ("Edited", None)


def test_labels_are_stuck_on_once_and_so_many(monkeypatch):
    monkeypatch.setattr(moderating, "MAX_LABELS", 2)
    panel = panel_with("pending")

    def label(label, on=True):
        outcome = panel.fold(facts.QuestionLabelled(question="q1", by="mo", label=label, on=on))
        return outcome.refused.code if outcome.refused else panel.questions.get("q1").labels

    assert label("Later") == ("Later",)
    assert label("Later") == ("Later",)
    assert label("Sound") == ("Later", "Sound")
    assert label("More") == "too_many"
    assert label("Later", on=False) == ("Sound",)
    assert label("Later", on=False) == ("Sound",)


def test_a_reason_may_be_given_afterwards():
    panel = panel_with("pending")
    panel.fold(facts.QuestionRejected(question="q1", by="mo"))
    assert panel.questions.get("q1").reason is None
    panel.do("reject")
    assert panel.questions.get("q1").reason == "Twice"


def test_nothing_is_left_of_an_erased_question():
    panel = panel_with("approved")
    for action in ("reply", "clarify", "label"):
        panel.do(action)
    panel.vote(("bob", "q1", True))
    erased = panel.fold(ACTIONS["erase"]("q1"))
    question = panel.questions.get("q1")
    assert (question.text, question.reply, question.reason) == ("", None, None)
    assert (question.original, question.labels, question.claim) == (None, (), None)
    assert VotersTouch(("q1",)) in erased.touched
    assert panel.votes() == 0
    assert not panel.questions.has_vote(question, "bob")
    assert not [*panel.questions.voted_by("bob")]


def test_what_a_person_asked_and_voted_for():
    panel = panel_with("approved")
    panel.ask("q2", person="bob", session="open")
    panel.vote(("bob", "q1", True))
    assert [q.id for q in panel.questions.of_person("bob")] == ["q2"]
    assert [q.id for q in panel.questions.voted_by("bob")] == ["q1"]
    assert panel.questions.authors() == {"ada", "bob"}
    assert panel.questions.touch_all_of("bob") == {QuestionTouch("q2")}
