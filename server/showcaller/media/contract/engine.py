"""The seam between the show and whatever moves audio and video.

An engine lives in a media worker process, never on the event loop that serves people. It knows rooms
(one per session; a speaker publishes into one) and stages (viewers watch one; `Route` leads a room to
it). It sees encoded RTP only. The calls it answers, and the errors of each, stand in `calls`; ids of
resources are unguessable.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from msgspec import Struct

from ...domain.quality import TalkQuality
from .calls import Call, Source

R = TypeVar("R")


class MediaEvent(Struct, frozen=True, kw_only=True):
    """Something that happened in an engine. `kind`: published, unpublished, viewed, left, measured, parted.

    `published` and `viewed` say that media can flow; each resource ends with one `unpublished` or
    `left`, even if it never got that far. `measured` comes once when a session has left its stage, with
    the `quality` of what was shown there (no `resource`). `parted`: the worker of another node that lent the
    `stage` has gone.
    """

    kind: str
    resource: str = ""
    session: str = ""  # of a publication, or measured
    stage: str = ""  # of a viewer, measured, or parted
    person: str = ""
    source: Source = "main"  # of a publication
    quality: TalkQuality | None = None


class EngineListener(Protocol):
    """A listener that is told what happens in an engine."""

    def on_media_event(self, event: MediaEvent) -> None: ...


class MediaEngine(Protocol):
    """Rooms, publications, viewers and routes of one worker."""

    async def do(self, call: Call[R]) -> R:
        """Carry out a call. Raises what the call says, and `OurFault` for one that engines don't know."""
        ...

    async def shut(self) -> None:
        """End all that the engine has."""
        ...
