"""The figures that a run is judged by: a table of names, units and meanings, and the limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .results import Check, Verdict

# What no busy generator can cause: these outrank the doubts about its figures.
PROMISES = frozenset({"lost", "doubled", "out_of_order", "diverged", "unanswered"})


class Kind(NamedTuple):
    """`at_least`: a limit is the smallest good value; otherwise it is the largest."""

    unit: str
    meaning: str
    at_least: bool = False


def _latencies() -> dict[str, Kind]:
    spans = {
        "broadcast": "from a sender's command to each copy of what it caused",
        "reply": "from a command to its answer",
        "tally": "from a vote to the first tally that counts it",
        "join": "from the TCP connect to the state of every channel",
        "resume": "from the loss of a connection until nothing is missing any more",
        "cue": "from a cue's due time to its arrival, by attendees' synchronised clocks",
        "clock": "error of attendees' estimates of the server's clock",
    }
    shares = {"p50": "half", "p95": "95 %", "p99": "99 %", "max": "all"}
    return {
        f"{name}_{short}_ms": Kind("ms", f"{meaning}; {share} were no longer")
        for name, meaning in spans.items()
        for short, share in shares.items()
    }


LIMITS: dict[str, Kind] = {
    "lost": Kind("", "what was acknowledged or sent to others, and did not arrive"),
    "doubled": Kind("", "what arrived or counted twice"),
    "out_of_order": Kind("", "what overtook something before it"),
    "diverged": Kind("", "what attendees hold that differs from the server's own snapshot or log"),
    "unanswered": Kind("", "commands without an answer at the end, and attendees who are not back"),
    "resets": Kind("", "resumes that the server answered with a whole snapshot"),
    **_latencies(),
    "joins_per_s": Kind("/s", "attendees that became whole, in the best second", at_least=True),
    "votes_per_s": Kind("/s", "votes answered, in the best second", at_least=True),
    "loop_lag_max_ms": Kind("ms", "how late the servers' event loops woke, by their own metric"),
    "server_cpu_max": Kind("cores", "CPU of all server processes together, in the busiest second"),
    "server_memory_max_mib": Kind("MiB", "memory of all server processes together, at most"),
}


def judge(values: Mapping[str, float | None], limits: Mapping[str, float]) -> list[Check]:
    """A check for each known figure, in the table's order."""
    return [_check(name, kind, values.get(name), limits.get(name)) for name, kind in LIMITS.items()]


def _check(name: str, kind: Kind, value: float | None, limit: float | None) -> Check:
    return Check(
        name=name,
        value=value,
        unit=kind.unit,
        limit=limit,
        ok=None if limit is None else _holds(kind, value, limit),
        meaning=kind.meaning,
    )


def _holds(kind: Kind, value: float | None, limit: float) -> bool:
    """Tell whether a limit holds. Without a measurement it does not: it is there to be tested."""
    if value is None:
        return False
    return value >= limit if kind.at_least else value <= limit


def verdict(
    checks: list[Check], broken: list[str], doubts: list[str], *, is_stopped: bool
) -> Verdict:
    """Return the verdict: what was lost comes before what could not be measured.

    `broken`: what else the deployment did not do; `doubts`: why the figures say nothing about it.
    """
    failed = {check.name for check in checks if check.ok is False}
    found = {check.name for check in checks if check.ok is False and check.value is not None}
    if is_stopped:  # nobody waited for the last answers
        found -= {"unanswered"}
    if broken or found & PROMISES:
        return "fail"
    if is_stopped:
        return "stopped"
    if doubts:
        return "invalid"
    return "fail" if failed else "pass"


def failures(checks: list[Check]) -> list[str]:
    """One sentence for each check that does not hold."""
    return [_sentence(check) for check in checks if check.ok is False]


def _sentence(check: Check) -> str:
    bound = "at least" if LIMITS[check.name].at_least else "at most"
    unit = f" {check.unit}".replace(" /s", "/s") if check.unit else ""
    found = "was not measured" if check.value is None else f"is {check.value:,.6g}{unit}"
    return f"{check.name} {found}; the limit is {bound} {check.limit:,.6g}{unit}"
