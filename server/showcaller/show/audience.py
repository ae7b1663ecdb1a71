"""Presence and reactions: sums, never facts, so the log does not grow with the applause.

Each node counts its own sockets and reactions and tells the others its sums once a second, however many
people it serves. A sum is absolute, so a lost message or a node's restart mends itself within seconds.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from msgspec import Struct

Reaction = Literal["clap", "heart", "laugh", "wow", "party"]
REACTIONS: tuple[Reaction, ...] = get_args(Reaction)
WINDOW_S = 10  # a reaction counts for so long
NODE_LOST_S = 3.5  # a node that was not heard for so long counts no more

NAMES_SHOWN = 200  # of a session

AUDIENCE = "audience"  # the channel of the event's desk

Levels = dict[str, dict[str, int]]  # by channel and key


def audience_channel(session: str) -> str:
    return f"session/{session}/audience"


def people_channel(session: str) -> str:
    return f"session/{session}/people"


def is_audience(channel: str) -> bool:
    """Tell whether the channel shows sums, which have no place in the log."""
    of_session = channel.startswith("session/") and channel.endswith(("/audience", "/people"))
    return channel == AUDIENCE or of_session


class Sums(Struct, frozen=True, array_like=True):
    """The sums of one node now. `present` and `reactions` by session; `sockets` of the whole event."""

    node: str
    sockets: int
    present: dict[str, int]
    reactions: dict[str, dict[str, int]]  # by their names: a newer node may know more
    names: dict[str, dict[str, int]] = {}  # of people, by session; where the event tells them


class Reactions:
    """The reactions that came to this node in the last `WINDOW_S` seconds, by whole seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Counter[tuple[str, str]]]] = deque()

    def add(self, session: str, reaction: Reaction, now_s: float) -> None:
        second = int(now_s)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][session, reaction] += 1

    def recent(self, now_s: float) -> dict[str, dict[str, int]]:
        while self._seconds and self._seconds[0][0] <= now_s - WINDOW_S:
            self._seconds.popleft()
        found: dict[str, dict[str, int]] = {}
        for _, counts in self._seconds:
            for (session, reaction), count in counts.items():
                sums = found.setdefault(session, {})
                sums[reaction] = sums.get(reaction, 0) + count
        return found


class Audience:
    """One event's audience as this node knows it. Times are of a clock that never jumps."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._reactions = Reactions()
        self._heard: dict[str, tuple[float, Sums]] = {}  # by node: when, and what

    def react(self, session: str, reaction: Reaction, now_s: float) -> None:
        self._reactions.add(session, reaction, now_s)

    def count(
        self,
        sockets: int,
        present: Mapping[str, int],
        now_s: float,
        names: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Sums:
        """Note what this node counts, and return it for the others."""
        told = {session: first_names(people) for session, people in (names or {}).items()}
        own = Sums(self.node, sockets, dict(present), self._reactions.recent(now_s), told)
        self._heard[self.node] = (now_s, own)
        return own

    def hear(self, sums: Sums, now_s: float) -> None:
        """Note what another node counts."""
        if sums.node != self.node:
            self._heard[sums.node] = (now_s, sums)

    def levels(self, now_s: float) -> Levels:
        """Return what the audience channels show: the sums over all nodes that were heard lately."""
        found: Levels = {AUDIENCE: {"sockets": 0}}
        for sums in self._lately(now_s):
            found[AUDIENCE]["sockets"] += sums.sockets
            for session, count in sums.present.items():
                _add(found, AUDIENCE, f"session:{session}", count)
                _add(found, audience_channel(session), "present", count)
            for session, reactions in sums.reactions.items():
                for reaction, count in reactions.items():
                    _add(found, audience_channel(session), reaction, count)
            for session, people in sums.names.items():
                for name, count in people.items():
                    _add(found, people_channel(session), name, count)
        for channel in [one for one in found if one.endswith("/people")]:
            found[channel] = first_names(found[channel])
        return found

    def _lately(self, now_s: float) -> Iterator[Sums]:
        self._heard = {
            node: (heard_s, sums)
            for node, (heard_s, sums) in self._heard.items()
            if now_s - heard_s < NODE_LOST_S
        }
        return (sums for _, sums in self._heard.values())


def first_names(people: Mapping[str, int]) -> dict[str, int]:
    """Return the names that are told: the first by the alphabet, so that they stay the same."""
    return {name: people[name] for name in sorted(people)[:NAMES_SHOWN]}


def _add(levels: Levels, channel: str, key: str, count: int) -> None:
    values = levels.setdefault(channel, {})
    values[key] = values.get(key, 0) + count
