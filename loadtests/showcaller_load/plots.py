"""Plots as inline SVG: pure functions from points to markup.

A plot fills the width that it is given without scaling its text: axes are placed by percentages, and
only the lines stand in a stretched inner picture. Colours come from the page's classes `c0` … `c7`,
which give each line dashes of its own too, so that nothing hangs on colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import units
from .markup import Markup, element

Point = tuple[float, float | None]  # None: there was nothing to measure
WIDTH, HEIGHT = 1000.0, 400.0  # of the stretched inner picture
LEAST = 1e-300  # what is smaller is nothing: its powers of ten have no place among floats
BUCKETS = 400  # of a line with more points than twice as many, the least and the greatest of each are drawn
TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[Point]

    @property
    def values(self) -> list[float]:
        return [y for _, y in self.points if y is not None]


@dataclass(frozen=True)
class Mark:
    """An instant that all plots show: a fault that was made."""

    t_s: float
    label: str


@dataclass(frozen=True)
class Scale:
    """A map from values to shares of an axis, with its ticks."""

    low: float
    high: float
    ticks: Sequence[float]
    log: bool = False

    def share(self, value: float) -> float:
        if self.log:
            value = max(value, self.low)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def nice_step(rough: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))


def linear(values: Sequence[float], wanted: int = 4) -> Scale:
    """Return a scale from zero to a round number above the greatest."""
    top = max((value for value in values if math.isfinite(value)), default=0.0)
    step = nice_step(top / wanted) if top > LEAST else 1.0
    count = max(1, math.ceil(top / step - 1e-9))
    ticks = [step * number for number in range(count + 1)]
    return Scale(0.0, ticks[-1], ticks)


def logarithmic(values: Sequence[float], floor: float) -> Scale:
    """Return a scale between powers of ten; values below `floor` (> 0) stand at the bottom."""
    found = [max(value, floor) for value in values if math.isfinite(value)] or [floor]
    low = math.floor(math.log10(min(found)) + 1e-9)
    high = max(low + 1, math.ceil(math.log10(max(found)) - 1e-9))
    ticks = [10.0**power for power in range(low, high + 1)]
    if len(ticks) == 2:
        ticks = [ticks[0] * n for n in (1, 2, 5, 10)]
    return Scale(ticks[0], ticks[-1], ticks, log=True)


def times(end_s: float, wanted: int = 6) -> Scale:
    """The time of the run, with ticks at whole seconds, minutes or hours."""
    end_s = max(end_s, 1.0)
    step = next((s for s in TIME_STEPS_S if end_s / s <= wanted), 86400)
    return Scale(0.0, end_s, [float(t) for t in range(0, math.floor(end_s) + 1, step)])


def thin(points: Sequence[Point], buckets: int = BUCKETS) -> list[Point]:
    """Return about two points a bucket: its least and greatest, in their order. Gaps stay gaps."""
    if len(points) <= 2 * buckets:
        return list(points)
    size = math.ceil(len(points) / buckets)
    return [
        kept
        for start in range(0, len(points), size)
        for kept in _extremes(points[start : start + size])
    ]


def _extremes(bucket: Sequence[Point]) -> Iterator[Point]:
    known = [(x, y) for x, y in bucket if y is not None]
    kept = {min(known, key=_height), max(known, key=_height)} if known else set()
    was_gap = False
    for point in bucket:
        if point in kept or (point[1] is None and not was_gap):
            yield point
            was_gap = point[1] is None


def _height(point: tuple[float, float]) -> float:
    return point[1]


def break_at_holes(points: Sequence[Point], longest: float) -> list[Point]:
    """Mark as a gap where two points lie further apart than `longest`: nobody measured there."""
    joined: list[Point] = list(points[:1])
    for before, after in pairwise(points):
        if after[0] - before[0] > longest:
            joined.append(((before[0] + after[0]) / 2, None))
        joined.append(after)
    return joined


def paths(points: Sequence[Point], x: Scale, y: Scale) -> tuple[str, str]:
    """SVG paths of the lines, and of the dots: points that stand alone between gaps."""
    runs = list(_runs(points))
    lines = "".join(_stroke(run, x, y) for run in runs if len(run) > 1)
    return lines, "".join(_stroke(run, x, y) for run in runs if len(run) == 1)


def _runs(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for at, value in points:
        if value is not None and math.isfinite(value):
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _stroke(run: list[tuple[float, float]], x: Scale, y: Scale) -> str:
    places = [f"{x.share(at) * WIDTH:.1f} {(1 - y.share(to)) * HEIGHT:.1f}" for at, to in run]
    return f"M{places[0]}" + ("L" + "L".join(places[1:]) if len(places) > 1 else "h0")


def plot(
    name: str,
    title: str,
    description: str,
    lines: Sequence[Line],
    x: Scale,
    y: Scale,
    *,
    show_x: Callable[[float], str],
    show_y: Callable[[float], str],
    marks: Sequence[Mark] = (),
    limit: float | None = None,
    height: int = 170,
) -> Markup:
    """`name` makes the ids unique in the page. `limit` is drawn as a line where it is in sight."""
    drawn = [_drawn(line, f"c{number % 8}", x, y) for number, line in enumerate(lines)]
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        _y_axis(y, height, show_y),
        _x_axis(x, height, show_x),
        _limit_line(y, height, limit),
        [_mark(at, label, height) for at, label in _merged(marks, x)],
        element(
            "svg",
            drawn,
            viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
            preserveAspectRatio="none",
            width="100%",
            height=height,
            overflow="visible",
        ),
        class_="plot",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        height=height,
        width="100%",
    )


def _drawn(line: Line, colour: str, x: Scale, y: Scale) -> list[Markup]:
    lines, dots = paths(thin(line.points), x, y)
    return [
        element("path", class_=f"{kind} {colour}", d=drawn)
        for kind, drawn in (("line", lines), ("line dot", dots))
        if drawn
    ]


def _y_axis(y: Scale, height: int, show: Callable[[float], str]) -> list[Markup]:
    parts = []
    for tick in y.ticks:
        at = (1 - y.share(tick)) * height
        parts.append(element("line", class_="grid", x1="0", x2="100%", y1=at, y2=at))
        parts.append(element("text", show(tick), class_="tick y", x=-8, y=at + 4))
    return parts


def _x_axis(x: Scale, height: int, show: Callable[[float], str]) -> list[Markup]:
    parts = []
    for tick in x.ticks:
        at = _percent(x.share(tick))
        parts.append(element("line", class_="notch", x1=at, x2=at, y1=height, y2=height + 4))
        parts.append(element("text", show(tick), class_="tick x", x=at, y=height + 18))
    return parts


def _limit_line(y: Scale, height: int, limit: float | None) -> list[Markup]:
    if limit is None or not y.low <= limit <= y.high:
        return []
    at = (1 - y.share(limit)) * height
    return [
        element("line", class_="limit", x1="0", x2="100%", y1=at, y2=at),
        element("text", "limit", class_="limit-name", x="100%", y=at - 4),
    ]


def _merged(marks: Sequence[Mark], x: Scale) -> list[tuple[float, str]]:
    """Shares and labels; marks too close to be told apart share one label (`2–4`)."""
    places: list[tuple[float, list[str]]] = []
    for mark in sorted(marks, key=lambda mark: mark.t_s):
        share = min(1.0, max(0.0, x.share(mark.t_s)))
        if places and share - places[-1][0] < 0.03:
            places[-1][1].append(mark.label)
        else:
            places.append((share, [mark.label]))
    return [(at, "–".join(dict.fromkeys((names[0], names[-1])))) for at, names in places]


def _mark(share: float, label: str, height: int) -> Markup:
    at, width = _percent(share), 8 + 7 * len(label)
    return element(
        "g",
        element("line", x1=at, x2=at, y1=-4, y2=height),
        element(
            "svg",
            element("rect", x=-width / 2, y=-18, width=width, height=15, rx=3),
            x=at,
            overflow="visible",
        ),
        element("text", label, x=at, y=-6.5),
        class_="mark",
    )


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def legend(lines: Sequence[Line]) -> Markup:
    """Return the legend: each line's name, with a piece of the line."""
    return element(
        "ul",
        [
            element(
                "li",
                element(
                    "svg",
                    element("path", class_=f"line c{number % 8}", d="M0 6h28"),
                    width=28,
                    height=12,
                    aria_hidden="true",
                ),
                line.name,
            )
            for number, line in enumerate(lines)
        ],
        class_="legend",
    )


@dataclass(frozen=True)
class Row:
    """Return what all lines did between two instants: (least, greatest) of each, None where nothing was."""

    from_s: float
    to_s: float
    ranges: tuple[tuple[float, float] | None, ...]


def rows(lines: Sequence[Line], end_s: float, most: int = 60) -> list[Row]:
    """The table behind a plot over time, of at most `most` rows; intervals are whole seconds."""
    steps = (s for s in TIME_STEPS_S if end_s / s <= most)
    step = next(steps, math.ceil(end_s / most))
    found: list[dict[int, list[float]]] = [{} for _ in lines]
    for places, line in zip(found, lines, strict=True):
        for at, value in line.points:
            if value is not None:
                places.setdefault(math.floor(at / step), []).append(value)
    numbers = sorted({number for places in found for number in places})
    return [
        Row(
            number * step,
            (number + 1) * step,
            tuple(_range(places.get(number)) for places in found),
        )
        for number in numbers
    ]


def _range(values: list[float] | None) -> tuple[float, float] | None:
    return (min(values), max(values)) if values else None


def table(rows: Sequence[Row], lines: Sequence[Line], show: Callable[[float], str]) -> Markup:
    """Return the table as HTML; a row says which seconds it covers, for the reader under the pointer too."""
    head = element("tr", element("th", "Time", scope="col"), [_heading(line) for line in lines])
    return element(
        "table",
        element("thead", head),
        element("tbody", [_row(row, show) for row in rows]),
        class_="figures",
    )


def _heading(line: Line) -> Markup:
    return element("th", line.name, scope="col")


def _row(row: Row, show: Callable[[float], str]) -> Markup:
    span = units.clock(row.from_s)
    if row.to_s - row.from_s > 1:
        span += f"–{units.clock(row.to_s)}"
    cells = [element("td", _shown(found, show)) for found in row.ranges]
    return element(
        "tr", element("th", span, scope="row"), cells, data_from=row.from_s, data_to=row.to_s
    )


def _shown(found: tuple[float, float] | None, show: Callable[[float], str]) -> str:
    if found is None:
        return units.NOTHING
    least, greatest = show(found[0]), show(found[1])
    return least if least == greatest else f"{least} to {greatest}"
