"""The truth: the event's log, as the server exports it, folded by the event's own rules. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from showcaller.domain import facts
from showcaller.domain.ids import EventId
from showcaller.domain.outcome import Outcome
from showcaller.domain.state import State

from .messages import announcement_key, cue_key


class Line(msgspec.Struct, frozen=True):
    """One line of an export."""

    offset: int
    at_ms: int
    key: str
    fact: msgspec.Raw


class OneShot(NamedTuple):
    """Something that everybody who followed the channel was to be shown, once."""

    offset: int
    key: str
    at_ms: int


class Truth:
    """`state`: what came of it all. Offsets count from 1."""

    def __init__(self, event: str) -> None:
        self.state = State(event_id=EventId(event))
        self.one_shots: dict[str, list[OneShot]] = {}
        self.counted: dict[
            str, int
        ] = {}  # commands' keys: how often they were appended and accepted
        self.refused: dict[str, int] = {}  # and refused
        self._at_ms: list[int] = []
        self._voters: dict[
            str, set[str]
        ] = {}  # by question; counted here, apart from the server's way

    def take(self, line: Line) -> None:
        """Fold the next line. Raises `ValueError` when lines are missing."""
        self._at_ms.append(line.at_ms)
        try:
            fact = facts.decode_fact(bytes(line.fact))
        except msgspec.DecodeError as error:  # of a newer release
            self.state.skip(line.offset, str(error))
            return
        outcome = self.state.apply(line.offset, line.at_ms, fact)
        if line.key.startswith("cmd:"):
            counts = self.refused if outcome.refused is not None else self.counted
            counts[line.key] = counts.get(line.key, 0) + 1
        if isinstance(fact, facts.VotesCast) and outcome.refused is None:
            self._count(fact, outcome)
        for channel, key in self._shown(outcome):
            self.one_shots.setdefault(channel, []).append(OneShot(line.offset, key, line.at_ms))

    def _count(self, fact: facts.VotesCast, outcome: Outcome) -> None:
        for place, (person, question, on) in enumerate(fact.votes):
            if place not in outcome.refused_votes:
                voters = self._voters.setdefault(question, set())
                (voters.add if on else voters.discard)(person)

    def _shown(self, outcome: Outcome) -> Iterable[tuple[str, str]]:
        for cue in outcome.cues:
            yield "agenda", cue_key(cue.session, cue.cue, cue.due_ms)
        for id in outcome.announced:
            made = self.state.announcements.get(id)
            if made is not None:
                session = made.session
                channel = "announcements" if session is None else f"session/{session}"
                yield channel, announcement_key(made.id, made.text)

    @property
    def head(self) -> int:
        return len(self._at_ms)

    def at_ms(self, offset: int) -> float:
        """Return when the entry was appended, by the server's clock; infinity if the log does not have it."""
        if offset < 1:
            return 0.0
        return self._at_ms[offset - 1] if offset <= len(self._at_ms) else float("inf")

    def shown_after(self, channel: str, offset: int) -> list[OneShot]:
        """Return what whoever followed from `offset` on was to be shown."""
        found = self.one_shots.get(channel, [])
        return found[bisect_right(found, offset, key=lambda one: one.offset) :]

    def voters(self, question: str) -> set[str]:
        """Return the persons whose vote for the question counts."""
        return self._voters.get(question, set())

    def public_questions(self, session: str) -> dict[str, int]:
        """Return each public question of the session, with its votes."""
        return {
            question.id: len(self.voters(question.id))
            for question in self.state.questions.by_id.values()
            if question.session == session and question.public
        }

    def own_keys(self, person: str) -> set[str]:
        """Return the keys of the items in a person's own channel."""
        questions = self.state.questions.by_id.values()
        return {
            "person",
            *(f"question:{one.id}" for one in questions if one.person == person),
            *(
                f"vote:{one.id}"
                for one in questions
                if one.public and person in self.voters(one.id)
            ),
        }


def read_truth(event: str, lines: Iterable[bytes]) -> Truth:
    """Return the truth in an export's lines. Raises `ValueError` when they are no whole export."""
    truth = Truth(event)
    decode = msgspec.json.Decoder(Line).decode
    for line in lines:
        if line.strip():
            truth.take(decode(line))
    return truth
