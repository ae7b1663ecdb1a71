"""Live Q&A: questions, their way from asked to answered, and votes.

    ask ──► pending ──► approved ◄──► on_air ──► answered
               │  ▲        │
               ▼  │        │          an author may withdraw from every state,
             rejected ◄────┘          a moderator may erase in every state

Without pre-moderation a question begins as approved. One question per session is on air.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from . import facts
from .ids import PersonId, QuestionId, SessionId
from .outcome import Outcome, Refusal, Touch

if TYPE_CHECKING:
    from .runsheet import RunSheet
    from .session_run import SessionRun

QuestionState = Literal[
    "pending", "approved", "rejected", "on_air", "answered", "withdrawn", "erased"
]

PUBLIC_STATES = frozenset({"approved", "on_air", "answered"})
VOTABLE_STATES = frozenset({"approved", "on_air"})
MAX_PER_PERSON = 20
MAX_PER_SESSION = 5_000


class Question(Struct, kw_only=True):
    """One question. Once erased, its texts and votes are gone and only its place is kept."""

    id: QuestionId
    session: SessionId
    person: PersonId
    text: str
    anonymous: bool
    state: QuestionState
    asked_ms: int  # wall time
    edited: bool = False
    reply: str | None = None
    reason: str | None = None  # why it was rejected
    votes: set[PersonId] = field(default_factory=set)

    @property
    def public(self) -> bool:
        """Whether everybody may see it."""
        return self.state in PUBLIC_STATES


class Questions(Struct, kw_only=True):
    """All questions of an event."""

    by_id: dict[QuestionId, Question] = field(default_factory=dict)
    by_person: dict[PersonId, list[QuestionId]] = field(default_factory=dict)
    by_session: dict[SessionId, list[QuestionId]] = field(default_factory=dict)
    on_air: dict[SessionId, QuestionId] = field(default_factory=dict)

    # Reading ------------------------------------------------------------------------------------

    def get(self, question: str) -> Question | None:
        return self.by_id.get(QuestionId(question))

    def of_person(self, person: PersonId) -> Iterator[Question]:
        """Those that `person` asked, in the order of asking."""
        return (self.by_id[q] for q in self.by_person.get(person, ()))

    def voted_by(self, person: PersonId) -> Iterator[Question]:
        """Those that `person` votes for now."""
        return (q for q in self.by_id.values() if person in q.votes)

    def authors(self) -> set[PersonId]:
        return set(self.by_person)

    def touch_all_of(self, person: PersonId) -> set[Touch]:
        """What to look at again when the person's name changed."""
        return {Touch("question", q) for q in self.by_person.get(person, ())}

    # Folding ------------------------------------------------------------------------------------

    def apply(self, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Fold one fact about questions, appended at wall time `at_ms`."""
        if isinstance(fact, facts.QuestionAsked):
            return self._ask(fact, at_ms, runsheet)
        if isinstance(fact, facts.VotesCast):
            return self._cast_votes(fact)
        question = self.by_id.get(fact.question)
        if question is None or question.state == "erased":
            return Outcome(refused=_NO_QUESTION)
        return self._change(question, fact)

    def _change(self, question: Question, fact: Any) -> Outcome:
        """Fold a fact about one question. Voters' own lists show public questions only."""
        was_public, voters = question.public, question.votes
        on_air = self.on_air.get(question.session)
        refused = _FOLDS[type(fact)](self, question, fact)
        if refused is not None:
            return Outcome(refused=refused)
        touched = _touches(question.id)
        if on_air is not None:  # pushing another one answers it
            touched.add(Touch("question", on_air))
        if question.public != was_public:
            touched.update(_touch_vote(person, question.id) for person in voters)
        return Outcome(touched=touched)

    def _ask(self, fact: facts.QuestionAsked, at_ms: int, runsheet: RunSheet) -> Outcome:
        run = runsheet.sessions.get(fact.session)
        if run is None:
            return Outcome.refuse("not_found", "there is no such session")
        if not run.qa_open:
            return Outcome.refuse("qa_closed", "the session takes no questions now")
        if fact.question in self.by_id:
            return Outcome.refuse("wrong_state", "this question was asked already")
        if len(self.by_person.get(fact.person, ())) >= MAX_PER_PERSON:
            return Outcome.refuse("too_many", f"a person may ask {MAX_PER_PERSON} questions")
        if len(self.by_session.get(fact.session, ())) >= MAX_PER_SESSION:
            return Outcome.refuse("too_many", f"a session takes {MAX_PER_SESSION} questions")
        self._add(
            Question(
                id=fact.question,
                session=fact.session,
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
        self.by_person.setdefault(question.person, []).append(question.id)
        self.by_session.setdefault(question.session, []).append(question.id)

    # Each of these changes the question, or says why not.

    def _edit(self, question: Question, fact: facts.QuestionEdited) -> Refusal | None:
        if question.person != fact.person:
            return _NOT_YOURS
        if question.state != "pending":
            return _wrong_state(question, "be edited")
        question.text, question.edited = fact.text, True
        return None

    def _withdraw(self, question: Question, fact: facts.QuestionWithdrawn) -> Refusal | None:
        if question.person != fact.person:
            return _NOT_YOURS
        if question.state == "withdrawn":
            return _wrong_state(question, "be withdrawn")
        self._take_off_air(question)
        question.state = "withdrawn"
        return None

    def _approve(self, question: Question, fact: facts.QuestionApproved) -> Refusal | None:
        if question.state not in ("pending", "rejected"):
            return _wrong_state(question, "be approved")
        question.state, question.reason = "approved", None
        return None

    def _reject(self, question: Question, fact: facts.QuestionRejected) -> Refusal | None:
        if question.state not in ("pending", "approved"):
            return _wrong_state(question, "be rejected")
        question.state, question.reason = "rejected", fact.reason or None
        return None

    def _pull(self, question: Question, fact: facts.QuestionPulled) -> Refusal | None:
        if question.state != "on_air":
            return _wrong_state(question, "be taken off air")
        self._take_off_air(question)
        question.state = "approved"
        return None

    def _answer(self, question: Question, fact: facts.QuestionAnswered) -> Refusal | None:
        if question.state not in ("approved", "on_air"):
            return _wrong_state(question, "be marked as answered")
        self._take_off_air(question)
        question.state = "answered"
        return None

    def _reply(self, question: Question, fact: facts.QuestionReplied) -> Refusal | None:
        if question.state in ("withdrawn", "rejected"):
            return _wrong_state(question, "be replied to")
        question.reply = fact.text or None
        return None

    def _push(self, question: Question, fact: facts.QuestionPushed) -> Refusal | None:
        if question.state not in ("pending", "approved", "answered"):
            return _wrong_state(question, "go on air")
        before = self.on_air.get(question.session)
        if before is not None:
            self.by_id[before].state = "answered"
        question.state = "on_air"
        self.on_air[question.session] = question.id
        return None

    def _erase(self, question: Question, fact: facts.QuestionErased) -> Refusal | None:
        self._take_off_air(question)
        question.state = "erased"
        question.text, question.reply, question.reason = "", None, None
        question.votes = set()
        return None

    def _take_off_air(self, question: Question) -> None:
        if question.state == "on_air":
            del self.on_air[question.session]

    # Votes --------------------------------------------------------------------------------------

    def _cast_votes(self, fact: facts.VotesCast) -> Outcome:
        """Fold a batch; votes that can't be counted are named in `refused_votes`, the others count."""
        outcome = Outcome()
        for place, (person, question_id, on) in enumerate(fact.votes):
            question = self.by_id.get(question_id)
            if question is None:
                outcome.refused_votes[place] = _NO_QUESTION
            elif (refused := _why_not_vote(question, person)) is not None:
                outcome.refused_votes[place] = refused
            elif _vote(question, person, on):
                outcome.touched.add(Touch("tally", question_id))
                outcome.touched.add(_touch_vote(person, question_id))
        return outcome


_NO_QUESTION = Refusal("not_found", "there is no such question")
_NOT_YOURS = Refusal("forbidden", "the question is not yours")


def first_state(run: SessionRun) -> Literal["pending", "approved"]:
    """The state in which a question to the session begins."""
    return "pending" if run.pre_moderation else "approved"


def _wrong_state(question: Question, what: str) -> Refusal:
    return Refusal("wrong_state", f"the question is {question.state}: it can't {what}")


def _touches(question: QuestionId) -> set[Touch]:
    return {Touch("question", question), Touch("tally", question)}


def _touch_vote(person: PersonId, question: QuestionId) -> Touch:
    return Touch("vote", f"{person}/{question}")


def _why_not_vote(question: Question, person: PersonId) -> Refusal | None:
    if question.state == "erased":
        return _NO_QUESTION
    if question.state not in VOTABLE_STATES:
        return Refusal("not_votable", "the question can't be voted for now")
    if question.person == person:
        return Refusal("own_question", "nobody votes for their own question")
    return None


def _vote(question: Question, person: PersonId, on: bool) -> bool:
    """Count or withdraw a vote; tells whether that changed anything."""
    if (person in question.votes) == on:
        return False
    if on:
        question.votes.add(person)
    else:
        question.votes.discard(person)
    return True


_FOLDS: dict[type[facts.Fact], Callable[[Questions, Question, Any], Refusal | None]] = {
    facts.QuestionEdited: Questions._edit,
    facts.QuestionWithdrawn: Questions._withdraw,
    facts.QuestionApproved: Questions._approve,
    facts.QuestionRejected: Questions._reject,
    facts.QuestionPushed: Questions._push,
    facts.QuestionPulled: Questions._pull,
    facts.QuestionAnswered: Questions._answer,
    facts.QuestionReplied: Questions._reply,
    facts.QuestionErased: Questions._erase,
}
