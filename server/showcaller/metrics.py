"""Measurements of this process in Prometheus' terms. `deploy/OPERATIONS.md` says what to do about each."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from .pace import Pace

APPEND_SECONDS = Histogram(
    "showcaller_append_seconds",
    "From appending a fact to its verdict on this node",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CUE_LATE_SECONDS = Histogram(
    "showcaller_cue_late_seconds",
    "How late cues were called, by the broker's clock",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300),
)
COMMANDS = Counter("showcaller_commands_total", "Commands by their verdict", ["name", "outcome"])
LOG_OFFSET = Gauge("showcaller_log_offset", "Newest fact folded by this node", ["event"])
FOLD_LAG = Gauge("showcaller_fold_lag_entries", "Facts in the log not folded yet", ["event"])
LOOP_LAG_SECONDS = Gauge(
    "showcaller_loop_lag_seconds", "How late the event loop wakes, worst of 10 s"
)
CLOCK_CORRECTION_SECONDS = Gauge(
    "showcaller_clock_correction_seconds",
    "How far server time is ahead of the clock of the log's machine, which was stepped",
    ["event"],
)
CLOCK_AHEAD_SECONDS = Gauge(
    "showcaller_clock_ahead_seconds",
    "How far this machine's clock is ahead of server time",
    ["event"],
)
CLOCK_STEPS = Counter("showcaller_clock_steps_total", "Steps of the clock of the log's machine")
STOOD_STILL_SECONDS = Counter(
    "showcaller_stood_still_seconds_total", "How long this process did not run at all"
)
BROKER_UP = Gauge("showcaller_broker_up", "Whether the broker takes writes (1) or not (0)")
REMINDERS = Counter(
    "showcaller_reminders_total",
    "Reminders by their way and what became of them",
    ["way", "outcome"],
)
HLS_ANSWERS = Counter("showcaller_hls_answers_total", "Answers by HLS", ["event", "what"])
HLS_BYTES = Counter("showcaller_hls_bytes_total", "Bytes of answers by HLS", ["event", "what"])
LIMITED = Counter("showcaller_limited_total", "How often a limit was reached", ["limit"])


class _Family(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


async def written(registry: Collector) -> bytes:
    """Return what is measured, in Prometheus' text format; made in helpings, so that the loop serves on."""
    pace, families = Pace(), []
    for family in registry.collect():
        families.append(generate_latest(_Family(family)))
        await pace.breathe()
    return b"".join(families)
