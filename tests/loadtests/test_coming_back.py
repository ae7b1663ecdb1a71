"""A client's return after a close (PROTOCOL.md §7)."""

import pytest
from showcaller_load.coming_back import ComingBack
from showcaller_load.sockets import Ended

LOST = Ended(1006, "lost")


def test_the_delays_are_random_and_their_bound_doubles_up_to_twenty_seconds():
    many = [ComingBack() for _ in range(500)]
    bounds_s = [0.5, 1, 2, 4, 8, 16, 20, 20]
    for bound_s in bounds_s:
        delays_s = [one.delay_s(LOST, lasted_s=0.0) for one in many]

        assert all(0 <= delay_s <= bound_s for delay_s in delays_s)
        assert max(delays_s) > 0.9 * bound_s and min(delays_s) < 0.1 * bound_s


def test_a_connection_that_lasted_makes_it_begin_anew():
    one = ComingBack()
    for _ in range(10):
        one.delay_s(LOST, lasted_s=0.0)

    assert one.delay_s(LOST, lasted_s=1.0) <= 0.5


@pytest.mark.parametrize("code", [1006, 1012, 1013])
def test_the_server_s_word_counts_more(code):
    assert ComingBack().delay_s(Ended(code, "", retry_after_s=3.25), lasted_s=60.0) == 3.25


@pytest.mark.parametrize("code", [4000, 4001, 4002, 4003, 1011])
def test_a_client_comes_back_after_a_close_that_is_not_final(code):
    assert ComingBack().delay_s(Ended(code, ""), lasted_s=60.0) is not None


@pytest.mark.parametrize(
    "ended", [Ended(4500, ""), Ended(4501, ""), Ended(1006, "", is_refusal=True)]
)
def test_a_client_that_was_sent_away_for_good_stays_away(ended):
    assert ComingBack().delay_s(ended, lasted_s=60.0) is None
