"""The clocks of the cue benchmark's audience, and a small audience that sees real cues."""

from itertools import pairwise

import bench_cues
from bench_cues import DRIFT_PPM, PROBES_EVERY_S, SKEW_MS, Audience, OwnClock, schedule
from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.clock_estimate import AGEING
from showcaller_load.swarm import Swarm

from showcaller.schedule_file import read_schedule
from showcaller.testing.serving import ServeProcess

DELAYS = st.lists(st.tuples(st.floats(0, 40), st.floats(0, 40)), min_size=6, max_size=30)
ALLOWANCE_MS = 2 * AGEING * PROBES_EVERY_S * 1000


@given(
    skew_ms=st.floats(-SKEW_MS, SKEW_MS),
    drift_ppm=st.floats(-DRIFT_PPM, DRIFT_PPM),
    delays_ms=DELAYS,
)
def test_a_clock_is_off_by_at_most_half_the_slowest_round_trip_and_what_it_drifts(
    skew_ms, drift_ppm, delays_ms
):
    clock, at_s = OwnClock(skew_ms, drift_ppm), 1000.0
    most_ms = max(there + back for there, back in delays_ms) / 2 + ALLOWANCE_MS
    for number, (there_ms, back_ms) in enumerate(delays_ms):
        back_s = at_s + (there_ms + back_ms) / 1000
        server_ms = at_s * 1000 + there_ms
        clock.estimate.answer(clock.own_ms(at_s), server_ms, server_ms, clock.own_ms(back_s))
        at_s += 0.2 if number < 5 else PROBES_EVERY_S

        assert abs(clock.server_ms(at_s) - at_s * 1000) <= most_ms


def test_the_rehearsed_talks_are_back_to_back():
    sessions = read_schedule(schedule(), file_name="cues.yaml")[0].sessions

    assert len(sessions) == bench_cues.SESSIONS
    assert all(one.ends_at_ms == next.starts_at_ms for one, next in pairwise(sessions))


async def test_everybody_sees_each_cue_once_and_about_when_it_is_due(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_cues, "CLOCKS_READ", 10)
    path = tmp_path / "cues.yaml"
    path.write_text(schedule())
    rehearsed = ("--rehearse-from", "09:01", "--rate", "600", "--media-workers", "0")
    async with ServeProcess(path, *rehearsed, data=tmp_path) as server:
        swarm = Swarm(server.port, "bench")
        audience = Audience(swarm)
        for client in swarm.join([server.token("bench") for _ in range(20)], bench_cues.CHANNELS):
            audience.add(client)
        audience.run_for(1.2)
        audience.watch()
        cues, clock_errors_ms = [], []
        # A talk takes two seconds, and longer on a busy machine; its end and the next one's start are due
        # together, so that both may be on their way.
        for _ in range(60):
            audience.run_for(0.7)
            for one, more in zip((cues, clock_errors_ms), audience.take(), strict=True):
                one.extend(more)
            if len(cues) >= 6 and audience.unfinished == 0:
                break
        assert audience.unfinished == 0
        swarm.close()

    assert all(len(cue.errors_ms) == 20 for cue in cues)
    assert all(-50 < error_ms < 1000 for cue in cues for error_ms in cue.errors_ms)
    assert len(clock_errors_ms) >= 30 and max(clock_errors_ms) < 100
