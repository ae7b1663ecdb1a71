"""The plots of a report: what of a result is drawn together, and what to say where nothing is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import plots, units
from .plots import Line, Mark, Scale
from .results import GeneratorUse, ProcessSample, Result, Second
from .summary import BUSY, why_invalid
from .verdict_words import LATENCIES

MEMORY = "Its own pages and its share of common ones; elsewhere, what its metrics say."
MOST_LINES = 8  # that can be told apart
HOLE_S = 3.5  # a longer time without a sample is a gap: nobody measured, or the process was gone


@dataclass(frozen=True)
class Chart:
    """One plot over the time of the run."""

    name: str
    title: str
    meaning: str
    lines: Sequence[Line]
    show: Callable[[float], str]
    empty: str  # said in its place, if nothing was measured
    log: bool = False
    limit: float | None = None

    @property
    def is_empty(self) -> bool:
        return not any(line.values for line in self.lines)

    def scale(self) -> Scale:
        values = [value for line in self.lines for value in line.values]
        if self.limit is not None:
            values.append(self.limit)
        return plots.logarithmic(values, 0.1) if self.log else plots.linear(values)


def end_s(result: Result) -> float:
    """Return where the time axis that all plots share ends."""
    seconds = [second.t_s + 1.0 for second in result.seconds]
    return max([1.0, *seconds, *(fault.t_s for fault in result.faults)])


def marks(result: Result) -> list[Mark]:
    """The faults as the plots number them, in the order of time."""
    faults = sorted(result.faults, key=lambda fault: fault.t_s)
    return [Mark(fault.t_s, str(number)) for number, fault in enumerate(faults, 1)]


def timeline(result: Result) -> list[Chart]:
    seconds = result.seconds
    return [
        Chart(
            "sockets",
            "Sockets",
            "Whole: connected, with the state of every channel.",
            [
                _line("whole", seconds, lambda second: second.sockets),
                _line("on their way", seconds, lambda second: second.joining),
            ],
            units.number,
            "No second of the run was over.",
        ),
        Chart(
            "joins",
            "Joins and lost connections a second",
            "Joins count when the attendee is whole; a connection is lost whoever ended it.",
            [
                _line("joins", seconds, lambda second: second.joins),
                _line("connections lost", seconds, lambda second: second.closes),
            ],
            units.number,
            "No second of the run was over.",
        ),
        Chart(
            "deliveries",
            "Deliveries a second",
            "Messages that reached attendees, all sockets together.",
            [_line("deliveries", seconds, lambda second: second.deliveries)],
            units.number,
            "No second of the run was over.",
        ),
        _commands(seconds),
        Chart(
            "latency",
            "Latency",
            "Broadcast: from the sending of the command to the reading of each copy. "
            "Reply: from a command to its verdict. Logarithmic.",
            [
                _line("broadcast p50", seconds, lambda second: second.broadcast_p50_ms),
                _line("broadcast p99", seconds, lambda second: second.broadcast_p99_ms),
                _line("reply p99", seconds, lambda second: second.reply_p99_ms),
            ],
            units.milliseconds,
            "Nothing was broadcast and no command was answered.",
            log=True,
        ),
        *_processes(result.processes),
        Chart(
            "lag",
            "Loop lag",
            "How late a server's event loop wakes, by its own metric: the worst of 10 s, of all servers.",
            [_line("loop lag", seconds, lambda second: second.loop_lag_ms)],
            units.milliseconds,
            "The servers' metrics were not read.",
        ),
    ]


def generators(result: Result) -> Chart:
    return Chart(
        "generators",
        "The busiest generator's share of its core",
        "From 90\u00a0% on, the generator is what the run measured.",
        [_line("busiest generator", result.seconds, lambda second: second.generator_busy)],
        units.percent,
        "The generators' use was not sampled.",
        limit=BUSY,
    )


def _commands(seconds: Sequence[Second]) -> Chart:
    sent = any(second.commands for second in seconds)
    lines = [
        _line("commands", seconds, lambda second: second.commands),
        _line("replies", seconds, lambda second: second.replies),
    ]
    return Chart(
        "commands",
        "Commands and replies a second",
        "Where the lines part, commands wait for their verdict.",
        lines if sent else [],
        units.number,
        "Attendees sent no commands in this scenario.",
    )


def _processes(samples: Sequence[ProcessSample]) -> list[Chart]:
    empty = "The server's processes were not sampled: they are not this machine's."
    cpu, left_out = _of_processes(samples, lambda sample: sample.cpu_share)
    memory, _ = _of_processes(samples, lambda sample: sample.memory_mib)
    more = f" The {MOST_LINES} that used the most; {left_out} more were." if left_out else ""
    return [
        Chart("cpu", "CPU by process", f"100 % is one core.{more}", cpu, units.percent, empty),
        Chart("memory", "Memory by process", f"{MEMORY}{more}", memory, units.memory, empty),
    ]


def _of_processes(
    samples: Sequence[ProcessSample], value: Callable[[ProcessSample], float]
) -> tuple[list[Line], int]:
    """A line for each process, those with the highest peak first chosen; and how many are left out."""
    by_process: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for sample in samples:
        key = sample.name, sample.pid
        by_process.setdefault(key, []).append((sample.t_s, value(sample)))
    names = [name for name, _ in by_process]
    lines = [
        Line(
            name if names.count(name) == 1 else f"{name} (pid {pid})",
            plots.break_at_holes(sorted(points), HOLE_S),
        )
        for (name, pid), points in by_process.items()
    ]
    kept = sorted(lines, key=lambda line: -max(line.values))[:MOST_LINES]
    return [line for line in lines if line in kept], len(lines) - len(kept)


def _line(name: str, seconds: Sequence[Second], value: Callable[[Second], float | None]) -> Line:
    """Return a second's place: what it says stands in its middle."""
    points = [(second.t_s + 0.5, value(second)) for second in seconds]
    return Line(name, plots.break_at_holes(points, 1.5))


def distribution(result: Result) -> list[Line]:
    """Each latency by its percentile: x is the number of nines, y milliseconds."""
    return [
        Line(name, _curve(result.histograms[key]))
        for key, (name, _) in LATENCIES.items()
        if any(count for _, count in result.histograms.get(key, ()))
    ]


def _curve(histogram: Sequence[tuple[float, int]]) -> list[plots.Point]:
    buckets = sorted((upper, count) for upper, count in histogram if count > 0)
    total, seen = sum(count for _, count in buckets), 0
    points: list[plots.Point] = [(0.0, buckets[0][0])]
    for upper_ms, count in buckets:
        points.append((nines(min(seen, total - 1) / total), upper_ms))
        seen += count
        points.append((nines(min(seen, total - 1) / total), upper_ms))
    return points


def nines(share: float) -> float:
    """0.9 is 1, 0.99 is 2, 0.999 is 3."""
    return -math.log10(1 - share)


def percentiles(lines: Sequence[Line]) -> Scale:
    """The axis from the least to the greatest, ten times as fine at each tick."""
    last = max([1.0, *(x for line in lines for x, _ in line.points)])
    return Scale(0.0, last, [nines(0.5), *(float(n) for n in range(1, math.floor(last) + 1))])


def show_percentile(count: float) -> str:
    return f"{(1 - 10**-count) * 100:.{max(0, round(count) - 2)}f}{units.SPACE}%"


def key_figures(result: Result) -> list[tuple[str, str, str]]:
    """(name, value, more) of what everybody asks first."""
    seconds = result.seconds
    deliveries = sum(second.deliveries for second in seconds)
    peak = max((second.deliveries for second in seconds), default=0)
    joins = sum(second.joins for second in seconds)
    return [
        (
            "Sockets at once",
            units.number(max((second.sockets for second in seconds), default=0)),
            f"of {result.audience:,}; {units.count(joins, 'join')}, returns included",
        ),
        (
            "Joins a second",
            units.number(max((second.joins for second in seconds), default=0)),
            f"at the peak; a join {_p99(result, 'join')}",
        ),
        ("Deliveries", units.number(deliveries), f"{units.number(peak)} a second at the peak"),
        ("Broadcast p99", *_latency(result, "broadcast")),
        ("Reply p99", *_latency(result, "reply")),
        ("Server CPU", *_busiest(result.processes)),
        ("Server memory", *_largest(result.processes)),
        (
            "Lost, doubled, misordered",
            units.number(sum(result.finding_counts.values())),
            f"findings of any kind, in {units.count(deliveries, 'delivery', 'deliveries')}",
        ),
    ]


def _p99(result: Result, key: str) -> str:
    found = result.latencies.get(key)
    return (
        f"took {units.milliseconds(found.p99_ms)} at p99" if found and found.count else "not timed"
    )


def _latency(result: Result, key: str) -> tuple[str, str]:
    found = result.latencies.get(key)
    if found is None or not found.count:
        return units.NOTHING, "none in this scenario"
    return (
        units.milliseconds(found.p99_ms),
        f"p50 {units.milliseconds(found.p50_ms)}, max {units.milliseconds(found.max_ms)}",
    )


def _busiest(samples: Sequence[ProcessSample]) -> tuple[str, str]:
    if not samples:
        return units.NOTHING, "not sampled"
    most = max(samples, key=lambda sample: sample.cpu_share)
    return units.percent(most.cpu_share), f"of a core: {most.name} at its peak"


def _largest(samples: Sequence[ProcessSample]) -> tuple[str, str]:
    if not samples:
        return units.NOTHING, "not sampled"
    most = max(samples, key=lambda sample: sample.memory_mib)
    return units.memory(most.memory_mib), f"{most.name} at its peak"


def is_bottleneck(use: GeneratorUse) -> bool:
    return bool(why_invalid([use]))
