"""The packets of one incoming stream that came and that are missing, and reports on them (RFC 3550 §6.4, A.1,
A.3, A.8; RFC 4585 §6.2.1).

Every sequence number is extended as it comes. Between the first and the highest each one has come,
is in `_missing`, or was given up: so a packet is new when it is ahead of the highest, or missing.
"""

from __future__ import annotations

from collections import deque

from ..rtp import rtcp, rtp

REORDERING_S = 0.010  # a packet may be so late before it is asked for
ASK_AGAIN_S = 0.040  # at least, or a round trip
UNKNOWN_RTT_S = 0.1
MAX_ASKED = 8
GIVEN_UP_S = 1.0
MAX_BACK = 1_000  # packets; what is further off belongs to a stream that began anew
MAX_AHEAD = 3_000
MAX_TRANSIT_STEP_S = 5.0  # a larger one is a jump of the clock, no jitter
RATE_WINDOW_S = 2
_SLOTS_PER_S = 4
_WINDOW_SLOTS = RATE_WINDOW_S * _SLOTS_PER_S


class _Gap:
    """A packet that has not come."""

    __slots__ = ("asked", "asked_s", "due_s", "since_s")

    def __init__(self, now_s: float) -> None:
        self.since_s = now_s
        self.due_s = now_s + REORDERING_S
        self.asked = 0  # times
        self.asked_s = 0.0  # at first


class Reception:
    """One incoming SSRC; `now_s` never goes back."""

    def __init__(self, ssrc: int, clock_hz: int) -> None:
        self.ssrc = ssrc
        self.packets = 0  # that came, repairs included
        self.bytes = 0
        self.lost = 0  # given up: never repaired
        self.repaired = 0  # came after they were asked for
        self.restarts = 0  # of the sender's sequence numbers
        self.lost_share = 0.0  # between the last two blocks, before repair
        self.jitter = 0.0  # in units of the timestamp
        self.rtt_s: float | None = None  # from asking to repair; None: nothing was repaired
        self._clock_hz = clock_hz
        self._highest: int | None = None
        self._suspect: int | None = None  # a sequence number far off: one more, and it is a restart
        self._missing: dict[int, _Gap] = {}  # the longest missing first
        self._expected = 0
        self._told_expected = 0  # at the last block
        self._told_firsthand = 0
        self._timestamp: int | None = None
        self._arrived_s = 0.0
        self._report: tuple[int, int, float] | None = None  # NTP, RTP timestamp, when it came
        self._rate: deque[list[int]] = deque()  # [slot, bytes]
        self._first_slot = 0

    def add(self, sequence: int, timestamp: int, now_s: float, size: int) -> int | None:
        """Take in a packet; return its extended sequence number, or None for a duplicate or an old one.

        No number is given twice, also when the sender begins anew. That takes two packets: the first
        is dropped, and counts as missing from then on.
        """
        extended = self._place(sequence, now_s)
        if extended is None:
            return None
        self.packets += 1
        self.bytes += size
        self._count(size, now_s)
        self._note(extended, timestamp, now_s)
        return extended

    def _place(self, sequence: int, now_s: float) -> int | None:
        """Return the packet's extended number if it is new or begins a new sequence; None: drop it."""
        highest = self._highest
        if highest is None:
            self._highest = sequence - 1
            return sequence
        step = rtp.ahead(sequence, highest)
        if 0 < step <= MAX_AHEAD:
            self._suspect = None
            return highest + step
        if -MAX_BACK <= step <= 0:
            return highest + step if highest + step in self._missing else None
        return self._doubt(sequence, now_s)

    def _doubt(self, sequence: int, now_s: float) -> int | None:
        """Believe a jump when a second packet goes on from it (RFC 3550 A.1)."""
        suspect, self._suspect = self._suspect, sequence
        if suspect is None or not 0 < (step := rtp.ahead(sequence, suspect)) <= 16:
            return None
        self._suspect = None
        self.restarts += 1
        self.lost += len(self._missing)
        self._missing.clear()
        self._timestamp = self._report = None
        assert self._highest is not None
        begin = self._highest + 1 + ((suspect - self._highest - 1) & 0xFFFF)
        self._highest = begin - 1
        return begin + step

    def _note(self, extended: int, timestamp: int, now_s: float) -> None:
        assert self._highest is not None
        if extended > self._highest:
            for missing in range(self._highest + 1, extended):
                self._missing[missing] = _Gap(now_s)
            self._expected += extended - self._highest
            self._highest = extended
            self._note_transit(timestamp, now_s)
            return
        gap = self._missing.pop(extended)
        if gap.asked:
            self.repaired += 1
        if gap.asked == 1:
            self._note_rtt(now_s - gap.asked_s)

    def _note_rtt(self, taken_s: float) -> None:
        self.rtt_s = taken_s if self.rtt_s is None else self.rtt_s + (taken_s - self.rtt_s) / 8

    def _note_transit(self, timestamp: int, now_s: float) -> None:
        """Follow the jitter (RFC 3550 A.8) by the first packet of each frame."""
        before = self._timestamp
        if timestamp == before:
            return
        if before is not None:
            step = ((timestamp - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            off = abs((now_s - self._arrived_s) * self._clock_hz - step)
            if off < MAX_TRANSIT_STEP_S * self._clock_hz:
                self.jitter += (off - self.jitter) / 16
        self._timestamp, self._arrived_s = timestamp, now_s

    def missing(self, now_s: float) -> list[int]:
        """Return extended sequence numbers to ask for now, in order."""
        if not self._missing:
            return []
        self._give_up(now_s)
        again_s = max(UNKNOWN_RTT_S if self.rtt_s is None else self.rtt_s, ASK_AGAIN_S)
        due = []
        for sequence, gap in self._missing.items():
            if gap.due_s <= now_s and gap.asked < MAX_ASKED:
                due.append(sequence)
                gap.asked_s = gap.asked_s if gap.asked else now_s
                gap.asked += 1
                gap.due_s = now_s + again_s
        return due

    def _give_up(self, now_s: float) -> None:
        while self._missing:
            oldest = next(iter(self._missing))
            if now_s - self._missing[oldest].since_s <= GIVEN_UP_S:
                return
            del self._missing[oldest]
            self.lost += 1

    def note_sender_report(self, ntp: int, rtp_timestamp: int, now_s: float) -> None:
        """Take in the sender's clocks at one moment: NTP (64 bits) and the stream's."""
        self._report = ntp, rtp_timestamp, now_s

    def forget_sender_reports(self) -> None:
        """Believe no sender report that came so far."""
        self._report = None

    def ntp_of(self, timestamp: int) -> float | None:
        """Return the sender's wall clock (NTP seconds) at an RTP timestamp; None before it told."""
        if self._report is None:
            return None
        ntp, known, _ = self._report
        step = ((timestamp - known + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return ntp / (1 << 32) + step / self._clock_hz

    def block(self, now_s: float) -> rtcp.Block:
        """Return what to report, and begin a new interval. Packets that had to be asked for count as lost."""
        self._give_up(now_s)
        firsthand = self.packets - self.repaired
        expected = self._expected - self._told_expected
        lost = expected - (firsthand - self._told_firsthand)
        self._told_expected, self._told_firsthand = self._expected, firsthand
        self.lost_share = max(lost / expected, 0.0) if expected else 0.0
        last_sr, delay = 0, 0
        if self._report is not None:
            last_sr = rtcp.middle(self._report[0])
            delay = round((now_s - self._report[2]) * 65_536)
        return rtcp.Block(
            ssrc=self.ssrc,
            lost_share=self.lost_share,
            lost=self._expected - firsthand,
            highest=(self._highest or 0) & 0xFFFFFFFF,
            jitter=round(self.jitter),
            last_sr=last_sr,
            delay=delay,
        )

    def bitrate_bps(self, now_s: float) -> float:
        """Return the rate of the last `RATE_WINDOW_S`, or since the beginning."""
        slot = int(now_s * _SLOTS_PER_S)
        self._forget_rates(slot)
        slots = min(slot - self._first_slot + 1, _WINDOW_SLOTS)
        return sum(size for _, size in self._rate) * 8 * _SLOTS_PER_S / slots

    def _count(self, size: int, now_s: float) -> None:
        slot = int(now_s * _SLOTS_PER_S)
        if self._rate and self._rate[-1][0] == slot:
            self._rate[-1][1] += size
            return
        if self.packets == 1:
            self._first_slot = slot
        self._forget_rates(slot)
        self._rate.append([slot, size])

    def _forget_rates(self, slot: int) -> None:
        while self._rate and self._rate[0][0] <= slot - _WINDOW_SLOTS:
            self._rate.popleft()
