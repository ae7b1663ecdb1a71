"""Live Q&A: questions, their way from asked to answered, and votes.

    ask ──► pending ◄──► approved ◄──► on_air ──► answered
               ▲             │ ▲                     │
               ▼             │ └─────────────────────┘
             rejected ◄──────┘        an author may withdraw from every state,
                                      a moderator may erase in every state

Without pre-moderation a question begins as approved. One question per session is on air.

A question that is pending, approved or on air is *open* and takes a place; any other gives its place back.
The fuller a session is, the fewer open questions each person may have there (`_is_crowded`), so that few
can't take the places of many.
"""

from __future__ import annotations

from collections import Counter
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
OPEN_STATES = frozenset({"pending", "approved", "on_air"})
MAX_PER_PERSON = 20  # open, in all sessions
MAX_ASKED = 200  # by one person, open or not
MAX_PER_SESSION = 5_000  # open
MAX_PER_ADDRESS = 2_000  # open, in one session
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
    via: str = ""  # as in `facts.QuestionAsked`

    @property
    def is_open(self) -> bool:
        """Tell whether it takes a place."""
        return self.state in OPEN_STATES

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
        self._by_via: dict[str, list[QuestionId]] = {}
        self._open: Counter[SessionId | tuple[SessionId, str]] = Counter()  # also by `via`
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

    def of_address(self, via: str) -> Iterator[Question]:
        """Return the questions that were asked over the same address, in the order of asking."""
        return (self.by_id[q] for q in self._by_via.get(via, ()))

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

    def why_not(self, fact: Any, runsheet: RunSheet) -> Refusal | None:
        """Return why the state as it is now does not allow a fact of those in `CHECKS`."""
        return CHECKS[type(fact)](self, fact, runsheet)

    def _change(self, question: Question, change: _Change, fact: Any) -> Outcome:
        """Fold a fact about one question. Voters' own lists show public questions only."""
        on_air, tally = self.on_air.get(question.session), self.tally(question)
        changed = change(self, question, fact)
        self._put(changed)
        touched = _touches(question.id)
        if on_air is not None:  # pushing another one answers it
            touched.add(QuestionTouch(on_air))
        if tally and question.public != changed.public:
            touched.add(VotersTouch(question.id))
        return Outcome(touched=touched)

    def _why_not_ask(self, fact: facts.QuestionAsked, runsheet: RunSheet) -> Refusal | None:
        run = runsheet.sessions.get(fact.session)
        if run is None:
            return Refusal("not_found", "there is no such session")
        if not run.qa_open:
            return Refusal("qa_closed", "the session takes no questions now")
        if fact.question in self.by_id:
            return Refusal("wrong_state", "this question was asked already")
        return self._why_no_place(fact)

    def _why_no_place(self, fact: facts.QuestionAsked) -> Refusal | None:
        theirs = [question for question in self.of_person(fact.person) if question.is_open]
        if len(theirs) >= MAX_PER_PERSON:
            return Refusal("too_many", f"{MAX_PER_PERSON} questions of yours wait for an answer")
        if len(self._by_person.get(fact.person, ())) >= MAX_ASKED:
            return Refusal("too_many", f"a person may ask {MAX_ASKED} questions")
        here = sum(question.session == fact.session for question in theirs)
        if _is_crowded(self._open[fact.session], here, MAX_PER_SESSION):
            return _crowded("the session", here)
        at_address = self._open[fact.session, fact.via] if fact.via else 0
        if _is_crowded(at_address, here, MAX_PER_ADDRESS):
            return _crowded("your address", here)
        return None

    def _ask(self, fact: facts.QuestionAsked, at_ms: int, runsheet: RunSheet) -> Outcome:
        refused = self._why_not_ask(fact, runsheet)
        if refused is not None:
            return Outcome(refused=refused)
        run = runsheet.sessions[fact.session]
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
                via=fact.via,
            )
        )
        return Outcome(touched=_touches(fact.question))

    def _add(self, question: Question) -> None:
        self._ids.append(question.id)
        earlier = self._by_person.get(question.person, ())
        self._by_person[question.person] = (*earlier, question.id)
        if question.via:
            self._by_via.setdefault(question.via, []).append(question.id)
        if question.state == "on_air":
            self.on_air[question.session] = question.id
        self._put(question)

    def _put(self, question: Question) -> None:
        """Have `question` take the place of what it was before, and count who has a place."""
        before = self.by_id.get(question.id)
        self.by_id[question.id] = question
        change = question.is_open - (before is not None and before.is_open)
        self._open[question.session] += change
        if question.via:
            self._open[question.session, question.via] += change

    # Changes: each returns the question that takes its place.

    def _edit(self, question: Question, fact: facts.QuestionEdited) -> Question:
        return replace(question, text=fact.text, edited=True)

    def _withdraw(self, question: Question, fact: facts.QuestionWithdrawn) -> Question:
        self._take_off_air(question)
        return replace(question, state="withdrawn")

    def _approve(self, question: Question, fact: facts.QuestionApproved) -> Question:
        return replace(question, state="approved", reason=None)

    def _return(self, question: Question, fact: facts.QuestionReturned) -> Question:
        return replace(question, state="pending", reason=None)

    def _reject(self, question: Question, fact: facts.QuestionRejected) -> Question:
        """Reject it; one that is rejected already gets this reason."""
        return replace(question, state="rejected", reason=fact.reason or None)

    def _reject_with_others(self, question: Question, fact: facts.QuestionsRejected) -> Question:
        return replace(question, state="rejected")

    def _pull(self, question: Question, fact: facts.QuestionPulled) -> Question:
        self._take_off_air(question)
        return replace(question, state="approved")

    def _answer(self, question: Question, fact: facts.QuestionAnswered) -> Question:
        self._take_off_air(question)
        return replace(question, state="answered")

    def _reply(self, question: Question, fact: facts.QuestionReplied) -> Question:
        return replace(question, reply=fact.text or None)

    def _push(self, question: Question, fact: facts.QuestionPushed) -> Question:
        before = self.on_air.get(question.session)
        if before is not None:
            self._put(replace(self.by_id[before], state="answered"))
        self.on_air[question.session] = question.id
        return replace(question, state="on_air")

    def _erase(self, question: Question, fact: facts.QuestionErased) -> Question:
        self._take_off_air(question)
        self.votes.forget(question.number)
        return replace(question, state="erased", text="", reply=None, reason=None)

    def _take_off_air(self, question: Question) -> None:
        if question.state == "on_air":
            del self.on_air[question.session]

    # Many at once -------------------------------------------------------------------------------

    def like(self, question: Question, of: Literal["person", "address"]) -> Iterator[Question]:
        """Return all questions of its author, or that were asked over its address; itself among them."""
        return self.of_person(question.person) if of == "person" else self.of_address(question.via)

    def _reject_all(self, fact: facts.QuestionsRejected, at_ms: int, runsheet: RunSheet) -> Outcome:
        """Reject what waits for an answer; what a moderator has put on air stays there."""
        refused = self._why_not_reject_all(fact, runsheet)
        if refused is not None:
            return Outcome(refused=refused)
        outcome = Outcome()
        for question in tuple(self.like(self.by_id[fact.question], fact.of)):
            if question.state in REJECTABLE_STATES:
                outcome.touched |= self._change(
                    question, Questions._reject_with_others, fact
                ).touched
        return outcome

    def _why_not_reject_all(
        self, fact: facts.QuestionsRejected, runsheet: RunSheet
    ) -> Refusal | None:
        question = self.get(fact.question)
        if question is None:
            return _NO_QUESTION
        if fact.of == "address" and not question.via:
            return Refusal("wrong_state", "the address that this question came from is not known")
        return None

    # Votes --------------------------------------------------------------------------------------

    def why_not_vote(self, question_id: QuestionId, person: PersonId) -> Refusal | None:
        """Return why the person can't vote for the question now."""
        question = self.by_id.get(question_id)
        if question is None or question.state not in VOTABLE_STATES:
            return _why_not_votable(question)
        return _OWN if question.person == person else None

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


REJECTABLE_STATES = frozenset({"pending", "approved"})

_Change = Callable[[Questions, Question, Any], Question]
_Check = Callable[[Question, Any], Refusal | None]
_Fold = Callable[[Questions, Any, int, RunSheet], Outcome]
_WhyNot = Callable[[Questions, Any, RunSheet], Refusal | None]

_NO_QUESTION = Refusal("not_found", "there is no such question")
_NOT_YOURS = Refusal("forbidden", "the question is not yours")
_NOT_VOTABLE = Refusal("not_votable", "the question can't be voted for now")
_OWN = Refusal("own_question", "nobody votes for their own question")


def first_state(run: SessionRun) -> Literal["pending", "approved"]:
    """Return the state in which a question to the session begins."""
    return "pending" if run.pre_moderation else "approved"


def _wrong_state(question: Question, what: str) -> Refusal:
    return Refusal("wrong_state", f"the question is {question.state}: it can't {what}")


def _is_crowded(taken: int, theirs: int, places: int) -> bool:
    """Tell whether somebody with `theirs` of the places that are `taken` may have no further one.

    The first is to be had until all are taken, the second until half are, the third until a third is: so
    who comes later finds room, however many a few have asked.
    """
    return taken * (theirs + 1) >= places


def _crowded(where: str, theirs: int) -> Refusal:
    if not theirs:
        return Refusal("too_many", f"too many questions of {where} wait for an answer")
    return Refusal(
        "too_many", f"many questions of {where} wait for an answer: {theirs} of yours are enough"
    )


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


def _authors(*states: str, what: str) -> _Check:
    """Check a fact that only the question's author may cause, in these states."""
    in_state = _in(*states, what=what)

    def check(question: Question, fact: Any) -> Refusal | None:
        return in_state(question, fact) if question.person == fact.person else _NOT_YOURS

    return check


def _in(*states: str, what: str) -> _Check:
    """Check a fact about a question in one of these states; `what` it can't otherwise."""

    def check(question: Question, fact: Any) -> Refusal | None:
        return None if question.state in states else _wrong_state(question, what)

    return check


# A fact about one question that was asked and not erased: when it may come, and what it does.
_CHANGES: dict[type[facts.Fact], tuple[_Check, _Change]] = {
    facts.QuestionEdited: (_authors("pending", what="be edited"), Questions._edit),
    facts.QuestionWithdrawn: (
        _authors(*OPEN_STATES, "answered", "rejected", what="be withdrawn"),
        Questions._withdraw,
    ),
    facts.QuestionApproved: (
        _in("pending", "rejected", "answered", what="be approved"),
        Questions._approve,
    ),
    facts.QuestionRejected: (
        _in(*REJECTABLE_STATES, "rejected", what="be rejected"),
        Questions._reject,
    ),
    facts.QuestionReturned: (
        _in("approved", "rejected", what="go back to review"),
        Questions._return,
    ),
    facts.QuestionPushed: (
        _in("pending", "approved", "answered", what="go on air"),
        Questions._push,
    ),
    facts.QuestionPulled: (_in("on_air", what="be taken off air"), Questions._pull),
    facts.QuestionAnswered: (
        _in("approved", "on_air", what="be marked as answered"),
        Questions._answer,
    ),
    facts.QuestionReplied: (_in(*OPEN_STATES, "answered", what="be replied to"), Questions._reply),
    facts.QuestionErased: (lambda question, fact: None, Questions._erase),
}


def _why_not_change(questions: Questions, fact: Any, runsheet: RunSheet) -> Refusal | None:
    question = questions.get(fact.question)
    if question is None or question.state == "erased":
        return _NO_QUESTION
    return _CHANGES[type(fact)][0](question, fact)


def _fold_change(questions: Questions, fact: Any, at_ms: int, runsheet: RunSheet) -> Outcome:
    refused = _why_not_change(questions, fact, runsheet)
    if refused is not None:
        return Outcome(refused=refused)
    return questions._change(questions.by_id[fact.question], _CHANGES[type(fact)][1], fact)


# Why the state does not allow a fact. Batches of votes are always allowed; votes of them are refused.
CHECKS: dict[type[facts.Fact], _WhyNot] = {
    facts.QuestionAsked: Questions._why_not_ask,
    facts.QuestionsRejected: Questions._why_not_reject_all,
    **dict.fromkeys(_CHANGES, _why_not_change),
}

FOLDS: dict[type[facts.Fact], _Fold] = {
    facts.VotesCast: Questions._cast_votes,
    facts.QuestionAsked: Questions._ask,
    facts.QuestionsRejected: Questions._reject_all,
    **dict.fromkeys(_CHANGES, _fold_change),
}
