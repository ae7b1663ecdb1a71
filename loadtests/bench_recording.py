"""Measures recording: `make bench-recording`. Each measurement prints lines of a name and a value.

`ARGS="kill lip"` does some of them; `KILLS=20` kills the recorder so many times.
"""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hls_measures
import psutil

from showcaller.media.egress import choose
from showcaller.media.recorder.tap import TrackTap
from showcaller.media.rtp import rtcp, rtp
from showcaller.media.rtp.opus import SILENCE
from showcaller.media.sdp.negotiation import negotiate
from showcaller.media.sfu.ingest import Ingest
from showcaller.recording.muxer import PART_MS
from showcaller.recording.part import InitSection, Sample
from showcaller.testing.recorded_show import RecordedShow

ROOT = Path(__file__).parents[1]
OFFER = ROOT / "tests/unit/media/sdp/offers/chromium-publisher.sdp"
KILLS = int(os.environ.get("KILLS", "100"))
QUICK_KILLS = 5  # each as soon as another recorder is there
MEASURED_S = 20.0
# on its way when the recorder was killed: one frame, one packet of sound, the part that is being stored
UNDERWAY_MS = 150.0
H264, OPUS, PICTURE, SOUND = 102, 111, 1, 2
KEYFRAME = (
    bytes.fromhex("67 42e01f 95a014016e40"),
    bytes.fromhex("68ce3c80"),
    b"\x65\x88" + bytes(9),
)


def show(name: str, value: float | int | str) -> None:
    print(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}", flush=True)


# CPU, and encoders --------------------------------------------------------------------------------


async def cpu() -> None:
    """The recorder's share of a core for one stage, and how often it encoded or decoded anything."""
    with tempfile.TemporaryDirectory() as folder, counted(Path(folder)) as counts:
        async with RecordedShow.running(Path(folder), OFFER.read_text()) as talk:
            process = psutil.Process(talk.process_id)
            before, stored = process.cpu_times(), talk.status.stored_bytes
            await asyncio.sleep(MEASURED_S)
            after = process.cpu_times()
            used_s = after.user + after.system - before.user - before.system
            show("recorder_cpu_share_per_stage", used_s / MEASURED_S)
            rate_bps = (talk.status.stored_bytes - stored) * 8 / MEASURED_S
            show("recorder_stage_mbit_s", rate_bps / 1e6)
        show("video_encoder_calls", counts("encoded"))
        show("video_decoder_calls", counts("decoded"))


_COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(const char *what) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("COUNTED_IN"), what);
    FILE *file = fopen(path, "a");
    if (file) { fputc('.', file); fclose(file); }
}

static int look(struct dl_phdr_info *info, size_t size, void *found) {
    if (!strstr(info->dlpi_name, "libavcodec")) return 0;
    *(void **)found = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
    return 1;
}

static int pass_on(const char *name, void *context, const void *data) {
    void *library = NULL;
    dl_iterate_phdr(look, &library);
    return ((int (*)(void *, const void *))dlsym(library, name))(context, data);
}

int avcodec_send_frame(void *context, const void *frame) {
    note("encoded");
    return pass_on("avcodec_send_frame", context, frame);
}

int avcodec_send_packet(void *context, const void *packet) {
    note("decoded");
    return pass_on("avcodec_send_packet", context, packet);
}
"""
_ENCODES = """
import av, fractions
encoder = av.CodecContext.create("libx264", "w")
encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = (
    64, 64, "yuv420p", fractions.Fraction(1, 25)
)
encoder.encode(av.VideoFrame(64, 64, "yuv420p"))
"""


@contextmanager
def counted(folder: Path) -> Any:
    """Count the calls of FFmpeg's encoders and decoders in all processes that are started meanwhile."""
    library, source = folder / "counter.so", folder / "counter.c"
    source.write_text(_COUNTER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.environ.update(LD_PRELOAD=str(library), COUNTED_IN=str(folder))

    def count(what: str) -> int:
        path = folder / what
        return path.stat().st_size if path.exists() else 0

    try:
        subprocess.run([sys.executable, "-c", _ENCODES], check=True)
        if not count("encoded"):
            sys.exit("the counter does not see an encoder that works: its zero would say nothing")
        (folder / "encoded").unlink()
        yield count
    finally:
        del os.environ["LD_PRELOAD"], os.environ["COUNTED_IN"]


# Kills --------------------------------------------------------------------------------------------


async def kill() -> None:
    """The most that a `kill -9` at a random instant ever loses, and how soon it is recorded again."""
    with tempfile.TemporaryDirectory() as folder:
        async with RecordedShow.running(Path(folder), OFFER.read_text()) as talk:
            kills = await talk.killed(KILLS, seed=KILLS)
            quick_ms = [await talk.kill_quickly(QUICK_KILLS) for _ in range(3)]
            await talk.recording.stop()
            lost_ms = max(one.lost_ms for one in kills)
            open_files = [await opens(talk, *taken) for taken in await talk.takes()]
            late_ms = talk.late_s * 1000
        show("recorder_kills", KILLS)
        show("parts_lost_at_kill_max", math.ceil((lost_ms - UNDERWAY_MS - late_ms) / PART_MS))
        show("lost_at_kill_ms_max", lost_ms)
        show("recorder_replaced_s_max", max(one.away_ms for one in kills) / 1000)
        show("recorder_replaced_after_quick_kills_s_max", max(quick_ms) / 1000)
        show("files", len(open_files))
        show("files_that_do_not_open", open_files.count(False))


async def opens(talk: RecordedShow, take: Any, parts: Any) -> bool:
    """Return whether FFmpeg decodes all of a take; one without a part has nothing to open."""
    import av

    if not parts:
        return True
    with av.open(await talk.file(take, parts)) as file:
        return sum(1 for _ in file.decode(file.streams[0])) > 0


# Lips ---------------------------------------------------------------------------------------------


class Placed:
    """Keeps the newest sample's server time of each kind."""

    def __init__(self) -> None:
        self.time_ms: dict[str, float] = {}

    def on_sample(self, tap: TrackTap, sample: Sample, init: InitSection) -> None:
        self.time_ms[tap.kind] = sample.time_ms

    def on_tap_ended(self, tap: TrackTap) -> None: ...


class Nobody:
    """The other side of an ingest."""

    def send_rtcp(self, packet: bytes) -> bool:
        return True

    def close(self) -> None: ...

    def on_ingest_live(self, ingest: Ingest, now_s: float) -> None: ...

    def on_ingest_changed(self, ingest: Ingest, now_s: float) -> None: ...

    def on_ingest_packet(self, ingest: Ingest, data: bytes) -> None: ...

    def on_ingest_ended(self, ingest: Ingest, reason: str, now_s: float) -> None: ...


async def lip() -> None:
    """Picture and sound of the same instant, by real RTP and reports, over an hour of virtual time.

    The sound card runs 100 ppm fast, the camera 100 ppm slow, the publisher's NTP clock 50 ppm fast.
    """
    worst_ms = last_ms = 0.0
    nobody, placed = Nobody(), Placed()
    negotiated = negotiate(OFFER.read_text(), "publish")
    ingest = Ingest("p", "talk", "ada", "main", negotiated, choose("python"), nobody, 0.0)
    ingest.borrow(nobody, [], 0.0)
    hz = {"audio": 48_000 * (1 + 100e-6), "video": 90_000 * (1 - 100e-6)}
    taps: list[TrackTap] = []
    for n in range(3_600 * 10):
        at_s = n / 10
        if n % 10 == 5:
            for ssrc, kind in ((PICTURE, "video"), (SOUND, "audio")):
                ntp = rtcp.ntp(1.8e9 + at_s * (1 + 50e-6))
                report = rtcp.sender_report(ssrc, ntp, round(at_s * hz[kind]), n, n)
                ingest.on_rtcp(report, at_s + 0.02 + n % 7 / 1000)
        sound, picture = round(at_s * hz["audio"]), round(at_s * hz["video"])
        ingest.on_rtp(
            rtp.header(OPUS, False, n & 0xFFFF, sound & 0xFFFFFFFF, SOUND) + SILENCE, at_s + 0.02
        )
        for k, unit in enumerate(KEYFRAME):
            sequence, marker = (3 * n + k) & 0xFFFF, k == 2
            head = rtp.header(H264, marker, sequence, picture & 0xFFFFFFFF, PICTURE)
            ingest.on_rtp(head + unit, at_s + 0.02)
        if not taps:
            tracks = [*ingest.layers, ingest.sound]
            taps = [TrackTap(ingest, t, lambda s: s * 1000, placed) for t in tracks if t]
        elif "video" in placed.time_ms:
            last_ms = abs(placed.time_ms["video"] - placed.time_ms["audio"])
            worst_ms = max(worst_ms, last_ms)
    show("av_offset_ms_after_1h", last_ms)
    show("av_offset_ms_max", worst_ms)


MEASURES: dict[str, Callable[[], Awaitable[None]]] = {
    "cpu": cpu,
    "glass": lambda: hls_measures.glass(show),
    "origin": lambda: hls_measures.origin(show),
    "lip": lip,
    "kill": kill,
}


if __name__ == "__main__":
    for name in sys.argv[1:] or MEASURES:
        asyncio.run(MEASURES[name]())
