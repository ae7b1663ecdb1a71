"""Live Q&A: all questions of an event, and the votes for them.

    ask ──► pending ◄──► approved ◄──► on_air ──► answered
               ▲             │ ▲                     │
               ▼             │ └─────────────────────┘
             rejected ◄──────┘        an author may withdraw from every state,
                                      a moderator may erase in every state

Without pre-moderation a question begins as approved. One question per session is on air. One that waits for
an answer may be merged into another of its session (`merging`) and comes back in the state that it had.

A question that is pending, approved or on air is *open* and takes a place; any other gives its place back,
and so does a merged one. Facts about questions are folded by `asking`, `voting`, `moderating` and `merging`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from .ids import PersonId, QuestionId, SessionId
from .merges import Merges
from .question import Question
from .touches import QuestionTouch, TallyTouch, Touch, VotersTouch
from .vote_keys import VoteKeys
from .votes import Votes


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
        self.merges = Merges(self.votes)
        self._ids: list[QuestionId] = []  # by number
        self._by_person: dict[PersonId, tuple[QuestionId, ...]] = {}
        self._by_via: dict[str, list[QuestionId]] = {}
        self._open: Counter[SessionId | tuple[SessionId, str]] = Counter()  # also by `via`
        for question in asked:
            self.add(question)
        self.merges = Merges(self.votes, self._merged())

    def _merged(self) -> dict[int, int]:
        return {
            question.number: self.by_id[question.merged_into].number
            for question in self.by_id.values()
            if question.merged_into is not None
        }

    # Reading ------------------------------------------------------------------------------------

    def get(self, question: str) -> Question | None:
        return self.by_id.get(QuestionId(question))

    def numbered(self, number: int) -> Question:
        return self.by_id[self._ids[number]]

    def survivor(self, question: Question) -> Question:
        """Return the question that it counts for: itself, unless it was merged into another."""
        if question.merged_into is None:
            return question
        return self.numbered(self.merges.group(question.number)[0])

    def together(self, question: Question) -> list[Question]:
        """Return all questions that count as one with it, the survivor first."""
        return [self.numbered(number) for number in self.merges.group(question.number)]

    def tally(self, question: Question) -> int:
        """Return how many vote now for it, or for what counts as one with it."""
        return self.merges.tally(question.number)

    def of_person(self, person: PersonId) -> Iterator[Question]:
        """Return the questions that `person` asked, in the order of asking."""
        return (self.by_id[q] for q in self._by_person.get(person, ()))

    def count_asked(self, person: PersonId) -> int:
        """Return how many questions the person has asked, open or not."""
        return len(self._by_person.get(person, ()))

    def of_address(self, via: str) -> Iterator[Question]:
        """Return the questions that were asked over the same address, in the order of asking."""
        return (self.by_id[q] for q in self._by_via.get(via, ()))

    def like(self, question: Question, of: Literal["person", "address"]) -> Iterator[Question]:
        """Return all questions of its author, or that were asked over its address; itself among them."""
        return self.of_person(question.person) if of == "person" else self.of_address(question.via)

    def places_taken(self, session: SessionId, via: str | None = None) -> int:
        """Return how many questions to the session are open; with `via`, of those over that address."""
        return self._open[session if via is None else (session, via)]

    def voted_by(self, person: PersonId) -> Iterator[Question]:
        """Return what `person` votes for now, in the order of asking: survivors for what was merged."""
        found: dict[QuestionId, Question] = {}
        for number in self.votes.of_person(person):
            question = self.survivor(self.numbered(number))
            if question.state != "erased":
                found[question.id] = question
        yield from found.values()

    def has_vote(self, question: Question, person: PersonId) -> bool:
        """Tell whether `person` votes now for it, or for what counts as one with it."""
        return question.state != "erased" and self.merges.has_vote(person, question.number)

    def authors(self) -> set[PersonId]:
        return set(self._by_person)

    def claimants(self) -> set[PersonId]:
        """Return who has, or had last, a question in hand."""
        return {q.claim.by for q in self.by_id.values() if q.claim is not None}

    def touch_all_of(self, person: PersonId) -> set[Touch]:
        """Return what to look at again when the person's name changed."""
        claimed = (q.id for q in self.by_id.values() if q.claim and q.claim.by == person)
        return {QuestionTouch(q) for q in (*self._by_person.get(person, ()), *claimed)}

    def touches(self, question: Question) -> set[Touch]:
        """Return what to look at again when the question changed: authors of what was merged see it too."""
        return {TallyTouch(question.id), *(QuestionTouch(q.id) for q in self.together(question))}

    def touch_voters(self, questions: Iterable[QuestionId]) -> VotersTouch:
        """Return what to look at again when somebody's vote may stand with another of these questions."""
        return VotersTouch(tuple(sorted(questions)))

    # Changing, for the folds ----------------------------------------------------------------------

    def add(self, question: Question) -> None:
        """Add one with the number that comes next."""
        self._ids.append(question.id)
        earlier = self._by_person.get(question.person, ())
        self._by_person[question.person] = (*earlier, question.id)
        if question.via:
            self._by_via.setdefault(question.via, []).append(question.id)
        if question.state == "on_air":
            self.on_air[question.session] = question.id
        self._place(question)

    def put(self, question: Question) -> None:
        """Have `question` take the place of what it was before, and count it where it belongs now."""
        before = self.by_id[question.id]
        self._place(question)
        if question.merged_into != before.merged_into:
            into = self.by_id[question.merged_into].number if question.merged_into else None
            self.merges.move(question.number, into)

    def _place(self, question: Question) -> None:
        """Note the question, and who has a place by it."""
        before = self.by_id.get(question.id)
        self.by_id[question.id] = question
        change = question.is_open - (before is not None and before.is_open)
        self._open[question.session] += change
        if question.via:
            self._open[question.session, question.via] += change

    def take_off_air(self, question: Question) -> None:
        if question.state == "on_air":
            del self.on_air[question.session]
