"""Figures as people read them: three digits that count, with their unit."""

from __future__ import annotations

import math

NOTHING = "–"
SPACE = "\u00a0"  # between a number and its unit: they stay in one line


def number(value: float | None) -> str:
    """`12,300`, `87`, `8.7`, `0.87`: three significant digits, and all of a whole number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0 or float(value).is_integer():
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value)))
    shown = f"{round(value, decimals):,.{max(0, min(3, decimals))}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def milliseconds(value_ms: float | None) -> str:
    """`0.8 ms`, `120 ms`, `2.4 s`."""
    if value_ms is None or not math.isfinite(value_ms):
        return NOTHING
    if abs(value_ms) >= 1000:
        return f"{number(value_ms / 1000)}{SPACE}s"
    return f"{number(value_ms)}{SPACE}ms"


def memory(value_mib: float | None) -> str:
    """`87 MiB`, `1.5 GiB`."""
    if value_mib is None or not math.isfinite(value_mib):
        return NOTHING
    return (
        f"{number(value_mib)}{SPACE}MiB"
        if value_mib < 1024
        else f"{number(value_mib / 1024)}{SPACE}GiB"
    )


def percent(share: float | None) -> str:
    """A share of 1 as `87 %`; of CPU, 100 % is one core."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{number(round(share * 100, 0 if share >= 0.095 else 1))}{SPACE}%"


def clock(time_s: float) -> str:
    """A time of the run: `0:42`, `61:05`."""
    sign, whole = ("−" if time_s < 0 else ""), abs(round(time_s))
    return f"{sign}{whole // 60}:{whole % 60:02}"


def with_unit(value: float | None, unit: str) -> str:
    """Return a figure in the unit that it is named with; times, memory and shares in their own way."""
    match unit:
        case "ms":
            return milliseconds(value)
        case "s":
            return milliseconds(None if value is None else value * 1000)
        case "MiB":
            return memory(value)
        case "share":
            return percent(value)
        case "":
            return number(value)
    shown = number(value)
    return shown if shown == NOTHING else f"{shown}{SPACE}{unit}"


def count(value: int, noun: str, plural: str = "") -> str:
    """`1 message`, `1,200 messages`."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"
