"""All that a film is made of. Apart from `film`, which loads FFmpeg's libraries."""

from __future__ import annotations

from msgspec import Struct


class Strip(Struct, frozen=True):
    """One take of a film: its objects in order, the init section first, and when it begins (server time)."""

    objects: tuple[str, ...]
    at_ms: float


class Chapter(Struct, frozen=True):
    """The title of what begins at a server time, and lasts until the next one."""

    start_ms: float
    title: str


class Line(Struct, frozen=True):
    """One line of captions, from a server time to another."""

    from_ms: int
    to_ms: int
    text: str


class Subtitles(Struct, frozen=True):
    """The captions of one language (BCP 47), by their times; they may overlap."""

    language: str
    lines: tuple[Line, ...]


class FilmPlan(Struct, frozen=True, kw_only=True):
    """All that a film is made of. Its time 0 is the beginning of its first picture, or else of its sound."""

    pictures: tuple[Strip, ...]
    sounds: tuple[Strip, ...]
    end_ms: float
    chapters: tuple[Chapter, ...] = ()  # in order
    subtitles: tuple[Subtitles, ...] = ()
    title: str = ""
    artist: str = ""  # the speakers

    @property
    def start_ms(self) -> float:
        return (self.pictures or self.sounds)[0].at_ms


class FilmJob(Struct, frozen=True, kw_only=True):
    """The film to make, as JSON on its process's standard input."""

    parent: int  # process id of the node
    store: str  # a folder, or s3://BUCKET/PREFIX
    name: str  # of the object
    film: FilmPlan
