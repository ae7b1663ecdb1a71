"""Run the scenarios one after the other, and end with the figures: `make chaos`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time

from .flooded import beside, flooded, p99s
from .floods import FLOODS
from .scenarios import SCENARIOS
from .score import Score, lines, total

INVALID = 3  # the exit code where times say nothing
FLOOD_VOTE_RATIO, FLOOD_JOIN_RATIO, UNSERVED_S = 1.5, 2.0, 15.0


def say(text: str) -> None:
    print(text, flush=True)


async def run(names: list[str], seeds: list[int]) -> tuple[list[Score], list[str]]:
    """Return each scenario's score, and the floods whose times say nothing since the machine was too busy.

    A scenario that fails altogether is told, and counts as unanswered.
    """
    scores, invalid = [], []
    for seed in seeds:
        for name in (name for name in names if name in SCENARIOS):
            random.seed(f"{name} {seed}")
            scores.append(await _one(name, seed))
    floods = [name for name in names if name in FLOODS]
    if floods:
        say("calm")
        calm = await flooded(None, say)
        for name in floods:
            began_s = time.monotonic()
            say(name)
            played = await flooded(name, say)
            scores.append(beside(calm.result, played))
            times = (
                f"p99 of votes and joins, ms: {p99s(played.result)}; in calm {p99s(calm.result)}"
            )
            _tell(scores[-1], f"{played.words}; {times}", began_s)
            if "invalid" in (calm.result.verdict, played.result.verdict):
                invalid.append(name)
    return scores, invalid


async def _one(name: str, seed: int) -> Score:
    began_s = time.monotonic()
    say(f"{name}, seed {seed}")
    try:
        played = await SCENARIOS[name]().run(say)
    except Exception as error:
        say(f"  failed: {type(error).__name__}: {error}")
        return Score(unanswered=1)
    _tell(played.score, played.words, began_s)
    return played.score


def _tell(found: Score, words: str, began_s: float) -> None:
    told = ", ".join(line for line in lines(found) if not line.endswith((": 0", ": 0.00")))
    say(f"  {words}")
    say(f"  {time.monotonic() - began_s:.0f} s: {told or 'nothing lost, doubled or different'}")


def main() -> None:
    known = [*SCENARIOS, *FLOODS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    chosen = parser.parse_args()
    if chosen.list:
        say("\n".join(known))
        return
    scores, invalid = asyncio.run(run(chosen.only, chosen.seeds))
    found = total(scores)
    say("\n".join(["", *lines(found)]))
    if invalid:
        say(f"INVALID: this machine was too busy to time {', '.join(invalid)}")
    slow = (
        found.flood_vote_p99_ratio > FLOOD_VOTE_RATIO
        or found.flood_join_p99_ratio > FLOOD_JOIN_RATIO
        or found.frozen_unserved_s > UNSERVED_S
    )
    if not found.keeps_promises:
        sys.exit(1)
    sys.exit(INVALID if invalid else int(slow))


if __name__ == "__main__":
    main()
