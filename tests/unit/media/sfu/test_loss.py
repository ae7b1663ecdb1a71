"""The share that a receiver loses, by its reports."""

from __future__ import annotations

import random

import pytest

from showcaller.media.rtp import rtcp
from showcaller.media.sfu.loss import OVER_S, LossMeter


def block(highest, lost, lost_share=0.0):
    return rtcp.Block(7, lost_share, lost, highest & 0xFFFFFFFF, 0, 0, 0)


def test_the_first_report_is_taken_as_it_is():
    assert LossMeter().note(block(500, 100, 0.2), 1.0) == 0.2


def test_what_comes_with_a_request_for_repairs_waits_for_more():
    """Eight of nine packets since the last report: of all that came in that second, eight of a hundred."""
    meter = LossMeter()
    meter.note(block(1_000, 0), 1.0)
    assert meter.note(block(1_009, 8, 8 / 9), 1.1) is None
    assert meter.note(block(1_100, 8), 1.0 + OVER_S) == pytest.approx(0.08)


def test_sequence_numbers_wrap_and_repairs_take_losses_back():
    meter = LossMeter()
    meter.note(block(0xFFFFFFF0, 50), 1.0)
    assert meter.note(block(0x100000000 + 84, 60), 2.0) == pytest.approx(0.1)
    assert meter.note(block(0x100000000 + 184, 40), 3.0) == 0.0
    assert meter.note(block(0x100000000 + 194, 90), 4.0) == 1.0


@pytest.mark.parametrize("highest", [1_000, 400])
def test_where_nothing_came_or_numbers_begin_anew_the_receiver_is_believed(highest):
    meter = LossMeter()
    meter.note(block(1_000, 3), 1.0)
    assert meter.note(block(highest, 3, 0.25), 2.0) == 0.25
    assert meter.note(block(highest + 10, 4), 3.0) == pytest.approx(0.1)


def test_a_line_that_loses_five_percent_is_told_to_lose_about_that():
    """Whole pictures of eight packets; a report with each loss, and one a second without."""
    draw, meter, told = random.Random(3), LossMeter(), []
    highest = lost = reported_frame = lost_since = 0
    for frame in range(1, 5_000):
        highest += 8
        gone = draw.random() < 0.05
        lost += 8 * gone
        lost_since += 8 * gone
        if gone or frame - reported_frame >= 25:
            share = lost_since / (8 * (frame - reported_frame))
            told.append(meter.note(block(highest, lost, share), frame / 25))
            reported_frame, lost_since = frame, 0
    shares = [share for share in told[1:] if share is not None]
    assert sum(shares) / len(shares) == pytest.approx(0.05, abs=0.03)
    assert sum(share > 0.25 for share in shares) <= 0.002 * len(shares)
