"""A scenario as values: who comes when, what they do, what breaks, and what must hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

ActionName = Literal["ask", "vote", "probe", "announce", "moderate"]
FaultName = Literal["cut", "slow", "rolling_restart", "kill_worker", "kill_redis"]
BrokerName = Literal["sqlite", "redis"]

ACTIONS: tuple[ActionName, ...] = get_args(ActionName)
FAULTS: tuple[FaultName, ...] = get_args(FaultName)
OF_ATTENDEES = ("ask", "vote", "probe")  # the actions whose rate grows with the audience
BY_GENERATORS = ("cut", "slow")  # the faults that attendees suffer; the others are the servers'

GROWING_LIMITS = ("joins_per_s", "votes_per_s")  # of an audience of the scenario's size
NEVER = {"lost": 0.0, "doubled": 0.0, "out_of_order": 0.0, "diverged": 0.0, "unanswered": 0.0}


class Point(Struct, frozen=True):
    """The number of sockets wanted at `at_s`; between two points it changes evenly."""

    at_s: float
    sockets: int


class Audience(Struct, frozen=True, kw_only=True):
    grows: tuple[Point, ...]
    channels: tuple[str, ...]  # `{session}` stands for the session that people talk about
    msgpack_share: float = 0.0
    skew_ms: float = 2_000.0  # attendees' clocks are wrong by up to this, either way
    drift_ppm: float = 100.0  # and run too fast or too slow by up to this

    @property
    def size(self) -> int:
        return self.grows[-1].sockets


class Action(Struct, frozen=True, kw_only=True):
    """`per_s` of them a second over the whole audience, evenly spaced, from `from_s` to `until_s`.

    `text_bytes`: how long an announcement is at least.
    """

    do: ActionName
    per_s: float
    from_s: float
    until_s: float
    text_bytes: int = 0


class FaultPlan(Struct, frozen=True, kw_only=True):
    """`share`: of the audience. `for_s`: how long attendees don't read, or Redis stays away.

    `command`: what causes it in a deployment that is not the tool's own.
    """

    at_s: float
    do: FaultName
    share: float = 1.0
    for_s: float = 0.0
    command: tuple[str, ...] = ()


class ServerPlan(Struct, frozen=True, kw_only=True):
    """The server to start when no running deployment is named."""

    broker: BrokerName = "sqlite"
    workers: int = 1
    options: tuple[str, ...] = ()  # further options of `showcaller serve`


class Scenario(Struct, frozen=True, kw_only=True):
    name: str
    summary: str
    duration_s: float
    settle_s: float  # afterwards, at most, until everybody is whole and everything answered
    session: str  # of the load tool's own event
    questions: int  # public ones, asked before it begins
    audience: Audience
    server: ServerPlan = field(default_factory=ServerPlan)
    actions: tuple[Action, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    limits: dict[str, float] = {}
    yaml: str = ""  # the text that it was read from

    def resized(self, sockets: int) -> Scenario:
        """The same with another audience: the curve, and what attendees do, in proportion."""
        ratio = sockets / self.audience.size
        grows = tuple(
            Point(point.at_s, round(point.sockets * ratio)) for point in self.audience.grows
        )
        actions = tuple(
            replace(action, per_s=action.per_s * ratio) if action.do in OF_ATTENDEES else action
            for action in self.actions
        )
        limits = {
            name: limit * ratio if name in GROWING_LIMITS else limit
            for name, limit in self.limits.items()
        }
        audience = replace(self.audience, grows=grows)
        return replace(self, audience=audience, actions=actions, limits=limits)

    def lasting(self, duration_s: float) -> Scenario:
        """The same in another time: every instant in proportion, rates as they are."""
        ratio = duration_s / self.duration_s
        grows = tuple(Point(point.at_s * ratio, point.sockets) for point in self.audience.grows)
        return replace(
            self,
            duration_s=duration_s,
            audience=replace(self.audience, grows=grows),
            actions=tuple(
                replace(action, from_s=action.from_s * ratio, until_s=action.until_s * ratio)
                for action in self.actions
            ),
            faults=tuple(
                replace(fault, at_s=fault.at_s * ratio, for_s=fault.for_s * ratio)
                for fault in self.faults
            ),
        )

    def channels_of(self, session: str) -> list[str]:
        return [channel.format(session=session) for channel in self.audience.channels]


def arrival_s(grows: Sequence[Point], number: int) -> float:
    """Return when the socket `number` (from 0) is wanted."""
    before = Point(grows[0].at_s, 0)
    for point in grows:
        if point.sockets > number:
            share = (number + 1 - before.sockets) / (point.sockets - before.sockets)
            return before.at_s + share * (point.at_s - before.at_s)
        before = point
    raise ValueError(f"the audience has no socket {number}")
