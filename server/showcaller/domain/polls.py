"""Polls: their way from draft to closed, and votes in them.

    make ──► draft ──► open ◄──► closed        edited and planned while a draft

A quiz does not open again: its answers may have been seen. A vote that comes when the timer has ended (in
show time, by the log's clock) is refused, whether or not the poll has been closed yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from . import facts
from .ballots import LATEST_MS, BallotBox, Ballots
from .ids import PersonId, PollId, SessionId, VoterId
from .outcome import Outcome, Refusal
from .poll import Poll, due_ms, voter_of
from .poll_draft import Choice, PollDraft, problem_in, why_not_choose
from .runsheet import RunSheet
from .touches import PollTallyTouch, PollTouch, PollVotersTouch, Touch
from .vote_keys import VoteKeys

MAX_PER_SESSION = 50  # that were not deleted
MAX_MADE = 500  # in one session, deleted or not
MAX_HIDDEN_WORDS = 200  # of a poll
CLOCK_SLACK_MS = 60_000  # by which a client may be wrong about when a vote was given


class DuePoll(NamedTuple):
    """A poll that the clock is to open or close at show time `at_ms`."""

    poll: PollId
    revision: int
    at_ms: int


def poll_key(run: str, poll: str, revision: int) -> str:
    """Return the idempotency key under which every node appends this call."""
    return f"poll:{run}:{poll}:{revision}"


class Polls:
    """All polls of an event, and the votes in them."""

    def __init__(
        self,
        made: Iterable[Poll] = (),
        ballots: Iterable[tuple[int, Ballots]] = (),
        vote_keys: VoteKeys | None = None,
    ) -> None:
        """Begin with the polls that were `made`, in that order, and parts of their ballots, by number."""
        self.by_id: dict[PollId, Poll] = {poll.id: poll for poll in made}
        self.vote_keys = vote_keys or VoteKeys()
        self._made = Counter(poll.session for poll in self.by_id.values())
        parts: dict[int, list[Ballots]] = {}
        for number, part in ballots:
            parts.setdefault(number, []).append(part)
        self._boxes = [
            BallotBox(poll.draft, parts.get(poll.number, ())) for poll in self.by_id.values()
        ]

    # Reading ------------------------------------------------------------------------------------

    def get(self, poll: str) -> Poll | None:
        return self.by_id.get(PollId(poll))

    def box(self, poll: Poll) -> BallotBox:
        """Return the poll's ballots."""
        return self._boxes[poll.number]

    def of_session(self, session: SessionId) -> Iterator[Poll]:
        """Return the session's polls, but for those deleted, in the order of making."""
        known = self.by_id.values()
        return (poll for poll in known if poll.session == session and poll.state != "deleted")

    def worded_by(self, person: PersonId, salt: str) -> tuple[tuple[PollId, VoterId], ...]:
        """Return the word clouds to which the person ever brought words, and who they are there.

        Deleted ones are all among them: who voted there is not known any more.
        """
        clouds = (poll for poll in self.by_id.values() if poll.draft.kind == "words")
        said = ((poll, voter_of(poll, person, salt)) for poll in clouds)
        return tuple(
            (poll.id, v) for poll, v in said if poll.state == "deleted" or self.box(poll).knows(v)
        )

    def due(self, sheet: RunSheet) -> list[DuePoll]:
        """Return the polls that the clock has still to open or to close, earliest first."""
        found = [
            DuePoll(poll.id, poll.revision, at_ms)
            for poll in self.by_id.values()
            if poll.plan is not None or poll.ends_ms is not None
            if (at_ms := due_ms(poll, sheet)) is not None
        ]
        return sorted(found, key=lambda due: (due.at_ms, due.poll))

    # Folding ------------------------------------------------------------------------------------

    def apply(self, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        return FOLDS[type(fact)](self, fact, at_ms, runsheet)

    def why_not(self, fact: Any, runsheet: RunSheet) -> Refusal | None:
        """Return why the state as it is now does not allow a fact of those in `CHECKS`."""
        return CHECKS[type(fact)](self, fact, runsheet)

    def _why_not_make(self, fact: facts.PollMade, runsheet: RunSheet) -> Refusal | None:
        if fact.session not in runsheet.sessions:
            return Refusal("not_found", "there is no such session")
        if fact.poll in self.by_id:
            return Refusal("wrong_state", "this poll was made already")
        if (problem := problem_in(fact.draft)) is not None:
            return Refusal("wrong_state", problem.message)
        if sum(1 for _ in self.of_session(fact.session)) >= MAX_PER_SESSION:
            return Refusal("too_many", f"a session has at most {MAX_PER_SESSION} polls: delete one")
        if self._made[fact.session] >= MAX_MADE:
            return Refusal("too_many", f"at most {MAX_MADE} polls can be made in a session")
        return None

    def _make(self, fact: facts.PollMade, at_ms: int, runsheet: RunSheet) -> Outcome:
        refused = self._why_not_make(fact, runsheet)
        if refused is not None:
            return Outcome(refused=refused)
        number = len(self._boxes)
        self.by_id[fact.poll] = Poll(
            id=fact.poll, number=number, session=fact.session, draft=fact.draft, made_ms=at_ms
        )
        self._made[fact.session] += 1
        self._boxes.append(BallotBox(fact.draft))
        return Outcome(touched=_touches(fact.poll))

    def _edit(self, poll: Poll, fact: facts.PollEdited, now: _Now) -> Poll:
        self._boxes[poll.number] = BallotBox(fact.draft)
        return replace(poll, draft=fact.draft)

    def _plan(self, poll: Poll, fact: facts.PollPlanned, now: _Now) -> Poll:
        return replace(poll, plan=fact.plan, revision=poll.revision + 1)

    def _open(self, poll: Poll, fact: Any, now: _Now) -> Poll:
        timer_s = poll.draft.timer_s
        return replace(
            poll,
            state="open",
            plan=None,
            revision=poll.revision + 1,
            opened_ms=now.wall_ms,
            ends_ms=now.show_ms + timer_s * 1_000 if timer_s else None,
            closed_ms=None,
            shown_ms=now.wall_ms if poll.draft.results == "live" else None,
        )

    def _close(self, poll: Poll, fact: Any, now: _Now) -> Poll:
        shown_ms = poll.shown_ms if poll.draft.results == "by_hand" else now.wall_ms
        return replace(
            poll,
            state="closed",
            revision=poll.revision + 1,
            ends_ms=None,
            closed_ms=now.wall_ms,
            shown_ms=shown_ms,
        )

    def _show(self, poll: Poll, fact: facts.PollResultsShown, now: _Now) -> Poll:
        return replace(poll, shown_ms=now.wall_ms if fact.on else None)

    def _hide_word(self, poll: Poll, fact: facts.PollWordHidden, now: _Now) -> Poll:
        others = tuple(word for word in poll.hidden if word != fact.word)
        return replace(poll, hidden=(*others, fact.word) if fact.on else others)

    def _delete(self, poll: Poll, fact: facts.PollDeleted, now: _Now) -> Poll:
        draft = PollDraft(kind=poll.draft.kind, text="", anonymous=poll.draft.anonymous)
        self._boxes[poll.number] = BallotBox(draft)
        return replace(poll, state="deleted", draft=draft, plan=None, ends_ms=None, hidden=())

    def _call(self, fact: facts.PollCalled, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Open or close a poll, if it is due; refuse calls that are early or of an old revision."""
        poll = self.by_id.get(fact.poll)
        if poll is None or poll.state == "deleted":
            return Outcome(refused=_NO_POLL)
        if poll.revision != fact.revision:
            return Outcome.refuse("stale_cue", f"this poll is at revision {poll.revision}")
        now, at = _Now(at_ms, runsheet.clock.show_at(at_ms)), due_ms(poll, runsheet)
        if at is None or now.show_ms < at:
            # The key is used up: it is still to be called, under the next one.
            self.by_id[poll.id] = replace(poll, revision=poll.revision + 1)
            return Outcome.refuse("early_cue", "this poll is not due yet")
        change = self._close if poll.state == "open" else self._open
        self.by_id[poll.id] = change(poll, fact, now)
        return Outcome(touched=_touches(poll.id))

    # Votes --------------------------------------------------------------------------------------

    def why_not_vote(self, poll_id: PollId, choice: Choice, show_ms: int) -> Refusal | None:
        """Return why nobody can choose so in the poll at show time `show_ms`."""
        poll = self.by_id.get(poll_id)
        if poll is None or poll.state == "deleted":
            return _NO_POLL
        if poll.state != "open" or (poll.ends_ms is not None and show_ms >= poll.ends_ms):
            return _CLOSED
        why_not = why_not_choose(poll.draft, choice)
        return Refusal("bad_choice", why_not) if why_not else None

    def _cast_votes(self, fact: facts.PollVotesCast, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Count the votes of a batch; name those that can't be counted in `refused_votes`."""
        outcome, show_ms = Outcome(), runsheet.clock.show_at(at_ms)
        for place, vote in enumerate(fact.votes):
            refused = self.why_not_vote(vote.poll, vote.choice, show_ms)
            if refused is not None:
                outcome.refused_votes[place] = refused
                continue
            if vote.key and not self.vote_keys.add(PersonId(vote.voter), vote.key):
                continue  # it has been counted
            poll = self.by_id[vote.poll]
            since_ms = _since_made_ms(poll, vote.given_ms or at_ms, at_ms)
            if self._boxes[poll.number].cast(vote.voter, vote.choice, since_ms):
                outcome.poll_votes.append((poll.id, vote.voter))
        return outcome

    def _erase_words(self, fact: facts.PollWordsErased, at_ms: int, runsheet: RunSheet) -> Outcome:
        outcome = Outcome()
        for poll_id, voter in fact.votes:
            poll = self.by_id.get(poll_id)
            if poll is None or poll.draft.kind != "words":
                continue
            if self._boxes[poll.number].empty(voter):
                outcome.poll_votes.append((poll.id, voter))
        return outcome


class _Now(NamedTuple):
    wall_ms: int
    show_ms: int


_NO_POLL = Refusal("not_found", "there is no such poll")
_CLOSED = Refusal("poll_closed", "the poll takes no votes now")


def _touches(poll: PollId) -> set[Touch]:
    return {PollTouch(poll), PollTallyTouch(poll)}


def _since_made_ms(poll: Poll, given_ms: int, at_ms: int) -> int:
    """Return how long after the poll was made, as `BallotBox` takes it.

    Where a clock is far off, the log's order counts.
    """
    since_ms = min(given_ms, at_ms + CLOCK_SLACK_MS) - poll.made_ms + CLOCK_SLACK_MS
    return min(max(since_ms, 0), LATEST_MS)


def _in(*states: str, what: str) -> _Check:
    """Check a fact about a poll in one of these states; `what` it can't otherwise."""

    def check(poll: Poll, fact: Any) -> Refusal | None:
        if poll.state in states:
            return None
        return Refusal("wrong_state", f"the poll is {_NAMES[poll.state]}: it can't {what}")

    return check


_NAMES = {"draft": "a draft", "open": "open", "closed": "closed"}


def _may_edit(poll: Poll, fact: facts.PollEdited) -> Refusal | None:
    refused = _in("draft", what="be edited")(poll, fact)
    problem = problem_in(fact.draft)
    return refused or (Refusal("wrong_state", problem.message) if problem else None)


def _may_open(poll: Poll, fact: facts.PollOpened) -> Refusal | None:
    if poll.state == "closed" and poll.draft.kind == "quiz":
        return Refusal("wrong_state", "a quiz that was closed can't be opened again")
    return _in("draft", "closed", what="be opened")(poll, fact)


def _may_hide(poll: Poll, fact: facts.PollWordHidden) -> Refusal | None:
    if poll.draft.kind != "words":
        return Refusal("wrong_state", "only words of a word cloud can be hidden")
    if fact.on and len(poll.hidden) >= MAX_HIDDEN_WORDS:
        return Refusal("too_many", f"at most {MAX_HIDDEN_WORDS} words can be hidden")
    return None


_Check = Callable[[Poll, Any], Refusal | None]
_Change = Callable[[Polls, Poll, Any, _Now], Poll]
_Fold = Callable[[Polls, Any, int, RunSheet], Outcome]
_WhyNot = Callable[[Polls, Any, RunSheet], Refusal | None]

# A fact about one poll that was made and not deleted: when it may come, and what it does.
_CHANGES: dict[type[facts.Fact], tuple[_Check, _Change]] = {
    facts.PollEdited: (_may_edit, Polls._edit),
    facts.PollPlanned: (_in("draft", what="be planned"), Polls._plan),
    facts.PollOpened: (_may_open, Polls._open),
    facts.PollClosed: (_in("open", what="be closed"), Polls._close),
    facts.PollResultsShown: (_in("open", "closed", what="show results"), Polls._show),
    facts.PollWordHidden: (_may_hide, Polls._hide_word),
    facts.PollDeleted: (lambda poll, fact: None, Polls._delete),
}


def _why_not_change(polls: Polls, fact: Any, runsheet: RunSheet) -> Refusal | None:
    poll = polls.get(fact.poll)
    if poll is None or poll.state == "deleted":
        return _NO_POLL
    return _CHANGES[type(fact)][0](poll, fact)


def _fold_change(polls: Polls, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
    refused = _why_not_change(polls, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    poll, now = polls.by_id[fact.poll], _Now(at_ms, runsheet.clock.show_at(at_ms))
    polls.by_id[poll.id] = _CHANGES[type(fact)][1](polls, poll, fact, now)
    touched = _touches(poll.id)
    if isinstance(fact, facts.PollDeleted):
        touched.add(PollVotersTouch(poll.id))
    return Outcome(touched=touched)


# Why the state does not allow a fact. Batches of votes are always allowed; votes of them are refused.
CHECKS: dict[type[facts.Fact], _WhyNot] = {
    facts.PollMade: Polls._why_not_make,
    **dict.fromkeys(_CHANGES, _why_not_change),
}

FOLDS: dict[type[facts.Fact], _Fold] = {
    facts.PollMade: Polls._make,
    facts.PollCalled: Polls._call,
    facts.PollVotesCast: Polls._cast_votes,
    facts.PollWordsErased: Polls._erase_words,
    **dict.fromkeys(_CHANGES, _fold_change),
}
