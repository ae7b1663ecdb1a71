"""The seam between the show and whatever moves audio and video.

An engine lives in a media worker process, never on the event loop that serves people. It knows rooms
(one per session; a speaker publishes into one) and stages (viewers watch one; `route` leads a room to
it). It sees encoded RTP only. Every call may raise the errors named; ids of resources are unguessable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

Sdp = str


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
    """What an engine tells. `kind`: published, unpublished, viewed, left.

    `published` and `viewed` say that media can flow; each resource ends with one `unpublished` or
    `left`, even if it never got that far.
    """

    kind: str
    resource: str
    session: str = ""  # of a publication
    stage: str = ""  # of a viewer
    person: str = ""


class MediaEngine(Protocol):
    """Rooms, publications, viewers and routes of one worker."""

    on_event: Callable[[MediaEvent], None]

    async def publish(self, *, session: str, person: str, offer: Sdp) -> Answer:
        """A speaker's WHIP offer. Raises `BadInput`, `Unsupported`."""
        ...

    async def view(self, *, stage: str, person: str, offer: Sdp) -> Answer:
        """An attendee's WHEP offer. Raises `BadInput`, `Unsupported`."""
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

    async def route(self, *, stage: str, session: str | None) -> None:
        """Lead a session's room to the stage's viewers; None: nothing is on the stage."""
        ...

    async def statistics(self) -> dict[str, object]:
        """Counts for `/metrics` and the produce page."""
        ...

    async def shut(self) -> None: ...
