"""The broker's clock, estimated over ways of many lengths, on a manual clock."""

import pytest

from showcaller import system
from showcaller.show.broker_clock import BrokerClock


class Broker:
    """A broker whose clock is `ahead_ms` of this machine's, `way_ms` away in either direction."""

    def __init__(self):
        self.own_ms = 1_000_000.0
        self.ahead_ms = system.wall_ms_exact() - self.own_ms
        self.way_ms = 1.0
        self.clock = BrokerClock(self.read_ms, lambda: self.own_ms / 1000)

    async def read_ms(self):
        self.own_ms += self.way_ms
        told_ms = int(self.own_ms + self.ahead_ms)
        self.own_ms += self.way_ms
        return told_ms

    async def sample(self, times=1):
        for _ in range(times):
            self.own_ms += 5_000
            await self.clock.sample()

    @property
    def wrong_ms(self):
        return self.clock.now_ms() - (self.own_ms + self.ahead_ms)


async def test_the_reading_with_the_shortest_round_trip_counts():
    broker = Broker()
    broker.way_ms = 1.0
    await broker.sample()
    broker.way_ms = 300.0
    await broker.sample(3)
    assert broker.wrong_ms == pytest.approx(0, abs=0.6)


async def test_the_first_reading_after_the_brokers_clock_moved_counts_though_it_was_slower():
    broker = Broker()
    await broker.sample(8)
    broker.ahead_ms += 20_000
    broker.way_ms = 20.0
    await broker.sample()
    assert broker.wrong_ms == pytest.approx(0, abs=0.6)


async def test_time_waits_and_never_goes_back_when_the_brokers_clock_was_set_back():
    broker = Broker()
    await broker.sample(8)
    latest_ms = broker.clock.now_ms()
    broker.ahead_ms -= 10_000
    await broker.sample()  # 5 s on: 5 s are left to wait
    assert broker.clock.now_ms() == latest_ms
    broker.own_ms += 6_000
    assert broker.wrong_ms == pytest.approx(0, abs=0.6)
