"""The state of an event: the fold of its facts, in order.

Invariant: `apply` is a function of the state and the entry alone. It reads no clock and no randomness,
so every node that folds the same log holds the same state and gives the same verdicts.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct

from . import (
    announcements,
    captions,
    chat,
    check_list,
    facts,
    favourites,
    feedback,
    people,
    polls,
    question_folds,
    runsheet_folds,
)
from .announcements import Announcements
from .ballots import Ballots
from .captions import Captions
from .chat import Chat
from .check_list import CheckList
from .favourites import Favourites
from .feedback import Feedback
from .ids import EventId
from .outcome import Outcome, Refusal
from .people import People
from .poll import Poll
from .polls import Polls
from .question import Question
from .questions import Questions
from .runsheet import RunSheet
from .vote_keys import Known, VoteKeys
from .votes import Cast, Votes

REFUSALS_KEPT = 10_000  # newest verdicts kept for commands that are sent again
QUESTIONS_A_PART = 256  # of a snapshot
POLLS_A_PART = 256
SILENCED = Refusal("silenced", "you may watch and vote, but neither ask nor chat for now")
NOTHING = (b"\xc0",)  # nil in MessagePack


class State:
    """Everything that follows from an event's log up to offset `folded`."""

    def __init__(self, event_id: EventId) -> None:
        self.event_id = event_id
        self.run = ""
        self.salt = ""
        self.runsheet: RunSheet | None = None  # until the run has started
        self.questions = Questions()
        self.polls = Polls()
        self.announcements = Announcements()
        self.chat = Chat()
        self.captions = Captions()
        self.check_list = CheckList()
        self.people = People()
        self.favourites = Favourites()
        self.feedback = Feedback()
        self.folded = 0
        self.refusals: OrderedDict[int, Refusal] = OrderedDict()  # newest, by offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._canonical() == other._canonical()

    def apply(self, offset: int, at_ms: int, fact: facts.Fact) -> Outcome:
        """Fold the fact at `offset`, appended at wall time `at_ms`. A fact folded before does nothing.

        Raises `ValueError` when an offset was left out: the caller read the log wrongly.
        """
        if offset <= self.folded:
            return Outcome()
        if offset != self.folded + 1:
            raise ValueError(
                f"fact {offset} can't follow {self.folded}: the log was read with a gap"
            )
        outcome = self._fold(fact, at_ms)
        self.folded = offset
        if outcome.refused is not None:
            self._remember_refusal(offset, outcome.refused)
        return outcome

    def why_not(self, fact: facts.Fact) -> Refusal | None:
        """Return why the fact would be refused now; None: it would not, as far as can be foreseen."""
        if self.runsheet is None:
            return None
        if type(fact) in polls.CHECKS:
            return self.polls.why_not(fact, self.runsheet)
        if self._is_silenced(fact):
            return SILENCED
        if type(fact) in feedback.FOLDS:
            return self.feedback.why_not(fact, self.runsheet)
        if type(fact) in captions.FOLDS:
            return self.captions.why_not(fact, self.runsheet)
        if type(fact) in question_folds.CHECKS:
            return question_folds.why_not(self.questions, fact, self.runsheet)
        return None

    def skip(self, offset: int, reason: str) -> Outcome:
        """Pass over a fact that this release can't read: it counts as refused."""
        outcome = Outcome.refuse("unknown_fact", reason)
        self.folded = offset
        self._remember_refusal(offset, Refusal("unknown_fact", reason))
        return outcome

    def _fold(self, fact: facts.Fact, at_ms: int) -> Outcome:
        if self.runsheet is None and type(fact) is not facts.RunStarted:
            return Outcome.refuse("wrong_state", "the event's run has not started")
        return FOLDS[type(fact)](self, fact, at_ms)

    def _start_run(self, fact: facts.RunStarted, at_ms: int) -> Outcome:
        if self.runsheet is not None:
            return Outcome.refuse("wrong_state", "the event's run has started already")
        self.run, self.salt = fact.run, fact.salt
        self.runsheet, outcome = RunSheet.start(fact, at_ms)
        return outcome

    def _fold_run_sheet(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None  # `_fold` saw to it
        outcome = runsheet_folds.apply(self.runsheet, fact, at_ms)
        if isinstance(fact, facts.RecordingDeleted) and fact.person is None and not outcome.refused:
            outcome.touched |= self.captions.forget(fact.session).touched
        return outcome

    def _fold_question(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        if self._is_silenced(fact):
            return Outcome(refused=SILENCED)
        return question_folds.apply(self.questions, fact, at_ms, self.runsheet)

    def _fold_poll(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.polls.apply(fact, at_ms, self.runsheet)

    def _is_silenced(self, fact: facts.Fact) -> bool:
        """Tell whether somebody speaks who may not. A silence ends by a fact, also when its time is over."""
        speaks = isinstance(fact, facts.QuestionAsked | facts.QuestionEdited | facts.ChatSaid)
        return speaks and getattr(fact, "person", "") in self.people.silenced

    def _fold_announcement(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.announcements.apply(fact, at_ms, self.runsheet)

    def _fold_chat(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        if self._is_silenced(fact):
            return Outcome(refused=SILENCED)
        return self.chat.apply(fact, at_ms, self.runsheet)

    def _fold_caption(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.captions.apply(fact, at_ms, self.runsheet)

    def _fold_check_list(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.check_list.apply(fact, at_ms, self.runsheet)

    def _fold_person(self, fact: facts.Fact, at_ms: int) -> Outcome:
        outcome = self.people.apply(fact, at_ms)
        if isinstance(fact, facts.PersonErased):
            outcome.touched |= self.questions.touch_all_of(fact.person)
            outcome.touched |= self.favourites.forget(fact.person).touched
            outcome.touched |= self.chat.forget(fact.person).touched
            outcome.touched |= self.feedback.forget(fact.person).touched
        return outcome

    def _fold_favourite(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.favourites.apply(fact, at_ms, self.runsheet)

    def _fold_feedback(self, fact: facts.Fact, at_ms: int) -> Outcome:
        assert self.runsheet is not None
        return self.feedback.apply(fact, at_ms, self.runsheet)

    def _remember_refusal(self, offset: int, refusal: Refusal) -> None:
        self.refusals[offset] = refusal
        if len(self.refusals) > REFUSALS_KEPT:
            self.refusals.popitem(last=False)

    # Snapshots ------------------------------------------------------------------------------------

    def dump(self, beside: Iterable[bytes] = NOTHING) -> Iterator[bytes]:
        """Return the state as it is now, in the parts of a snapshot that `load` reads when they are joined.

        `beside`: the parts of one value more, which `load` passes over. Making a part takes some
        milliseconds at most; the state may fold on before the next one is made.
        """
        return chain(self._parts(msgspec.msgpack.encode(self._rest()), fields=9), beside)

    def digest(self) -> str:
        """Return 128 bits that are the same for the same facts, whether or not their run's salt is known."""
        known = msgspec.structs.replace(self._rest(), event_id=EventId(""), salt="")
        digest = hashlib.blake2b(digest_size=16)
        for part in self._canonical(known):
            digest.update(part)
        return digest.hexdigest()

    def _canonical(self, rest: _Rest | None = None) -> list[bytes]:
        """Return what `dump` does, but equal states give equal bytes, in whatever order sets and maps are."""
        rest = rest or self._rest()
        return list(self._parts(msgspec.msgpack.encode(rest, order="deterministic")))

    def _rest(self) -> _Rest:
        """Return the parts of the state that are small."""
        return _Rest(
            event_id=self.event_id,
            run=self.run,
            salt=self.salt,
            runsheet=self.runsheet,
            announcements=self.announcements,
            chat=self.chat,
            captions=self.captions,
            check_list=self.check_list,
            people=self.people,
            favourites=self.favourites,
            feedback=self.feedback,
            folded=self.folded,
            refusals=list(self.refusals.items()),
        )

    def _parts(self, rest: bytes, fields: int = 8) -> Iterator[bytes]:
        """Return a `_Snapshot`, written piece by piece: its votes and questions are copies that stay."""
        encode, asked = msgspec.msgpack.encode, list(self.questions.by_id.values())
        votes, keys = self.questions.votes.parts(), self.questions.vote_keys.parts()
        pages = range(0, len(asked), QUESTIONS_A_PART)
        return chain(
            (_array(fields), rest, encode(self.questions.votes.tallies()), _array(len(votes))),
            (encode(dict(part)) for part in votes),
            (_array(len(keys)),),
            (encode(dict(part)) for part in keys),
            (_array(len(pages)),),
            (encode(asked[page : page + QUESTIONS_A_PART]) for page in pages),
            self._poll_parts(),
        )

    def _poll_parts(self) -> Iterator[bytes]:
        """Return the last three fields of a `_Snapshot`: polls, their ballots, and the keys of votes."""
        encode, made = msgspec.msgpack.encode, list(self.polls.by_id.values())
        ballots = [(poll.number, part) for poll in made for part in self.polls.box(poll).parts()]
        keys = self.polls.vote_keys.parts()
        pages = range(0, len(made), POLLS_A_PART)
        return chain(
            (_array(len(pages)),),
            (encode(made[page : page + POLLS_A_PART]) for page in pages),
            (_array(len(ballots)),),
            (encode((number, dict(part))) for number, part in ballots),
            (_array(len(keys)),),
            (encode(dict(part)) for part in keys),
        )

    @classmethod
    def load(cls, data: bytes) -> State:
        """Return the state that `dump` wrote under the same `FOLD_VERSION`. Raises `msgspec.MsgspecError`."""
        snapshot = msgspec.msgpack.decode(data, type=_Snapshot)
        rest, asked = snapshot.rest, chain.from_iterable(snapshot.questions)
        state = cls(rest.event_id)
        state.run, state.salt, state.folded = rest.run, rest.salt, rest.folded
        state.runsheet = rest.runsheet
        state.announcements, state.people = rest.announcements, rest.people
        state.favourites, state.chat = rest.favourites, rest.chat
        state.feedback, state.captions = rest.feedback, rest.captions
        state.check_list = rest.check_list
        votes, keys = Votes(snapshot.votes, snapshot.tallies), VoteKeys(snapshot.vote_keys)
        state.questions = Questions(asked, votes, keys)
        made = chain.from_iterable(snapshot.polls)
        state.polls = Polls(made, snapshot.ballots, VoteKeys(snapshot.poll_vote_keys))
        state.refusals.update(rest.refusals)
        return state

    @staticmethod
    def beside(data: bytes) -> bytes:
        """Return the value that `dump` wrote beside the state. Raises `msgspec.MsgspecError`."""
        return bytes(msgspec.msgpack.decode(data, type=_WithBeside).beside)


class _Rest(Struct, kw_only=True):
    event_id: EventId
    run: str
    salt: str
    runsheet: RunSheet | None
    announcements: Announcements
    chat: Chat
    captions: Captions
    check_list: CheckList
    people: People
    favourites: Favourites
    feedback: Feedback
    folded: int
    refusals: list[tuple[int, Refusal]]


class _Snapshot(Struct, array_like=True):
    rest: _Rest
    tallies: list[int]
    votes: list[Cast]
    vote_keys: list[Known]
    questions: list[list[Question]]
    polls: list[list[Poll]]
    ballots: list[tuple[int, Ballots]]
    poll_vote_keys: list[Known]


class _WithBeside(Struct, array_like=True):
    rest: msgspec.Raw
    tallies: msgspec.Raw
    votes: msgspec.Raw
    keys: msgspec.Raw
    questions: msgspec.Raw
    polls: msgspec.Raw
    ballots: msgspec.Raw
    poll_vote_keys: msgspec.Raw
    beside: msgspec.Raw = msgspec.Raw(NOTHING[0])  # earlier releases wrote none


def _array(length: int) -> bytes:
    """Return the beginning of an array of so many values in MessagePack ("array 32")."""
    return b"\xdd" + length.to_bytes(4, "big")


# Which part of the state folds each kind of fact, as the parts' own tables say.
FOLDS: dict[type[facts.Fact], Callable[[State, Any, int], Outcome]] = {
    facts.RunStarted: State._start_run,
    **dict.fromkeys(runsheet_folds.FOLDS, State._fold_run_sheet),
    **dict.fromkeys(question_folds.FOLDS, State._fold_question),
    **dict.fromkeys(polls.FOLDS, State._fold_poll),
    **dict.fromkeys(announcements.FOLDS, State._fold_announcement),
    **dict.fromkeys(chat.FOLDS, State._fold_chat),
    **dict.fromkeys(captions.FOLDS, State._fold_caption),
    **dict.fromkeys(check_list.FOLDS, State._fold_check_list),
    **dict.fromkeys(favourites.FOLDS, State._fold_favourite),
    **dict.fromkeys(feedback.FOLDS, State._fold_feedback),
    **dict.fromkeys(people.FOLDS, State._fold_person),
}
