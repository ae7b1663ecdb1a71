"""The seam between the show and whatever moves audio and video.

An engine lives in a media worker process, never on the event loop that serves people. It knows rooms
(one per session; a speaker publishes into one) and stages (viewers watch one; `route` leads a room to
it). It sees encoded RTP only. Every call may raise the errors named; ids of resources are unguessable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from ...domain.quality import TalkQuality
from .statistics import Statistics, ViewerStatistics

Sdp = str
Source = Literal[
    "main", "slides", "spare"
]  # what a speaker publishes; one of each a person, or more
Layer = Literal["auto", "high", "medium", "low", "none"]  # of the picture; none: sound only


class Answer(Struct, frozen=True, kw_only=True):
    """What a WHIP or WHEP POST is answered with."""

    resource: str  # id of the new session at this engine
    sdp: Sdp
    etag: str


class Patched(Struct, frozen=True, kw_only=True):
    """What a PATCH is answered with: nothing (204), or a fragment after an ICE restart (200)."""

    etag: str
    fragment: str | None = None


class MediaEvent(Struct, frozen=True, kw_only=True):
    """What an engine tells. `kind`: published, unpublished, viewed, left, measured.

    `published` and `viewed` say that media can flow; each resource ends with one `unpublished` or
    `left`, even if it never got that far. `measured` comes once when a session has left its stage, with
    the `quality` of what was shown there (no `resource`).
    """

    kind: str
    resource: str = ""
    session: str = ""  # of a publication, or measured
    stage: str = ""  # of a viewer, or measured
    person: str = ""
    source: Source = "main"  # of a publication
    quality: TalkQuality | None = None


class MediaEngine(Protocol):
    """Rooms, publications, viewers and routes of one worker."""

    on_event: Callable[[MediaEvent], None]

    async def publish(
        self, *, session: str, person: str, offer: Sdp, source: Source = "main"
    ) -> Answer:
        """A speaker's WHIP offer. Raises `BadInput`, `Unprocessable`."""
        ...

    async def view(self, *, stage: str, person: str, offer: Sdp) -> Answer:
        """An attendee's WHEP offer. Raises `BadInput`, `Unprocessable`, `Full`."""
        ...

    async def preview(self, *, publication: str, person: str, offer: Sdp) -> Answer:
        """A producer's WHEP offer: one publication, on stage or not.

        Raises `NotFound`, `BadInput`, `Unprocessable`.
        """
        ...

    async def choose_layer(self, resource: str, layer: Layer) -> None:
        """Which picture a viewer asks for; `auto` follows the viewer's line. Raises `NotFound`."""
        ...

    async def patch(self, resource: str, *, if_match: str | None, fragment: str) -> Patched:
        """Trickled candidates or an ICE restart (RFC 8840 fragment).

        Raises `NotFound`, `BadInput`, `PreconditionRequired` (no `if_match`), `PreconditionFailed` (an
        old one), `Unprocessable` (this engine can't do that).
        """
        ...

    async def close(self, resource: str) -> None:
        """End a publication or a viewer. Raises `NotFound`."""
        ...

    async def close_room(self, session: str) -> None:
        """End all publications of a session; its viewers stay on the stage."""
        ...

    async def leave_stage(self, stage: str) -> None:
        """End all viewers of a stage: another worker has it now."""
        ...

    async def branch(self, *, stage: str, trunk: str) -> None:
        """Serve viewers of a stage that another worker of this node has, whose UNIX socket is `trunk`.

        `leave_stage` ends it.
        """
        ...

    async def route(self, *, stage: str, session: str | None, publication: str = "") -> None:
        """Lead a session's room to the stage's viewers; None: nothing is on the stage.

        `publication` is the one that a producer put on the stage. Without one, or when it has ended:
        the oldest live `main`, then `slides`, then `spare`. In place of one that has fallen silent the
        next best goes on the stage within 2 s, whoever chose it.
        """
        ...

    async def statistics(self) -> Statistics:
        """Counts for `/metrics` and the produce page."""
        ...

    async def viewers(self, stage: str) -> list[ViewerStatistics]:
        """Each viewer of a stage."""
        ...

    async def shut(self) -> None: ...
