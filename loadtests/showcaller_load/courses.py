"""One attendee's course through a channel against what it was to be shown. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .orders import FollowAccount
from .results import FindingKind
from .truth import OneShot, Truth

IN_FLIGHT_MS = 2_000.0  # what was appended so shortly before the end may still be on its way


class Wrong(NamedTuple):
    kind: FindingKind
    offset: int | None
    detail: str


class Shown(NamedTuple):
    offset: int
    key: str


class Stretch(NamedTuple):
    """The one-shots shown from one snapshot until the next, or the end."""

    epoch: str
    offset: int
    ends_in_reset: bool  # what came between its last and the next snapshot is excused
    is_last: bool
    next_offset: int
    shown: list[Shown]


def wrong_one_shots(
    follow: FollowAccount,
    steps: Sequence[tuple[str, int, str]],
    truth: Truth,
    frozen_ms: float,
) -> list[Wrong]:
    """Return what is wrong with what an attendee was shown; `steps` are those that its runs refer to."""
    found: list[Wrong] = []
    for stretch in _stretches(follow, steps):
        if stretch.epoch != follow.epoch:
            found += _disorder(stretch.shown)  # of a log that is gone, nothing else is known
            continue
        due = truth.shown_after(follow.channel, stretch.offset)
        upto = _upto(stretch, follow.mark, due, truth, frozen_ms)
        found += _differences(stretch.shown, due[:upto], due)
    return found


def _stretches(follow: FollowAccount, steps: Sequence[tuple[str, int, str]]) -> Iterator[Stretch]:
    shown = [
        Shown(steps[number][1], steps[number][2])
        for begin, end in zip(follow.runs[::2], follow.runs[1::2], strict=True)
        for number in range(begin, end)
    ]
    for place, (epoch, offset, _, before) in enumerate(follow.starts):
        following = follow.starts[place + 1 : place + 2]
        yield Stretch(
            epoch=epoch,
            offset=offset,
            ends_in_reset=bool(following) and following[0][2],
            is_last=not following,
            next_offset=following[0][1] if following else 0,
            shown=shown[before : following[0][3] if following else len(shown)],
        )


def _upto(stretch: Stretch, mark: int, due: list[OneShot], truth: Truth, frozen_ms: float) -> int:
    """Return how many of `due` had to be shown."""
    if stretch.ends_in_reset:
        last = stretch.shown[-1].offset if stretch.shown else stretch.offset
        return sum(one.offset <= last for one in due)
    if not stretch.is_last:
        return sum(one.offset <= stretch.next_offset for one in due)
    settled_ms = frozen_ms - IN_FLIGHT_MS
    last = stretch.shown[-1].offset if stretch.shown else 0
    return sum(one.offset <= max(mark, last) or one.at_ms < settled_ms for one in due)


def _differences(shown: list[Shown], due: list[OneShot], known: list[OneShot]) -> list[Wrong]:
    wanted = [Shown(one.offset, one.key) for one in due]
    if shown == wanted:
        return []
    found = _disorder(shown)
    seen, all_known = set(shown), {Shown(one.offset, one.key) for one in known}
    found += [Wrong("lost", one.offset, one.key) for one in wanted if one not in seen]
    found += [
        Wrong("diverged", one.offset, f"{one.key} is not in the log")
        for one in sorted(seen - all_known)
    ]
    return found


def _disorder(shown: list[Shown]) -> list[Wrong]:
    """Repetitions, and what was shown after something later. One fact may have several one-shots."""
    found: list[Wrong] = []
    seen: set[Shown] = set()
    newest = 0
    for one in shown:
        if one in seen:
            found.append(Wrong("doubled", one.offset, one.key))
        elif one.offset < newest:
            found.append(Wrong("out_of_order", one.offset, f"{one.key} came after {newest}"))
        seen.add(one)
        newest = max(newest, one.offset)
    return found
