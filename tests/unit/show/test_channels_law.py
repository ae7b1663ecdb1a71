"""The law of channels, over random histories: whatever is missed, clients end with what channels hold."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.state import State
from showcaller.errors import Unavailable
from showcaller.show.channels import Channels
from showcaller.testing.model_client import ModelClient
from showcaller.testing.random_history import (
    RandomHistory,
)

from .nodes import (
    EPOCH,
    PRINCIPALS,
    SEEDS,
    STEPS,
    KnownNames,
    Log,
    Node,
    held,
    law,
    wire,
)


@law
@given(SEEDS)
def test_every_document_equals_one_made_anew(seed):
    log, node = Log(random.Random(seed)), Node()
    for channel in PRINCIPALS:
        node.channels.open_own(PRINCIPALS[channel])
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        anew = Node(state=node.state)
        for channel in anew.all_channels():
            assert wire(node.channels.snapshot(channel)) == wire(anew.channels.snapshot(channel))


@law
@given(SEEDS)
def test_a_client_that_follows_holds_what_a_snapshot_says(seed):
    rng = random.Random(seed)
    log, node = Log(rng), Node()
    log.grow()
    log.feed(node)
    clients = {channel: ModelClient() for channel in node.all_channels()}
    for channel, client in clients.items():
        node.open(channel, client)
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        rng.choice((node.flush, node.heartbeat, lambda: None))()
    node.flush()
    for channel, client in clients.items():
        assert held(client) == wire(node.channels.snapshot(channel))
        assert client.resets == 0


class Wanderer:
    """A client that loses its connection, and everything then on its way, and comes back elsewhere."""

    def __init__(self, channel, rng):
        self.client, self._channel, self._rng = ModelClient(), channel, rng
        self._node = None

    def leave(self):
        if self._node is not None:
            self._node.followers[self._channel].remove(self.client)
            self._node = None

    def come_back(self, nodes, may_break=True):
        if self._node is None:
            node = self._rng.choice(nodes)
            cut = self._rng.choice((None, None, 0, 1, 2)) if may_break else None
            try:
                node.open(self._channel, self.client, cut)
            except Unavailable:
                return  # that node is behind: try another time
            self._node = node if cut is None else None


@law
@given(SEEDS)
def test_snapshot_and_resume_equal_a_later_snapshot_on_any_node(seed):
    rng = random.Random(seed)
    log, first = Log(rng), Node()
    log.grow()
    log.feed(first)
    nodes = [first, Node(changes_kept=5)]
    log.feed(nodes[1])
    wanderers = {c: Wanderer(c, rng) for c in first.all_channels()}
    for _ in range(STEPS):
        log.grow()
        for node in nodes:
            if rng.random() < 0.7:
                log.feed(node, upto=rng.randint(node.state.folded, len(log.entries)))
            rng.choice((node.flush, node.heartbeat, lambda: None))()
        for wanderer in wanderers.values():
            rng.choice((wanderer.leave, wanderer.leave, lambda w=wanderer: w.come_back(nodes)))()
        if rng.random() < 0.05:  # one more node, restored from a snapshot of the fold
            log.feed(first)
            nodes.append(Node(State.load(b"".join(first.state.dump()))))
            nodes.append(first.restarted())
    for node in nodes:
        log.feed(node)
        node.flush()
    for channel, wanderer in wanderers.items():
        wanderer.come_back(nodes, may_break=False)
        assert held(wanderer.client) == wire(first.channels.snapshot(channel)), channel
        if not wanderer.client.resets and not channel.startswith("person/"):
            told = [e for c, m in first.live if c == channel for e in _events(m)]
            assert _is_tail(wanderer.client.events, told)


@law
@given(SEEDS)
def test_neither_restarts_nor_new_epochs_of_a_log_reset_anybody(seed):
    rng = random.Random(seed)
    log, node = Log(rng), Node()
    log.grow()
    log.feed(node)
    wanderers = {c: Wanderer(c, rng) for c in node.all_channels()}
    told = []
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
        rng.choice((node.flush, node.heartbeat, lambda: None))()
        for wanderer in wanderers.values():
            rng.choice((wanderer.leave, lambda w=wanderer, n=node: w.come_back([n])))()
        if rng.random() < 0.1:
            node.enter_epoch()
        if rng.random() < 0.1:
            for wanderer in wanderers.values():
                wanderer.leave()
            told += node.live
            node = node.restarted()
    node.flush()
    node.heartbeat()
    told += node.live
    for channel, wanderer in wanderers.items():
        wanderer.come_back([node], may_break=False)
        assert held(wanderer.client) == wire(node.channels.snapshot(channel)), channel
        assert wanderer.client.resets == 0
        if not channel.startswith("person/"):
            events = [e for c, m in told if c == channel for e in _events(m)]
            assert _is_tail(wanderer.client.events, events), channel


@law
@given(SEEDS)
def test_who_was_shown_what_another_master_wrote_is_reset_and_nobody_else(seed):
    """Two nodes fold one log up to a point and then each its own; everybody ends on the second one."""
    rng = random.Random(seed)
    log, lost = Log(rng), Node()
    for _ in range(rng.randint(1, 10)):
        log.grow()
    log.feed(lost)
    kept = lost.restarted()
    kept.ends = {EPOCH: lost.state.folded}
    kept.epoch = "e2"
    kept.channels = Channels(kept.state, KnownNames(), "e2", ended=kept.ends.get)
    clients = {channel: [ModelClient(), ModelClient()] for channel in lost.all_channels()}
    for channel, (early, late) in clients.items():
        lost.open(channel, early, cut=9)
        lost.open(channel, late)
    for _ in range(rng.randint(1, 5)):  # more than a mark, else nothing was shown
        log.grow()
        log.feed(lost)
    lost.flush()
    lost.heartbeat()
    other = Log(rng)
    other.entries = log.entries[: kept.state.folded]
    for _ in range(rng.randint(0, 30)):
        other.grow()
    for entry in other.entries[kept.state.folded :]:
        kept.fold(*entry)
    for channel, (early, late) in clients.items():
        if channel in PRINCIPALS:
            continue
        for client in (early, late):
            kept.open(channel, client)
            assert held(client) == wire(kept.channels.snapshot(channel)), channel
        assert early.resets == 0
        assert late.resets == (0 if channel.endswith("/audience") or channel == "audience" else 1)


def _events(message):
    return msgspec.json.decode(msgspec.json.encode(message)).get("events", ())


def _is_tail(events, told):
    """All from the client's first snapshot on, in order, none twice."""
    return events == told[len(told) - len(events) :]


@law
@given(SEEDS, st.integers(1, 200))
def test_a_lost_change_is_noticed_and_made_good(seed, lose):
    log, node = Log(random.Random(seed)), Node()
    log.grow()
    log.feed(node)
    client = ModelClient()
    node.open("agenda", client)
    received, receive = 0, client.receive

    def receive_all_but_one(message):
        nonlocal received
        received += 1
        return True if received == lose else receive(message)

    client.receive = receive_all_but_one
    for _ in range(STEPS):
        log.grow()
        log.feed(node)
    node.heartbeat()
    assert held(client) == wire(node.channels.snapshot("agenda"))
    assert len(client.events) == len({str(event) for event in client.events})


def test_histories_hold_every_class_of_facts_and_most_are_accepted():
    seen, accepted = set(), set()
    for seed in range(500):
        history = RandomHistory(random.Random(seed))
        for _ in range(STEPS):
            fact, outcome = history.step()
            seen.add(type(fact))
            if outcome.refused is None:
                accepted.add(type(fact))
    assert seen == set(facts.KINDS)
    assert accepted == seen


@pytest.mark.parametrize("seed", range(10))
def test_a_state_that_was_dumped_and_loaded_folds_on_alike(seed):
    log = Log(random.Random(seed))
    for _ in range(STEPS):
        log.grow()
    node = Node()
    log.feed(node, upto=STEPS // 2)
    restored = Node(State.load(b"".join(node.state.dump())))
    assert restored.state == node.state
    log.feed(node)
    log.feed(restored)
    assert restored.state == node.state
