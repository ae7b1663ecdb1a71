"""The findings of a run: the values that the live view shows, and that reports are made from.

Instants (`t_s`) are seconds since the run's first socket was wanted. A `Result` as JSON says all of it,
and can be read back (`Result.from_json`).
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

VERSION: Literal[1] = 1
FINDINGS_KEPT = 200

Verdict = Literal["pass", "fail", "invalid", "stopped"]
FindingKind = Literal["lost", "doubled", "out_of_order", "diverged", "unanswered"]


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all that is in a result."""


class Percentiles(Value, frozen=True, kw_only=True):
    """Percentiles of `count` measurements; zeros where there are none."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class Second(Value, frozen=True, kw_only=True):
    """One second of the run, all generators together. None: nothing of that kind was measured."""

    t_s: int
    sockets: int  # whole attendees at the second's end: connected, with the state of every channel
    joining: int  # on their way: connecting, waiting for state, or backing off
    joins: int  # that became whole
    deliveries: int  # messages received
    commands: int  # sent, repeats included
    replies: int
    closes: int  # connections that ended, whoever ended them
    anomalies: int = 0  # that ledgers have noted by now, of every kind; the verdict finds the rest
    broadcast_p50_ms: float | None = None
    broadcast_p99_ms: float | None = None
    reply_p99_ms: float | None = None
    loop_lag_ms: float | None = None  # of the servers, the worst: their own metric
    generator_busy: float | None = None  # the busiest generator's share of its core


class ProcessSample(Value, frozen=True, kw_only=True):
    """One server process's use of the machine. `cpu_share`: of one core, since the sample before."""

    t_s: float
    name: str  # such as `serve`, `worker 2`, `redis`
    pid: int  # 0 where it is another machine's
    cpu_share: float
    memory_mib: float


class Fault(Value, frozen=True, kw_only=True):
    """Something done to the deployment on purpose."""

    t_s: float
    what: str


class Finding(Value, frozen=True, kw_only=True):
    """Something that an attendee was owed, and did not get, or got wrongly."""

    kind: FindingKind
    attendee: str
    channel: str  # a channel's name; of commands, the command's
    offset: int | None  # in the log, where it is known
    detail: str


class Check(Value, frozen=True, kw_only=True):
    """One figure and the limit that it was held to; `ok` is None where the scenario sets no limit."""

    name: str
    value: float | None  # None: nothing was measured
    unit: str
    limit: float | None
    ok: bool | None
    meaning: str


class GeneratorUse(Value, frozen=True, kw_only=True):
    """One generator process's needs: above its limits, a run's times say nothing about the server."""

    host: str
    pid: int
    sockets: int
    busy_max: float  # share of a core, in its busiest second
    late_p99_ms: float  # how late its timers fired and how long what had come waited to be read


class Machine(Value, frozen=True, kw_only=True):
    host: str
    cores: int
    cpu_model: str
    memory_gib: float
    kernel: str
    python: str


class Result(Value, frozen=True, kw_only=True):
    version: Literal[1] = VERSION
    tool_version: str
    scenario: str
    scenario_yaml: str
    audience: int  # sockets wanted, and
    duration_s: float  # how long: a call of the tool may want others than the scenario's text says
    target: str  # what was tested, in words: the options of `serve`, or the URL
    started_at: str  # ISO 8601, UTC
    took_s: float
    machines: list[Machine]
    verdict: Verdict
    why: list[str]  # one sentence for each reason; empty when the verdict is `pass`
    checks: list[Check]
    latencies: dict[str, Percentiles]  # broadcast, reply, tally, join, resume, cue, clock
    histograms: dict[str, list[tuple[float, int]]]  # upper bound of a bucket (ms), count
    seconds: list[Second]
    processes: list[ProcessSample]
    faults: list[Fault]
    findings: Annotated[list[Finding], Meta(max_length=FINDINGS_KEPT)]  # the first ones
    finding_counts: dict[str, int]  # of all, by kind
    generators: list[GeneratorUse]
    totals: dict[str, int]

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes | str) -> Result:
        """Raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
        return msgspec.json.decode(data, type=cls)


class Watcher(Protocol):
    """A watcher that is told how a run goes, in the controller's event loop: it must not block."""

    def on_phase(self, text: str) -> None:
        """Hear what happens now, such as `joining: 2,000 sockets`."""

    def on_second(self, second: Second, processes: list[ProcessSample]) -> None:
        """Hear that a second is over; `processes` are its samples."""

    def on_fault(self, fault: Fault) -> None: ...

    def on_done(self, result: Result) -> None: ...
