"""The layer that a viewer gets: rules by example, and laws for any line."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.sfu.layers import MAX_WAIT_S, PAUSE_WAIT_S, UP_WAIT_S, LayerChooser

THREE = [2_500_000, 500_000, 150_000]
ONE = [2_500_000]


def play(chooser, inputs, rates=THREE, begin_s=0):
    """Return the choice of each second; `inputs` are (share lost, estimate), either may be None."""
    chosen = []
    for now_s, (lost_share, bps) in enumerate(inputs, begin_s):
        if lost_share is not None:
            chooser.note_report(lost_share, now_s)
        if bps is not None:
            chooser.note_estimate(bps, now_s)
        chosen.append(chooser.choose(rates, now_s))
    return chosen


def steady(seconds, lost_share=0.0, bps=None):
    return [(lost_share, bps)] * seconds


def changes(chosen):
    return [value for value, _ in itertools.groupby(chosen)]


# What was asked for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked, of_three, of_two, of_one",
    [("high", 0, 0, 0), ("medium", 1, 1, 0), ("low", 2, 1, 0), ("none", None, None, None)],
)
def test_what_a_viewer_asks_for(asked, of_three, of_two, of_one):
    chooser = LayerChooser()
    chooser.asked = asked
    chooser.note_report(0.9, 0)
    chosen = [chooser.choose(rates, 1) for rates in (THREE, THREE[1:], ONE, [])]
    assert chosen == [of_three, of_two, of_one, None]


def test_a_layer_that_does_not_flow_is_not_chosen():
    chooser = LayerChooser()
    chooser.asked = "high"
    assert chooser.choose([0, 500_000, 150_000], 0) == 1
    chooser.asked = "low"
    assert chooser.choose([2_500_000, 500_000, 0], 1) == 1
    chooser.asked = "auto"
    assert chooser.choose([0, 0, 150_000], 2) == 2
    assert chooser.choose([0, 0, 0], 3) == 2


def test_automatic_goes_on_from_what_was_asked_for():
    chooser = LayerChooser()
    chooser.asked = "low"
    assert chooser.choose(THREE, 0) == 2
    chooser.asked = "auto"
    assert changes(play(chooser, steady(30), begin_s=1)) == [2, 1, 0]


# Down -------------------------------------------------------------------------------------------


def test_a_viewer_begins_with_the_best_layer():
    assert LayerChooser().choose(THREE, 0) == 0


@pytest.mark.parametrize("bps, chosen", [(4_000_000, 0), (700_000, 1), (550_000, 2), (9_000, 2)])
def test_a_viewer_begins_with_what_its_estimate_allows(bps, chosen):
    chooser = LayerChooser()
    chooser.note_estimate(bps, 0)
    assert chooser.choose(THREE, 0) == chosen


def test_heavy_loss_twice_takes_one_layer():
    chooser = LayerChooser()
    assert play(chooser, [(0, None), (0.11, None), (0.0, None), (0.11, None)]) == [0] * 4
    assert play(chooser, [(0.11, None)], begin_s=4) == [1]
    assert play(chooser, steady(2, 0.2), begin_s=5) == [1, 2]


@pytest.mark.parametrize("bps, chosen", [(2_240_000, 1), (600_000, 1), (300_000, 2)])
def test_an_estimate_that_falls_takes_as_many_as_needed_at_once(bps, chosen):
    chooser = LayerChooser()
    play(chooser, steady(10, 0.0, 3_000_000))
    assert play(chooser, [(0.0, bps)], begin_s=10) == [chosen]


def test_an_estimate_that_stays_low_does_within_three_seconds():
    chooser = LayerChooser()
    play(chooser, steady(1))
    assert play(chooser, steady(5, 0.0, 1_000_000), begin_s=1) == [0, 0, 0, 1, 1]


def test_an_estimate_that_is_low_but_grows_says_nothing():
    """It grows when a quiet picture becomes a lively one."""
    chooser = LayerChooser()
    play(chooser, steady(10, 0.0, 300_000), rates=[200_000, 100_000])
    growing = [(0.0, round(300_000 * 1.08**n)) for n in range(40)]
    assert set(play(chooser, growing, rates=[2_500_000, 400_000], begin_s=10)) == {0}


def test_old_news_count_no_more():
    chooser = LayerChooser()
    chooser.note_estimate(100_000, 0)
    assert chooser.choose(THREE, 20) == 0


def test_a_talk_with_fewer_layers():
    chooser = LayerChooser()
    chooser.note_estimate(200_000, 0)
    assert chooser.choose(THREE, 0) == 2
    assert chooser.choose(ONE, 1) == 0


# Up ---------------------------------------------------------------------------------------------


def low():
    """A chooser that has just gone down to the lowest layer, at second 4."""
    chooser = LayerChooser()
    assert play(chooser, steady(5, 0.2)) == [0, 0, 1, 1, 2]
    return chooser


def test_a_viewer_goes_up_a_layer_each_five_seconds_when_nothing_is_lost():
    chosen = play(low(), steady(30), begin_s=5)
    assert changes(chosen) == [2, 1, 0]
    assert chosen.index(1) >= UP_WAIT_S
    assert chosen.index(0) - chosen.index(1) >= UP_WAIT_S


def test_a_viewer_goes_up_when_the_estimate_has_room():
    assert set(play(low(), steady(30, 0.05, 500_000), begin_s=5)) == {2}
    assert changes(play(low(), steady(30, 0.05, 700_000), begin_s=5)) == [2, 1]


def test_an_estimate_that_is_not_bound_by_what_is_sent_forbids_it():
    assert set(play(low(), steady(60, 0.0, 190_000), begin_s=5)) == {2}


def test_an_estimate_with_room_does_not_outweigh_heavy_loss():
    assert set(play(low(), [(0.15, 4_000_000), (0.0, 4_000_000)] * 20, begin_s=5)) == {2}


def test_no_news_are_no_good_news():
    chooser = low()
    play(chooser, steady(1), begin_s=5)
    assert set(play(chooser, [(None, None)] * 40, begin_s=6)) == {2}


def test_attempts_that_fail_come_less_often():
    chooser, chosen = low(), [2]
    for now_s in range(5, 400):
        chosen += play(chooser, [(0.0 if chosen[-1] == 2 else 0.3, None)], begin_s=now_s)
    tries = ups(chosen, THREE)
    waits = [b - a for a, b in itertools.pairwise(tries)]
    assert set(chosen) == {1, 2}
    assert waits == sorted(waits)
    assert waits[0] >= 2 * UP_WAIT_S and waits[-1] >= MAX_WAIT_S


def test_a_layer_that_held_is_tried_again_soon():
    chooser = low()
    play(chooser, steady(60), begin_s=5)
    play(chooser, steady(2, 0.2), begin_s=65)
    assert play(chooser, steady(12), begin_s=67)[-1] == 0


# No picture at all --------------------------------------------------------------------------------


def test_severe_loss_for_three_seconds_leaves_the_sound_only():
    chooser = LayerChooser()
    assert play(chooser, [(0.0, None), *steady(3, 0.26)], rates=ONE) == [0] * 4
    assert play(chooser, steady(2, 0.26), rates=ONE, begin_s=4) == [None, None]


def test_heavy_loss_leaves_the_only_layer():
    assert set(play(LayerChooser(), steady(60, 0.24), rates=ONE)) == {0}


def test_an_estimate_of_less_than_a_third_with_heavy_loss_leaves_the_sound_only():
    chosen = play(LayerChooser(), steady(7, 0.15, 700_000), rates=ONE)
    assert chosen == [0, 0, 0, 0, 0, None, None]
    assert set(play(LayerChooser(), steady(60, 0.15, 760_000), rates=ONE)) == {0}


def test_one_report_of_severe_loss_with_silence_behind_it_takes_nobodys_picture():
    inputs = [(0.0, None), (0.4, None), *steady(20), (0.4, None), *steady(20)]
    inputs = [(share or None, bps) for share, bps in inputs]
    assert set(play(LayerChooser(), inputs, rates=ONE)) == {0}


def test_a_line_that_loses_whole_pictures_now_and_then_keeps_the_others():
    """5 % of 25 sends a second, while a busy computer estimates little: three are lost in every eighth."""
    draw = random.Random(5)
    paused = 0
    for _ in range(100):
        lost = [sum(draw.random() < 0.05 for _ in range(25)) / 25 for _ in range(120)]
        chosen = play(LayerChooser(), [(share, 400_000) for share in lost], rates=ONE)
        paused += chosen.count(None)
    assert paused < 0.005 * 100 * 120


def test_an_estimate_alone_takes_nobodys_picture():
    """A browser on a busy computer tells little, and loses nothing."""
    assert set(play(LayerChooser(), steady(60, 0.0, 100_000), rates=ONE)) == {0}


def test_severe_loss_takes_the_lowest_of_several_layers_too():
    assert changes(play(LayerChooser(), steady(12, 0.5))) == [0, 1, 2, None]


def narrow(seconds):
    """Return the choices for a line that carries the sound alone."""
    chooser, chosen = LayerChooser(), [0]
    for now_s in range(seconds):
        chosen += play(chooser, [(0.5 if chosen[-1] == 0 else 0.0, None)], rates=ONE, begin_s=now_s)
    return chosen


def test_the_picture_is_tried_again_after_ten_seconds_and_then_less_often():
    chosen = narrow(200)
    tries = [n for n in range(1, len(chosen)) if chosen[n] == 0 and chosen[n - 1] is None]
    assert tries[0] - chosen.index(None) == PAUSE_WAIT_S
    waits = [b - a for a, b in itertools.pairwise(tries)]
    assert waits == sorted(waits) and waits[0] >= 2 * PAUSE_WAIT_S
    assert len(tries) <= 6


def test_a_picture_that_is_tried_again_has_three_seconds():
    lengths = [len(list(same)) for index, same in itertools.groupby(narrow(60)) if index == 0]
    assert all(3 <= length <= 5 for length in lengths) and len(lengths) == 3


def test_the_picture_is_not_tried_again_while_even_the_sound_is_lossy():
    chooser = LayerChooser()
    chosen = play(chooser, steady(60, 0.5), rates=ONE)
    assert set(chosen[4:]) == {None}
    assert play(chooser, steady(1, 0.05), rates=ONE, begin_s=60) == [0]


# Laws --------------------------------------------------------------------------------------------

SHARES = st.sampled_from([0.0, 0.01, 0.05, 0.15, 0.3, 0.9])
ESTIMATES = st.none() | st.integers(20_000, 6_000_000)
RATES = st.lists(st.integers(50_000, 4_000_000), min_size=1, max_size=3, unique=True).map(
    lambda rates: sorted(rates, reverse=True)
)


def place(index, rates):
    """0 for no picture, and more for each better layer."""
    return 0 if index is None else len(rates) - index


def ups(chosen, rates):
    """Return the seconds in which it went up."""
    places = [place(index, rates) for index in chosen]
    return [n for n in range(1, len(places)) if places[n] > places[n - 1]]


@settings(max_examples=300, deadline=None)
@given(RATES, st.lists(st.tuples(st.none() | SHARES, ESTIMATES), max_size=150))
def test_a_viewer_never_goes_up_more_than_a_layer_in_five_seconds(rates, inputs):
    chosen = play(LayerChooser(), inputs, rates)
    gone_up = ups(chosen, rates)
    assert all(b - a >= UP_WAIT_S for a, b in itertools.pairwise(gone_up))
    assert all(place(chosen[n], rates) == place(chosen[n - 1], rates) + 1 for n in gone_up)


@settings(max_examples=200, deadline=None)
@given(RATES, SHARES, ESTIMATES)
def test_a_constant_line_is_tried_once_a_minute_at_most(rates, lost_share, bps):
    chosen = play(LayerChooser(), steady(600, lost_share, bps), rates)
    gone_up = [n for n in ups(chosen, rates) if n > 200]
    assert all(b - a >= MAX_WAIT_S for a, b in itertools.pairwise(gone_up))
    favourite = max(set(chosen[200:]), key=chosen[200:].count)
    assert chosen[200:].count(favourite) > 0.9 * len(chosen[200:])


@settings(max_examples=200, deadline=None)
@given(RATES, st.sampled_from([0.0, 0.01]), st.integers(0, 1))
def test_a_good_line_settles_at_the_best(rates, lost_share, tells):
    bps = 6_000_000 if tells else None
    chosen = play(LayerChooser(), steady(60, lost_share, bps), rates)
    assert set(chosen) == {0}


class Bottleneck:
    """A line of `bps`, and a receiver that estimates it as browsers do, roughly."""

    def __init__(self, bps):
        self.bps = bps
        self.estimate = 300_000.0

    def answer(self, sent):
        """The share lost and the estimate, after a second of so many bit/s."""
        lost_share = max(0.0, 1 - self.bps / sent)
        got = min(sent, self.bps)
        if lost_share:
            self.estimate = min(self.estimate, 0.85 * got)
        else:
            self.estimate = min(self.estimate * 1.08, 1.5 * got + 10_000)
        return lost_share, round(self.estimate)


def watch(line, rates, seconds):
    chooser, chosen = LayerChooser(), []
    for now_s in range(seconds):
        chosen.append(chooser.choose(rates, now_s))
        sent = 50_000 + (rates[chosen[-1]] if chosen[-1] is not None else 0)
        lost_share, bps = line.answer(sent)
        chooser.note_report(lost_share, now_s + 0.5)
        chooser.note_estimate(bps, now_s + 0.5)
    return chosen


@settings(max_examples=100, deadline=None)
@given(st.integers(60_000, 5_000_000))
def test_a_line_gets_what_it_carries(bps):
    """The best layer that fits with room to spare, or a better one, but hardly ever more than fits.

    The lowest stays as long as the sound can bear it.
    """
    chosen = watch(Bottleneck(bps), THREE, 600)[120:]
    too_much = sum(index in (0, 1) and THREE[index] + 50_000 > bps for index in chosen)
    assert too_much <= 0.15 * len(chosen)
    fitting = next((n for n, rate in enumerate(THREE) if 1.3 * rate + 50_000 <= bps), None)
    if fitting is not None:
        assert sum(index is not None and index <= fitting for index in chosen) >= 0.85 * len(chosen)


@pytest.mark.parametrize("tells", [True, False])
def test_a_line_that_recovers_gets_its_picture_back(tells):
    chooser = LayerChooser()
    play(chooser, steady(30, 0.5, 100_000 if tells else None))
    chosen = play(chooser, steady(90, 0.0, 4_000_000 if tells else None), begin_s=30)
    assert chosen[-1] == 0
