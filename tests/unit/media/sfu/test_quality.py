"""The quality of a session on its stage: what its viewers had meanwhile, and nothing from before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.quality import Counts, Samples, SessionQuality


def test_only_what_comes_during_the_session_counts():
    quality = SessionQuality()
    quality.note_viewer("v", Counts(100, 10_000, lost=7, nacks=5, retransmitted=4), 1)
    after = Counts(130, 13_000, lost=9, nacks=6, retransmitted=5)
    assert quality.sums([after]) == Counts(30, 3_000, lost=2, nacks=1, retransmitted=1)
    quality.note_left(after)
    told = quality.quality([])
    assert (told.packets_sent, told.bytes_sent, told.packets_lost) == (30, 3_000, 2)
    assert told.retransmitted == 1


def test_reading_the_quality_changes_nothing():
    quality = SessionQuality()
    quality.note_viewer("v", Counts(packets=5), 1)
    assert quality.quality([Counts(packets=9)]) == quality.quality([Counts(packets=9)])


def test_viewers_are_counted_by_their_resources_and_at_one_time():
    quality = SessionQuality()
    quality.note_viewer("a", Counts(), 1)
    quality.note_viewer("b", Counts(), 2)
    quality.note_left(Counts())
    quality.note_viewer("c", Counts(), 2)
    told = quality.quality([Counts(), Counts()])
    assert (told.viewers, told.most_viewers) == (3, 2)


def test_seconds_of_watching_are_told_by_layer():
    quality = SessionQuality()
    for layer in ("high", "high", "low", "none"):
        quality.note_second(layer, 80.0, 1.0)
    told = quality.quality([])
    assert told.viewer_s == 4.0
    assert told.layer_s == {"high": 2.0, "low": 1.0, "none": 1.0}
    assert told.rtt_ms_p50 == 80.0


def test_splices_and_first_pictures():
    quality = SessionQuality()
    for wait_ms in (40.0, 120.0, 80.0):
        quality.note_splice(wait_ms)
    for after_ms in range(1, 101):
        quality.note_first_picture(float(after_ms))
    told = quality.quality([])
    assert (told.splices, told.splice_wait_ms_worst) == (3, 120.0)
    assert quality.splice_wait_ms_last == 80.0
    assert (told.first_picture_ms_p50, told.first_picture_ms_p99) == (51.0, 100.0)


def test_a_session_that_nobody_saw():
    told = SessionQuality().quality([])
    assert (told.viewers, told.packets_sent, told.rtt_ms_p50) == (0, 0, None)


@given(st.lists(st.floats(0.001, 1e6), min_size=1), st.floats(0, 0.999))
def test_percentiles_are_near_and_take_little_room(values, share):
    samples = Samples()
    for value in values:
        samples.note(value)
    wanted = sorted(values)[int(len(values) * share)]
    assert samples.percentile(share) == pytest.approx(wanted, rel=0.006, abs=0.06)


steps = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["come", "go", "send"])), max_size=40)


@given(steps)
def test_sums_are_what_viewers_had_while_they_were_there(story):
    """In whatever order they come, are sent packets, and go."""
    quality, wanted, here = SessionQuality(), 0, set()
    counts = [Counts()] * 3
    for number, step in story:
        match step:
            case "come" if number not in here:
                here.add(number)
                quality.note_viewer(str(number), counts[number], len(here))
            case "go" if number in here:
                here.discard(number)
                quality.note_left(counts[number])
            case "send":
                counts[number] = counts[number]._replace(packets=counts[number].packets + 1)
                wanted += number in here
        assert quality.sums([counts[at] for at in here]).packets == wanted
