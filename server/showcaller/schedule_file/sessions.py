"""The `sessions` of a schedule file."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import NamedTuple, get_args

import msgspec
import yaml

from ..domain.ids import SessionId, SpeakerId, StageId, ThemeId, is_slug
from ..domain.schedule import (
    MINUTE_MS,
    Day,
    QaPolicy,
    Record,
    Session,
    SessionKind,
    Speaker,
    Stage,
    Theme,
)
from .diagnostics import Report, did_you_mean
from .fields import Element, Fields, describe
from .sections import (
    ID_UNKNOWN,
    LANGUAGE,
    SUMMARY_CHARS,
    TITLE_CHARS,
    Ids,
    read_captions,
    read_check_list,
    read_qa,
    read_record,
    read_time,
    resolve,
)

MAX_MINUTES = 1_440

_KINDS: tuple[SessionKind, ...] = get_args(SessionKind)


class Context(NamedTuple):
    """Everything that sessions refer to. They add to `speakers` those only they name; to `speaking`, all."""

    zone: tzinfo
    days: list[Day | None]
    stages: dict[str, Stage]
    themes: dict[str, Theme]
    speakers: dict[str, Speaker]
    speaking: set[SpeakerId]
    qa: QaPolicy
    record: Record
    chat: bool
    feedback: bool
    captions: tuple[str, ...]


class Placed(NamedTuple):
    """A session whose times are known, and where its start stands in the file."""

    session: Session
    node: yaml.Node
    field: str


def read_sessions(elements: list[Element], context: Context, report: Report) -> list[Placed]:
    """Return the sessions in the order of the file, without those whose times are wrong."""
    ids = Ids()
    placed: list[Placed] = []
    for element in elements:
        with Fields(element.node, element.path, report) as fields:
            session = _read_session(fields, ids, context) if fields.is_mapping else None
            if session is not None:
                placed.append(Placed(session, fields.at("starts"), fields.path("starts")))
    return placed


def _read_session(fields: Fields, ids: Ids, context: Context) -> Session | None:
    kind = fields.choice("kind", _KINDS, "talk")
    span = _span(fields, context)
    session = Session(
        id=SessionId(ids.read(fields)),
        title=fields.text("title", max_chars=TITLE_CHARS, required=True),
        kind=kind,
        stage=_stage(fields, context),
        theme=ThemeId(fields.reference("theme", context.themes, "theme")) or None,
        speakers=_speakers(fields, context),
        starts_at_ms=span.starts_at_ms if span else 0,
        ends_at_ms=span.ends_at_ms if span else 0,
        day=span.day if span else None,
        abstract=fields.text("abstract", max_chars=SUMMARY_CHARS, lines=True),
        language=_language(fields),
        min_duration_min=_min_minutes(fields, kind, span),
        qa=_qa(fields, kind, context.qa),
        record=_record(fields, "no" if kind == "break" else context.record),
        check_list=read_check_list(fields),
        chat=fields.flag("chat", context.chat and kind != "break"),
        captions=read_captions(fields, () if kind == "break" else context.captions),
        feedback=fields.flag("feedback", context.feedback and kind != "break"),
    )
    return session if span else None


def _record(fields: Fields, usual: Record) -> Record:
    """Return whether it is recorded; `do_not_record`, as pretalx exports have it, goes before everything."""
    record = read_record(fields, usual)
    return "no" if fields.flag("do_not_record", False) else record


def _language(fields: Fields) -> str:
    text = fields.text("language", max_chars=35)
    if text and not LANGUAGE.fullmatch(text):
        fields.error("language", f'"{text}" is no language tag: write it as "en" or "pt-BR"')
        return ""
    return text


# When -------------------------------------------------------------------------------------------


class _Span(NamedTuple):
    starts_at_ms: int
    ends_at_ms: int
    day: date | None


def _span(fields: Fields, context: Context) -> _Span | None:
    """Return start, end and day, if start and end can be told."""
    local = read_time(fields, "starts", required=True)
    day = _day(fields, context.days, written=local.date if local else None)
    starts_at_ms = resolve(fields, "starts", day, local, context.zone) if day and local else None
    ends_at_ms = _ends(fields, day, starts_at_ms, context.zone)
    if starts_at_ms is None or ends_at_ms is None:
        return None
    days = [one for one in context.days if one]
    counted = day if local and local.date is None else None
    return _Span(starts_at_ms, ends_at_ms, counted or _day_of(starts_at_ms, day, days))


def _day_of(at_ms: int, day: date | None, days: list[Day]) -> date | None:
    """Return the day to which what starts at `at_ms`, by its date on `day`, belongs.

    A day may go on after midnight: the first whose hours hold the start; if none do, the one of that
    date; else the last that has begun.
    """
    in_order = sorted(days, key=lambda one: one.starts_at_ms)
    holding = [one.date for one in in_order if one.starts_at_ms <= at_ms < one.ends_at_ms]
    dated = [one.date for one in in_order if one.date == day]
    begun = [one.date for one in reversed(in_order) if one.starts_at_ms <= at_ms]
    every = [one.date for one in in_order]
    return next(iter(holding + dated + begun + every), None)


def _day(fields: Fields, days: list[Day | None], written: date | None) -> date | None:
    """Return the date: as written in `starts`, else of the day that `day` counts, else of the only one."""
    if written is not None:
        if fields.has("day"):
            fields.error("day", "is said twice: `starts` holds a date")
        return written
    if not fields.has("day") and len(days) > 1:
        fields.error("day", f"is missing: say which of the {len(days)} days, counting from 1")
        return None
    number = fields.integer("day", 1, max(1, len(days)), 1)
    day = days[number - 1] if days else None
    return day.date if day else None


def _ends(fields: Fields, day: date | None, starts_at_ms: int | None, zone: tzinfo) -> int | None:
    minutes = fields.integer("minutes", 1, MAX_MINUTES, 0)
    local = read_time(fields, "ends")
    if fields.has("minutes") == fields.has("ends"):
        how = "stands beside" if fields.has("ends") else "is missing, as is"
        fields.error("minutes", f"{how} `ends`: write one of the two")
    if starts_at_ms is None or day is None:
        return None
    if local is None:
        return starts_at_ms + minutes * MINUTE_MS if minutes else None
    ends_at_ms = resolve(fields, "ends", day, local, zone)
    if ends_at_ms is not None and not 0 < ends_at_ms - starts_at_ms <= MAX_MINUTES * MINUTE_MS:
        fields.error("ends", "is not within a day after `starts`; past midnight, use `minutes`")
        return None
    return ends_at_ms


def _min_minutes(fields: Fields, kind: SessionKind, span: _Span | None) -> int | None:
    if not fields.has("min_minutes"):
        return None
    minutes = fields.integer("min_minutes", 0, MAX_MINUTES, 0)
    if kind not in ("break", "talk"):
        fields.error("min_minutes", "is for breaks and talks only: nothing else is ever shortened")
    elif span and minutes * MINUTE_MS > span.ends_at_ms - span.starts_at_ms:
        fields.error("min_minutes", f"{minutes} minutes are more than it has")
    return minutes


# Where, who, how --------------------------------------------------------------------------------


def _stage(fields: Fields, context: Context) -> StageId:
    if not fields.has("stage"):
        if len(context.stages) > 1:
            fields.error("stage", f"is missing: one of {', '.join(context.stages)}")
        return StageId(next(iter(context.stages)))
    return StageId(fields.reference("stage", context.stages, "stage") or ID_UNKNOWN)


def _speakers(fields: Fields, context: Context) -> tuple[SpeakerId, ...]:
    found: list[SpeakerId] = []
    for node, path in fields.elements("speakers", at_most=50):
        if not isinstance(node, yaml.ScalarNode):
            fields.report.error(node, path, f"must be a speaker's id, not {describe(node)}")
            continue
        speaker_id = SpeakerId(node.value)
        if speaker_id in found:
            fields.report.error(node, path, f'"{speaker_id[:64]}" stands here twice')
        _know(speaker_id, node, path, context, fields.report)
        found.append(speaker_id)
    context.speaking.update(found)
    return tuple(found)


def _know(
    speaker_id: SpeakerId, node: yaml.Node, path: str, context: Context, report: Report
) -> None:
    """Warn of an unknown speaker, since people are announced late; the id stands as name."""
    if speaker_id in context.speakers:
        return
    hint = did_you_mean(speaker_id, context.speakers)
    if not is_slug(speaker_id):
        report.error(node, path, f'"{speaker_id[:40]}" is no speaker\'s id{hint}')
        return
    report.warning(node, path, f'there is no speaker "{speaker_id}"; shown by this id{hint}')
    context.speakers[speaker_id] = Speaker(id=speaker_id, name=speaker_id)


def _qa(fields: Fields, kind: SessionKind, usual: QaPolicy) -> QaPolicy:
    """Return the event's policy with the session's own changes; breaks have none unless they say so."""
    if kind == "break":
        usual = msgspec.structs.replace(usual, enabled=False)
    return read_qa(fields.node("qa"), fields.path("qa"), usual, fields.report)
