"""Tells a media worker that hangs from one that is merely late.

A worker that does not answer within half a second is looked at: if it neither runs nor waits for a processor
or a disk, it will not answer, and viewers should not wait for it. One that works may take longer: it is in
a storm of joins perhaps, or the machine has too few cores. Looking takes a while, in which an answer that has
been waiting on our own side is read; so a stall of this process kills nobody.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

LATE_AFTER_S = 0.5
LOOK_FOR_S = 0.3
ANSWER_WITHIN_S = 8.0  # of one that works


class Activity(NamedTuple):
    """The kernel's account of a process. `state` is a letter of proc(5)."""

    state: str
    cpu_ticks: int


class Stuck(Exception):
    """The worker will not answer."""


async def await_answer(answer: asyncio.Future[object], process_id: int) -> None:
    """Return with the answer. Raises `Stuck`, and what the answer raises."""
    try:
        await asyncio.wait({answer}, timeout=LATE_AFTER_S)
        looks = 0
        while not answer.done():
            before = activity(process_id)
            await asyncio.wait({answer}, timeout=LOOK_FOR_S)
            looks += 1
            overdue = LATE_AFTER_S + looks * LOOK_FOR_S > ANSWER_WITHIN_S
            if not answer.done() and (overdue or rests(before, activity(process_id))):
                raise Stuck
        answer.result()
    finally:
        answer.cancel()


def rests(before: Activity | None, after: Activity | None) -> bool:
    """Tell whether it did nothing between two looks, and does not want to: stopped, or asleep."""
    if before is None or after is None:  # this system does not tell
        return False
    return before.cpu_ticks == after.cpu_ticks and not {before.state, after.state} & {"R", "D"}


def activity(process_id: int) -> Activity | None:
    """Return what the system says of a process; None where it does not tell."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Activity(fields[0], int(fields[11]) + int(fields[12]))
