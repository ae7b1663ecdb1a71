"""The people behind the voters of anonymous polls, of those alone whose own channel is open here.

A voter's id can't be turned back into a person's; so theirs are computed once a poll, while it is open.
"""

from __future__ import annotations

from collections.abc import Collection

from ..domain.ids import PersonId, PollId, VoterId
from ..domain.poll import Poll, voter_of
from ..domain.state import State

OWN = "person/"  # a person's own channel, by its internal name


class Voters:
    """The voters of one event. `own`: the channels of those who are here."""

    def __init__(self, state: State, own: Collection[str]) -> None:
        self._state = state
        self._own = own
        self._people: dict[PollId, dict[VoterId, PersonId]] = {}

    def came(self, person: PersonId) -> None:
        """Know somebody whose own channel was opened."""
        for poll_id, people in self._people.items():
            people[voter_of(self._state.polls.by_id[poll_id], person, self._state.salt)] = person

    def person(self, poll: Poll, voter: VoterId) -> PersonId | None:
        """Return who voted; None if nobody who is here."""
        if not poll.draft.anonymous:
            return PersonId(voter)
        if poll.id not in self._people:
            here = [PersonId(channel.removeprefix(OWN)) for channel in self._own]
            salt = self._state.salt
            self._people[poll.id] = {voter_of(poll, person, salt): person for person in here}
        return self._people[poll.id].get(voter)

    def forget(self, poll: PollId) -> None:
        """Drop what is known of a poll that takes no votes."""
        self._people.pop(poll, None)
