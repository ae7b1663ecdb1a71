"""Nodes that fold one log of random histories, for the laws of channels."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from showcaller.domain.people import Principal
from showcaller.domain.state import State
from showcaller.show.channels import Channels
from showcaller.show.document import Kept
from showcaller.show.names import Names
from showcaller.testing.random_history import (
    ATTENDEES,
    NAMES,
    RandomHistory,
)

EPOCH = "e1"
STEPS = 60
SEEDS = st.integers(0, 2**32)
law = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class KnownNames(Names):
    """Names that were loaded before."""

    def __init__(self):
        super().__init__(log=None)
        self._names = dict(NAMES)


def principal(person):
    return Principal(person=person, roles=frozenset({"attendee"}), token="t", expires_at_ms=0)


PRINCIPALS = {f"person/{person}": principal(person) for person in ATTENDEES}


class Node:
    """A node that folds a shared log when told to, and serves clients as a `LiveEvent` does."""

    def __init__(self, state=None, changes_kept=1_000, epoch=EPOCH, ends=None):
        self.state = state or State(event_id="event")
        self.epoch, self.ends = epoch, {} if ends is None else ends
        self.channels = Channels(
            self.state, KnownNames(), epoch, ended=self.ends.get, changes_kept=changes_kept
        )
        self.followers = defaultdict(list)
        self.sent = []  # every message ever: (channel, message)
        self.live = []  # those of them that were sent to all followers

    def fold(self, offset, at_ms, fact):
        outcome = self.state.apply(offset, at_ms, fact)
        self._send(self.channels.fold(offset, at_ms, outcome))

    def flush(self):
        self._send(self.channels.flush_levels())

    def _send(self, messages):
        self.sent += messages
        self.live += messages
        for channel, message in messages:
            for client in list(self.followers[channel]):
                if not client.receive(message):
                    self.open(channel, client)

    def open(self, channel, client, cut=None):
        """Subscribe, or subscribe again; the connection may break after `cut` messages.

        Raises `Unavailable` when the client knows more.
        """
        if channel in PRINCIPALS:
            self.channels.open_own(PRINCIPALS[channel])
        missed = self.channels.open(channel, client.since).messages
        self.sent += [(channel, message) for message in missed]
        for message in missed[:cut]:
            assert client.receive(message), "a resumed client misses nothing"
        if client not in self.followers[channel] and cut is None:
            self.followers[channel].append(client)

    def heartbeat(self):
        for channel, clients in self.followers.items():
            for client in clients:
                if not client.heartbeat(self.epoch, self.channels.head(channel)):
                    self.open(channel, client)

    def enter_epoch(self):
        """Have the log go on under another epoch; clients hear of it with the next heartbeat."""
        self.ends[self.epoch] = self.state.folded
        self.epoch = f"e{len(self.ends) + 1}"
        self.channels.enter_epoch(self.epoch)

    def restarted(self):
        """The node that begins from this one's snapshot."""
        data = b"".join(self.state.dump(self.channels.keep()))
        again = Node(State.load(data), epoch=self.epoch, ends=self.ends)
        kept = msgspec.msgpack.decode(State.beside(data), type=dict[str, Kept])
        again.channels.restore(kept)
        return again

    def all_channels(self):
        own = [self.channels.open_own(PRINCIPALS[channel]) for channel in PRINCIPALS]
        return [*self.channels._projection.channels(), *own]


def wire(snapshot):
    plain = msgspec.json.decode(msgspec.json.encode(snapshot))
    return plain["items"], plain["levels"]


def held(client):
    return client.items, client.levels


class Log:
    """A random history, kept as entries for nodes that fold it when they come to it."""

    def __init__(self, rng):
        self.history = RandomHistory(rng)
        self.entries = []

    def grow(self):
        fact, _ = self.history.step()
        self.entries.append((len(self.entries) + 1, self.history.now_ms, fact))

    def feed(self, node, upto=None):
        for entry in self.entries[node.state.folded : upto]:
            node.fold(*entry)
