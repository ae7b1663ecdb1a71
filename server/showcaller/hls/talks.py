"""Talks as they lie in the store of recordings: what was written of a stage while each was on."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from ..errors import NotFound
from ..recording import layout
from ..recording.part import Part as StoredPart
from ..recording.part import Take
from ..recording.storage import Storage, StoredObject
from .rendition import Part, Rendition, Section

SOURCE = "stage."  # begins the source of a take that is a stage's, and is followed by the rendition's name
TAKES_KEPT = 64
_PART = re.compile(r"(\d{6,9})-[\d-]+-[kd]\.m4s", re.ASCII)


def rendition_of(take: str) -> str | None:
    """Return the rendition that a take is of, by the last step of its folder; None: of no stage."""
    steps = take.split("-")
    is_stage = len(steps) == 4 and steps[1].startswith(SOURCE)
    return steps[1].removeprefix(SOURCE) if is_stage else None


def section_of(take: Take, number: int) -> Section:
    """Return a take as the section of a rendition."""
    return Section(
        number=number,
        session=take.session,
        take=take.folder.rpartition("/")[2],
        codecs=take.codec,
        width=take.width,
        height=take.height,
        base_ms=take.base_ms,
    )


def part_of(stored: StoredPart, timescale: int, section: int) -> Part:
    """Return a stored part as one of a rendition."""
    return Part(
        section=section,
        number=stored.sequence,
        at_ms=stored.time_ms,
        duration_s=stored.duration / timescale,
        independent=stored.keyframe,
        size_bytes=stored.size_bytes,
        object=stored.name,
    )


async def read_talk(storage: Storage, folder: str) -> dict[str, Rendition]:
    """Return the renditions of the talk in a session's `folder`; none where nothing was written.

    Takes that were begun together have one base: they are one section.
    """
    objects = await storage.list_below(folder)
    takes = [await _take(storage, one.name) for one in objects if _describes_stage(one.name)]
    by_take: dict[str, list[StoredObject]] = {}
    for stored in objects:
        by_take.setdefault(stored.name.rpartition("/")[0], []).append(stored)
    return await asyncio.to_thread(_renditions, takes, by_take)


async def _take(storage: Storage, name: str) -> Take:
    return msgspec.json.decode(await storage.get(name), type=Take)


def _describes_stage(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    return last == layout.TAKE and rendition_of(folder.rpartition("/")[2]) is not None


def _renditions(
    takes: Iterable[Take], objects: dict[str, list[StoredObject]]
) -> dict[str, Rendition]:
    found: dict[str, Rendition] = {}
    in_order = sorted(takes, key=lambda take: take.base_ms)
    numbers = {base: number for number, base in enumerate(sorted({t.base_ms for t in in_order}))}
    for take in in_order:
        name = rendition_of(take.folder.rpartition("/")[2])
        parts = layout.read_parts(take, objects.get(take.folder, ()))
        if name is None or not parts:
            continue
        rendition, number = found.setdefault(name, Rendition()), numbers[take.base_ms]
        rendition.add(section_of(take, number))
        for part in parts:
            rendition.add(part_of(part, take.timescale, number))
    return found


class TakeIndex:
    """The names of takes' objects by their numbers, for those that were asked for last."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._names: OrderedDict[str, dict[int, str]] = OrderedDict()

    async def names(self, folder: str, first: int, last: int) -> list[str]:
        """Return the names of a take's parts from `first` to `last`. Raises `NotFound`."""
        wanted = range(first, last + 1)
        known = self._names.get(folder, {})
        if not all(number in known for number in wanted):
            known = await self._look(folder)
        try:
            return [known[number] for number in wanted]
        except KeyError as missing:
            raise NotFound(f"there is no part {missing} of this take") from None

    async def _look(self, folder: str) -> dict[int, str]:
        found = {}
        for stored in await self._storage.list_below(folder):
            part = _PART.fullmatch(stored.name.rpartition("/")[2])
            if part is not None:
                found[int(part[1])] = stored.name
        self._names[folder] = found
        self._names.move_to_end(folder)
        while len(self._names) > TAKES_KEPT:
            self._names.popitem(last=False)
        return found
