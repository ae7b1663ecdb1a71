"""The limits on repairs for one viewer, on a clock by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.repairs import (
    AGAIN_BPS,
    LEAST_PATIENCE_S,
    MAX_RESENT,
    MAX_TIMES_AGAIN,
    Repairs,
)


def test_a_repair_that_may_be_on_its_way_is_not_sent_twice():
    repairs = Repairs(10.0)
    assert repairs.allow(1, 5, 10.0, rtt_s=0.1)
    repairs.note(1, 5, 1_000, 10.0)
    assert not repairs.allow(1, 5, 10.04, rtt_s=0.1)
    assert repairs.allow(1, 5, 10.06, rtt_s=0.1)
    assert not repairs.allow(1, 5, 10.0 + LEAST_PATIENCE_S / 2, rtt_s=0.0)
    assert repairs.allow(1, 6, 10.0, rtt_s=0.1)  # another packet
    assert repairs.allow(2, 5, 10.0, rtt_s=0.1)  # of another stream


def test_one_packet_is_not_repaired_for_ever():
    repairs = Repairs(0.0)
    for second in range(MAX_TIMES_AGAIN):
        assert repairs.allow(1, 5, float(second), rtt_s=0.0)
        repairs.note(1, 5, 100, float(second))
    assert not repairs.allow(1, 5, 1_000.0, rtt_s=0.0)


def test_what_is_remembered_is_bounded():
    repairs = Repairs(0.0)
    for sequence in range(3 * MAX_RESENT):
        repairs.note(1, sequence, 10, 0.0)
    assert len(repairs) == MAX_RESENT


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 1_500)), max_size=200))
def test_repairs_take_no_more_than_their_rate_and_a_second_of_it_at_once(story):
    repairs, now_s, bits = Repairs(0.0), 0.0, 0
    for passed_s, size in story:
        now_s += passed_s
        repairs.refill(now_s)
        if not repairs.spent:
            repairs.note(1, bits, size, now_s)
            bits += 8 * size
    assert bits <= AGAIN_BPS * (1 + now_s) + 8 * 1_500
