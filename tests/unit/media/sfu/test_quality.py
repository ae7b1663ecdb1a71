"""The quality of a talk: what its viewers had while it was on, and nothing of what they had before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.quality import Samples, SessionQuality


class Viewer:
    """As much of one as a talk looks at."""

    def __init__(self, resource="v", **counts):
        self.resource = resource
        self.packets_sent = self.bytes_sent = self.packets_lost = 0
        self.retransmitted = self.nacks = 0
        self.freezes = (0, 0.0)
        self.rtt_ms = None
        self.add(**counts)

    def add(self, **counts):
        for name, value in counts.items():
            setattr(self, name, getattr(self, name) + value)


def test_only_what_comes_during_the_talk_counts():
    viewer = Viewer(packets_sent=100, bytes_sent=10_000, packets_lost=7, nacks=5, retransmitted=4)
    talk = SessionQuality()
    talk.note_viewer(viewer, 1)
    viewer.add(packets_sent=30, bytes_sent=3_000, packets_lost=2, nacks=1, retransmitted=1)
    talk.note_left(viewer)
    viewer.add(packets_sent=50)  # somewhere else
    talk.note_counts(viewer)
    quality = talk.quality()
    assert (quality.packets_sent, quality.bytes_sent, quality.packets_lost) == (30, 3_000, 2)
    assert (talk.nacks, quality.retransmitted) == (1, 1)


def test_losses_that_receivers_take_back_do_not_count_below_zero():
    """A repair that came late makes the cumulative number of lost packets smaller (RFC 3550 §6.4.1)."""
    viewer, talk = Viewer(packets_lost=10), SessionQuality()
    talk.note_viewer(viewer, 1)
    viewer.packets_lost = 4
    talk.note_counts(viewer)
    assert talk.quality().packets_lost == 0
    viewer.packets_lost = 12
    talk.note_counts(viewer)
    assert talk.quality().packets_lost == 2


def test_viewers_are_counted_by_their_sessions_and_at_one_time():
    talk = SessionQuality()
    first, second = Viewer("a"), Viewer("b")
    talk.note_viewer(first, 1)
    talk.note_viewer(second, 2)
    talk.note_left(first)
    talk.note_viewer(Viewer("c"), 2)
    assert (talk.quality().viewers, talk.quality().most_viewers) == (3, 2)


def test_seconds_of_watching_by_layer():
    talk, viewer = SessionQuality(), Viewer()
    talk.note_viewer(viewer, 1)
    for layer in ("high", "high", "low", "none"):
        talk.note_second(viewer, layer, 1.0)
    quality = talk.quality()
    assert quality.viewer_s == 4.0
    assert quality.layer_s == {"high": 2.0, "low": 1.0, "none": 1.0}


def test_splices_and_first_pictures():
    talk = SessionQuality()
    for wait_ms in (40.0, 120.0, 80.0):
        talk.note_splice(wait_ms)
    for after_ms in range(1, 101):
        talk.note_first_picture(float(after_ms))
    quality = talk.quality()
    assert (quality.splices, quality.splice_wait_ms_worst) == (3, 120.0)
    assert talk.splice_wait_ms_last == 80.0
    assert (quality.first_picture_ms_p50, quality.first_picture_ms_p99) == (51.0, 100.0)


def test_a_talk_that_nobody_saw():
    quality = SessionQuality().quality()
    assert (quality.viewers, quality.packets_sent, quality.rtt_ms_p50) == (0, 0, None)


@given(st.lists(st.floats(0.001, 1e6), min_size=1), st.floats(0, 0.999))
def test_percentiles_are_near_and_take_little_room(values, share):
    samples = Samples()
    for value in values:
        samples.note(value)
    wanted = sorted(values)[int(len(values) * share)]
    assert samples.percentile(share) == pytest.approx(wanted, rel=0.006, abs=0.06)


steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["come", "go", "count", "send"])), max_size=40
)


@given(steps)
def test_sums_are_what_viewers_had_while_they_were_there(story):
    """However often, and in whatever order, they are counted."""
    talk, wanted, here = SessionQuality(), 0, set()
    viewers = [Viewer(str(number)) for number in range(3)]
    for number, step in story:
        viewer = viewers[number]
        match step:
            case "come" if number not in here:
                here.add(number)
                talk.note_viewer(viewer, len(here))
            case "go" if number in here:
                here.discard(number)
                talk.note_left(viewer)
            case "count":
                talk.note_counts(viewer)
            case "send":
                viewer.add(packets_sent=1)
                wanted += number in here
    for viewer in viewers:
        talk.note_counts(viewer)
    assert talk.quality().packets_sent == wanted
