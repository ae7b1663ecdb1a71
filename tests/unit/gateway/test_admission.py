import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.admission import RETURN_SPREAD_S, Admission, drain_slots_s


def wait_ms(close):
    return int(re.search(r"retry_after_ms=(\d+)$", close.reason)[1])


def test_there_is_room_until_the_cap():
    admission = Admission(2)
    assert admission.refusal(1, 0.0) is None
    assert admission.refusal(2, 0.0).code == 1013


def test_those_sent_away_come_back_as_a_flat_rate():
    admission = Admission(0)
    waits = sorted(wait_ms(admission.refusal(5, 0.0)) for _ in range(1000))
    gaps = [after - before for before, after in pairwise(waits)]
    assert waits[0] >= 1000
    assert waits[-1] <= 1000 + RETURN_SPREAD_S * 1000
    assert max(gaps) <= 3 * RETURN_SPREAD_S  # ms: three times an even spacing of 1,000


def test_while_draining_nobody_is_told_to_come_back_before_its_end():
    admission = Admission(100)
    admission.begin_drain(50.0)
    for now_s, left_ms in ((40.0, 10_000), (49.0, 1_000), (60.0, 0)):
        close = admission.refusal(0, now_s)
        assert close.code == 1013
        assert left_ms <= wait_ms(close) <= left_ms + RETURN_SPREAD_S * 1000 + 1


@given(st.integers(0, 500), st.floats(0, 60))
def test_slots_of_a_drain_are_even_and_within_it(count, spread_s):
    slots_s = drain_slots_s(count, spread_s)
    assert len(slots_s) == count
    assert slots_s == sorted(slots_s)
    assert all(0 <= slot_s <= spread_s for slot_s in slots_s)
    if spread_s > 1:
        assert len(set(slots_s)) == count
