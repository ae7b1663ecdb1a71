"""One viewer's wishes for keyframes, on a clock by hand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.wishes import CALM_AFTER_S, WISH_AGAIN_AT_MOST_S, WISH_AGAIN_S, Wishes


def test_the_first_wish_is_passed_on_and_the_next_ones_wait_ever_longer():
    wishes = Wishes()
    passed_on = [tenth / 10 for tenth in range(400) if wishes.grant(tenth / 10)]
    waits = [round(new - old, 1) for old, new in pairwise(passed_on)]
    assert waits[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert max(waits) == WISH_AGAIN_AT_MOST_S


def test_after_a_calm_wishes_are_welcome_again():
    wishes = Wishes()
    for tenth in range(100):
        wishes.grant(tenth / 10)
    calm_s = 10 + CALM_AFTER_S + 1
    assert wishes.grant(calm_s)
    assert not wishes.grant(calm_s + WISH_AGAIN_S / 2)
    assert wishes.grant(calm_s + WISH_AGAIN_S)


@given(st.lists(st.floats(0, 30), max_size=50))
def test_no_two_are_passed_on_sooner_than_half_a_second(waits):
    wishes, now_s, passed_on = Wishes(), 0.0, []
    for wait_s in waits:
        now_s += wait_s
        if wishes.grant(now_s):
            passed_on.append(now_s)
    assert all(new - old >= WISH_AGAIN_S for old, new in pairwise(passed_on))
