"""The calls of media: what a node asks of a media worker, and a node of another.

A call is a struct: its fields are the arguments, its class parameter is the type of the answer. A new field
has a default, so that nodes of two releases understand one another; an unknown call is answered with a fault.

To add an operation: a struct here, its handler in `sfu/forwarding_engine.py`, and whoever asks for it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

from msgspec import Struct

from .statistics import Statistics, ViewerStatistics

Sdp = str
# What a speaker publishes; one of each a person, or more.
Source = Literal["main", "slides", "spare"]
# Of the picture; none: sound only.
Layer = Literal["auto", "high", "medium", "low", "none"]

R_co = TypeVar("R_co", covariant=True)


class Answer(Struct, frozen=True, kw_only=True):
    """The answer to a WHIP or WHEP POST."""

    resource: str  # id of the new publication or viewer
    sdp: Sdp
    etag: str


class Patched(Struct, frozen=True, kw_only=True):
    """The answer to a PATCH: nothing (204), or a fragment after an ICE restart (200)."""

    etag: str
    fragment: str | None = None


class Asker(Struct, frozen=True):
    """The person who asks for a resource: its owner, or a producer, who may end anybody's."""

    person: str
    token: str = ""  # the JWT's `jti`
    producer: bool = False


class Call(Struct, Generic[R_co], frozen=True, kw_only=True, tag=True):
    """One call, which is answered with an `R_co`."""


class OfStage(Call[R_co], Generic[R_co], frozen=True, kw_only=True):
    """A call to the worker that has a stage."""

    stage: str


class OfResource(Call[R_co], Generic[R_co], frozen=True, kw_only=True):
    """A call to the worker that has a publication or a viewer. Raises `NotFound`."""

    resource: str
    asker: Asker
    # Else producers may too.
    only_by_owner: ClassVar[bool] = False


class Publish(OfStage[Answer], frozen=True, kw_only=True):
    """A speaker's WHIP offer. Raises `BadInput`, `Unprocessable`."""

    session: str
    asker: Asker
    offer: Sdp
    source: Source = "main"
    first: str = ""  # the name of the codec that the answer prefers: H264


class View(OfStage[Answer], frozen=True, kw_only=True):
    """An attendee's WHEP offer. Raises `BadInput`, `Unprocessable`, `Full`."""

    asker: Asker
    offer: Sdp
    face: bool = False  # of who speaks beside the stage's slides, in place of the stage's picture
    # Asked of a node that does not have the stage, by the one that has it and is full.
    passed_on: bool = False


class Preview(OfResource[Answer], frozen=True, kw_only=True):
    """A producer's WHEP offer for one publication, on stage or not.

    Raises `NotFound`, `BadInput`, `Unprocessable`.
    """

    offer: Sdp


class Find(OfResource[None], frozen=True, kw_only=True):
    """Make sure that the resource is there. A node answers this by itself."""


class ChooseLayer(OfResource[None], frozen=True, kw_only=True):
    """Choose the picture that a viewer is sent; `auto` follows the viewer's line."""

    only_by_owner: ClassVar[bool] = True
    layer: Layer


class PictureShown(Struct, frozen=True, kw_only=True):
    """The picture on the stage that a viewer watches."""

    codec: str = ""  # as in SDP: VP8, H264…; "": there is none
    playable: bool = True  # the viewer's offer has what it is coded in


class DescribePicture(OfResource[PictureShown], frozen=True, kw_only=True):
    """Tell whether a viewer can be sent the picture of its stage."""

    only_by_owner: ClassVar[bool] = True


class Patch(OfResource[Patched], frozen=True, kw_only=True):
    """Trickle candidates, or restart ICE (RFC 8840 fragment).

    Raises `NotFound`, `BadInput`, `PreconditionRequired` (no `if_match`), `PreconditionFailed` (an old
    one), `Unprocessable` (this engine can't do that).
    """

    fragment: str
    if_match: str | None = None


class Lender(Struct, frozen=True):
    """A worker that lends what is published to workers of other nodes: over TLS at this port."""

    worker: str
    hosts: tuple[str, ...]  # addresses, any of which may lead there
    port: int  # TCP


class Close(OfResource[None], frozen=True, kw_only=True):
    """End a publication or a viewer."""


class ListViewers(OfStage[list[ViewerStatistics]], frozen=True, kw_only=True):
    """List the viewers of a stage that lose most, at most `VIEWERS_TOLD`."""


class Take(OfStage[str], frozen=True, kw_only=True):
    """Have a worker take a stage that nobody has; answered with the name of the worker that has it then.

    A node answers this by itself: its worker has the least to do.
    """


class CloseRoom(Call[None], frozen=True, kw_only=True):
    """End all publications of a session; its viewers stay on the stage."""

    session: str


class LeaveStage(OfStage[None], frozen=True, kw_only=True):
    """End all viewers of a stage: another worker has it now."""


class Lend(OfStage[Lender], frozen=True, kw_only=True):
    """Answer who lends the stage to the worker `to` of another node; to be asked again every few seconds.

    A node answers this by itself: it places all relays of its stage in a tree. Raises `Unavailable`.
    """

    to: Lender
    load: float  # share of one core, of that worker
    without: str = ""  # a worker that does not lend, or no longer


class OpenTrunk(Call[Lender], frozen=True, kw_only=True):
    """Lend to workers of other nodes, to those who hold one of these keys. Raises `Unavailable`."""

    keys: tuple[bytes, ...]  # ours first


class BranchOff(OfStage[None], frozen=True, kw_only=True):
    """Serve viewers of a stage that another worker has; `LeaveStage` ends it.

    Raises `Unavailable` where another node's worker can't be reached.
    """

    trunk: str = ""  # path of the UNIX socket of a worker of this node
    lender: Lender | None = None  # else a worker of another node


class Route(OfStage[None], frozen=True, kw_only=True):
    """Lead a session's room to the stage's viewers; None: nothing is on the stage.

    `publication` is the one that a producer put on the stage. Without one, or when it has ended: the oldest
    live `main`, then `slides`, then `spare`. In place of one that has fallen silent the next best goes on the
    stage, whoever chose it: within 2 s, or 5 s of a picture with few frames or without sound.
    """

    session: str | None = None
    publication: str = ""


class Measure(Call[Statistics], frozen=True, kw_only=True):
    """Count what `/metrics` and the produce page show."""


class Ping(Call[None], frozen=True, kw_only=True):
    """Return when the worker's event loop turns."""


AnyCall = (
    Publish
    | View
    | Preview
    | Find
    | ChooseLayer
    | DescribePicture
    | Patch
    | Close
    | ListViewers
    | Take
    | Lend
    | OpenTrunk
    | CloseRoom
    | LeaveStage
    | BranchOff
    | Route
    | Measure
    | Ping
)


@cache
def answer_type(kind: type[Call[Any]]) -> Any:
    """Return the type that calls of this kind are answered with."""
    (base,) = kind.__orig_bases__  # type: ignore[attr-defined]
    return get_args(base)[0]
