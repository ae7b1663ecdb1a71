"""The silence of a source, by its own habits, on a clock by hand."""

from __future__ import annotations

import pytest

from showcaller.media.sfu.silence import Silence

TICK_S = 0.1  # the engine looks so often
SPARE_WITHIN_S = 2.0


class Source:
    """Sends a picture each `picture_s`, and what else it is told to."""

    def __init__(self, *, slides=False):
        self.now_s = 1_000.0
        self.silence = Silence(slides=slides, now_s=self.now_s)
        self.silent = 0  # ticks

    def go(self, seconds, *, picture_s=0.0, sound_s=0.0, sign_s=0.0):
        """Returns how many ticks of the time it was silent."""
        self.silent = 0
        for tick in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            for every_s, note in (
                (sign_s, self.silence.note_sign),
                (picture_s, self._picture),
                (sound_s, self._sound),
            ):
                if every_s and tick % round(every_s / TICK_S) == 0:
                    note(self.now_s)
            self.silent += self.silence.is_silent(self.now_s)
        return self.silent

    def _picture(self, now_s):
        self.silence.note_media(now_s)

    def _sound(self, now_s):
        self.silence.note_media(now_s)
        self.silence.note_sound(now_s)

    def vanish(self):
        """Returns after how many seconds it counts as silent."""
        began_s = self.now_s
        while not self.silence.is_silent(self.now_s):
            self.now_s += TICK_S
        return self.now_s - began_s


@pytest.mark.parametrize("slides", [False, True])
def test_one_frame_a_second_without_sound_is_not_silent(slides):
    source = Source(slides=slides)
    assert source.go(60, picture_s=1.0) == 0
    assert source.silence.steady_s(source.now_s) == pytest.approx(60, abs=1)


@pytest.mark.parametrize("picture_s", [1.5, 2.5, 4.0])
def test_reports_show_that_a_source_with_few_frames_is_there(picture_s):
    assert Source().go(60, picture_s=picture_s, sign_s=1.0) == 0


def test_a_picture_that_stands_still_all_at_once_is_not_silent_while_reports_come():
    source = Source()
    source.go(30, picture_s=0.1, sign_s=1.0)
    assert source.go(30, picture_s=4.0, sign_s=1.0) == 0


@pytest.mark.parametrize(
    "habits",
    [
        {"picture_s": 0.1, "sound_s": 0.1},
        {"picture_s": 0.1},
        {"picture_s": 1.0},
        {"picture_s": 1.0, "sign_s": 0.7},
        {"picture_s": 0.1, "sound_s": 0.1, "sign_s": 0.5},
    ],
)
@pytest.mark.parametrize("after_s", [3, 60])
def test_a_camera_that_vanishes_is_silent_in_time_for_a_spare(habits, after_s):
    source = Source()
    source.go(after_s, **habits)
    assert source.vanish() <= SPARE_WITHIN_S - TICK_S + 1e-6


def test_slides_that_vanish_are_silent_after_some_seconds():
    source = Source(slides=True)
    source.go(20, picture_s=0.5)
    assert 3 < source.vanish() < 6


def test_reports_alone_are_no_picture():
    source = Source()
    source.go(20, picture_s=0.1, sign_s=1.0)
    assert 20 < source.go(10, sign_s=1.0) < 80


def test_a_camera_whose_picture_and_sound_stop_is_silent_though_it_reports():
    source = Source()
    source.go(20, picture_s=0.1, sound_s=0.1, sign_s=1.0)
    assert source.go(2, sign_s=0.5) >= 10


def test_one_hole_in_the_line_is_no_habit():
    source = Source()
    source.go(30, picture_s=0.1)
    source.go(1.5)
    source.go(2, picture_s=0.1)
    assert source.vanish() < 1.0


def test_a_source_is_steady_since_it_was_silent_last():
    source = Source()
    source.go(20, picture_s=0.1, sound_s=0.1)
    source.go(3)
    assert source.silence.steady_s(source.now_s) == 0.0
    source.go(4, picture_s=0.1, sound_s=0.1)
    assert source.silence.steady_s(source.now_s) == pytest.approx(4, abs=0.3)
    assert source.silence.gone_s(source.now_s) == pytest.approx(0, abs=0.2)
