"""Scenario files: YAML to a `Scenario`, with every error and where it stands."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from showcaller.schedule_file.diagnostics import Diagnostic, Report
from showcaller.schedule_file.fields import Element, Fields
from showcaller.schedule_file.yaml_tree import compose, decode, read_bytes

from .checks import LIMITS
from .scenario import (
    ACTIONS,
    FAULTS,
    NEVER,
    Action,
    Audience,
    FaultPlan,
    Point,
    Scenario,
    ServerPlan,
)

SESSIONS = ("talk", "panel")  # of the tool's own event: `panel` is moderated
BROKERS: tuple[str, ...] = ("sqlite", "redis")
MOST_SOCKETS = 1_000_000
MOST_WORKERS = 256
MOST_TEXT_BYTES = 800  # so that it has at most 280 characters
USUAL_CHANNELS = ("agenda", "announcements", "session/{session}/questions")
USUAL_SETTLE_S = 25.0  # more than a heartbeat, after which a client knows what it lacks

_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s|min|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%")
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
_CHANNEL = re.compile(
    r"agenda|announcements|me|session/\{session\}(?:/(?:questions|moderation|audience))?"
)


def folder() -> Path:
    """Return the folder of the tool's own scenarios: in the package, or beside it in the sources."""
    inside = Path(__file__).with_name("scenarios")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "scenarios"


def shipped() -> list[Path]:
    return sorted(folder().glob("*.yaml"))


def find(name: str) -> Path:
    """The file that `name` means: a shipped scenario's name, or a path."""
    known = folder() / f"{name}.yaml"
    return known if known.is_file() else Path(name)


def read_scenario(
    source: Path | str, *, file_name: str
) -> tuple[Scenario | None, list[Diagnostic]]:
    """The scenario in the file (`Path`) or text (`str`), and all that is wrong with it. Never raises."""
    report = Report(file_name)
    is_path = isinstance(source, Path)
    data = read_bytes(source, report) if is_path else str(source).encode("utf-8", "surrogatepass")  # type: ignore[arg-type]
    text = decode(data, report) if data is not None else None
    root = compose(text, report) if text is not None else None
    scenario = _read_root(root, text or "", report) if root is not None else None
    return (None if report.failed else scenario), report.in_order()


def seconds(text: str) -> float | None:
    """`90s`, `1.5min`, `250ms`, `1h` as seconds; None if it is none of these."""
    match = _SECONDS.fullmatch(text.strip())
    return float(match[1]) * _UNITS[match[2]] if match else None


def _read_root(root: yaml.Node, text: str, report: Report) -> Scenario:
    with Fields(root, "", report) as top:
        duration_s = _time(top, "duration", required=True) or 1.0
        limits = _limits(top.node("limits"), report)
        server = _server(top.node("server"), report)
        return Scenario(
            name=top.raw("name", required=True) or "",
            summary=top.text("summary", max_chars=400, required=True, lines=True),
            duration_s=duration_s,
            settle_s=_time(top, "settle", USUAL_SETTLE_S),
            session=top.choice("session", SESSIONS, "talk"),
            questions=top.integer("questions", 0, 5_000, 0),
            audience=_audience(top.node("audience", required=True), duration_s, report),
            server=server,
            actions=_actions(top, duration_s),
            faults=_faults(top, duration_s, server),
            limits={**NEVER, **limits},
            yaml=text,
        )


def _audience(node: yaml.Node | None, duration_s: float, report: Report) -> Audience:
    if node is None:
        return Audience(grows=(Point(0, 1),), channels=())
    with Fields(node, "audience", report) as fields:
        return Audience(
            grows=_grows(fields, duration_s),
            channels=_channels(fields),
            msgpack_share=_share(fields, "msgpack", 0.0),
            skew_ms=_time(fields, "skew", 2.0) * 1000,
            drift_ppm=fields.integer("drift_ppm", 0, 1_000, 100),
        )


def _grows(fields: Fields, duration_s: float) -> tuple[Point, ...]:
    points: list[Point] = []
    for element in fields.elements("grows", at_most=100, required=True):
        with Fields(element.node, element.path, fields.report) as one:
            point = Point(
                _time(one, "at", required=True, most_s=duration_s),
                one.integer("sockets", 0, MOST_SOCKETS, 0),
            )
            if points and point.at_s <= points[-1].at_s:
                one.error("at", "must be later than the point before")
            if points and point.sockets < points[-1].sockets:
                one.error("sockets", "must not be fewer than before: an audience only grows")
            points.append(point)
    if points and points[-1].sockets == 0:
        fields.error("grows", "ends without any socket")
    return tuple(points) or (Point(0, 1),)


def _channels(fields: Fields) -> tuple[str, ...]:
    if not fields.has("channels"):
        return USUAL_CHANNELS
    found = []
    for node, path in fields.elements("channels", at_most=16):
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not _CHANNEL.fullmatch(name):
            fields.report.error(
                node, path, "is no channel: agenda, announcements, me or session/{session}/…"
            )
        found.append(name)
    return tuple(found)


def _server(node: yaml.Node | None, report: Report) -> ServerPlan:
    if node is None:
        return ServerPlan()
    with Fields(node, "server", report) as fields:
        plan = ServerPlan(
            broker="redis" if fields.choice("broker", BROKERS, "sqlite") == "redis" else "sqlite",
            workers=fields.integer("workers", 1, MOST_WORKERS, 1),
            options=tuple(_words(fields, "options")),
        )
        if plan.workers > 1 and plan.broker == "sqlite":
            fields.error("workers", "needs `broker: redis`: one process owns an SQLite log")
        return plan


def _words(fields: Fields, key: str) -> list[str]:
    words = []
    for node, path in fields.elements(key, at_most=50):
        if not isinstance(node, yaml.ScalarNode):
            fields.report.error(node, path, "must be a single word")
        words.append(str(node.value))
    return words


def _actions(top: Fields, duration_s: float) -> tuple[Action, ...]:
    return tuple(
        _action(one, duration_s, top.report) for one in top.elements("actions", at_most=50)
    )


def _action(element: Element, duration_s: float, report: Report) -> Action:
    with Fields(element.node, element.path, report) as fields:
        fields.node("do", required=True)
        action = Action(
            do=fields.choice("do", ACTIONS, ACTIONS[0]),
            per_s=_number(fields, "per_s", required=True),
            from_s=_time(fields, "from", 0.0, most_s=duration_s),
            until_s=_time(fields, "until", duration_s, most_s=duration_s),
            text_bytes=fields.integer("text_bytes", 0, MOST_TEXT_BYTES, 0),
        )
        if action.until_s <= action.from_s:
            fields.error("until", "must be later than `from`")
        return action


def _faults(top: Fields, duration_s: float, server: ServerPlan) -> tuple[FaultPlan, ...]:
    elements = top.elements("faults", at_most=50)
    found = [_fault(one, duration_s, top.report) for one in elements]
    for element, fault in zip(elements, found, strict=True):
        if fault.do == "kill_redis" and server.broker != "redis":
            top.report.error(element.node, element.path, "needs `server: {broker: redis}`")
    return tuple(sorted(found, key=lambda fault: fault.at_s))


def _fault(element: Element, duration_s: float, report: Report) -> FaultPlan:
    with Fields(element.node, element.path, report) as fields:
        fields.node("do", required=True)
        return FaultPlan(
            at_s=_time(fields, "at", required=True, most_s=duration_s),
            do=fields.choice("do", FAULTS, FAULTS[0]),
            share=_share(fields, "share", 1.0),
            for_s=_time(fields, "for", 0.0, most_s=duration_s),
            command=tuple(_words(fields, "command")),
        )


def _limits(node: yaml.Node | None, report: Report) -> dict[str, float]:
    if node is None:
        return {}
    limits = {}
    with Fields(node, "limits", report) as fields:
        for name in LIMITS:
            if fields.has(name):
                limits[name] = _number(fields, name)
    return limits


# Single values ------------------------------------------------------------------------------------


def _time(
    fields: Fields,
    key: str,
    default_s: float = 0.0,
    *,
    required: bool = False,
    most_s: float = float("inf"),
) -> float:
    text = fields.raw(key, required=required)
    if text is None:
        return default_s
    value_s = seconds(text)
    if value_s is None:
        fields.error(key, f'"{text[:20]}" is no time: write 30s, 500ms, 5min')
    elif value_s > most_s:
        fields.error(key, f"is later than the end of the run ({most_s:g} s)")
    else:
        return value_s
    return default_s


def _share(fields: Fields, key: str, default: float) -> float:
    text = fields.raw(key)
    if text is None:
        return default
    match = _SHARE.fullmatch(text.strip())
    if match is None or float(match[1]) > 100:
        fields.error(key, f'"{text[:20]}" is no share: write 5% or 100%')
        return default
    return float(match[1]) / 100


def _number(fields: Fields, key: str, *, required: bool = False) -> float:
    text = fields.raw(key, required=required)
    if text is None:
        return 0.0
    if not _NUMBER.fullmatch(text):
        fields.error(key, f'"{text[:20]}" must be a number, such as 20 or 0.5')
        return 0.0
    return float(text)
