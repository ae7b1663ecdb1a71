from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.wheel import HELPING, RESOLUTION_S, Wheel


class Beacon:
    """A member that is due at each of `times_s`; notes when it was called."""

    def __init__(self, *times_s):
        self.due_s = list(times_s)
        self.called_s = []

    def tick(self, now_s):
        self.called_s.append(now_s)
        while self.due_s and self.due_s[0] <= now_s:
            self.due_s.pop(0)
        return self.due_s[0] if self.due_s else None


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20), st.floats(0, 0.2))
def test_everything_is_called_when_it_is_due_and_little_later(times_s, start_s):
    wheel = Wheel()
    beacons = [Beacon(at_s) for at_s in times_s]
    for beacon in beacons:
        wheel.add(beacon, beacon.due_s[0])
    for turn in range(250):
        wheel.turn(start_s + turn * RESOLUTION_S)
    assert not wheel
    for beacon, at_s in zip(beacons, times_s, strict=True):
        (called_s,) = beacon.called_s
        assert at_s <= called_s <= max(at_s, start_s) + 2 * RESOLUTION_S


def test_a_thing_with_a_next_deadline_is_called_again():
    wheel = Wheel()
    beacon = Beacon(1.0, 2.0, 5.0)
    wheel.add(beacon, 1.0)
    for now_s in (0.5, 1.0, 1.5, 2.0, 4.9, 5.0, 9.0):
        wheel.turn(now_s)
    assert beacon.called_s == [1.0, 2.0, 5.0]


def test_a_deadline_in_the_past_is_called_at_the_next_turn_and_not_in_this_one():
    wheel = Wheel()
    wheel.turn(10.0)
    late = Beacon(3.0)
    wheel.add(late, 3.0)
    wheel.turn(10.0)
    assert late.called_s == []
    wheel.turn(10.25)
    assert late.called_s == [10.25]


def test_a_wheel_that_missed_turns_calls_everything_due():
    wheel = Wheel()
    beacons = [Beacon(1.0), Beacon(2.0)]
    for beacon in beacons:
        wheel.add(beacon, beacon.due_s[0])
    wheel.turn(100.0)
    assert [beacon.called_s for beacon in beacons] == [[100.0], [100.0]]


def test_things_due_together_are_called_in_helpings():
    wheel = Wheel()
    beacons = [Beacon(1.0) for _ in range(2 * HELPING + 1)]
    for beacon in beacons:
        wheel.add(beacon, 1.0)
    assert [wheel.turn(1.0) for _ in range(3)] == [True, True, False]
    assert not wheel
    assert all(beacon.called_s == [1.0] for beacon in beacons)
