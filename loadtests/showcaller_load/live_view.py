"""A run while it goes: one picture that changes in place, or plain lines where that can't be."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from . import units
from .results import Fault, ProcessSample, Result, Second
from .scenario import Scenario
from .summary import BUSY
from .verdict_words import HEADLINES, KINDS, summary

KEPT = 40  # seconds in a sparkline
FAULTS_SHOWN = 4
ROWS_OF_OTHERS = 17  # of the picture, without the processes
WORDS_WIDTH = 76  # of a row of figures, without its sparklines
PROCESS_WORDS_WIDTH = 56
PLAIN_EVERY_S = 5
BARS = "▁▂▃▄▅▆▇█"
STYLES = {
    "pass": "bold green",
    "fail": "bold red",
    "invalid": "bold yellow",
    "stopped": "bold yellow",
}


def watching(scenario: Scenario, console: Console) -> LiveView | PlainView:
    """A watcher for this console, to be entered: `with watching(…) as watcher`."""
    if isinstance(console.file, io.TextIOWrapper):
        console.file.reconfigure(errors="replace")  # no terminal is too old for a run to go on
    view = LiveView if console.is_terminal and not console.is_dumb_terminal else PlainView
    return view(scenario, console)


class Seen:
    """The view's memory of the run."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.phase = "starting"
        self.seconds: deque[Second] = deque(maxlen=KEPT)
        self.processes: dict[tuple[str, int], deque[ProcessSample]] = {}
        self.faults: list[Fault] = []

    @property
    def last(self) -> Second | None:
        return self.seconds[-1] if self.seconds else None

    @property
    def elapsed_s(self) -> float:
        return 0.0 if self.last is None else self.last.t_s + 1.0

    def add(self, second: Second, samples: Iterable[ProcessSample]) -> None:
        self.seconds.append(second)
        for sample in samples:
            kept = self.processes.setdefault((sample.name, sample.pid), deque(maxlen=KEPT))
            kept.append(sample)

    def running(self) -> list[deque[ProcessSample]]:
        """Return the processes that still run, the busiest first."""
        alive = [kept for kept in self.processes.values() if kept[-1].t_s > self.elapsed_s - 3]
        return sorted(alive, key=lambda kept: -kept[-1].cpu_share)


class PlainView:
    """A line every few seconds: for logs and pipes."""

    def __init__(self, scenario: Scenario, console: Console) -> None:
        self._seen = Seen(scenario)
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def on_phase(self, text: str) -> None:
        self._say(f"{units.clock(self._seen.elapsed_s)}  {text}")

    def on_second(self, second: Second, processes: list[ProcessSample]) -> None:
        self._seen.add(second, processes)
        if second.t_s % PLAIN_EVERY_S == 0:
            self._say(plain_line(self._seen))

    def on_fault(self, fault: Fault) -> None:
        self._say(f"{units.clock(fault.t_s)}  fault: {fault.what}")

    def on_done(self, result: Result) -> None:
        self._console.print(verdict(result))

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """The picture. It is drawn when something is told, so it costs a few milliseconds a second."""

    def __init__(self, scenario: Scenario, console: Console) -> None:
        self._seen = Seen(scenario)
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def on_phase(self, text: str) -> None:
        self._seen.phase = text
        self._draw()

    def on_second(self, second: Second, processes: list[ProcessSample]) -> None:
        self._seen.add(second, processes)
        self._draw()

    def on_fault(self, fault: Fault) -> None:
        self._seen.faults.append(fault)
        self._draw()

    def on_done(self, result: Result) -> None:
        self._live.update(Group(picture(self._seen, self._console), verdict(result)), refresh=True)

    def _draw(self) -> None:
        self._live.update(picture(self._seen, self._console), refresh=True)


# The picture --------------------------------------------------------------------------------------


def picture(seen: Seen, console: Console) -> RenderableType:
    most = max(2, console.height - ROWS_OF_OTHERS)
    parts: list[RenderableType] = [_progress(seen), _figures(seen, console.width)]
    if seen.processes:
        parts.append(_processes(seen.running()[:most], console.width))
    parts.append(_faults(seen.faults))
    return Panel(
        Group(*parts),
        title=f"[bold]{escape(seen.scenario.name)}[/bold]",
        title_align="left",
        box=box.ROUNDED,
        border_style="cyan",
    )


def _progress(seen: Seen) -> Table:
    whole_s = seen.scenario.duration_s
    done_s = min(seen.elapsed_s, whole_s)
    left = f"{units.clock(whole_s - done_s)} left" if done_s < whole_s else "settling"
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(
        units.clock(seen.elapsed_s), ProgressBar(total=whole_s, completed=done_s), Text(left)
    )
    grid.add_row("", Text(seen.phase, style="bold", overflow="ellipsis", no_wrap=True), "")
    return grid


def _figures(seen: Seen, width: int) -> Table:
    """Two columns: how much, and how fast. Sparklines get what room the words leave."""
    last = seen.last
    table = Table.grid(padding=(0, 2), expand=True)
    for justify in ("left", "right", "left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    if last is None:
        return table
    room = max(1, (width - WORDS_WIDTH) // 2)
    for left, right in zip(_amounts(seen, last), _speeds(last), strict=True):
        table.add_row(*_figure(seen, room, *left), *_figure(seen, room, *right))
    return table


Figure = tuple[str, str, str, str]  # name, value, the field of `Second` to draw, style


def _amounts(seen: Seen, last: Second) -> Sequence[Figure]:
    size = seen.scenario.audience.size
    return (
        ("sockets", f"{last.sockets:,} of {size:,}", "sockets", ""),
        ("on their way", f"{last.joining:,}", "joining", ""),
        ("joins/s", f"{last.joins:,}", "joins", ""),
        ("lost connections/s", f"{last.closes:,}", "closes", "yellow" if last.closes else ""),
        ("deliveries/s", f"{last.deliveries:,}", "deliveries", ""),
        ("commands/s", f"{last.commands:,}", "commands", ""),
    )


def _speeds(last: Second) -> Sequence[Figure]:
    busy = "bold red" if (last.generator_busy or 0) > BUSY else ""
    return (
        ("broadcast p50", units.milliseconds(last.broadcast_p50_ms), "broadcast_p50_ms", ""),
        ("broadcast p99", units.milliseconds(last.broadcast_p99_ms), "broadcast_p99_ms", ""),
        ("reply p99", units.milliseconds(last.reply_p99_ms), "reply_p99_ms", ""),
        ("loop lag", units.milliseconds(last.loop_lag_ms), "loop_lag_ms", ""),
        ("generator busy", units.percent(last.generator_busy), "generator_busy", busy),
        ("anomalies", f"{last.anomalies:,}", "anomalies", "bold red" if last.anomalies else ""),
    )


def _figure(seen: Seen, room: int, name: str, value: str, field: str, style: str) -> list[Text]:
    values = [getattr(second, field) for second in seen.seconds]
    return [
        Text(name, style="dim"),
        Text(value, style=style or "bold"),
        Text(sparkline(values[-room:]), style="cyan"),
    ]


def _processes(running: Sequence[deque[ProcessSample]], width: int) -> Table:
    room = max(1, (width - PROCESS_WORDS_WIDTH) // 2)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, expand=True)
    table.add_column("process", no_wrap=True)
    for heading in ("CPU", "memory"):
        table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True, style="cyan")
    for kept in running:
        cpu, memory = [s.cpu_share for s in kept], [s.memory_mib for s in kept]
        table.add_row(
            Text(f"{kept[-1].name} ({kept[-1].pid})" if kept[-1].pid else kept[-1].name),
            units.percent(cpu[-1]),
            sparkline(cpu[-room:], top=1.0),
            units.memory(memory[-1]),
            sparkline(memory[-room:]),
        )
    return table


def _faults(faults: Sequence[Fault]) -> RenderableType:
    if not faults:
        return Text("no faults made so far", style="dim")
    lines = [
        Text.assemble((units.clock(fault.t_s), "red"), "  ", fault.what, overflow="ellipsis")
        for fault in faults[-FAULTS_SHOWN:]
    ]
    return Group(*lines)


def sparkline(values: Sequence[float | None], top: float | None = None) -> str:
    """One character a value, from zero to the greatest (or `top`, if that is more); None is blank."""
    known = [value for value in values if value is not None]
    greatest = max([top or 0.0, *known])
    return "".join(" " if value is None else _bar(value, greatest) for value in values)


def _bar(value: float, greatest: float) -> str:
    share = value / greatest if greatest > 0 else 0.0
    return BARS[min(len(BARS) - 1, max(0, round(share * (len(BARS) - 1))))]


# Words --------------------------------------------------------------------------------------------


def plain_line(seen: Seen) -> str:
    """Return what the last second was like, in one line."""
    last = seen.last
    assert last is not None
    parts = [
        units.clock(seen.elapsed_s),
        f"{last.sockets:,} of {seen.scenario.audience.size:,} sockets",
        f"{last.joins:,} joins/s",
        f"{last.deliveries:,} deliveries/s",
        f"broadcast p99 {units.milliseconds(last.broadcast_p99_ms)}",
        f"reply p99 {units.milliseconds(last.reply_p99_ms)}",
        f"generator {units.percent(last.generator_busy)}",
        *([units.count(last.anomalies, "anomaly", "anomalies")] if last.anomalies else []),
    ]
    parts += [f"{kept[-1].name} {units.percent(kept[-1].cpu_share)}" for kept in seen.running()[:3]]
    return "  ".join(parts)


def verdict(result: Result) -> Text:
    """The end of a run, for both views."""
    text = Text()
    text.append(HEADLINES[result.verdict].upper(), style=STYLES[result.verdict])
    text.append(f"  {summary(result)}\n")
    for reason in result.why:
        text.append(f"  · {reason}\n")
    counts = [f"{result.finding_counts.get(kind, 0):,} {name}" for kind, (name, _) in KINDS.items()]
    text.append(f"  {', '.join(counts)}")
    return text
