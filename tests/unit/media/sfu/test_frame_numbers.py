"""Frame numbers of AV1 stay on one course over changes of source."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.frame_numbers import NUMBERS_PER_S, FrameNumbers


def descriptor(number):
    return b"\xc0" + (number & 0xFFFF).to_bytes(2) + b"rest"


def number_of(renumbered):
    return int.from_bytes(renumbered[1:3])


def ahead(new, old):
    return ((new - old + 0x8000) & 0xFFFF) - 0x8000


@given(st.integers(0, 0xFFFF), st.floats(0, 100_000), st.integers(1, 60))
def test_frames_keep_their_distance_from_the_keyframe(first, now_s, frames):
    numbers = FrameNumbers()
    begin = number_of(numbers.renumber(descriptor(first), True, now_s))
    for step in range(frames):
        made = numbers.renumber(descriptor(first + step), False, now_s + step / 60)
        assert number_of(made) == (begin + step) & 0xFFFF
        assert made[:1] + made[3:] == b"\xc0rest"


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0.1, 20)), min_size=2, max_size=8),
    st.integers(1, 180),
)
def test_a_keyframe_of_another_source_is_always_ahead(sources, frames_per_s):
    now_s, last = 1_000.0, None
    for first, lasts_s in sources:
        numbers = FrameNumbers()
        made = number_of(numbers.renumber(descriptor(first), True, now_s))
        assert last is None or ahead(made, last) > 0
        count = int(lasts_s * frames_per_s)
        last = number_of(numbers.renumber(descriptor(first + count), False, now_s + lasts_s))
        now_s += lasts_s + 0.02


def test_keyframes_of_one_source_are_ahead_too_though_they_come_fast():
    numbers = FrameNumbers()
    made = [number_of(numbers.renumber(descriptor(7), True, 5.0)) for _ in range(10)]
    assert all(ahead(new, old) > 0 for old, new in pairwise(made))
    assert ahead(number_of(numbers.renumber(descriptor(7), True, 6.0)), made[0]) == NUMBERS_PER_S


def test_a_keyframe_that_comes_late_has_the_number_that_the_next_frames_refer_to():
    numbers = FrameNumbers()
    begin = number_of(numbers.renumber(descriptor(7), True, 5.0))
    after = number_of(numbers.renumber(descriptor(9), False, 5.5))
    assert number_of(numbers.renumber(descriptor(8), False, 5.6)) == begin + 1 == after - 1


def test_the_first_frame_of_a_track_begins_its_course_though_no_keyframe_came_before():
    numbers = FrameNumbers()
    assert number_of(numbers.renumber(descriptor(7), False, 5.0)) == 5 * NUMBERS_PER_S


def test_what_is_no_descriptor_is_left_out():
    assert FrameNumbers().renumber(b"\xc0\x00", True, 1.0) == b""
