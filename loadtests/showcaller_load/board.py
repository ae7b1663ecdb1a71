"""The questions as the audience knows them: which can be voted for, which wait for a moderator. No I/O."""

from __future__ import annotations

from .messages import Update

VOTABLE = ("approved", "on_air")


class Board:
    """Kept up to date by each update of the session's two channels of questions."""

    def __init__(self, session: str) -> None:
        self._public = f"session/{session}/questions"
        self._moderated = f"session/{session}/moderation"
        self.order: list[str] = []  # every question that was ever public
        self._seen: set[str] = set()
        self.votable: set[str] = set()
        self.authors: dict[str, int] = {}  # question to the attendee of ours who asked it
        self.pending: dict[str, None] = {}  # for moderators, the oldest first
        self.approved: dict[str, None] = {}

    def note(self, update: Update) -> None:
        message = update.message
        items = message.put or message.items
        if message.channel == self._public:
            for question, item in items.items():
                self._note_public(question, item["state"])
            self.votable.difference_update(message.remove)
        elif message.channel == self._moderated:
            for question, item in items.items():
                _keep(self.pending, question, item["state"] == "pending")
                _keep(self.approved, question, item["state"] == "approved")

    def votable_for(self, attendee: int, place: int) -> tuple[str | None, int]:
        """The next question from `place` on that the attendee may vote for, and the place after it."""
        while place < len(self.order):
            question = self.order[place]
            place += 1
            if question in self.votable and self.authors.get(question) != attendee:
                return question, place
        return None, place

    def _note_public(self, question: str, state: str) -> None:
        if question not in self._seen:
            self._seen.add(question)
            self.order.append(question)
        if state in VOTABLE:
            self.votable.add(question)
        else:
            self.votable.discard(question)


def _keep(questions: dict[str, None], question: str, belongs: bool) -> None:
    if belongs:
        questions.setdefault(question)
    else:
        questions.pop(question, None)
