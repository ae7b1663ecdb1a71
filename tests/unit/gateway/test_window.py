"""The window: none when quiet, wider under load, bounded."""

import pytest

from showcaller.gateway.window import MAX_HOLD_S, Window


def after(window, share, seconds=5.0, every_s=0.02):
    """Let so much of the time be spent with writing; returns the clock."""
    now_s = 100.0
    while now_s < 100 + seconds:
        now_s += every_s
        window.wrote(share * every_s, now_s)
    return now_s


def test_nothing_waits_when_nothing_was_written():
    assert Window().hold_s(0) == 0


def test_a_lone_broadcast_a_second_waits_for_nothing():
    window = Window()
    now_s = after(window, share=0.09, every_s=1)  # ten thousand sockets
    assert window.hold_s(now_s + 1) == 0


@pytest.mark.parametrize(
    ("share", "hold"), [(0.02, 0), (0.10, MAX_HOLD_S / 2), (0.4, MAX_HOLD_S), (0.9, MAX_HOLD_S)]
)
def test_the_more_is_written_the_longer_it_waits_up_to_a_bound(share, hold):
    window = Window()
    assert window.hold_s(after(window, share)) == pytest.approx(hold, rel=0.25)


def test_the_window_closes_when_less_is_written():
    window = Window()
    now_s = after(window, share=0.5)
    assert window.hold_s(now_s + 2) == 0
