"""Polls, told as facts. The talk is planned for 10 to 30 minutes after midnight of show time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts, polls, producing
from showcaller.domain.poll import due_ms, voter_of
from showcaller.domain.poll_draft import Choice, PollDraft, PollPlan, problem_in
from showcaller.domain.polls import Polls
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.touches import PollTallyTouch, PollTouch, PollVotersTouch
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 10, 30), session("next", 40, 60))
SINGLE = PollDraft(kind="single", text="Which?", options=("a", "b"))
QUIZ = PollDraft(kind="quiz", text="Which?", options=("a", "b"), right=(1,), timer_s=30)
WORDS = PollDraft(kind="words", text="Say", most=2)
ACTIONS = {
    "edit": lambda p: facts.PollEdited(poll=p, draft=QUIZ, by="mo"),
    "plan": lambda p: facts.PollPlanned(poll=p, plan=PollPlan(anchor="started"), by="mo"),
    "open": lambda p: facts.PollOpened(poll=p, by="mo"),
    "close": lambda p: facts.PollClosed(poll=p, by="mo"),
    "show": lambda p: facts.PollResultsShown(poll=p, on=True, by="mo"),
    "delete": lambda p: facts.PollDeleted(poll=p, by="mo"),
}


class Panel:
    """Folds facts; `do("open")` is short for the fact of that name about poll `p1`."""

    def __init__(self, draft=SINGLE, **run):
        self.polls = Polls()
        started = facts.RunStarted(run="r", salt="s", schedule=PLAN, mode="rehearsal", **run)
        self.sheet, _ = RunSheet.start(started, 0)
        self.make(draft=draft)

    def fold(self, fact, at_ms=1_000):
        return self.polls.apply(fact, at_ms, self.sheet)

    def make(self, poll="p1", draft=SINGLE, session="talk"):
        return self.fold(facts.PollMade(poll=poll, session=session, draft=draft, by="mo"))

    def do(self, action, at_ms=1_000):
        outcome = self.fold(ACTIONS[action]("p1"), at_ms)
        return outcome.refused.code if outcome.refused else "ok"

    def vote(self, *options, voter="ada", at_ms=2_000, words=(), **more):
        choice = Choice(options, words)
        vote = facts.PollVote(voter=voter, poll="p1", choice=choice, **more)
        refused = self.fold(facts.PollVotesCast(votes=(vote,)), at_ms).refused_votes
        return refused[0].code if refused else "ok"

    def call(self, at_ms, revision=None):
        known = self.poll.revision if revision is None else revision
        outcome = self.fold(facts.PollCalled(poll="p1", revision=known), at_ms)
        return outcome.refused.code if outcome.refused else "ok"

    @property
    def poll(self):
        return self.polls.get("p1")

    @property
    def counts(self):
        return self.polls.box(self.poll).counts()


@pytest.mark.parametrize(
    ("before", "allowed"),
    [
        ((), {"edit", "plan", "open", "delete"}),
        (("plan",), {"edit", "plan", "open", "delete"}),
        (("open",), {"close", "show", "delete"}),
        (("open", "close"), {"open", "show", "delete"}),
        (("delete",), set()),
    ],
)
def test_what_can_be_done_with_a_poll(before, allowed):
    def done(action):
        panel = Panel()
        assert [panel.do(one) for one in before] == ["ok"] * len(before)
        return panel.do(action)

    assert {action for action in ACTIONS if done(action) == "ok"} == allowed


def test_a_quiz_that_was_closed_stays_closed():
    panel = Panel(QUIZ)
    assert [panel.do(one) for one in ("open", "close", "open")] == ["ok", "ok", "wrong_state"]


def test_nobody_votes_in_a_poll_that_is_not_open():
    panel = Panel()
    codes = [panel.vote(0)]
    for action in ("open", "close", "delete"):
        panel.do(action)
        codes.append(panel.vote(0))
    assert codes == ["poll_closed", "ok", "poll_closed", "not_found"]


@pytest.mark.parametrize(
    ("draft", "options", "words"),
    [
        (SINGLE, (0, 1), ()),
        (SINGLE, (2,), ()),
        (SINGLE, (), ("word",)),
        (WORDS, (0,), ()),
        (WORDS, (), ("a", "b", "c")),
        (WORDS, (), ("a", "a")),
    ],
)
def test_a_choice_that_the_poll_does_not_offer_is_refused(draft, options, words):
    panel = Panel(draft)
    panel.do("open")
    assert panel.vote(*options, words=words) == "bad_choice"
    assert panel.polls.box(panel.poll).voters == 0


@given(
    ends_in=st.integers(-40_000, 40_000),
    rate=st.sampled_from([1, 60]),
    held_for=st.integers(0, 100_000),
)
def test_votes_after_the_end_of_a_timer_are_refused_by_show_time(ends_in, rate, held_for):
    """Even before the clock has closed it, whatever the client says, however long the clock was held."""
    panel = Panel(QUIZ, rate=rate)
    panel.do("open", at_ms=10_000)
    panel.sheet.clock.hold(10_000)
    panel.sheet.clock.resume(10_000 + held_for)
    at_ms = max(10_000 + held_for, 10_000 + held_for + 30_000 // rate + ends_in)
    show_ms = panel.sheet.clock.show_at(at_ms)
    verdict = "ok" if show_ms < panel.poll.ends_ms else "poll_closed"
    assert panel.vote(1, at_ms=at_ms, given_ms=10_000) == verdict


def test_the_clock_closes_what_has_a_timer():
    panel = Panel(QUIZ)
    panel.do("open", at_ms=10_000)
    (due,) = panel.polls.due(panel.sheet)
    assert due.at_ms == panel.sheet.clock.show_at(40_000)
    assert panel.call(39_999, due.revision) == "early_cue"
    assert panel.call(40_000, due.revision) == "stale_cue"
    assert panel.call(40_000) == "ok"
    assert (panel.poll.state, panel.polls.due(panel.sheet)) == ("closed", [])


def start(sheet, session, at_ms):
    fact = facts.SessionStarted(session=session, control=f"c{at_ms}", by="pia")
    assert producing.FOLDS[type(fact)](sheet, fact, at_ms).refused is None


def end(sheet, session, at_ms):
    fact = facts.SessionEnded(session=session, control=f"c{at_ms}", by="pia")
    assert producing.FOLDS[type(fact)](sheet, fact, at_ms).refused is None


def due_min(panel, anchor, minutes):
    panel.fold(facts.PollPlanned(poll="p1", plan=PollPlan(anchor=anchor, minutes=minutes), by="mo"))
    at_ms = due_ms(panel.poll, panel.sheet)
    return None if at_ms is None else at_ms / MINUTE_MS


def test_a_plan_goes_by_what_the_session_really_does():
    """Before it starts, while it runs from minute 12, and after it ended in minute 35."""
    panel = Panel(from_ms=0)
    planned = [("started", -3), ("started", 5), ("ended", -5), ("ended", 0)]

    def due():
        return [due_min(panel, anchor, minutes) for anchor, minutes in planned]

    assert due() == [7, None, None, None]
    start(panel.sheet, "talk", 12 * MINUTE_MS)
    expected_end = panel.sheet.sessions["talk"].expected_end_ms / MINUTE_MS
    assert due() == [9, 17, expected_end - 5, None]
    end(panel.sheet, "talk", 35 * MINUTE_MS)
    assert due() == [None, None, None, 35]


def test_the_clock_opens_what_was_planned():
    panel = Panel(from_ms=0)
    panel.do("plan")
    assert panel.polls.due(panel.sheet) == []
    assert panel.call(11 * MINUTE_MS) == "early_cue"
    start(panel.sheet, "talk", 12 * MINUTE_MS)
    assert [due.at_ms for due in panel.polls.due(panel.sheet)] == [12 * MINUTE_MS]
    assert panel.call(12 * MINUTE_MS) == "ok"
    assert (panel.poll.state, panel.poll.opened_ms) == ("open", 12 * MINUTE_MS)


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ("live", [False, True, True]),
        ("closed", [False, False, True]),
        ("by_hand", [False, False, False]),
    ],
)
def test_results_are_told_when_the_poll_says_so(results, told):
    panel = Panel(msgspec.structs.replace(SINGLE, results=results))
    seen = [panel.poll.told]
    for action in ("open", "close"):
        panel.do(action)
        seen.append(panel.poll.told)
    assert seen == told
    panel.do("show")
    assert panel.poll.told


def test_a_vote_that_comes_again_over_another_node_does_not_count_anew():
    panel = Panel()
    panel.do("open")
    panel.vote(0, key=7, at_ms=2_000)
    panel.vote(1, at_ms=2_500)
    panel.vote(0, key=7, at_ms=3_000)
    assert panel.counts == {0: 0, 1: 1}


def test_a_deleted_poll_keeps_neither_text_nor_votes():
    panel = Panel()
    panel.do("open")
    panel.vote(0)
    outcome = panel.fold(ACTIONS["delete"]("p1"))
    assert outcome.touched == {PollTouch("p1"), PollTallyTouch("p1"), PollVotersTouch("p1")}
    assert (panel.poll.draft.text, panel.poll.draft.options) == ("", ())
    assert panel.polls.box(panel.poll).voters == 0
    assert list(panel.polls.of_session("talk")) == []


def test_a_session_has_so_many_polls_and_deleting_makes_room(monkeypatch):
    monkeypatch.setattr(polls, "MAX_PER_SESSION", 2)
    monkeypatch.setattr(polls, "MAX_MADE", 3)
    panel = Panel()
    assert panel.make("p2").refused is None
    assert panel.make("p3").refused.code == "too_many"
    assert panel.make("p4", session="next").refused is None
    panel.do("delete")
    assert panel.make("p5").refused is None
    panel.fold(facts.PollDeleted(poll="p2", by="mo"))
    assert panel.make("p6").refused.code == "too_many"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"options": ("a",)}, "options"),
        ({"options": ("a", "a")}, "options"),
        ({"options": tuple("abcdefghijklm")}, "options"),
        ({"most": 2}, "most"),
        ({"most": 0}, "most"),
        ({"right": (0,)}, "right"),
        ({"kind": "quiz"}, "right"),
        ({"kind": "quiz", "right": (2,)}, "right"),
        ({"kind": "words"}, "options"),
        ({"kind": "words", "options": (), "most": 6}, "most"),
        ({"kind": "ranking", "most": 3}, "most"),
    ],
)
def test_a_wrong_draft_says_which_field_is_wrong(change, field):
    assert problem_in(SINGLE) is None
    draft = msgspec.structs.replace(SINGLE, **change)
    assert problem_in(draft).field == field
    assert Panel().make("p2", draft).refused.code == "wrong_state"


def test_the_voter_of_an_anonymous_poll_is_nobody_known_elsewhere():
    named, secret, other = (
        Panel(msgspec.structs.replace(SINGLE, anonymous=anonymous)).poll
        for anonymous in (False, True, True)
    )
    other = msgspec.structs.replace(other, id="p2")
    assert voter_of(named, "ada", "salt") == "ada"
    voters = [voter_of(secret, "ada", "salt"), voter_of(secret, "bob", "salt")]
    voters += [voter_of(other, "ada", "salt"), voter_of(secret, "ada", "other salt")]
    assert len(set(voters)) == 4
    assert not any("ada" in voter for voter in voters)


def test_an_erased_persons_words_are_gone_from_the_cloud():
    panel = Panel(WORDS)
    panel.do("open")
    panel.vote(words=("one", "two"), voter="ada")
    panel.vote(words=("one",), voter="bob")
    outcome = panel.fold(facts.PollWordsErased(votes=(("p1", "ada"), ("p1", "cy")), by="pia"))
    assert outcome.poll_votes == [("p1", "ada")]
    assert panel.counts == {"one": 1}
