"""Live Q&A: questions, their way from asked to answered, and votes.

    ask ──► pending ◄──► approved ◄──► on_air ──► answered
               ▲             │ ▲                     │
               ▼             │ └─────────────────────┘
             rejected ◄──────┘        an author may withdraw from every state,
                                      a moderator may erase in every state

Without pre-moderation a question begins as approved. One question per session is on air.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from . import facts
from .ids import PersonId, QuestionId, SessionId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet
from .session_run import SessionRun
from .touches import QuestionTouch, TallyTouch, Touch, VotersTouch
from .vote_keys import VoteKeys
from .votes import LATEST_MS, Votes

QuestionState = Literal[
    "pending", "approved", "rejected", "on_air", "answered", "withdrawn", "erased"
]

PUBLIC_STATES = frozenset({"approved", "on_air", "answered"})
VOTABLE_STATES = frozenset({"approved", "on_air"})
MAX_PER_PERSON = 20
MAX_PER_SESSION = 5_000
CLOCK_SLACK_MS = 60_000  # by which a client may be wrong about when a vote was given


class Question(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One question as it is now: when it changes, another one takes its place.

    Once erased, its texts and votes are gone and only its place is kept.
    """

    id: QuestionId
    number: int  # its place in the order of asking
    session: SessionId
    person: PersonId
    text: str
    anonymous: bool
    state: QuestionState
    asked_ms: int  # wall time
    edited: bool = False
    reply: str | None = None
    reason: str | None = None  # why it was rejected

    @property
    def public(self) -> bool:
        """Tell whether everybody may see it."""
        return self.state in PUBLIC_STATES


class Questions:
    """All questions of an event, and the votes for them."""

    def __init__(
        self,
        asked: Iterable[Question] = (),
        votes: Votes | None = None,
        vote_keys: VoteKeys | None = None,
    ) -> None:
        """Begin with the questions `asked`, in the order of asking, and their votes; else without any."""
        self.by_id: dict[QuestionId, Question] = {}  # in the order of asking
        self.on_air: dict[SessionId, QuestionId] = {}
        self.votes = votes or Votes()
        self.vote_keys = vote_keys or VoteKeys()
        self._ids: list[QuestionId] = []  # by number
        self._by_person: dict[PersonId, tuple[QuestionId, ...]] = {}
        self._in_session: dict[SessionId, int] = {}  # how many
        for question in asked:
            self._add(question)

    # Reading ------------------------------------------------------------------------------------

    def get(self, question: str) -> Question | None:
        return self.by_id.get(QuestionId(question))

    def tally(self, question: Question) -> int:
        """Return how many vote for it now."""
        return self.votes.tally(question.number)

    def of_person(self, person: PersonId) -> Iterator[Question]:
        """Return the questions that `person` asked, in the order of asking."""
        return (self.by_id[q] for q in self._by_person.get(person, ()))

    def voted_by(self, person: PersonId) -> Iterator[Question]:
        """Return the questions that `person` votes for now, in the order of asking."""
        for number in self.votes.of_person(person):
            question = self.by_id[self._ids[number]]
            if question.state != "erased":
                yield question

    def has_vote(self, question: Question, person: PersonId) -> bool:
        """Tell whether `person` votes for it now."""
        return question.state != "erased" and self.votes.has(person, question.number)

    def authors(self) -> set[PersonId]:
        return set(self._by_person)

    def touch_all_of(self, person: PersonId) -> set[Touch]:
        """Return what to look at again when the person's name changed."""
        return {QuestionTouch(q) for q in self._by_person.get(person, ())}

    # Folding ------------------------------------------------------------------------------------

    def apply(self, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact of those in `FOLDS`, appended at wall time `at_ms`."""
        return FOLDS[type(fact)](self, fact, at_ms, runsheet)

    def _change(self, question: Question, change: _Change, fact: Any) -> Outcome:
        """Fold a fact about one question. Voters' own lists show public questions only."""
        on_air, tally = self.on_air.get(question.session), self.tally(question)
        changed = change(self, question, fact)
        if isinstance(changed, Refusal):
            return Outcome(refused=changed)
        self.by_id[question.id] = changed
        touched = _touches(question.id)
        if on_air is not None:  # pushing another one answers it
            touched.add(QuestionTouch(on_air))
        if tally and question.public != changed.public:
            touched.add(VotersTouch(question.id))
        return Outcome(touched=touched)

    def _ask(self, fact: facts.QuestionAsked, at_ms: int, runsheet: RunSheet) -> Outcome:
        run = runsheet.sessions.get(fact.session)
        if run is None:
            return Outcome.refuse("not_found", "there is no such session")
        if not run.qa_open:
            return Outcome.refuse("qa_closed", "the session takes no questions now")
        if fact.question in self.by_id:
            return Outcome.refuse("wrong_state", "this question was asked already")
        if len(self._by_person.get(fact.person, ())) >= MAX_PER_PERSON:
            return Outcome.refuse("too_many", f"a person may ask {MAX_PER_PERSON} questions")
        if self._in_session.get(fact.session, 0) >= MAX_PER_SESSION:
            return Outcome.refuse("too_many", f"a session takes {MAX_PER_SESSION} questions")
        self._add(
            Question(
                id=fact.question,
                number=self.votes.add_question(),
                session=run.id,
                person=fact.person,
                text=fact.text,
                anonymous=fact.anonymous,
                state=first_state(run),
                asked_ms=at_ms,
            )
        )
        return Outcome(touched=_touches(fact.question))

    def _add(self, question: Question) -> None:
        self.by_id[question.id] = question
        self._ids.append(question.id)
        earlier = self._by_person.get(question.person, ())
        self._by_person[question.person] = (*earlier, question.id)
        self._in_session[question.session] = self._in_session.get(question.session, 0) + 1
        if question.state == "on_air":
            self.on_air[question.session] = question.id

    # Changes: each returns the question that takes its place, or why there is none.

    def _edit(self, question: Question, fact: facts.QuestionEdited) -> Question | Refusal:
        if question.person != fact.person:
            return _NOT_YOURS
        if question.state != "pending":
            return _wrong_state(question, "be edited")
        return replace(question, text=fact.text, edited=True)

    def _withdraw(self, question: Question, fact: facts.QuestionWithdrawn) -> Question | Refusal:
        if question.person != fact.person:
            return _NOT_YOURS
        if question.state == "withdrawn":
            return _wrong_state(question, "be withdrawn")
        self._take_off_air(question)
        return replace(question, state="withdrawn")

    def _approve(self, question: Question, fact: facts.QuestionApproved) -> Question | Refusal:
        if question.state not in ("pending", "rejected", "answered"):
            return _wrong_state(question, "be approved")
        return replace(question, state="approved", reason=None)

    def _return(self, question: Question, fact: facts.QuestionReturned) -> Question | Refusal:
        if question.state not in ("approved", "rejected"):
            return _wrong_state(question, "go back to review")
        return replace(question, state="pending", reason=None)

    def _reject(self, question: Question, fact: facts.QuestionRejected) -> Question | Refusal:
        """Reject it; one that is rejected already gets this reason."""
        if question.state not in ("pending", "approved", "rejected"):
            return _wrong_state(question, "be rejected")
        return replace(question, state="rejected", reason=fact.reason or None)

    def _pull(self, question: Question, fact: facts.QuestionPulled) -> Question | Refusal:
        if question.state != "on_air":
            return _wrong_state(question, "be taken off air")
        self._take_off_air(question)
        return replace(question, state="approved")

    def _answer(self, question: Question, fact: facts.QuestionAnswered) -> Question | Refusal:
        if question.state not in ("approved", "on_air"):
            return _wrong_state(question, "be marked as answered")
        self._take_off_air(question)
        return replace(question, state="answered")

    def _reply(self, question: Question, fact: facts.QuestionReplied) -> Question | Refusal:
        if question.state in ("withdrawn", "rejected"):
            return _wrong_state(question, "be replied to")
        return replace(question, reply=fact.text or None)

    def _push(self, question: Question, fact: facts.QuestionPushed) -> Question | Refusal:
        if question.state not in ("pending", "approved", "answered"):
            return _wrong_state(question, "go on air")
        before = self.on_air.get(question.session)
        if before is not None:
            self.by_id[before] = replace(self.by_id[before], state="answered")
        self.on_air[question.session] = question.id
        return replace(question, state="on_air")

    def _erase(self, question: Question, fact: facts.QuestionErased) -> Question | Refusal:
        self._take_off_air(question)
        self.votes.forget(question.number)
        return replace(question, state="erased", text="", reply=None, reason=None)

    def _take_off_air(self, question: Question) -> None:
        if question.state == "on_air":
            del self.on_air[question.session]

    # Votes --------------------------------------------------------------------------------------

    def _cast_votes(self, fact: facts.VotesCast, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Count the votes of a batch; name those that can't be counted in `refused_votes`.

        A vote that was given before one that has been counted already changes nothing, nor does one
        that comes again.
        """
        outcome, find, cast = Outcome(), self.by_id.get, self.votes.cast
        given, keys = chain(fact.given_ms, repeat(0)), chain(fact.keys, repeat(0))
        for place, (vote, given_ms, key) in enumerate(zip(fact.votes, given, keys, strict=False)):
            person, question_id, on = vote
            question = find(question_id)
            if question is None or question.state not in VOTABLE_STATES:
                outcome.refused_votes[place] = _why_not_votable(question)
            elif question.person == person:
                outcome.refused_votes[place] = _OWN
            elif key and not self.vote_keys.add(person, key):
                continue  # it has been counted
            elif cast(
                person, question.number, on, _since_asked_ms(question, given_ms or at_ms, at_ms)
            ):
                outcome.votes.append(vote)
        return outcome


_Change = Callable[[Questions, Question, Any], Question | Refusal]
_Fold = Callable[[Questions, Any, int, RunSheet], Outcome]

_NO_QUESTION = Refusal("not_found", "there is no such question")
_NOT_YOURS = Refusal("forbidden", "the question is not yours")
_NOT_VOTABLE = Refusal("not_votable", "the question can't be voted for now")
_OWN = Refusal("own_question", "nobody votes for their own question")


def first_state(run: SessionRun) -> Literal["pending", "approved"]:
    """Return the state in which a question to the session begins."""
    return "pending" if run.pre_moderation else "approved"


def _wrong_state(question: Question, what: str) -> Refusal:
    return Refusal("wrong_state", f"the question is {question.state}: it can't {what}")


def _since_asked_ms(question: Question, given_ms: int, at_ms: int) -> int:
    """Return how long after the question, as `Votes` takes it.

    Where a clock is far off, the log's order counts.
    """
    since_ms = min(given_ms, at_ms + CLOCK_SLACK_MS) - question.asked_ms + CLOCK_SLACK_MS
    return min(max(since_ms, 0), LATEST_MS)


def _touches(question: QuestionId) -> set[Touch]:
    return {QuestionTouch(question), TallyTouch(question)}


def _why_not_votable(question: Question | None) -> Refusal:
    return _NO_QUESTION if question is None or question.state == "erased" else _NOT_VOTABLE


def _changes(change: _Change) -> _Fold:
    """Fold a fact about one question that was asked and not erased by `change`."""

    def fold(questions: Questions, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
        question = questions.get(fact.question)
        if question is None or question.state == "erased":
            return Outcome(refused=_NO_QUESTION)
        return questions._change(question, change, fact)

    return fold


FOLDS: dict[type[facts.Fact], _Fold] = {
    facts.VotesCast: Questions._cast_votes,
    facts.QuestionAsked: Questions._ask,
    facts.QuestionEdited: _changes(Questions._edit),
    facts.QuestionWithdrawn: _changes(Questions._withdraw),
    facts.QuestionApproved: _changes(Questions._approve),
    facts.QuestionRejected: _changes(Questions._reject),
    facts.QuestionReturned: _changes(Questions._return),
    facts.QuestionPushed: _changes(Questions._push),
    facts.QuestionPulled: _changes(Questions._pull),
    facts.QuestionAnswered: _changes(Questions._answer),
    facts.QuestionReplied: _changes(Questions._reply),
    facts.QuestionErased: _changes(Questions._erase),
}
