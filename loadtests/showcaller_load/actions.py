"""People's own actions, evenly spaced, whether or not the answers come (an open loop)."""

from __future__ import annotations

import random
from collections.abc import Callable

from .attendee import Attendee
from .crowd import Crowd
from .scenario import Action

TRIES = 20  # attendees that are looked at for one who can act now
MOST_PENDING = 8  # commands of one attendee under way; the server allows 16
FILLING = "\N{CLAPPER BOARD}"  # one character of four bytes
PUSH_EVERY = 4  # of a moderator's actions: one puts a question on air, the others approve


def start_actions(crowd: Crowd, began_s: float) -> None:
    """Let each action of the plan happen when it is due."""
    for action in crowd.plan.actions:
        if action.per_s > 0:
            _Source(crowd, action, began_s)


class _Source:
    """One action, again and again."""

    def __init__(self, crowd: Crowd, action: Action, began_s: float) -> None:
        self._crowd = crowd
        self._every_s = 1 / action.per_s
        self._text_bytes = action.text_bytes
        self._until_s = began_s + action.until_s
        self._due_s = began_s + action.from_s + random.uniform(0, self._every_s)
        self._do: Callable[[], bool] = getattr(self, f"_{action.do}")
        self._order = list(range(len(crowd.audience)))
        random.shuffle(self._order)
        self._next = 0
        self._done = 0
        self._wait()

    def _wait(self) -> None:
        if self._due_s < self._until_s:
            self._crowd.timers.at(self._due_s, self._act)

    def _act(self) -> None:
        if self._crowd.is_settling:
            return
        self._done += 1
        if not self._do():
            self._crowd.measures.totals["actions_skipped"] += 1
        self._due_s += self._every_s
        self._wait()

    # Each of these tells whether there was somebody to do it, and something to do. ------------------

    def _ask(self) -> bool:
        someone = self._someone()
        if someone is None:
            return False
        crowd = self._crowd
        text = f"Question {self._done} of {someone.number}: what happens when this grows tenfold?"
        someone.do(
            "question.ask", session=crowd.plan.session, text=crowd.stamp.text(text, crowd.now_ms())
        )
        return True

    def _vote(self) -> bool:
        for _ in range(TRIES):
            someone = self._someone()
            if someone is None:
                return False
            board = self._crowd.board
            question, someone.next_vote = board.votable_for(someone.number, someone.next_vote)
            if question is not None:
                someone.do("question.vote", question=question, on=True)
                return True
        return False

    def _probe(self) -> bool:
        someone = self._someone()
        if someone is not None:
            someone.probe()
        return someone is not None

    def _announce(self) -> bool:
        crowd = self._crowd
        text = f"Announcement {self._done}: a short break, then questions"
        text += " " + FILLING * ((self._text_bytes - len(text)) // len(FILLING.encode()))
        return self._by_staff("announcement.make", text=crowd.stamp.text(text, crowd.now_ms()))

    def _moderate(self) -> bool:
        board = self._crowd.board
        if board.approved and (self._done % PUSH_EVERY == 0 or not board.pending):
            return self._by_staff("question.push", question=board.approved.popitem()[0])
        if board.pending:
            question = next(iter(board.pending))
            del board.pending[question]
            return self._by_staff("question.approve", question=question)
        return False

    # Who does it --------------------------------------------------------------------------------------

    def _someone(self) -> Attendee | None:
        """The next of the audience who is there and not too busy."""
        audience = self._crowd.audience
        for _ in range(min(TRIES, len(audience))):
            self._next = (self._next + 1) % len(audience)
            one = audience[self._order[self._next]]
            if one.is_whole and not one.is_slow and len(one.pending) < MOST_PENDING:
                return one
        return None

    def _by_staff(self, name: str, **args: object) -> bool:
        staff = self._crowd.staff[self._done % len(self._crowd.staff)]
        if len(staff.pending) >= MOST_PENDING:
            return False
        staff.do(name, **args)
        return True
