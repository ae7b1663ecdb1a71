"""From the findings of runs to the lines that `make chaos` ends with. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct
from showcaller_load.results import Finding, Result

from showcaller.show.commands import COMMAND_NAMES

STALE_AFTER_MS = 10_000  # nobody wants a command any more that was given so long ago
_KEY = re.compile(r"cmd:[^:]+:(\d+):(.*)", re.DOTALL)


class Score(Struct, frozen=True, kw_only=True):
    """The figures of one scenario, or of all. A ratio is to the same without the fault; 0: not measured."""

    acknowledged_lost: int = 0  # commands that were answered with `ok`, and do not count
    doubled: int = 0
    silently_different: int = (
        0  # what people hold or were shown without having been told of a reset
    )
    unanswered: int = 0  # commands without an answer, and people who never came back
    stale_commands: int = 0
    newcomers_refused: int = 0  # under a flood
    flood_vote_p99_ratio: float = 0.0
    flood_join_p99_ratio: float = 0.0
    frozen_unserved_s: float = 0.0

    @property
    def keeps_promises(self) -> bool:
        """Tell whether nothing was lost, doubled, different, unanswered or stale, whatever took how long."""
        counts = (self.acknowledged_lost, self.doubled, self.silently_different)
        return not any((*counts, self.unanswered, self.stale_commands))


def score(result: Result) -> Score:
    """Return what the ledgers of one run found."""
    counts = result.finding_counts
    lost_commands = sum(map(_is_lost_command, result.findings))
    seen = sum(found.kind == "lost" for found in result.findings)
    unseen = counts.get("lost", 0) - seen  # only the first findings are told one by one
    return Score(
        acknowledged_lost=lost_commands + unseen,
        doubled=counts.get("doubled", 0),
        silently_different=counts.get("diverged", 0)
        + counts.get("out_of_order", 0)
        + seen
        - lost_commands,
        unanswered=counts.get("unanswered", 0),
    )


def _is_lost_command(found: Finding) -> bool:
    return found.kind == "lost" and found.channel in COMMAND_NAMES


def total(scores: Iterable[Score]) -> Score:
    """Return the sums of what is counted, and the worst of what is measured."""
    found = Score()
    for one in scores:
        values = {}
        for name in Score.__struct_fields__:
            before, more = getattr(found, name), getattr(one, name)
            values[name] = max(before, more) if isinstance(before, float) else before + more
        found = Score(**values)
    return found


def lines(found: Score) -> list[str]:
    """Return a line for each figure."""
    values = msgspec.structs.asdict(found)
    return [
        f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}"
        for name, value in values.items()
    ]


class Line(Struct, frozen=True):
    """One line of an export, as far as it is looked at."""

    at_ms: int
    key: str


def stale(sent_ms: Mapping[str, float], export: Iterable[bytes]) -> int:
    """Return how many commands the log took long after they were given, by their idempotency keys.

    `sent_ms`: when each was given (or given again) for the last time, by the log's clock.
    """
    decode, found = msgspec.json.Decoder(Line).decode, 0
    for text in export:
        line = decode(text)
        given_ms = sent_ms.get(_own_key(line.key))
        found += given_ms is not None and line.at_ms - given_ms > STALE_AFTER_MS
    return found


class _Fact(Struct, frozen=True):
    """A fact of an export, as far as it is looked at."""

    fact: str
    from_ms: int | None = None
    due_ms: int = 0


class _Entry(Struct, frozen=True):
    fact: _Fact


def early_cues(export: Iterable[bytes], passed_ms: float) -> int:
    """Return how many cues of a rehearsal were called whose time has not come `passed_ms` after its start."""
    decode = msgspec.json.Decoder(_Entry).decode
    entries = [decode(line).fact for line in export]
    (from_ms,) = {one.from_ms or 0 for one in entries if one.fact == "run.started"}
    return sum(one.fact == "cue.called" and one.due_ms > from_ms + passed_ms for one in entries)


def _own_key(key: str) -> str:
    """Return the key that the person gave, of a command's key in the log; else ""."""
    found = _KEY.fullmatch(key)
    return found[2][int(found[1]) + 1 :] if found else ""
