"""The laws of a wall clock that is stepped while the monotonic one goes on."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.broker.base import STEP_MS
from showcaller.broker.steady_clock import SteadyClock
from showcaller.testing.manual_clock import ManualClock

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000

pauses_ms = st.integers(0, 60_000)
steps_ms = st.integers(-5 * HOUR_MS, 5 * HOUR_MS).filter(lambda ms: abs(ms) > STEP_MS)
slews_ms = st.integers(-STEP_MS // 4, STEP_MS // 4)


class Machine:
    """A machine whose wall clock is stepped and slewed."""

    def __init__(self):
        self.wall, self.monotonic = ManualClock(START_MS), ManualClock(5_000)
        self.clock = SteadyClock(self.wall, lambda: self.monotonic() / 1000)

    def pass_by(self, ms):
        self.wall.advance(ms=ms)
        self.monotonic.advance(ms=ms)


@given(st.lists(st.tuples(pauses_ms, steps_ms)))
def test_steps_of_the_wall_clock_do_not_show(story):
    machine, expected_ms = Machine(), START_MS
    for pause_ms, step_ms in story:
        machine.pass_by(pause_ms)
        machine.wall.advance(ms=step_ms)
        expected_ms += pause_ms
        if abs(machine.wall() - expected_ms) <= STEP_MS:
            expected_ms = machine.wall()  # it is right again: what is left is followed
        assert machine.clock.read() == (expected_ms, expected_ms - machine.wall(), None)


@given(st.lists(st.tuples(pauses_ms, slews_ms)))
def test_a_clock_that_is_led_in_little_steps_is_followed(story):
    machine = Machine()
    for pause_ms, slew_ms in story:
        machine.pass_by(pause_ms)
        machine.wall.advance(ms=slew_ms)
        assert machine.clock.now_ms() == machine.wall()


def test_two_hours_ahead_for_a_minute_are_gone_afterwards():
    machine = Machine()
    machine.wall.advance(ms=2 * HOUR_MS)
    assert machine.clock.read() == (START_MS, -2 * HOUR_MS, None)
    machine.pass_by(60_000)
    assert machine.clock.read() == (START_MS + 60_000, -2 * HOUR_MS, None)
    machine.wall.advance(ms=-2 * HOUR_MS)
    assert machine.clock.read() == (START_MS + 60_000, 0, None)
    machine.pass_by(1_000)
    assert machine.clock.now_ms() == START_MS + 61_000
