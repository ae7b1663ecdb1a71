"""Live Q&A, told as facts. `mod` is pre-moderated, `open` is not; both take questions."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import asking, facts, moderating, question_folds, voting
from showcaller.domain.questions import Questions
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import QaPolicy
from showcaller.domain.touches import QuestionTouch, TallyTouch, VotersTouch
from showcaller.testing.schedules import schedule, session

PLAN = schedule(
    session("mod", 540, 560),
    session("open", 560, 580, qa=QaPolicy(pre_moderation=False)),
)
ACTIONS = {
    "edit": lambda q: facts.QuestionEdited(question=q, person="ada", text="Edited"),
    "withdraw": lambda q: facts.QuestionWithdrawn(question=q, person="ada"),
    "approve": lambda q: facts.QuestionApproved(question=q, by="mo"),
    "reject": lambda q: facts.QuestionRejected(question=q, by="mo", reason="Twice"),
    "return": lambda q: facts.QuestionReturned(question=q, by="mo"),
    "push": lambda q: facts.QuestionPushed(question=q, by="mo"),
    "pull": lambda q: facts.QuestionPulled(question=q, by="mo"),
    "answer": lambda q: facts.QuestionAnswered(question=q, by="mo"),
    "reply": lambda q: facts.QuestionReplied(question=q, by="mo", text="So."),
    "clarify": lambda q: facts.QuestionClarified(question=q, by="mo", text="Why, then?"),
    "label": lambda q: facts.QuestionLabelled(question=q, by="mo", label="Later", on=True),
    "pin": lambda q: facts.QuestionPinned(question=q, by="mo", on=True),
    "send": lambda q: facts.QuestionSent(question=q, by="mo", on=True),
    "claim": lambda q: facts.QuestionClaimed(question=q, by="mo"),
    "erase": lambda q: facts.QuestionErased(question=q, by="mo"),
}


class Panel:
    """Folds facts; `do("push", "q1")` is short for the fact of that name."""

    def __init__(self):
        self.questions = Questions()
        self.sheet, _ = RunSheet.start(facts.RunStarted(run="r", salt="s", schedule=PLAN), 0)
        for run in self.sheet.sessions.values():
            run.qa_open = True

    def fold(self, fact, at_ms=1_000):
        return question_folds.apply(self.questions, fact, at_ms, self.sheet)

    def ask(self, question="q1", *, session="mod", person="ada", **more):
        return self.fold(
            facts.QuestionAsked(
                question=question, session=session, person=person, text="Why?", **more
            )
        )

    def do(self, action, question="q1", at_ms=1_000):
        outcome = self.fold(ACTIONS[action](question), at_ms)
        return outcome.refused.code if outcome.refused else "ok"

    def vote(self, *votes, at_ms=2_000, given_ms=(), keys=()):
        fact = facts.VotesCast(votes=votes, given_ms=given_ms, keys=keys)
        return question_folds.apply(self.questions, fact, at_ms, self.sheet)

    def state(self, question="q1"):
        return self.questions.get(question).state

    def votes(self, question="q1"):
        return self.questions.tally(self.questions.get(question))


def panel_with(state):
    """Return a panel whose question `q1` of Ada is in `state`."""
    ways = {
        "pending": (),
        "approved": ("approve",),
        "rejected": ("reject",),
        "on_air": ("push",),
        "answered": ("push", "answer"),
        "withdrawn": ("withdraw",),
        "erased": ("erase",),
    }
    panel = Panel()
    panel.ask()
    for action in ways[state]:
        assert panel.do(action) == "ok"
    assert panel.state() == state
    return panel


# Times ----------------------------------------------------------------------------------------------


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


# Asking -------------------------------------------------------------------------------------------


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


# Many at once -------------------------------------------------------------------------------------


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


# The way of a question ----------------------------------------------------------------------------

LEADS = {
    "pending": {
        "edit": "pending",
        "withdraw": "withdrawn",
        "approve": "approved",
        "reject": "rejected",
        "push": "on_air",
        "reply": "pending",
        "erase": "erased",
    },
    "approved": {
        "withdraw": "withdrawn",
        "return": "pending",
        "reject": "rejected",
        "push": "on_air",
        "answer": "answered",
        "reply": "approved",
        "erase": "erased",
    },
    "rejected": {
        "withdraw": "withdrawn",
        "return": "pending",
        "reject": "rejected",
        "approve": "approved",
        "erase": "erased",
    },
    "on_air": {
        "withdraw": "withdrawn",
        "pull": "approved",
        "answer": "answered",
        "push": "wrong_state",
        "reply": "on_air",
        "erase": "erased",
    },
    "answered": {
        "withdraw": "withdrawn",
        "return": "pending",
        "approve": "approved",
        "push": "on_air",
        "reply": "answered",
        "erase": "erased",
    },
    "withdrawn": {"erase": "erased"},
    "erased": dict.fromkeys(ACTIONS, "not_found"),
}
for _state in ("pending", "approved", "rejected", "on_air", "answered"):
    LEADS[_state] |= dict.fromkeys(("clarify", "label", "pin", "send", "claim"), _state)


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


# Votes --------------------------------------------------------------------------------------------


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


# Reading ------------------------------------------------------------------------------------------


def test_what_a_person_asked_and_voted_for():
    panel = panel_with("approved")
    panel.ask("q2", person="bob", session="open")
    panel.vote(("bob", "q1", True))
    assert [q.id for q in panel.questions.of_person("bob")] == ["q2"]
    assert [q.id for q in panel.questions.voted_by("bob")] == ["q1"]
    assert panel.questions.authors() == {"ada", "bob"}
    assert panel.questions.touch_all_of("bob") == {QuestionTouch("q2")}


def test_a_full_session_counts_every_vote():
    panel = Panel()
    for n in range(asking.MAX_PER_SESSION):
        panel.ask(f"q{n}", session="open", person=f"p{n}")
    for n in range(40):
        panel.vote(*((f"v{n}-{i}", f"q{(n * 500 + i) % 5000}", True) for i in range(500)))
    assert sum(panel.votes(f"q{n}") for n in range(asking.MAX_PER_SESSION)) == 20_000
