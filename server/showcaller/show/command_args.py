"""The arguments of each command (`client_sdk/PROTOCOL.md` §6), and how they are read from a client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ..domain.chat import MAX_SLOW_S
from ..domain.facts import Recipients
from ..domain.feedback import MOST_STARS
from ..domain.ids import (
    AnnouncementId,
    CaptionId,
    CheckId,
    ControlId,
    MessageId,
    PersonId,
    PollId,
    QuestionId,
    SessionId,
    SpeakerId,
    StageId,
)
from ..domain.poll_draft import (
    MAX_OPTIONS,
    MAX_TIMER_S,
    MAX_WAIT_MIN,
    MAX_WORDS,
    PollAnchor,
    PollKind,
    PollResults,
)
from ..domain.text import TextProblem, clean_text
from ..errors import BadInput
from .audience import Reaction

MAX_GRAPHEMES = 500
MAX_ANNOUNCEMENT_GRAPHEMES = 280
MAX_LABEL_GRAPHEMES = 30
MAX_CHECK_GRAPHEMES = 200
MAX_TEXT_BYTES = 2_000

_ID = Meta(min_length=1, max_length=200)
_RAW_TEXT = Meta(max_length=65_536)  # `cleaned` is stricter, and says so in better words
_INSTANT_MS = Meta(ge=0, le=253_402_300_799_999)  # to the end of the year 9999


class Args(Struct, frozen=True, kw_only=True):
    """Base of all. Unknown arguments are ignored."""


class NoArgs(Args, frozen=True, kw_only=True):
    pass


class QuestionArgs(Args, frozen=True, kw_only=True):
    question: Annotated[QuestionId, _ID]


class QuestionTextArgs(QuestionArgs, frozen=True, kw_only=True):
    text: Annotated[str, _RAW_TEXT]


class RejectArgs(QuestionArgs, frozen=True, kw_only=True):
    reason: Annotated[str, _RAW_TEXT] = ""


class RejectAllArgs(QuestionArgs, frozen=True, kw_only=True):
    of: Literal["person", "address"]
    ban: bool = False


class MergeArgs(QuestionArgs, frozen=True, kw_only=True):
    into: Annotated[QuestionId, _ID]


class ClaimArgs(QuestionArgs, frozen=True, kw_only=True):
    take_over: bool = False


class LabelArgs(QuestionArgs, frozen=True, kw_only=True):
    label: Annotated[str, _RAW_TEXT]
    on: bool


class OnArgs(QuestionArgs, frozen=True, kw_only=True):
    on: bool


class VoteArgs(QuestionArgs, frozen=True, kw_only=True):
    on: bool
    given_ms: Annotated[int, _INSTANT_MS] = 0  # 0: the client does not say


class SessionArgs(Args, frozen=True, kw_only=True):
    session: Annotated[SessionId, _ID]


class StarArgs(SessionArgs, frozen=True, kw_only=True):
    on: bool


class SayArgs(SessionArgs, frozen=True, kw_only=True):
    text: Annotated[str, _RAW_TEXT]


class DeleteMessageArgs(SessionArgs, frozen=True, kw_only=True):
    message: Annotated[MessageId, _ID]
    all_of_author: bool = False


class CaptionArgs(SessionArgs, frozen=True, kw_only=True):
    language: Annotated[str, Meta(min_length=1, max_length=35)]
    text: Annotated[str, _RAW_TEXT]


class SayCaptionArgs(CaptionArgs, frozen=True, kw_only=True):
    """Without times it is said as it comes."""

    from_ms: Annotated[int, _INSTANT_MS] = 0
    to_ms: Annotated[int, _INSTANT_MS] = 0


class CorrectCaptionArgs(CaptionArgs, frozen=True, kw_only=True):
    """Empty text takes the line out."""

    caption: Annotated[CaptionId, _ID]


class SlowArgs(SessionArgs, frozen=True, kw_only=True):
    seconds: Annotated[int, Meta(ge=0, le=MAX_SLOW_S)]


class RateArgs(SessionArgs, frozen=True, kw_only=True):
    stars: Annotated[int, Meta(ge=1, le=MOST_STARS)]
    comment: Annotated[str, _RAW_TEXT] = ""


class ReactArgs(SessionArgs, frozen=True, kw_only=True):
    reaction: Reaction


class AskArgs(SessionArgs, frozen=True, kw_only=True):
    text: Annotated[str, _RAW_TEXT]
    anonymous: bool = False


class ExtendArgs(SessionArgs, frozen=True, kw_only=True):
    minutes: Annotated[int, Meta(ge=-120, le=240)]
    if_revision: int | None = None


class PreviewArgs(SessionArgs, frozen=True, kw_only=True):
    minutes: Annotated[int, Meta(ge=-720, le=720)]


class DelayArgs(PreviewArgs, frozen=True, kw_only=True):
    note: Annotated[str, _RAW_TEXT] = ""
    if_revision: int | None = None


class MoveArgs(SessionArgs, frozen=True, kw_only=True):
    stage: Annotated[StageId, _ID]
    starts_at_ms: Annotated[int, _INSTANT_MS]
    beside: bool = False
    if_revision: int | None = None


class SwapArgs(SessionArgs, frozen=True, kw_only=True):
    other: Annotated[SessionId, _ID]
    if_revision: int | None = None


class CancelArgs(SessionArgs, frozen=True, kw_only=True):
    note: Annotated[str, _RAW_TEXT]
    if_revision: int | None = None


class ReplaceSpeakerArgs(SessionArgs, frozen=True, kw_only=True):
    """One of the two: a `replacement` whom the event knows, or the `name` of somebody new."""

    speaker: Annotated[SpeakerId, _ID]
    replacement: Annotated[SpeakerId, _ID] | None = None
    name: Annotated[str, _RAW_TEXT] = ""
    company: Annotated[str, _RAW_TEXT] = ""
    role: Annotated[str, _RAW_TEXT] = ""


class InsertBreakArgs(Args, frozen=True, kw_only=True):
    stage: Annotated[StageId, _ID]
    starts_at_ms: Annotated[int, _INSTANT_MS]
    minutes: Annotated[int, Meta(ge=1, le=240)]
    title: Annotated[str, _RAW_TEXT] = "Break"
    if_revision: int | None = None


class SwitchArgs(Args, frozen=True, kw_only=True):
    on: bool


class AcceptArgs(Args, frozen=True, kw_only=True):
    offer: Annotated[str, _ID]
    if_revision: int | None = None


class PreviewControlArgs(Args, frozen=True, kw_only=True):
    """A control by its command's name, with that command's own arguments."""

    command: Annotated[str, Meta(max_length=40)]
    args: dict[str, Any] = {}


class ChooseArgs(SessionArgs, frozen=True, kw_only=True):
    publication: Annotated[str, Meta(max_length=200)]


class DraftArgs(Args, frozen=True, kw_only=True):
    """A poll as it is written. `most`: 0 for as many as there are."""

    kind: PollKind
    text: Annotated[str, _RAW_TEXT]
    options: Annotated[tuple[Annotated[str, _RAW_TEXT], ...], Meta(max_length=MAX_OPTIONS)] = ()
    most: Annotated[int, Meta(ge=0, le=MAX_OPTIONS)] = 0
    anonymous: bool = True
    results: PollResults = "live"
    right: Annotated[tuple[int, ...], Meta(max_length=MAX_OPTIONS)] = ()
    timer_s: Annotated[int, Meta(ge=0, le=MAX_TIMER_S)] = 0


class PlanArgs(Args, frozen=True, kw_only=True):
    anchor: PollAnchor
    minutes: Annotated[int, Meta(ge=-MAX_WAIT_MIN, le=MAX_WAIT_MIN)] = 0


class MakePollArgs(SessionArgs, frozen=True, kw_only=True):
    draft: DraftArgs


class PollArgs(Args, frozen=True, kw_only=True):
    poll: Annotated[PollId, _ID]


class EditPollArgs(PollArgs, frozen=True, kw_only=True):
    draft: DraftArgs


class PlanPollArgs(PollArgs, frozen=True, kw_only=True):
    plan: PlanArgs | None


class ShowResultsArgs(PollArgs, frozen=True, kw_only=True):
    on: bool


class HideWordArgs(PollArgs, frozen=True, kw_only=True):
    word: Annotated[str, _RAW_TEXT]
    on: bool


class PollVoteArgs(PollArgs, frozen=True, kw_only=True):
    """Options by their places, or words. Neither: the vote is withdrawn."""

    options: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(max_length=MAX_OPTIONS)] = ()
    words: Annotated[tuple[Annotated[str, _RAW_TEXT], ...], Meta(max_length=MAX_WORDS)] = ()
    given_ms: Annotated[int, _INSTANT_MS] = 0  # 0: the client does not say


class AgreeArgs(SessionArgs, frozen=True, kw_only=True):
    agreed: bool


class DeleteRecordingArgs(SessionArgs, frozen=True, kw_only=True):
    person: Annotated[PersonId, _ID] | None = None  # None: everybody's


class AddCheckArgs(Args, frozen=True, kw_only=True):
    text: Annotated[str, _RAW_TEXT]
    session: Annotated[SessionId, _ID] | None = None


class CheckArgs(Args, frozen=True, kw_only=True):
    item: Annotated[CheckId, _ID]


class TickArgs(CheckArgs, frozen=True, kw_only=True):
    on: bool


class AnnounceArgs(Args, frozen=True, kw_only=True):
    text: Annotated[str, _RAW_TEXT]
    session: Annotated[SessionId, _ID] | None = None
    at_ms: Annotated[int, _INSTANT_MS] | None = None
    to: Recipients = "audience"


class AnnouncementArgs(Args, frozen=True, kw_only=True):
    announcement: Annotated[AnnouncementId, _ID]


class ControlArgs(Args, frozen=True, kw_only=True):
    control: Annotated[ControlId, _ID]


class PersonArgs(Args, frozen=True, kw_only=True):
    person: Annotated[PersonId, _ID]


class TermArgs(PersonArgs, frozen=True, kw_only=True):
    """Without `minutes` it lasts until it is lifted."""

    reason: Annotated[str, _RAW_TEXT] = ""
    minutes: Annotated[int, Meta(ge=1, le=43_200)] | None = None


class InviteGuestArgs(SessionArgs, frozen=True, kw_only=True):
    """`days`: how long the link is good, and the token that it becomes."""

    days: Annotated[int, Meta(ge=1, le=60)] = 7


class RevokeArgs(Args, frozen=True, kw_only=True):
    """One of the two: a token's `jti`, or whose tokens of until now."""

    token: Annotated[str, _ID] | None = None
    person: Annotated[PersonId, _ID] | None = None


AnyArgs = TypeVar("AnyArgs", bound=Args)


def read_args(kind: type[AnyArgs], args: Mapping[str, Any]) -> AnyArgs:
    """The arguments as a value of `kind`. Raises `BadInput` that names the field."""
    try:
        return msgspec.convert(dict(args), kind)
    except msgspec.ValidationError as error:
        raise BadInput(str(error), field=_field_in(str(error))) from None


def _field_in(message: str) -> str | None:
    """Return the field that a message of msgspec's is about: "… - at `$.text`", "… missing … `text`"."""
    found = re.search(r"at `\$\.([^`]+)`|required field `([^`]+)`", message)
    return (found[1] or found[2]) if found else None


def cleaned(text: str, max_graphemes: int = MAX_GRAPHEMES, *, field: str = "text") -> str:
    """The text fit to keep. Raises `BadInput` with the code that says what is wrong."""
    try:
        return clean_text(text, max_graphemes=max_graphemes, max_bytes=MAX_TEXT_BYTES)
    except TextProblem as problem:
        raise BadInput(problem.message, code=problem.code, field=field) from None


def cleaned_or_empty(text: str, *, field: str = "text") -> str:
    """Return the text fit to keep, as `cleaned` does; here it may be empty."""
    return cleaned(text, field=field) if text.strip() else ""
