"""Claims: a question is in one moderator's hand at a time, and who has it is the only one who acts on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts, question_folds
from showcaller.domain.claiming import CLAIM_MS

from .panel import Panel, panel_with

MODERATORS = ("mo", "nan", "pat")
ACTS = {
    "claim": lambda by: facts.QuestionClaimed(question="q1", by=by),
    "take_over": lambda by: facts.QuestionClaimed(question="q1", by=by, take_over=True),
    "release": lambda by: facts.QuestionReleased(question="q1", by=by),
    "reply": lambda by: facts.QuestionReplied(question="q1", by=by, text="So."),
    "approve": lambda by: facts.QuestionApproved(question="q1", by=by),
    "push": lambda by: facts.QuestionPushed(question="q1", by=by),
    "pull": lambda by: facts.QuestionPulled(question="q1", by=by),
    "answer": lambda by: facts.QuestionAnswered(question="q1", by=by),
    "reject": lambda by: facts.QuestionRejected(question="q1", by=by),
    "return": lambda by: facts.QuestionReturned(question="q1", by=by),
    "clarify": lambda by: facts.QuestionClarified(question="q1", by=by, text="Why, then?"),
    "label": lambda by: facts.QuestionLabelled(question="q1", by=by, label="Later", on=True),
    "pin": lambda by: facts.QuestionPinned(question="q1", by=by, on=True),
    "send": lambda by: facts.QuestionSent(question="q1", by=by, on=True),
}


def act(panel, what, by, at_ms=1_000):
    outcome = question_folds.apply(panel.questions, ACTS[what](by), at_ms, panel.sheet)
    return outcome.refused.code if outcome.refused else "ok"


def held_by(panel, at_ms=1_000):
    claim = panel.questions.get("q1").claim
    return claim.by if claim is not None and at_ms < claim.until_ms else None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(ACTS)),
        st.sampled_from(MODERATORS),
        st.integers(0, CLAIM_MS // 2),
    ),
    max_size=60,
)


@given(STEPS)
def test_nobody_acts_on_what_another_one_has_in_hand(steps):
    """The model: one holder and an end, changed by claims and replies alone."""
    panel, now_ms = panel_with("pending"), 1_000
    holder, until_ms = None, 0
    for what, by, later_ms in steps:
        now_ms += later_ms
        if now_ms >= until_ms:
            holder = None
        kept_from = holder not in (None, by)
        verdict = act(panel, what, by, now_ms)
        assert (verdict == "claimed") <= kept_from
        if kept_from and what != "take_over":
            assert verdict != "ok"
        if verdict == "ok" and what in ("claim", "take_over", "reply"):
            holder, until_ms = by, now_ms + CLAIM_MS
        elif verdict == "ok" and what == "release":
            holder = None
        assert held_by(panel, now_ms) == holder


@given(st.lists(st.sampled_from(MODERATORS), min_size=2, max_size=20))
def test_of_all_who_claim_at_the_same_instant_the_first_in_the_log_has_it(claimants):
    panel = panel_with("approved")
    verdicts = [act(panel, "claim", by) for by in claimants]
    assert {by for by, verdict in zip(claimants, verdicts, strict=True) if verdict == "ok"} == {
        claimants[0]
    }


@given(STEPS)
def test_two_never_reply_without_knowing_of_one_another(steps):
    """Between replies of two people there is a takeover, a release, or the time of a claim."""
    panel, now_ms, last = panel_with("approved"), 1_000, None
    freed = True
    for what, by, later_ms in steps:
        now_ms += later_ms
        freed |= last is not None and now_ms >= last[1] + CLAIM_MS
        verdict = act(panel, what, by, now_ms)
        if verdict == "ok" and what == "reply":
            assert freed or last[0] == by
            last, freed = (by, now_ms), False
        elif verdict == "ok" and what in ("release", "take_over"):
            freed = True


def test_a_claim_ends_by_itself_and_is_made_again_to_last():
    panel = panel_with("pending")
    act(panel, "claim", "mo", 1_000)
    act(panel, "claim", "mo", 60_000)
    assert act(panel, "approve", "nan", 1_000 + CLAIM_MS) == "claimed"
    assert act(panel, "approve", "nan", 60_000 + CLAIM_MS) == "ok"


def test_authors_and_who_erases_are_kept_from_nothing():
    for fact in (
        facts.QuestionEdited(question="q1", person="ada", text="Mine"),
        facts.QuestionWithdrawn(question="q1", person="ada"),
        facts.QuestionErased(question="q1", by="nan"),
    ):
        panel = panel_with("pending")
        act(panel, "claim", "mo")
        assert panel.fold(fact).refused is None


def test_what_another_one_has_in_hand_is_neither_merged_nor_merged_into():
    panel = panel_with("pending")
    panel.ask("q2", person="bob")
    act(panel, "claim", "mo")
    for question, into in (("q1", "q2"), ("q2", "q1")):
        fact = facts.QuestionMerged(question=question, into=into, by="nan")
        assert panel.fold(fact).refused.code == "claimed"
    assert panel.fold(facts.QuestionMerged(question="q1", into="q2", by="mo")).refused is None
    assert act(panel, "claim", "mo") == "wrong_state"


@pytest.mark.parametrize("what", ["claim", "release"])
def test_what_was_never_asked_is_in_nobodys_hand(what):
    assert act(Panel(), what, "mo") == "not_found"
