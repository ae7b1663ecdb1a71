"""Films of talks: made once, on demand, by a process of their own, and kept beside the recording."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from ..domain.captions import Caption
from ..recording import layout
from ..recording.film_plan import Chapter, FilmJob, FilmPlan, Line, Strip, Subtitles
from ..recording.storage import Storage
from .captions import in_order
from .media_playlist import DateRange
from .multivariant import PICTURE, SOUND
from .rendition import Part, Rendition

log = logging.getLogger(__name__)

UNIQUE_CHARS = 16


class Films:
    """Makes films, one at a time, from the objects in the store at `place`."""

    def __init__(self, storage: Storage, place: str) -> None:
        self._storage = storage
        self._place = place
        self._making: dict[str, asyncio.Task[None]] = {}
        self._one = asyncio.Lock()

    async def find(self, folder: str, plan: FilmPlan) -> str | None:
        """Return the film's name in the store; None while it is made, which this call begins."""
        name = _name_of(folder, plan)
        if name in self._making:
            return None
        if any(stored.name == name for stored in await self._storage.list_below(folder)):
            return name
        self._making[name] = asyncio.create_task(self._make(name, plan))
        return None

    async def _make(self, name: str, plan: FilmPlan) -> None:
        try:
            async with self._one:
                job = FilmJob(parent=os.getpid(), store=self._place, name=name, film=plan)
                await _run(job)
                await self._delete_others(name)
        except Exception:
            log.exception("a film was not made", extra={"action": "recording.no_film"})
        finally:
            del self._making[name]

    async def _delete_others(self, name: str) -> None:
        """Delete films of the session as it was before: somebody may have been erased."""
        session = name.rsplit("/", 2)[0]
        for stored in await self._storage.list_below(session):
            if stored.name.endswith(f"/{layout.FILM}") and stored.name != name:
                await self._storage.delete_below(stored.name.rpartition("/")[0])

    async def stop(self) -> None:
        """Give up what is being made."""
        for task in list(self._making.values()):
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)


async def _run(job: FilmJob) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "showcaller.recording.film_process"), stdin=asyncio.subprocess.PIPE
    )
    try:
        await process.communicate(msgspec.json.encode(job))
        if process.returncode:
            raise RuntimeError(f"the process ended with {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def film_plan(
    renditions: dict[str, Rendition],
    title: str,
    artist: str,
    chapters: list[DateRange],
    captions: Mapping[str, Iterable[Caption]],
) -> FilmPlan:
    """Return the plan of a talk's film."""
    parts = [part for rendition in renditions.values() for part in rendition.parts]
    return FilmPlan(
        pictures=_strips(renditions.get(PICTURE)),
        sounds=_strips(renditions.get(SOUND)),
        end_ms=max(part.end_ms for part in parts),
        chapters=tuple(Chapter(one.start_ms, one.title) for one in chapters),
        subtitles=tuple(_subtitles(*one) for one in sorted(captions.items())),
        title=title,
        artist=artist,
    )


def _subtitles(language: str, lines: Iterable[Caption]) -> Subtitles:
    found = (Line(one.from_ms, one.to_ms, " ".join(one.text.split())) for one in in_order(lines))
    return Subtitles(language, tuple(found))


def _strips(rendition: Rendition | None) -> tuple[Strip, ...]:
    by_section: dict[int, list[Part]] = {}
    for part in rendition.parts if rendition else ():
        by_section.setdefault(part.section, []).append(part)
    return tuple(map(_strip, by_section.values()))


def _strip(parts: list[Part]) -> Strip:
    folder = parts[0].object.rpartition("/")[0]
    names = layout.init_name(folder, "mp4"), *(part.object for part in parts)
    return Strip(names, parts[0].at_ms)


def _name_of(folder: str, plan: FilmPlan) -> str:
    digest = sha256(msgspec.json.encode(plan)).hexdigest()
    return layout.film_name(folder, plan.start_ms, digest[:UNIQUE_CHARS])
