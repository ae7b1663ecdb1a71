"""The choice between the ingests of a room: whose picture and sound are on the stage. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

STEADY_AFTER_S = 3.0  # with packets all the time: then it may come back in place of a lesser one

_RANKS = {"main": 0, "slides": 1, "spare": 2}


class Contender(NamedTuple):
    """A live ingest that could be shown; they stand in the order in which they came."""

    publication: str
    source: str
    silent: bool  # another source goes on the stage in its place
    steady_s: float  # since it began, or since its last silence
    has_sound: bool


def choose_picture(contenders: Sequence[Contender], chosen: str, showing: str) -> str:
    """Return whose picture should be on the stage now; "" if there is none.

    A producer's choice goes first, then the oldest `main`, `slides`, `spare`. An ingest that is shown
    and not silent stays: a better one takes its place when it has been steady, or when it was chosen.
    """
    sounding = [c for c in contenders if not c.silent]
    best = min(sounding, key=lambda c: _rank(c, chosen), default=None)
    if best is None:
        return showing if any(c.publication == showing for c in contenders) else ""
    present = next((c for c in sounding if c.publication == showing), None)
    if present is None or best.publication == chosen:
        return best.publication
    better = _rank(best, chosen) < _rank(present, chosen)
    return best.publication if better and best.steady_s >= STEADY_AFTER_S else showing


def choose_sound(contenders: Sequence[Contender], picture: str) -> str:
    """Return whose sound goes with the picture: with slides that of the main source, if there is one."""
    shown = next((c for c in contenders if c.publication == picture), None)
    if shown is None:
        return ""
    if shown.has_sound and shown.source != "slides":
        return picture
    speaking = [c for c in contenders if c.has_sound and c.source != "slides" and not c.silent]
    best = min(speaking, key=lambda c: _RANKS[c.source], default=None)
    return best.publication if best else picture


def _rank(contender: Contender, chosen: str) -> int:
    return -1 if contender.publication == chosen else _RANKS[contender.source]
