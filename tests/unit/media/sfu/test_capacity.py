"""The number of viewers that a core can send to, learnt from those it sends to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.capacity import FULL_AT, MEMORY_S, Capacity


def learnt(viewers: int, busy_share: float, for_s: float = 4 * MEMORY_S) -> Capacity:
    capacity = Capacity()
    for _ in range(round(for_s / 0.1)):
        capacity.note(passed_s=0.1, busy_s=0.1 * busy_share, viewers=viewers)
    return capacity


def test_what_is_not_known_refuses_nobody():
    capacity = Capacity()
    assert not capacity.full(10_000)
    capacity.note(passed_s=0.1, busy_s=0.1, viewers=3)  # a few viewers tell nothing
    assert not capacity.full(10_000)


@given(viewers=st.integers(50, 2_000), busy_share=st.floats(0.05, 0.7))
def test_a_core_is_full_when_a_quarter_of_it_is_left(viewers, busy_share):
    capacity = learnt(viewers, busy_share)
    most = FULL_AT * viewers / busy_share
    assert not capacity.full(round(most * 0.99))
    assert capacity.full(round(most * 1.01) + 1)


def test_viewers_that_came_this_instant_count_at_once():
    capacity = learnt(300, 0.5)
    assert not capacity.full(449)
    assert capacity.full(451)


def test_a_pause_between_talks_is_no_reason_to_forget():
    capacity = learnt(300, 0.5)
    for _ in range(600):
        capacity.note(passed_s=0.1, busy_s=0.0, viewers=0)
    assert capacity.full(500)


def test_cheaper_viewers_make_room():
    capacity = learnt(300, 0.7)
    assert capacity.full(400)
    for _ in range(200):
        capacity.note(passed_s=0.1, busy_s=0.02, viewers=300)  # the speaker sends less
    assert not capacity.full(1_000)
    assert capacity.full(1_250)
