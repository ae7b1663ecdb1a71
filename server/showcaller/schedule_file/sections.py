"""The sections of a schedule file around its sessions: event, days, stages, people, policies."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, time, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
import yaml

from .. import zones
from ..domain.ids import SpeakerId, StageId, ThemeId
from ..domain.schedule import (
    CatchUpPolicy,
    CuePolicy,
    Day,
    Link,
    OverrunPolicy,
    QaPolicy,
    Record,
    Speaker,
    Stage,
    Theme,
)
from ..local_time import LocalTime, instant, parse_date, parse_local_time
from .brand import read_picture
from .diagnostics import Report, did_you_mean
from .fields import Element, Fields, as_flag, describe

TITLE_CHARS = 200
SUMMARY_CHARS = 4_000
CHECK_CHARS = 200
MAX_CAPTIONS = 8  # languages
# RFC 5646 §2.1, without what agendas have no use for: a language, then a script, a region, variants
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
MAX_CHECKS = 30  # of the event, and of each session
URL_CHARS = 500
MOST_LINKS = 10  # of a speaker
ID_UNKNOWN = "unknown"  # stands in for an id that is missing or wrong

_OVERRUNS: tuple[Literal["wait", "end"], ...] = ("wait", "end")
_QA_OPENS: tuple[Literal["doors_open", "started", "by_hand"], ...] = (
    "doors_open",
    "started",
    "by_hand",
)
_MIDNIGHT = LocalTime(None, time(0), None)
_Item = TypeVar("_Item", Stage, Theme, Speaker)


class EventHead(NamedTuple):
    """The `event` section. `zone` is UTC while `time_zone` is wrong."""

    event_id: str
    title: str
    summary: str
    time_zone: str
    time_zone_label: str
    zone: tzinfo


# The event and its days -------------------------------------------------------------------------


def read_event(node: yaml.Node | None, report: Report) -> EventHead:
    if node is None:
        return EventHead(ID_UNKNOWN, "", "", "", "", UTC)
    with Fields(node, "event", report) as fields:
        time_zone = fields.raw("time_zone", required=True) or ""
        return EventHead(
            event_id=fields.slug("id", required=True),
            title=fields.text("title", max_chars=TITLE_CHARS, required=True),
            summary=fields.text("summary", max_chars=SUMMARY_CHARS, lines=True),
            time_zone=time_zone,
            time_zone_label=fields.text("time_zone_label", max_chars=40),
            zone=_zone(fields, time_zone),
        )


def _zone(fields: Fields, name: str) -> tzinfo:
    try:
        return zones.zone(name)
    except ValueError as problem:
        if name:
            hint = did_you_mean(name, zones.names()) or ', such as "America/Los_Angeles"'
            fields.error("time_zone", f"{problem}{hint}")
    return UTC


def read_days(elements: list[Element], zone: tzinfo, report: Report) -> list[Day | None]:
    """Return the days in the order of the file; None for one that is wrong, so that numbers still fit."""
    days: list[Day | None] = []
    for element in elements:
        with Fields(element.node, element.path, report) as fields:
            day = _read_day(fields, zone) if fields.is_mapping else None
            if day and any(other and other.date == day.date for other in days):
                fields.error("date", f"{day.date} stands here twice")
            days.append(day)
    return days


def _read_day(fields: Fields, zone: tzinfo) -> Day | None:
    day = read_date(fields, "date", required=True)
    starts = read_time(fields, "starts") or _MIDNIGHT
    ends = read_time(fields, "ends")
    if day is None:
        return None
    next_midnight = _MIDNIGHT._replace(date=day + timedelta(days=1))
    starts_at_ms = resolve(fields, "starts", day, starts, zone)
    ends_at_ms = resolve(fields, "ends", day, ends or next_midnight, zone)
    if starts_at_ms is None or ends_at_ms is None:
        return None
    if ends_at_ms <= starts_at_ms:
        fields.error("ends", 'is not after `starts`; for the next day write "2026-06-12T01:00"')
    return Day(date=day, starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms)


def read_date(fields: Fields, key: str, *, required: bool = False) -> date | None:
    text = fields.raw(key, required=required)
    return _parsed(fields, key, text, parse_date)


def read_time(fields: Fields, key: str, *, required: bool = False) -> LocalTime | None:
    text = fields.raw(key, required=required)
    return _parsed(fields, key, text, parse_local_time)


_Parsed = TypeVar("_Parsed")


def _parsed(
    fields: Fields, key: str, text: str | None, parse: Callable[[str], _Parsed]
) -> _Parsed | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as problem:
        fields.error(key, str(problem))
        return None


def resolve(fields: Fields, key: str, day: date, local: LocalTime, zone: tzinfo) -> int | None:
    """Return the instant in milliseconds; a choice that daylight saving forces is noted as a warning."""
    try:
        chosen = instant(local.date or day, local, zone)
    except ValueError as problem:
        fields.error(key, str(problem))
        return None
    if chosen.note:
        fields.warning(key, f"{local.time:%H:%M} {chosen.note}")
    return chosen.at_ms


# Stages, themes, speakers -----------------------------------------------------------------------


def read_stages(elements: list[Element], report: Report) -> dict[str, Stage]:
    """Return the stages by id; without any, the one stage `main`."""
    if not elements:
        return {"main": Stage(id=StageId("main"), title="Main stage")}
    return _by_id(elements, Ids(), report, _read_stage)


def read_themes(elements: list[Element], report: Report) -> dict[str, Theme]:
    return _by_id(elements, Ids(), report, _read_theme)


def read_speakers(
    elements: list[Element], ids: Ids, folder: Path | None, report: Report
) -> dict[str, Speaker]:
    """Return the speakers by id. Their photos are looked for in `folder`; None: nowhere."""
    return _by_id(elements, ids, report, partial(_read_speaker, folder))


def _by_id(
    elements: list[Element], ids: Ids, report: Report, read: Callable[[Fields, str], _Item]
) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    for element in elements:
        with Fields(element.node, element.path, report) as fields:
            if fields.is_mapping:
                item = read(fields, ids.read(fields))
                items.setdefault(item.id, item)
    return items


class Ids:
    """The ids of one kind, each of which may stand in a file once, and where they do."""

    def __init__(self) -> None:
        self.places: dict[str, Element] = {}

    def read(self, fields: Fields) -> str:
        """Return the `id` of `fields`, or `ID_UNKNOWN`."""
        text = fields.slug("id", required=True)
        if text in self.places:
            first = self.places[text].node.start_mark.line + 1
            fields.error("id", f'"{text}" is used twice, first in line {first}')
        elif text:
            self.places[text] = Element(fields.at("id"), fields.path("id"))
        return text or ID_UNKNOWN


def _read_stage(fields: Fields, stage_id: str) -> Stage:
    title = fields.text("title", max_chars=TITLE_CHARS, required=True)
    return Stage(id=StageId(stage_id), title=title)


def _read_theme(fields: Fields, theme_id: str) -> Theme:
    title = fields.text("title", max_chars=TITLE_CHARS, required=True)
    return Theme(id=ThemeId(theme_id), title=title)


def _read_speaker(folder: Path | None, fields: Fields, speaker_id: str) -> Speaker:
    return Speaker(
        id=SpeakerId(speaker_id),
        name=fields.text("name", max_chars=100, required=True),
        company=fields.text("company", max_chars=100),
        role=fields.text("role", max_chars=TITLE_CHARS),
        photo=read_picture(fields, "photo", folder),
        biography=fields.text("biography", max_chars=SUMMARY_CHARS, lines=True),
        links=read_links(fields),
    )


def read_links(fields: Fields) -> tuple[Link, ...]:
    """Return the `links` of `fields`."""
    links = []
    for node, path in fields.elements("links", at_most=MOST_LINKS):
        with Fields(node, path, fields.report) as one:
            title = one.text("title", max_chars=100, required=True)
            links.append(Link(title=title, url=read_web_address(one, "url", required=True)))
    return tuple(links)


def read_web_address(fields: Fields, key: str, *, required: bool = False) -> str:
    """Return the address of a page elsewhere; "" if it is left out."""
    url = fields.text(key, max_chars=URL_CHARS, required=required)
    if url and not _is_web_address(url):
        fields.error(key, "is no web address: it must begin with https:// and name a host")
    return url


def _is_web_address(text: str) -> bool:
    """Tell whether a page may lead there: nothing that a browser would run (`javascript:`)."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


# Policies ---------------------------------------------------------------------------------------


def read_cues(node: yaml.Node | None, report: Report) -> CuePolicy:
    usual = CuePolicy()
    if node is None:
        return usual
    with Fields(node, "cues", report) as fields:
        return CuePolicy(
            doors_open_min=fields.integer("doors_open_min", 0, 1_440, usual.doors_open_min),
            starting_soon_min=_starting_soon(fields, usual.starting_soon_min),
            ending_soon_min=fields.integer("ending_soon_min", 1, 120, usual.ending_soon_min),
        )


def _starting_soon(fields: Fields, usual: tuple[int, ...]) -> tuple[int, ...]:
    if not fields.has("starting_soon_min"):
        return usual
    minutes: list[int] = []
    for node, path in fields.elements("starting_soon_min", at_most=10):
        value = fields.as_integer(node, path, 1, 1_440)
        if value is not None and value in minutes:
            fields.report.error(node, path, f"{value} stands here twice")
        minutes.append(value or 0)
    return tuple(sorted(minutes, reverse=True))


def read_overrun(node: yaml.Node | None, report: Report) -> OverrunPolicy:
    usual = OverrunPolicy()
    if node is None:
        return usual
    with Fields(node, "overrun", report) as fields:
        policy = fields.choice("policy", _OVERRUNS, usual.policy)
        after_min = fields.integer("after_min", 0, 240, usual.after_min)
        if policy == "wait" and fields.has("after_min"):
            fields.error("after_min", "has no meaning unless `policy` is `end`")
        return OverrunPolicy(policy=policy, after_min=after_min)


_RECORDS: dict[bool, Record] = {True: "yes", False: "no"}


def read_check_list(fields: Fields) -> tuple[str, ...]:
    """Return the items of the producer's check list; each stands there once."""
    texts: dict[str, None] = {}
    for node, path in fields.elements("check_list", at_most=MAX_CHECKS):
        text = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not 1 <= len(text) <= CHECK_CHARS or not text.isprintable():
            said = f"must be text on one line, at most {CHECK_CHARS} characters"
            fields.report.error(node, path, said)
        elif text in texts:
            fields.report.error(node, path, "stands here twice")
        texts[text] = None
    return tuple(texts)


def read_captions(fields: Fields, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages in which there are captions; those that are usual if it does not say."""
    if not fields.has("captions"):
        return usual
    languages: dict[str, None] = {}
    for node, path in fields.elements("captions", at_most=MAX_CAPTIONS):
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not LANGUAGE.fullmatch(text) or len(text) > 35:
            said = 'must be a language tag: write it as "en" or "pt-BR"'
            fields.report.error(node, path, said)
        elif text in languages:
            fields.report.error(node, path, "stands here twice")
        languages[text] = None
    return tuple(languages)


def read_record(fields: Fields, usual: Record) -> Record:
    """Return the `record` of `fields`: true, false or `ask`."""
    node = fields.node("record")
    if node is None:
        return usual
    flag = as_flag(node)
    if flag is not None:
        return _RECORDS[flag]
    if not (isinstance(node, yaml.ScalarNode) and node.value == "ask"):
        fields.error("record", f"must be true, false or ask, not {describe(node)}")
        return usual
    return "ask"


def read_catch_up(node: yaml.Node | None, report: Report) -> CatchUpPolicy:
    """Return the rule of catching up; without the section no talk gives anything."""
    usual = CatchUpPolicy()
    if node is None:
        return usual
    with Fields(node, "catch_up", report) as fields:
        if not fields.has("talks_give_min"):
            fields.error("talks_give_min", "is missing: how many minutes each late talk may give")
        return CatchUpPolicy(
            talks_give_min=fields.integer("talks_give_min", 1, 240, usual.talks_give_min),
            talks_keep_min=fields.integer("talks_keep_min", 1, 1_440, usual.talks_keep_min),
            at_first=fields.flag("at_first", usual.at_first),
        )


def read_qa(node: yaml.Node | None, path: str, usual: QaPolicy, report: Report) -> QaPolicy:
    """Return a Q&A policy: `off`, `on`, or the fields that differ from `usual`."""
    if node is None:
        return usual
    enabled = as_flag(node)
    if enabled is not None:
        return msgspec.structs.replace(usual, enabled=enabled)
    if not isinstance(node, yaml.MappingNode):
        report.error(node, path, f"must be on, off or a mapping, not {describe(node)}")
        return usual
    with Fields(node, path, report) as fields:
        return QaPolicy(
            enabled=fields.flag("enabled", usual.enabled),
            pre_moderation=fields.flag("pre_moderation", usual.pre_moderation),
            opens=fields.choice("opens", _QA_OPENS, usual.opens),
            closes_after_min=_closes_after(fields, usual.closes_after_min),
        )


def _closes_after(fields: Fields, usual: int | None) -> int | None:
    node = fields.node("closes_after_min")
    if node is None:
        return usual
    if isinstance(node, yaml.ScalarNode) and node.value == "by_hand":
        return None
    return fields.as_integer(node, fields.path("closes_after_min"), 0, 1_440)
