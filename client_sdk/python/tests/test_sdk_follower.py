"""The law of PROTOCOL.md §4: whatever is lost on the way, the follower ends as the server is."""

from __future__ import annotations

from typing import Any

import pytest
from channel_model import ModelChannel
from hypothesis import example, given, settings
from hypothesis import strategies as st

from showcaller_client.follower import HEAD_PATIENCE_S, Follower, Update

KEYS = st.sampled_from("abcdef")
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS),
    st.tuples(st.sampled_from(["remove", "event"]), KEYS),
    st.tuples(st.just("level"), KEYS, st.none() | st.integers(0, 9)),
    st.sampled_from([("flush",), ("flush",), ("elsewhere",), ("lose a change",), ("new epoch",)]),
    st.sampled_from([("heartbeat",), ("reconnect",), ("reconnect",)]),
    st.tuples(st.just("deliver"), st.integers(1, 3)),
)


class Rig:
    """A follower on a connection to the model, driven step by step on a manual clock."""

    def __init__(self) -> None:
        self.server = ModelChannel()
        self.follower = Follower("c")
        self.now_s = 0.0
        self.owed: dict[int, int] = {}  # one-shot event → its offset in the log
        self.shown: list[int] = []
        self.count = 0
        self.lost = False
        self.reconnect()
        self.deliver(2)  # the reply and the first snapshot: what was before it is nobody's loss

    def step(self, name: str, *args: Any) -> None:
        self.count += 1
        match name:
            case "put":
                self.server.change({args[0]: self.count}, [], [])
            case "remove":
                self.server.change({}, [args[0]], [])
            case "event":
                self.server.change({}, [], [{"type": "cue", "n": self.count}])
                self.owed[self.count] = self.server.offset
            case "level":
                self.server.level(*args)
            case "heartbeat":
                self.settle_heartbeat()
            case "lose a change":
                self.lose_a_change()
            case "deliver":
                self.deliver(args[0])
            case "reconnect":
                self.reconnect()
            case "flush":
                self.server.flush()
            case "new epoch" if not self.loss_is_untold:
                self.server.go_on()
            case "elsewhere":
                self.server.elsewhere()

    @property
    def loss_is_untold(self) -> bool:
        """Tell whether something was lost of which only the next heartbeat of this epoch would tell."""
        follower = self.follower
        return self.lost and follower.last < self.server.head

    def reconnect(self) -> None:
        self.server.wire.clear()
        self.server.subscribe(self.follower.begin_resume())

    def lose_a_change(self) -> None:
        """A change vanishes on a living connection, as no server should let happen."""
        changes = [message for message in self.server.wire if message["op"] == "change"]
        if changes:
            self.lost = True
            self.server.wire.remove(changes[0])

    def settle_heartbeat(self) -> None:
        """Let everything in flight arrive, then a heartbeat, then time pass."""
        self.deliver(len(self.server.wire))
        beat = self.server.heartbeat()
        self.follower.heartbeat(beat["head"], beat["mark"], beat["epoch"], self.now_s)
        self.now_s += HEAD_PATIENCE_S
        self.mend()

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.server.wire))):
            message = self.server.wire.popleft()
            if message["op"] == "reply":
                self.follower.resumed()
            else:
                self.show(self.follower.receive(message, self.now_s))
            self.mend()

    def mend(self) -> None:
        if self.follower.resubscribe_due(self.now_s):
            self.server.subscribe(self.follower.begin_resume())

    def show(self, update: Update | None) -> None:
        if update is None:
            return
        if update.reset:
            self.begin_anew(self.follower.last)
        self.shown += [event["n"] for event in update.events]

    def begin_anew(self, offset: int) -> None:
        """A reset takes the events up to its snapshot's offset; later ones are owed, lost or not."""
        self.shown = []
        self.owed = {n: at for n, at in self.owed.items() if at > offset}


def assert_whole(rig: Rig) -> None:
    rig.server.flush()
    for _ in range(3):  # a loss, its mending, and a heartbeat that finds nothing missing
        rig.settle_heartbeat()
        rig.deliver(len(rig.server.wire))
    assert rig.follower.items == rig.server.items
    assert rig.follower.levels == rig.server.levels
    assert rig.shown == list(rig.owed)
    assert rig.follower.mark == rig.server.offset


@settings(max_examples=1_000, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_snapshot_and_resume_equal_the_newest_snapshot(steps: list[tuple[Any, ...]]) -> None:
    rig = Rig()
    for step in steps:
        rig.step(*step)
    assert_whole(rig)


@settings(max_examples=100, deadline=None)
@example([("put", "a"), ("lose a change",), ("put", "a")], [("event", "a"), ("lose a change",)])
@given(st.lists(STEPS, max_size=20), st.lists(STEPS, max_size=20))
def test_a_lost_log_begins_anew(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    rig = Rig()
    for step in before:
        rig.step(*step)
    rig.server.lose_log()
    rig.deliver(len(rig.server.wire))
    rig.owed, rig.shown = {}, []
    for step in after:
        rig.step(*step)
    assert_whole(rig)


def follower_at(offset: int, **levels: int) -> Follower:
    follower = Follower("c")
    snapshot = {"op": "snapshot", "epoch": "e", "offset": offset, "items": {}, "levels": levels}
    follower.receive(snapshot, 0.0)
    return follower


def change(offset: int, prev: int, **more: Any) -> dict[str, Any]:
    return {"op": "change", "epoch": "e", "offset": offset, "prev": prev, "at_ms": 1, **more}


def test_a_change_of_another_log_is_ignored() -> None:
    follower = follower_at(5)
    assert follower.receive(change(6, 5, put={"a": 1}) | {"epoch": "other"}, 0.0) is None
    assert follower.items == {}
    assert not follower.resubscribe_due(99.0)


def test_a_gap_asks_at_once_and_only_once() -> None:
    follower = follower_at(5)
    assert follower.receive(change(9, 7), 3.0) is None
    assert follower.resubscribe_due(3.0)
    assert follower.begin_resume() == {"epoch": "e", "offset": 5}
    assert follower.receive(change(10, 9), 3.0) is None
    assert not follower.resubscribe_due(99.0)


def test_resumes_from_the_mark_not_from_the_last_change() -> None:
    follower = follower_at(5)
    follower.receive(change(6, 0), 0.0)  # no mark: votes below it have not been sent
    assert (follower.last, follower.mark) == (6, 5)
    assert follower.begin_resume() == {"epoch": "e", "offset": 5}


def test_a_mark_does_not_pass_what_is_missing() -> None:
    follower = follower_at(5)
    follower.receive(change(9, 7), 0.0)
    follower.receive({"op": "levels", "epoch": "e", "values": {"a": 3}, "mark": 9}, 0.0)
    assert follower.levels == {"a": 3}
    assert follower.begin_resume() == {"epoch": "e", "offset": 5}


def test_a_head_without_its_change_is_given_a_second() -> None:
    follower = follower_at(5)
    follower.heartbeat(head=6, mark=6, epoch="e", now_s=10.0)
    assert not follower.resubscribe_due(10.9)
    assert follower.resubscribe_due(11.0)
    follower.receive(change(6, 0), 10.5)
    assert not follower.resubscribe_due(99.0)


def test_null_removes_a_level() -> None:
    follower = follower_at(5, a=1, b=2)
    follower.receive({"op": "levels", "epoch": "e", "values": {"a": None}, "mark": 5}, 0.0)
    assert follower.levels == {"b": 2}


def test_put_comes_before_remove() -> None:
    follower = follower_at(5)
    follower.receive(change(6, 0, put={"a": 1, "b": 2}, remove=["a", "never there"]), 0.0)
    assert follower.items == {"b": 2}


def test_a_snapshot_of_the_epoch_that_goes_on_shows_no_event_again() -> None:
    follower = follower_at(5)
    follower.receive(change(6, 0, events=[{"n": 6}]), 0.0)  # no mark: it is asked for again
    over = {"op": "snapshot", "epoch": "f", "offset": 5, "items": {}, "levels": {}, "reset": False}
    follower.receive(over, 0.0)
    shown = [
        follower.receive(change(n, n - 1, events=[{"n": n}]) | {"epoch": "f"}, 0.0) for n in (6, 7)
    ]
    assert [update and update.events for update in shown] == [(), ({"n": 7},)]


def test_after_a_reset_events_of_the_other_history_are_shown_at_the_same_places() -> None:
    follower = follower_at(5)
    follower.receive(change(6, 0, events=[{"n": 6}]), 0.0)
    reset = {"op": "snapshot", "epoch": "f", "offset": 5, "items": {}, "levels": {}, "reset": True}
    update = follower.receive(reset, 0.0)
    assert update and update.reset
    again = follower.receive(change(6, 5, events=[{"n": "other"}]) | {"epoch": "f"}, 0.0)
    assert again and again.events == ({"n": "other"},)


def test_an_event_lost_behind_a_second_reset_still_shows_once() -> None:
    follower = follower_at(5)
    reset = {"op": "snapshot", "epoch": "f", "offset": 0, "items": {}, "levels": {}, "reset": True}
    follower.receive(reset, 0.0)
    follower.receive(reset, 0.0)  # asked for at a gap in the lost log; an event came meanwhile
    follower.heartbeat(head=1, mark=1, epoch="f", now_s=0.0)
    assert follower.resubscribe_due(HEAD_PATIENCE_S)
    assert follower.begin_resume() == {"epoch": "f", "offset": 0}
    follower.resumed()
    again = change(1, 0, events=[{"n": 1}]) | {"epoch": "f"}
    shown = [follower.receive(again, 1.0), follower.receive(again, 1.0)]
    assert [update and update.events for update in shown] == [({"n": 1},), None]


@pytest.mark.parametrize("op", ["later", "x"])
def test_unknown_messages_are_ignored(op: str) -> None:
    assert follower_at(5).receive({"op": op, "epoch": "e"}, 0.0) is None
