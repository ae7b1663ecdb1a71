"""The schedule: what is planned, where, by whom. Values only; see `schedule_file` for reading one.

Instants are integer milliseconds since 1970-01-01T00:00:00Z (`_ms`); durations name their unit.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from .ids import EventId, SessionId, SpeakerId, StageId, ThemeId

SessionKind = Literal["talk", "opening", "break", "closing"]
PeopleShown = Literal["count", "names"]  # of who is in a session
Record = Literal["no", "yes", "ask"]  # ask: each speaker, who is recorded once they agree

MINUTE_MS = 60_000


class Link(Struct, frozen=True, kw_only=True):
    """A page elsewhere that somebody's own page leads to."""

    title: str
    url: str  # http or https


class Speaker(Struct, frozen=True, kw_only=True):
    id: SpeakerId
    name: str
    company: str = ""
    role: str = ""
    photo: str = ""  # the path of a picture beside the schedule
    biography: str = ""
    links: tuple[Link, ...] = ()


class Theme(Struct, frozen=True, kw_only=True):
    id: ThemeId
    title: str


class Stage(Struct, frozen=True, kw_only=True):
    id: StageId
    title: str


class Brand(Struct, frozen=True, kw_only=True):
    """The look of the event: an accent for each theme as `#rrggbb`, and pictures as in `Speaker.photo`."""

    light: str = ""
    dark: str = ""
    logo: str = ""
    cover: str = ""


class Day(Struct, frozen=True, kw_only=True):
    """One day of the event, which may go on after midnight."""

    date: date
    starts_at_ms: int
    ends_at_ms: int


class UtcOffset(Struct, frozen=True, kw_only=True):
    """A span in which the event's clocks are `offset_s` seconds ahead of UTC."""

    from_ms: int
    until_ms: int
    offset_s: int


class QaPolicy(Struct, frozen=True, kw_only=True):
    """The rule of a session's questions: when it takes them, and whether a moderator sees them first."""

    enabled: bool = True
    pre_moderation: bool = True
    opens: Literal["doors_open", "started", "by_hand"] = "doors_open"
    closes_after_min: int | None = 10  # after the session ended; None: only by hand


class CuePolicy(Struct, frozen=True, kw_only=True):
    """The minutes before its moment at which each cue is called."""

    doors_open_min: int = 10
    starting_soon_min: tuple[int, ...] = (5, 1)
    ending_soon_min: int = 2


class OverrunPolicy(Struct, frozen=True, kw_only=True):
    """The rule for a speaker who is still on air at the session's expected end.

    `wait`: the next session on the stage waits until the producer or the speaker ends this one.
    `end`: the session is ended `after_min` minutes later.
    """

    policy: Literal["wait", "end"] = "wait"
    after_min: int = 0


class CatchUpPolicy(Struct, frozen=True, kw_only=True):
    """The rule by which a stage that runs late catches up, once its breaks have given what they can.

    Each later talk then gives up to `talks_give_min` minutes, at its end, where its questions are; none
    is left with less than `talks_keep_min`. 0 to give: no talk is ever shortened.
    """

    talks_give_min: int = 0
    talks_keep_min: int = 15
    at_first: bool = True  # whether it holds from the start; a producer switches it


class Session(Struct, frozen=True, kw_only=True):
    id: SessionId
    title: str
    kind: SessionKind
    stage: StageId
    starts_at_ms: int
    ends_at_ms: int
    day: date | None = None  # of `Schedule.days`, to which it belongs
    abstract: str = ""
    language: str = ""  # a tag of BCP 47, such as "pt-BR"
    theme: ThemeId | None = None
    speakers: tuple[SpeakerId, ...] = ()
    min_duration_min: int | None = None  # how far a delay may shrink a break, catching up a talk
    qa: QaPolicy = QaPolicy()
    record: Record = "no"
    check_list: tuple[str, ...] = ()  # the producer's, of this session
    chat: bool = False
    captions: tuple[str, ...] = ()  # the languages (BCP 47) of those that are written
    feedback: bool = False  # people may rate it once it is over


class Consent(Struct, frozen=True, kw_only=True):
    """Something that people are asked to agree to when they sign in."""

    id: str
    text: str
    version: str = "1"
    required: bool = True
    url: str = ""  # of the whole of it


class CertificatePolicy(Struct, frozen=True, kw_only=True):
    """The attendance that earns a certificate: minutes of talks, or a share of all; the other is 0."""

    min_minutes: int = 0
    min_percent: int = 0
    title: str = ""  # "": the usual words
    text: str = ""


class Ending(Struct, frozen=True, kw_only=True):
    """The organiser's words and links once the event is over."""

    text: str = ""
    links: tuple[Link, ...] = ()


class Schedule(Struct, frozen=True, kw_only=True):
    """A whole event. `sessions` are ordered by start, then by their place in the file."""

    event_id: EventId
    title: str
    time_zone: str  # IANA name
    stages: tuple[Stage, ...]
    sessions: tuple[Session, ...]
    summary: str = ""
    time_zone_label: str = ""  # how people write it, such as "PT"
    utc_offsets: tuple[UtcOffset, ...] = ()  # of the zone around the event, in order, without gaps
    days: tuple[Day, ...] = ()  # by their starts
    themes: tuple[Theme, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    brand: Brand = Brand()
    check_list: tuple[str, ...] = ()  # the producer's, of the whole event
    cues: CuePolicy = CuePolicy()
    overrun: OverrunPolicy = OverrunPolicy()
    catch_up: CatchUpPolicy = CatchUpPolicy()
    people: PeopleShown = "count"
    consents: tuple[Consent, ...] = ()
    ending: Ending = Ending()
    certificate: CertificatePolicy | None = None
