"""Server time, estimated by several nodes over long and short ways while clocks are set, by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller import system
from showcaller.broker.base import STEP_MS, ClockReading
from showcaller.show.broker_clock import SAMPLE_EVERY_S, BrokerClock
from showcaller.testing.manual_clock import run_virtually

HOUR_MS = 3_600_000


class World:
    """A broker whose clock is `ahead_ms` of a monotonic clock that all share, and that `step` sets."""

    def __init__(self):
        self.true_ms = 1_000_000.0
        self.ahead_ms = self.first_ahead_ms = system.wall_ms_exact() - self.true_ms
        self.correction_ms = 0
        self.read_ms = -1e12

    def node(self):
        return Node(self)

    def pass_by(self, ms):
        self.true_ms += ms

    def step(self, ms):
        self.ahead_ms += ms

    def reading(self):
        """Return what `clock.lua` would."""
        now_ms = int(self.true_ms + self.ahead_ms + self.correction_ms)
        unread_ms = now_ms - self.read_ms
        if unread_ms < 0 or unread_ms > STEP_MS:
            return ClockReading(now_ms, self.correction_ms, int(unread_ms))
        self.read_ms = now_ms
        return ClockReading(now_ms, self.correction_ms)

    def settle(self, reading, by_ms):
        if reading.correction_ms == self.correction_ms:
            self.correction_ms += by_ms
            self.read_ms = int(self.true_ms + self.ahead_ms + self.correction_ms)
        return self.reading()

    @property
    def server_ms(self):
        """Server time, had nobody ever set a clock."""
        return self.true_ms + self.first_ahead_ms


class Node:
    """A node, `way_ms` away from the broker in either direction. For `paused_ms` its clock stood still."""

    def __init__(self, world):
        self.world = world
        self.way_ms = 1.0
        self.paused_ms = 0.0
        self.clock = BrokerClock(self, lambda: (world.true_ms - self.paused_ms) / 1000)

    async def read_clock(self):
        return self._travelled(self.world.reading)

    async def settle_clock(self, reading, by_ms):
        return self._travelled(lambda: self.world.settle(reading, by_ms))

    def _travelled(self, ask):
        self.world.pass_by(self.way_ms)
        reading = ask()
        self.world.pass_by(self.way_ms)
        return reading

    async def sample(self, times=1):
        for _ in range(times):
            self.world.pass_by(SAMPLE_EVERY_S * 1000)
            await self.clock.sample()

    @property
    def wrong_ms(self):
        return self.clock.now_ms() - self.world.server_ms


async def all_sample(nodes, times=1):
    for _ in range(times):
        nodes[0].world.pass_by(SAMPLE_EVERY_S * 1000)
        for node in nodes:
            await node.clock.sample()


async def test_the_reading_with_the_shortest_round_trip_counts():
    node = World().node()
    node.way_ms = 1.0
    await node.sample()
    node.way_ms = 300.0
    await node.sample(3)
    assert node.wrong_ms == pytest.approx(0, abs=0.6)


async def test_what_is_no_step_is_followed_though_the_reading_was_slower():
    node = World().node()
    await node.sample(8)
    node.world.step(1_500)
    node.way_ms = 20.0
    await node.sample()
    assert node.wrong_ms == pytest.approx(1_500, abs=0.6)


async def test_time_waits_when_the_brokers_clock_is_set_back_a_little():
    node = World().node()
    await node.sample(8)
    node.world.step(-1_500)
    latest_ms = node.clock.now_ms()
    await node.clock.sample()
    assert node.clock.now_ms() == pytest.approx(latest_ms, abs=0.6)
    node.world.pass_by(2_000)
    assert node.wrong_ms == pytest.approx(-1_500, abs=0.6)


async def test_two_hours_ahead_for_a_minute_are_not_followed_and_nothing_stands_still():
    nodes = [World().node()]
    nodes.append(nodes[0].world.node())
    await all_sample(nodes, 8)
    for step_ms in (2 * HOUR_MS, -2 * HOUR_MS):
        nodes[0].world.step(step_ms)
        for _ in range(60):
            await all_sample(nodes)
            for node in nodes:
                assert node.wrong_ms == pytest.approx(0, abs=3)
    assert nodes[0].world.correction_ms == 0


async def test_a_step_is_told_once_and_its_end_too(caplog):
    node = World().node()
    await node.sample(8)
    node.world.step(2 * HOUR_MS)
    await node.sample(5)
    assert node.clock.correction_ms == pytest.approx(-2 * HOUR_MS, abs=3)
    node.world.step(-2 * HOUR_MS)
    await node.sample(5)
    told = [record.correction_s for record in caplog.records if record.action == "clock.stepped"]
    assert told == [pytest.approx(-7_200, abs=0.1), 0]


async def test_a_node_that_comes_while_the_brokers_clock_is_wrong_goes_by_server_time():
    world = World()
    first = world.node()
    await first.sample(8)
    world.step(2 * HOUR_MS)
    await first.sample()
    late = world.node()
    await late.clock.begin()
    assert late.wrong_ms == pytest.approx(0, abs=3)


async def test_a_node_that_is_just_starting_settles_no_step():
    world = World()
    first, late = world.node(), world.node()
    await first.sample(8)
    world.step(2 * HOUR_MS)
    await late.clock.begin()
    await late.clock.sample()
    await first.sample()
    await late.sample()
    assert (first.wrong_ms, late.wrong_ms) == (pytest.approx(0, abs=3), pytest.approx(0, abs=3))


async def test_a_machine_that_was_paused_follows_the_others():
    world = World()
    nodes = [world.node(), world.node()]
    await all_sample(nodes, 8)
    nodes[1].paused_ms += 600_000
    await all_sample(nodes)
    assert world.correction_ms == 0
    assert [node.wrong_ms for node in nodes] == [pytest.approx(0, abs=3)] * 2


async def test_a_broker_that_answered_late_was_not_stepped():
    node = World().node()
    await node.sample(8)
    node.way_ms = 30_000  # it was stopped for a minute
    await node.clock.sample()
    node.way_ms = 1.0
    await node.sample(2)
    assert node.world.correction_ms == 0
    assert node.wrong_ms == pytest.approx(0, abs=3)


def test_a_correction_that_nobody_kept_up_is_given_up():
    async def story():
        world = World()
        world.correction_ms = -HOUR_MS
        world.read_ms = world.true_ms + world.ahead_ms - HOUR_MS - 120_000
        late = world.node()
        await late.clock.begin()
        assert world.correction_ms == 0
        assert late.wrong_ms == pytest.approx(0, abs=3)

    run_virtually(story())


steps = st.tuples(st.just("step"), st.integers(-3 * HOUR_MS, 3 * HOUR_MS))
others = st.sampled_from([("sample", 1), ("sample", 3), ("slow", 0)])


SLOW_MS = 400.0  # one way: what a reading tells is wrong by up to that


@settings(max_examples=60, deadline=None)
@given(st.lists(steps | others, max_size=12))
def test_whatever_the_brokers_clock_is_set_to_server_time_is_off_by_no_step(story):
    """Steps of less than `STEP_MS` are followed, as well as they can be measured: so they are counted."""

    async def tell():
        world = World()
        nodes = [world.node(), world.node()]
        await all_sample(nodes, 8)
        followed_ms = 0
        for what, amount in story:
            if what == "step":
                world.step(amount)
                followed_ms += min(abs(amount), STEP_MS + SLOW_MS)
            elif what == "slow":
                nodes[0].way_ms = SLOW_MS
            await all_sample(nodes, max(amount, 1) if what == "sample" else 1)
            nodes[0].way_ms = 1.0
            for node in nodes:
                assert abs(node.wrong_ms) <= followed_ms + SLOW_MS + 50

    run_virtually(tell())
