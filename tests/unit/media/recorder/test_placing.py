"""Placing samples: an hour in which a publisher's clocks run apart, and publishers whose clocks are wrong."""

import itertools
import random

import pytest

from showcaller.media.recorder.placing import JUMP_MS, SLEW, Placing
from showcaller.media.sfu.reception import Reception
from showcaller.media.sfu.sender_clock import SenderClock

HOUR_S = 3_600


class Publisher:
    """A publisher whose NTP, sound and picture clocks run by `ppm` each, and what a recorder makes of it.

    Each packet is on its way for 20 ms, and up to 15 more.
    """

    def __init__(self, *, ntp_ppm=0.0, sound_ppm=0.0, picture_ppm=0.0, ntp="right"):
        self.ppm = {"audio": sound_ppm, "video": picture_ppm}
        self.ntp_ppm, self.ntp = ntp_ppm, ntp
        self.hz = {"audio": 48_000, "video": 90_000}
        self.receptions = {kind: Reception(1, hz) for kind, hz in self.hz.items()}
        self.placings = {kind: Placing(hz) for kind, hz in self.hz.items()}
        self.clock = SenderClock()
        self.noise = random.Random(7)

    def rtp(self, kind, at_s):
        return round(at_s * (1 + self.ppm[kind] / 1e6) * self.hz[kind]) + 5_000

    def report(self, kind, at_s):
        wall_s = 0.0 if self.ntp == "zero" else 3e9 + at_s * (1 + self.ntp_ppm / 1e6)
        if self.ntp == "stands":
            wall_s = 3e9
        came_s, ntp = self.arrival_s(at_s), round(wall_s * (1 << 32))
        if self.clock.note(ntp, came_s):
            stamp = self.rtp(kind, at_s) & 0xFFFFFFFF
            self.receptions[kind].note_sender_report(ntp, stamp, came_s)
        else:
            for reception in self.receptions.values():
                reception.forget_sender_reports()

    def arrival_s(self, at_s):
        return at_s + 0.02 + self.noise.random() * 0.015

    def place(self, kind, at_s):
        """The server time (ms) at which what was said or shown at `at_s` is placed."""
        stamp = self.rtp(kind, at_s) & 0xFFFFFFFF
        told_s, ahead_s = self.receptions[kind].ntp_of(stamp), self.clock.offset_s
        told_ms = None if told_s is None or ahead_s is None else (told_s - ahead_s) * 1000
        return self.placings[kind].place(stamp, self.arrival_s(at_s) * 1000, told_ms)


def offsets_ms(publisher, seconds):
    """By how much picture and sound of the same instant are apart, and off, each second."""
    apart, off = [], []
    for n in range(seconds * 10):
        at_s = n / 10
        if n % 20 == 3:
            publisher.report("audio", at_s)
        if n % 10 == 7:
            publisher.report("video", at_s)
        sound_ms, picture_ms = (publisher.place(kind, at_s) for kind in ("audio", "video"))
        apart.append(abs(sound_ms - picture_ms))
        off.append(picture_ms - at_s * 1000)
    return apart, off


@pytest.mark.parametrize("sound_ppm", [100.0, -100.0])
def test_sound_and_picture_stay_within_40_ms_for_an_hour_with_clocks_100_ppm_apart(sound_ppm):
    publisher = Publisher(sound_ppm=sound_ppm, ntp_ppm=50.0)
    apart, off = offsets_ms(publisher, HOUR_S)
    assert max(apart) < 40
    assert max(apart[len(apart) // 2 :]) < 5
    assert abs(off[-1] - off[600]) < 40  # the publisher's NTP clock runs apart from ours, too


@pytest.mark.parametrize("ntp", ["zero", "stands"])
def test_a_publisher_without_a_clock_is_placed_by_when_its_packets_come(ntp):
    apart, off = offsets_ms(Publisher(sound_ppm=100.0, ntp=ntp), HOUR_S // 2)
    assert max(apart) < 40
    assert max(map(abs, off)) < 80


def test_a_correction_is_spread():
    placing = Placing(48_000)
    first_ms = placing.place(0, 1_000.0, None)
    times_ms = [first_ms]
    for n in range(1, 3_000):
        times_ms.append(placing.place(960 * n, 1_000.0 + 20 * n, 1_100.0 + 20 * n))
    steps_ms = [b - a for a, b in itertools.pairwise(times_ms)]
    assert min(steps_ms) >= 20 - 1e-6
    assert max(steps_ms) <= 20 * (1 + SLEW) + 1e-6
    assert times_ms[-1] == pytest.approx(1_100.0 + 20 * 2_999)


def test_time_never_goes_back_and_a_large_step_is_taken_at_once():
    placing = Placing(90_000)
    before_ms = placing.place(0, 1_000.0, None)
    assert placing.place(9_000, 1_100.0, 1_100.0 + 2 * JUMP_MS) == pytest.approx(3_100.0)
    assert placing.place(18_000, 1_200.0, 1_200.0) == pytest.approx(3_100.0)
    assert placing.place(27_000, 1_300.0, 1_300.0) >= before_ms
    begins_anew_ms = placing.place(4_000_000_000, 9_000.0, None)
    assert begins_anew_ms == pytest.approx(9_000.0)
