"""Viewers that are behind are sent the past in turns, those that wait longest first."""

from __future__ import annotations

import asyncio

import pytest

from showcaller.media.sfu.catch_up import STEPS_A_TURN, CatchUp
from showcaller.system import monotonic_s
from showcaller.testing.until import until


class Behind:
    """One that has so many steps to go."""

    def __init__(self, name, steps, told):
        self.name, self.left, self.told = name, steps, told

    def catching_up(self):
        return self.left > 0

    def step(self, now_s):
        assert abs(monotonic_s() - now_s) < 5
        self.left -= 1
        self.told.append(self.name)


@pytest.fixture
async def catch_up():
    catch_up = CatchUp()
    yield catch_up
    catch_up.stop()


async def test_each_viewer_is_sent_the_past_to_its_end(catch_up):
    told = []
    viewers = [Behind(name, 3, told) for name in "ab"]
    for viewer in viewers:
        catch_up.on_behind(viewer, monotonic_s())
    await until(lambda: not any(viewer.catching_up() for viewer in viewers))
    assert told == ["a", "b"] * 3


async def test_who_is_not_behind_is_left_alone(catch_up):
    told = []
    catch_up.on_behind(Behind("here", 0, told), monotonic_s())
    other = Behind("behind", 1, told)
    catch_up.on_behind(other, monotonic_s())
    await until(lambda: not other.catching_up())
    assert told == ["behind"]


async def test_who_has_gone_is_sent_nothing(catch_up):
    told = []
    gone, other = Behind("gone", 5, told), Behind("other", 2, told)
    for viewer in (gone, other):
        catch_up.on_behind(viewer, monotonic_s())
    catch_up.discard(gone)
    catch_up.discard(gone)
    await until(lambda: not other.catching_up())
    assert told == ["other"] * 2


async def test_a_crowd_does_not_hold_up_the_loop(catch_up):
    """Between two shares of the crowd, whoever else is ready has a turn."""
    told = []
    for number in range(3 * STEPS_A_TURN):
        catch_up.on_behind(Behind(number, 1, told), monotonic_s() - 1)
    sizes = set()
    while len(told) < 3 * STEPS_A_TURN:
        sizes.add(len(told))
        await asyncio.sleep(0)
    assert {STEPS_A_TURN, 2 * STEPS_A_TURN} <= sizes


async def test_a_viewer_that_can_not_be_sent_to_holds_up_nobody(catch_up, caplog):
    told = []
    broken, other = Behind("broken", None, told), Behind("other", 1, told)
    broken.catching_up = lambda: True
    for viewer in (broken, other):
        catch_up.on_behind(viewer, monotonic_s())
    await until(lambda: told == ["other"])
    assert [type(record.exc_info[1]) for record in caplog.records] == [TypeError]


async def test_nothing_is_sent_after_the_end(catch_up):
    told = []
    catch_up.on_behind(Behind("a", 1, told), monotonic_s())
    catch_up.stop()
    await asyncio.sleep(0.02)
    assert told == []
