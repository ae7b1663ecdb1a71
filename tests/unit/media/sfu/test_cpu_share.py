"""The share of a core that a worker has used of late."""

from __future__ import annotations

from showcaller.media.sfu.cpu_share import OVER, CpuShare


def test_nothing_is_known_at_first():
    assert CpuShare().share(10.0, 3.0) == 0.0


def test_the_share_is_that_of_the_last_seconds():
    load = CpuShare()
    for second in range(20):
        load.note(float(second), 0.1 * second if second < 10 else 1.0 + 0.5 * (second - 10))
    assert load.share(20.0, 6.0) == 0.5


def test_what_is_longer_ago_is_forgotten():
    load = CpuShare()
    load.note(0.0, 0.0)
    for second in range(OVER):
        load.note(100.0 + second, 50.0)
    assert load.share(110.0, 50.0) == 0.0


def test_the_share_is_none_while_no_time_has_passed():
    load = CpuShare()
    load.note(1.0, 1.0)
    assert load.share(1.0, 1.0) == 0.0
