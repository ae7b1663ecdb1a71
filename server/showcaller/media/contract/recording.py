"""The messages between a node and its recorder: lines of JSON on the recorder's standard input and output.

A plan says all that holds from now on; nothing needs to be told about what was before.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ...hls.rendition import Told


class Room(Struct, frozen=True, kw_only=True):
    """One session's room, and whose publications are recorded: of `only`, or of all, those not in `but`."""

    session: str
    stage: str
    record: bool
    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()
    on_stage: bool = False  # the stage shows it
    chosen: str = ""  # the publication that a producer put on the stage


class Deletion(Struct, frozen=True):
    """Recordings that are to be gone: of a session (""; of all), or of one person there."""

    session: str
    person: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """All that a recorder needs to know. Server time (ms) is the monotonic clock's and `ahead_ms`."""

    event: str
    run: str
    ahead_ms: float
    trunks: tuple[str, ...]  # paths of UNIX sockets, at which workers lend what is published
    rooms: tuple[Room, ...] = ()
    deleted: tuple[Deletion, ...] = ()
    kept_days: int = 0  # older recordings are deleted; 0: none are


class RecorderStatus(Struct, frozen=True, kw_only=True, tag="status"):
    """The state of a recorder, told each half second. Counts grow from its start."""

    takes: int = 0  # that are written now
    sessions: tuple[str, ...] = ()  # theirs
    parts: int = 0
    stored_bytes: int = 0
    waiting_bytes: int = 0  # for the store
    parts_lost: int = 0  # there was no room for them to wait
    gaps: int = 0  # named in the store
    failing_s: float = 0.0  # since when the store has refused everything; 0: it does not


class NamedGap(Struct, frozen=True, kw_only=True, tag="gap"):
    """A time in which a source was published and not written (docs/recording.md). Server times."""

    session: str
    source: str  # main, slides, spare
    kind: str  # video, audio
    from_ms: int
    to_ms: int
    reason: str  # recorder, storage


class RecorderConfig(Struct, frozen=True, kw_only=True):
    """The configuration that a node gives its recorder, as JSON on the command line."""

    parent: int  # process id of the node
    store: str  # a folder, or s3://BUCKET/PREFIX
    log_level: str = "info"


def encode_line(message: Plan | RecorderStatus | Told | NamedGap) -> bytes:
    return msgspec.json.encode(message) + b"\n"
