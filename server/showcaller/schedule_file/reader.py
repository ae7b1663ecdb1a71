"""From a file to a `Schedule`, or to everything that stands in the way."""

from __future__ import annotations

from pathlib import Path

import yaml

from ..domain.ids import EventId
from ..domain.schedule import QaPolicy, Schedule
from .checks import check_agenda, check_speakers
from .diagnostics import Diagnostic, Report
from .fields import Fields
from .sections import (
    Ids,
    read_cues,
    read_days,
    read_event,
    read_overrun,
    read_qa,
    read_speakers,
    read_stages,
    read_themes,
)
from .sessions import Context, read_sessions
from .yaml_tree import compose, decode, read_bytes


def read_schedule(
    source: Path | str, *, file_name: str
) -> tuple[Schedule | None, list[Diagnostic]]:
    """The schedule in the file (`Path`) or text (`str`), and all that is wrong or odd about it.

    `file_name` is what the diagnostics call the source.

    Never raises: whatever the file holds, or if it can't be read, that is an error among the
    diagnostics. There is a schedule if, and only if, no diagnostic is an error.
    """
    report = Report(file_name)
    root = _root(source, report)
    schedule = _read_root(root, report) if root is not None else None
    return (None if report.failed else schedule), report.in_order()


def _root(source: Path | str, report: Report) -> yaml.Node | None:
    path = source if isinstance(source, Path) else None
    data = read_bytes(path, report) if path else str(source).encode("utf-8", "surrogatepass")
    text = decode(data, report) if data is not None else None
    return compose(text, report) if text is not None else None


def _read_root(root: yaml.Node, report: Report) -> Schedule:
    with Fields(root, "", report) as top:
        head = read_event(top.node("event", required=True), report)
        days = read_days(top.elements("days", at_most=60, required=True), head.zone, report)
        stages = read_stages(top.elements("stages", at_most=50), report)
        themes = read_themes(top.elements("themes", at_most=50), report)
        declared = Ids()
        speakers = read_speakers(top.elements("speakers", at_most=2_000), declared, report)
        usual_qa = read_qa(top.node("qa"), "qa", QaPolicy(), report)
        context = Context(head.zone, days, stages, themes, speakers, set(), usual_qa)
        sessions = top.elements("sessions", at_most=2_000, required=True)
        placed = read_sessions(sessions, context, report)
        check_agenda(placed, days, head.zone, report)
        check_speakers(declared.places, context.speaking, report)
        return Schedule(
            event_id=EventId(head.event_id),
            title=head.title,
            summary=head.summary,
            time_zone=head.time_zone,
            time_zone_label=head.time_zone_label,
            stages=tuple(stages.values()),
            themes=tuple(themes.values()),
            speakers=tuple(speakers.values()),
            cues=read_cues(top.node("cues"), report),
            overrun=read_overrun(top.node("overrun"), report),
            sessions=tuple(sorted((one.session for one in placed), key=lambda s: s.starts_at_ms)),
        )
