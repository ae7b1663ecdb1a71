"""The way from a file to a `Schedule`, or to everything that stands in its way."""

from __future__ import annotations

from pathlib import Path

import yaml

from .. import zones
from ..domain.ids import EventId
from ..domain.schedule import PeopleShown, QaPolicy, Schedule, Session, UtcOffset
from .around import MAX_CONSENTS, read_certificate, read_consents, read_ending
from .brand import read_brand
from .checks import check_agenda, check_speakers
from .diagnostics import Diagnostic, Report
from .fields import Fields
from .sections import (
    Ids,
    read_captions,
    read_catch_up,
    read_check_list,
    read_cues,
    read_days,
    read_event,
    read_overrun,
    read_qa,
    read_record,
    read_speakers,
    read_stages,
    read_themes,
)
from .sessions import Context, read_sessions
from .yaml_tree import compose, decode, read_bytes

# Rehearsals come before the event, looking back after it.
_OFFSETS_AROUND_MS = 2 * 366 * 24 * 3_600_000
_PEOPLE: tuple[PeopleShown, ...] = ("count", "names")


def read_schedule(
    source: Path | str, *, file_name: str
) -> tuple[Schedule | None, list[Diagnostic]]:
    """Return the schedule in the file (`Path`) or text (`str`), and all that is wrong or odd about it.

    `file_name` is what the diagnostics call the source.

    Never raises: whatever the file holds, or if it can't be read, that is an error among the
    diagnostics. There is a schedule if, and only if, no diagnostic is an error.
    """
    report = Report(file_name)
    root = _root(source, report)
    folder = source.parent if isinstance(source, Path) else None
    schedule = _read_root(root, folder, report) if root is not None else None
    return (None if report.failed else schedule), report.in_order()


def _root(source: Path | str, report: Report) -> yaml.Node | None:
    path = source if isinstance(source, Path) else None
    data = read_bytes(path, report) if path else str(source).encode("utf-8", "surrogatepass")
    text = decode(data, report) if data is not None else None
    return compose(text, report) if text is not None else None


def _read_root(root: yaml.Node, folder: Path | None, report: Report) -> Schedule:
    with Fields(root, "", report) as top:
        head = read_event(top.node("event", required=True), report)
        days = read_days(top.elements("days", at_most=60, required=True), head.zone, report)
        stages = read_stages(top.elements("stages", at_most=50), report)
        themes = read_themes(top.elements("themes", at_most=50), report)
        declared = Ids()
        elements = top.elements("speakers", at_most=2_000)
        speakers = read_speakers(elements, declared, folder, report)
        usual_qa = read_qa(top.node("qa"), "qa", QaPolicy(), report)
        usual = (
            usual_qa,
            read_record(top, "no"),
            top.flag("chat", False),
            top.flag("feedback", False),
            read_captions(top, ()),
        )
        context = Context(head.zone, days, stages, themes, speakers, set(), *usual)
        elements = top.elements("sessions", at_most=2_000, required=True)
        placed = read_sessions(elements, context, report)
        check_agenda(placed, days, head.zone, report)
        check_speakers(declared.places, context.speaking, report)
        sessions = sorted((one.session for one in placed), key=lambda s: s.starts_at_ms)
        return Schedule(
            event_id=EventId(head.event_id),
            title=head.title,
            summary=head.summary,
            time_zone=head.time_zone,
            time_zone_label=head.time_zone_label,
            stages=tuple(stages.values()),
            themes=tuple(themes.values()),
            speakers=tuple(speakers.values()),
            brand=read_brand(top.node("brand"), folder, report),
            check_list=read_check_list(top),
            cues=read_cues(top.node("cues"), report),
            overrun=read_overrun(top.node("overrun"), report),
            catch_up=read_catch_up(top.node("catch_up"), report),
            people=top.choice("people", _PEOPLE, "count"),
            consents=read_consents(top.elements("consents", at_most=MAX_CONSENTS), report),
            ending=read_ending(top.node("ending"), report),
            certificate=read_certificate(top.node("certificate"), report),
            sessions=tuple(sessions),
            days=tuple(sorted((day for day in days if day), key=lambda day: day.starts_at_ms)),
            utc_offsets=_offsets(head.time_zone, sessions) if not report.failed else (),
        )


def _offsets(time_zone: str, sessions: list[Session]) -> tuple[UtcOffset, ...]:
    """Return the zone's offsets around the event, so that who has older data need not know them."""
    from_ms = sessions[0].starts_at_ms - _OFFSETS_AROUND_MS
    until_ms = sessions[-1].ends_at_ms + _OFFSETS_AROUND_MS
    return tuple(
        UtcOffset(from_ms=span.from_ms, until_ms=span.until_ms, offset_s=span.offset_s)
        for span in zones.offsets(time_zone, from_ms, until_ms)
    )
