"""Time zones: the newest data at hand, the names that it knows, and their offsets from UTC.

The system's files and the package `tzdata` both hold the IANA database; the newer one is taken, the
package of two that are equally new. Python's own search takes the system's however old they are, and
laws change: so only this module makes zones.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple
from zoneinfo import TZPATH, ZoneInfo

import tzdata

_VERSION = re.compile(r"(?:# version )?(\d{4})([a-z]*)\s*")
_NO_ZONES = frozenset({"Factory"})  # says that nobody has set a zone
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=1)  # clocks change at most once within it


class ZoneData(NamedTuple):
    """One copy of the IANA database: its version (`2026f`) and the folder with a file for each zone."""

    version: str
    folder: Traversable
    source: str


class OffsetSpan(NamedTuple):
    """A span in which clocks keep one offset from UTC, in seconds: local time is UTC + `offset_s`."""

    from_ms: int
    until_ms: int
    offset_s: int


@cache
def data() -> ZoneData:
    """Return the newest data of this machine."""
    return newest(packaged(), *(found for path in TZPATH if (found := installed(Path(path)))))


def newest(*copies: ZoneData) -> ZoneData:
    """Return the copy of the highest version, the first of several."""
    return max(copies, key=lambda copy: _rank(copy.version))


def packaged() -> ZoneData:
    """Return the data of the package `tzdata`."""
    folder = resources.files(tzdata).joinpath("zoneinfo")
    return ZoneData(tzdata.IANA_VERSION, folder, "package")


def installed(folder: Path) -> ZoneData | None:
    """Return the system's data in `folder`; None if there is none, or none that tells its version."""
    for name in ("tzdata.zi", "+VERSION"):
        try:
            with (folder / name).open(encoding="utf-8") as file:
                match = _VERSION.fullmatch(file.readline(40))
        except (OSError, UnicodeDecodeError):
            continue
        if match is not None:
            return ZoneData(match[1] + match[2], folder, "system")
    return None


def _rank(version: str) -> tuple[int, int, str]:
    """Order versions: 2025b, 2026a, 2026z, 2026za."""
    match = _VERSION.fullmatch(version)
    return (int(match[1]), len(match[2]), match[2]) if match else (0, 0, "")


@cache
def names() -> frozenset[str]:
    """Return the names of all zones, old ones too; not those that depend on the host."""
    listed = resources.files(tzdata).joinpath("zones").read_text(encoding="utf-8").split()
    return (frozenset(listed) | _names_installed(data().folder)) - _NO_ZONES


def _names_installed(folder: Traversable) -> frozenset[str]:
    """Return the names in `tzdata.zi`: lines `Z NAME …` for zones, `L TARGET NAME` for links."""
    try:
        lines = folder.joinpath("tzdata.zi").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    words = (line.split() for line in lines if line[:2] in ("Z ", "L "))
    return frozenset(word[1] if word[0] == "Z" else word[2] for word in words)


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises `ValueError` if there is none."""
    if name not in names():
        raise ValueError(f'"{name[:40]}" is no IANA time zone')
    for copy in (data(), packaged()):  # systems may install less than their data lists
        file = copy.folder.joinpath(*name.split("/"))
        if file.is_file():
            with file.open("rb") as opened:
                return ZoneInfo.from_file(opened, key=name)
    raise ValueError(f'"{name}" is not among the time zones of this machine')


def offsets(name: str, from_ms: int, until_ms: int) -> list[OffsetSpan]:
    """Return the zone's offsets between two instants, in order and without gaps."""
    changes = [from_ms, *_changes(zone(name), from_ms, until_ms), until_ms]
    return [
        OffsetSpan(start, end, round(_offset(zone(name), start).total_seconds()))
        for start, end in itertools.pairwise(changes)
    ]


def _changes(place: ZoneInfo, from_ms: int, until_ms: int) -> Iterator[int]:
    step_ms = _STEP // timedelta(milliseconds=1)
    for start_ms in range(from_ms, until_ms, step_ms):
        end_ms = min(start_ms + step_ms, until_ms)
        if _offset(place, start_ms) != _offset(place, end_ms):
            yield _change_between(place, start_ms, end_ms)


def _change_between(place: ZoneInfo, before_ms: int, after_ms: int) -> int:
    """Return the first instant with the offset of `after_ms`."""
    while after_ms - before_ms > 1:
        middle_ms = (before_ms + after_ms) // 2
        if _offset(place, middle_ms) == _offset(place, after_ms):
            after_ms = middle_ms
        else:
            before_ms = middle_ms
    return after_ms


def _offset(place: ZoneInfo, at_ms: int) -> timedelta:
    local = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(place)
    return local.utcoffset() or timedelta(0)
