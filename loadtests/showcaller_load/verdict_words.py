"""A report's words about a verdict."""

from __future__ import annotations

from .checks import LIMITS
from .results import Check, Result
from .summary import why_invalid

HEADLINES = {"pass": "Passed", "fail": "Failed", "invalid": "Invalid", "stopped": "Stopped early"}
KINDS = {
    "lost": ("lost", "A message or an acknowledged fact that never reached somebody it was for."),
    "doubled": (
        "doubled",
        "A change that the wire brought twice, or a one-shot that was shown twice.",
    ),
    "out_of_order": (
        "out of order",
        "A change that came before one of a smaller offset in its channel.",
    ),
    "diverged": (
        "diverged",
        "State at the end that differs from a fresh snapshot of the same channel.",
    ),
    "unanswered": (
        "unanswered",
        "A command that got no verdict, though it was repeated with its key.",
    ),
}
LATENCIES = {
    "broadcast": ("Broadcast", "from sending the command to reading each copy"),
    "reply": ("Reply", "from a command to its verdict"),
    "tally": ("Tally", "from a vote to a watcher's first tally that counts it"),
    "join": ("Join", "from the TCP connect to the last channel's state"),
    "resume": ("Resume", "from a lost connection to being whole again, back-off included"),
    "cue": ("Cue error", "arrival − due, by the attendee's synchronised clock"),
    "clock": ("Clock error", "of the attendee's estimate of the server's clock, without its sign"),
}


def summary(result: Result) -> str:
    """The verdict in one sentence."""
    limits = [check for check in result.checks if check.ok is not None]
    broken = sum(not check.ok for check in limits)
    match result.verdict:
        case "pass":
            held = f"All {len(limits)} limits held" if limits else "The scenario sets no limits"
            return f"{held}; nothing was lost, doubled or out of order."
        case "fail":
            failed = _failed(broken, len(limits), sum(result.finding_counts.values()))
            return f"{failed} {_DISTRUST}" if why_invalid(result.generators) else failed
        case "invalid":
            return "This run could not measure the server: it says nothing about it, good or bad."
        case "stopped":
            return "The run was stopped before its end: the figures are of what had happened until then."


_DISTRUST = "Don't trust the times: the generator was too busy to measure them."


def _failed(broken: int, limits: int, findings: int) -> str:
    parts = []
    if broken:
        parts.append(f"{broken} of {limits} limits broken")
    if findings:
        parts.append(
            f"{findings:,} {'fault' if findings == 1 else 'faults'} in the attendees' ledgers"
        )
    return f"{' and '.join(parts)}." if parts else "See the reasons."


def what_to_change(result: Result) -> list[str]:
    """Return how to get figures that count, if the generators of this run were too busy."""
    if not why_invalid(result.generators):
        return []
    return [
        "Give the run more generator processes (--generators), at most one for each core that the "
        "server leaves free.",
        "On one machine they compete with the server for cores: run generators on other hosts.",
        "Or ask for less: fewer sockets or fewer messages a second, until their busiest second is "
        "below 90 %.",
    ]


def is_least(check: Check) -> bool:
    """Return whether a limit is the smallest good value, not the largest."""
    known = LIMITS.get(check.name)
    return known is not None and known.at_least
