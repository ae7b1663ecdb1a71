"""The names of a recording's objects, and reading them back (docs/recording.md). Pure.

    EVENT/RUN/SESSION/TAKE/take.json    what it is
    EVENT/RUN/SESSION/TAKE/init.mp4     (init.webm)
    EVENT/RUN/SESSION/TAKE/000007-630000-90000-2863311530-k.m4s     (.cluster)
    EVENT/RUN/SESSION/gaps/FROM-TO-main-video-recorder     server times (ms)
    EVENT/RUN/SESSION/BEGAN-film-UNIQUE/film.mp4     what the stage showed, as one file

A part's name is its line of the index: sequence, decode time, duration, RTP time, and whether it begins with
a keyframe. So an index can't be behind its parts or ahead of them, whenever a recorder dies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .part import Container, InitSection, Part, Take
from .storage import StoredObject

TAKE = "take.json"
FILM = "film.mp4"
GAPS = "gaps"
_SUFFIX: dict[Container, str] = {"mp4": "m4s", "webm": "cluster"}
_PART = re.compile(r"(\d{6,9})-(\d{1,18})-(\d{1,12})-(\d{1,10})-([kd])\.(?:m4s|cluster)", re.ASCII)
_GAP = re.compile(r"(\d{1,15})-(\d{1,15})-(\w+)-(video|audio)-(\w+)", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Gap(NamedTuple):
    """A time in which a source was published and not written. `reason`: recorder, storage."""

    from_ms: int
    to_ms: int
    source: str
    kind: str
    reason: str


def event_folder(event: str, run: str) -> str:
    """Return the folder of one run of an event."""
    return f"{safe(event)}/{safe(run)}"


def session_folder(event: str, run: str, session: str) -> str:
    """Return the folder of one session's recordings: deleting what is in it deletes the talk."""
    return f"{event_folder(event, run)}/{safe(session)}"


def take_folder(session_folder: str, began_ms: int, source: str, kind: str, unique: str) -> str:
    """Return a take's folder; takes sort by the server time at which they begin."""
    return f"{session_folder}/{began_ms}-{safe(source)}-{kind}-{safe(unique)}"


def film_name(session_folder: str, began_ms: float, unique: str) -> str:
    """Return the name of a film, in a folder of its own."""
    return f"{session_folder}/{round(began_ms)}-film-{safe(unique)}/{FILM}"


def init_name(folder: str, container: Container) -> str:
    return f"{folder}/init.{container}"


def part_name(
    folder: str,
    container: Container,
    sequence: int,
    decode_time: int,
    duration: int,
    rtp_time: int,
    keyframe: bool,
) -> str:
    mark = "k" if keyframe else "d"
    line = f"{sequence:06}-{decode_time}-{duration}-{rtp_time}-{mark}"
    return f"{folder}/{line}.{_SUFFIX[container]}"


def read_part(take: Take, stored: StoredObject) -> Part | None:
    """Return the part that an object of a take is; None for all others."""
    folder, _, line = stored.name.rpartition("/")
    found = _PART.fullmatch(line)
    if folder != take.folder or found is None:
        return None
    sequence, decode_time, duration, rtp_time = (int(number) for number in found.groups()[:4])
    return Part(
        take=take.folder,
        sequence=sequence,
        decode_time=decode_time,
        duration=duration,
        time_ms=take.base_ms + decode_time * 1000 / take.timescale,
        rtp_time=rtp_time,
        keyframe=found[5] == "k",
        size_bytes=stored.size_bytes,
        name=stored.name,
    )


def read_parts(take: Take, objects: Iterable[StoredObject]) -> list[Part]:
    """Return a take's parts in order, of all its objects."""
    found = (read_part(take, stored) for stored in objects)
    return sorted((part for part in found if part), key=lambda part: part.sequence)


def take_of(
    init: InitSection,
    *,
    folder: str,
    session: str,
    publication: str,
    person: str,
    source: str,
    base_ms: int,
) -> Take:
    """Return the description of a take that begins with this init section."""
    return Take(
        folder=folder,
        session=session,
        publication=publication,
        person=person,
        source=source,
        kind=init.kind,
        container=init.container,
        codec=init.codec,
        timescale=init.timescale,
        width=init.width,
        height=init.height,
        base_ms=base_ms,
    )


def safe(text: str) -> str:
    """Return a text as one step of a name: other characters than letters, digits, `_.-` are written as codes.

    Two texts never become the same one, and none becomes `.`, `..` or empty.
    """
    made = _UNSAFE.sub(lambda found: f"~{ord(found[0]):x}~", text)
    return f"~{made}" if not made or made.startswith(".") else made


def gap_name(
    session_folder: str, source: str, kind: str, from_ms: float, to_ms: float, reason: str
) -> str:
    line = f"{round(from_ms)}-{round(to_ms)}-{safe(source)}-{kind}-{safe(reason)}"
    return f"{session_folder}/{GAPS}/{line}"


def read_gap(name: str) -> Gap | None:
    """Return the gap that an object's name tells of; None for all others."""
    folder, _, line = name.rpartition("/")
    found = _GAP.fullmatch(line)
    if found is None or not folder.endswith(f"/{GAPS}"):
        return None
    return Gap(int(found[1]), int(found[2]), found[3], found[4], found[5])


def began_ms(take: str) -> int | None:
    """Return the server time at which a take began, by its folder; None: it is no take's."""
    digits = take.rpartition("/")[2].partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else None
