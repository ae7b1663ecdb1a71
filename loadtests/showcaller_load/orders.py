"""The messages between a controller and its generators; `link` carries them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from .results import FindingKind, Machine
from .scenario import Action, FaultPlan, Point


class Buckets(Struct, frozen=True, array_like=True):
    """A `Histogram` on its way."""

    counts: dict[int, int]
    max_ms: float


# From the controller ------------------------------------------------------------------------------


class Order(Struct, frozen=True, kw_only=True, tag_field="order"):
    """Base of what a controller tells a generator."""


class Plan(Order, frozen=True, kw_only=True, tag="plan"):
    """The plan of one generator: its part of the audience, and what its people do.

    Attendee `i` of the generator is the audience's attendee `first + i × step`. Rates are the generator's.
    """

    run: str
    url: str
    event: str
    session: str
    channels: list[str]
    first: int
    step: int
    count: int
    grows: list[Point]  # of the whole audience
    msgpack_share: float
    skew_ms: float
    drift_ppm: float
    actions: list[Action]
    faults: list[FaultPlan]  # those that attendees suffer
    questions: int  # to ask before it begins
    staff: list[str]  # tokens of moderators, for what they do
    askers: list[str]  # tokens of those who ask these questions
    zero_ms: float  # the run clock's zero on the controller's monotonic clock
    wall_ms: float  # the server's time at that moment, as far as the controller knows


class People(Order, frozen=True, kw_only=True, tag="people"):
    """The next attendees' tokens, in order."""

    tokens: list[str]


class Sync(Order, frozen=True, kw_only=True, tag="sync"):
    """`offset_ms`: what to add to the generator's monotonic clock to have the controller's."""

    t1_ms: float
    offset_ms: float


class Prepare(Order, frozen=True, kw_only=True, tag="prepare"):
    """Connect the staff and ask the questions that must be there."""


class Begin(Order, frozen=True, kw_only=True, tag="begin"):
    at_ms: float  # on the run's clock


class Settle(Order, frozen=True, kw_only=True, tag="settle"):
    """Do nothing more on your own account; come back, and await every answer."""


class Witness(Order, frozen=True, kw_only=True, tag="witness"):
    """Have one more attendee join, who holds what the server shows a newcomer now."""

    token: str


class Account(Order, frozen=True, kw_only=True, tag="account"):
    """Stop listening and hand in the ledgers."""


AnyOrder = Plan | People | Sync | Prepare | Begin | Settle | Witness | Account

# From a generator ---------------------------------------------------------------------------------


class Report(Struct, frozen=True, kw_only=True, tag_field="report"):
    """Base of what a generator tells its controller."""


class Ready(Report, frozen=True, kw_only=True, tag="ready"):
    machine: Machine
    pid: int
    boot: str  # the same on processes that share a monotonic clock
    most_sockets: int


class SyncAnswer(Report, frozen=True, kw_only=True, tag="sync"):
    t1_ms: float
    t2_ms: float


class Prepared(Report, frozen=True, kw_only=True, tag="prepared"):
    """All tokens have come, and the questions have been asked."""


class Tick(Report, frozen=True, kw_only=True, tag="tick"):
    """One second of one generator; see `results.Second`."""

    t_s: int
    sockets: int
    joining: int
    joins: int
    deliveries: int
    commands: int
    replies: int
    votes: int  # answered
    closes: dict[int, int]  # by code
    behind: int  # attendees who are not whole, or lack what others were shown
    unanswered: int
    anomalies: int = 0  # that ledgers have noted since the beginning
    busy: float
    latencies: dict[str, Buckets]
    late: Buckets


class Witnessed(Report, frozen=True, kw_only=True, tag="witnessed"):
    """The witness is whole."""


class FollowAccount(Struct, frozen=True, array_like=True):
    """One attendee's ledger of one channel. `runs`: numbers of steps as pairs: from, up to."""

    channel: str
    epoch: str
    last: int
    mark: int
    document: int
    runs: list[int]
    starts: list[tuple[str, int, bool, int]]  # as `ledger.Start`


class AttendeeAccount(Struct, frozen=True, array_like=True):
    number: int  # -1: the witness; less: staff
    is_whole: bool
    unanswered: list[str]  # names of commands
    follows: list[FollowAccount]


class Answer(Struct, frozen=True, array_like=True):
    """A command that was answered. `thing`: the question or announcement that it made or concerned."""

    number: int  # the attendee's
    name: str
    key: str
    code: str  # empty: accepted
    thing: str


class Anomaly(Struct, frozen=True, array_like=True):
    """An event that a ledger was told of and that should not have happened."""

    number: int
    kind: FindingKind
    channel: str
    offset: int
    detail: str


class Accounts(Report, frozen=True, kw_only=True, tag="accounts"):
    """A part of what a generator hands in; parts add up. `is_last`: there is no more."""

    attendees: list[AttendeeAccount] = []
    documents: dict[int, tuple[dict[str, int], dict[str, int]]] = {}  # items, levels
    steps: list[tuple[str, int, str]] = []  # as `ledger.Shown`, in order of their numbers
    answers: list[Answer] = []
    votes: dict[str, list[int]] = {}  # by question: attendees whose vote was accepted
    anomalies: list[Anomaly] = []
    heads: list[
        tuple[str, str, int]
    ] = []  # channel, epoch, the newest change that anybody heard of
    counts: dict[str, int] = {}
    frozen_ms: float = 0.0  # the server's time from which nothing was read any more
    is_last: bool = False


class Failed(Report, frozen=True, kw_only=True, tag="failed"):
    """The generator can't go on."""

    message: str


AnyReport = Ready | SyncAnswer | Prepared | Tick | Witnessed | Accounts | Failed

_encode = msgspec.msgpack.Encoder().encode
_order = msgspec.msgpack.Decoder(AnyOrder)
_report = msgspec.msgpack.Decoder(AnyReport)


def encode(message: Order | Report) -> bytes:
    return _encode(message)


def decode_order(data: bytes) -> AnyOrder:
    """Raises `msgspec.ValidationError` or `DecodeError`."""
    order: AnyOrder = _order.decode(data)
    return order


def decode_report(data: bytes) -> AnyReport:
    """Raises `msgspec.ValidationError` or `DecodeError`."""
    report: AnyReport = _report.decode(data)
    return report
