"""The items that clients see (`client_sdk/PROTOCOL.md` §4), as functions of the state.

Questions have theirs in `question_views`, polls in `poll_views`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from ..domain import controls
from ..domain.announcements import Announcement
from ..domain.cues import DOORS_OPEN, CueRun
from ..domain.facts import Recipients
from ..domain.ids import PersonId, StageId
from ..domain.people import Principal, Term
from ..domain.quality import TalkQuality
from ..domain.recording import has_replay, is_recorded
from ..domain.runsheet import RunSheet
from ..domain.schedule import (
    MINUTE_MS,
    Brand,
    CertificatePolicy,
    Consent,
    Day,
    Ending,
    PeopleShown,
    Record,
    Schedule,
    Session,
    Speaker,
    Stage,
    Theme,
    UtcOffset,
)
from ..domain.schedule_diff import Difference, differences, differs_elsewhere, offer_id
from ..domain.session_run import SessionRun

DIFFERENCES_SHOWN = 200

NameOf = Callable[[PersonId], str]  # "" for nobody known


class View(Struct, frozen=True, kw_only=True):
    """Base of all items. Two equal views are the same to a client."""


# The agenda -------------------------------------------------------------------------------------


class SpeakerView(View, frozen=True, kw_only=True):
    """A speaker without biography and links, which everybody would be sent: their own page asks for these."""

    id: str
    name: str
    company: str
    role: str
    photo: str
    more: bool  # there is a biography or a link


class EventView(View, frozen=True, kw_only=True):
    id: str
    title: str
    summary: str
    time_zone: str
    time_zone_label: str
    starts_at_ms: int  # as scheduled
    ends_at_ms: int
    utc_offsets: tuple[UtcOffset, ...]
    days: tuple[Day, ...]
    themes: tuple[Theme, ...]
    stages: tuple[Stage, ...]
    speakers: tuple[SpeakerView, ...]
    brand: Brand
    people: PeopleShown  # what everybody is told of who is in a session
    consents: tuple[Consent, ...]  # what people are asked to agree to when they sign in
    ending: Ending
    certificate: CertificatePolicy | None


class ClockView(View, frozen=True, kw_only=True):
    run: str
    mode: Literal["live", "rehearsal"]
    rate: int
    held: bool
    wall_ms: int
    show_ms: int


class Times(Struct, frozen=True):
    start_ms: int | None
    end_ms: int | None


class SessionView(View, frozen=True, kw_only=True):
    id: str
    title: str
    abstract: str
    language: str
    kind: str
    stage: str
    theme: str | None
    speakers: tuple[str, ...]
    day: date | None
    state: str
    scheduled: Times
    expected: Times
    actual: Times
    delayed_min: int
    waiting_for: str | None
    qa: Literal["open", "closed", "off"]
    pre_moderated: bool
    on_air: bool
    face: bool  # somebody is heard beside slides, and may be watched there
    record: Record  # as planned
    chat: bool  # as planned
    captions: tuple[str, ...]  # the languages of those that are planned
    feedback: bool  # it may be rated once it is over
    recorded: bool  # it is being recorded now
    replay: bool  # it has ended, and was recorded
    doors_open_ms: int
    planned: Times  # as scheduled, unless the producer moved it
    scheduled_stage: str
    note: str  # why it was delayed or cancelled
    shortened_min: int  # by the rule of catching up


class StageView(View, frozen=True, kw_only=True):
    id: str
    title: str
    session: str | None
    generation: int


def event(schedule: Schedule, guests: Iterable[Speaker] = ()) -> EventView:
    """Return the event; `guests` are speakers whom the schedule does not name."""
    return EventView(
        id=schedule.event_id,
        title=schedule.title,
        summary=schedule.summary,
        time_zone=schedule.time_zone,
        time_zone_label=schedule.time_zone_label,
        starts_at_ms=min((s.starts_at_ms for s in schedule.sessions), default=0),
        ends_at_ms=max((s.ends_at_ms for s in schedule.sessions), default=0),
        utc_offsets=schedule.utc_offsets,
        days=schedule.days,
        themes=schedule.themes,
        stages=schedule.stages,
        speakers=tuple(map(speaker, (*schedule.speakers, *guests))),
        brand=schedule.brand,
        people=schedule.people,
        consents=schedule.consents,
        ending=schedule.ending,
        certificate=schedule.certificate,
    )


def speaker(planned: Speaker) -> SpeakerView:
    return SpeakerView(
        id=planned.id,
        name=planned.name,
        company=planned.company,
        role=planned.role,
        photo=planned.photo,
        more=bool(planned.biography or planned.links),
    )


def clock(sheet: RunSheet) -> ClockView:
    now = sheet.clock
    return ClockView(
        run=now.run,
        mode=now.mode,
        rate=now.rate,
        held=now.held,
        wall_ms=now.wall_ms,
        show_ms=now.show_ms,
    )


def session(sheet: RunSheet, run: SessionRun) -> SessionView:
    plan, scheduled = sheet.plan(run.id), sheet.scheduled(run.id)
    return SessionView(
        id=plan.id,
        title=plan.title,
        abstract=plan.abstract,
        language=plan.language,
        kind=plan.kind,
        stage=plan.stage,
        theme=plan.theme,
        speakers=plan.speakers,
        day=plan.day,
        state=run.state,
        scheduled=Times(scheduled.starts_at_ms, scheduled.ends_at_ms),
        expected=Times(run.expected_start_ms, run.expected_end_ms),
        actual=Times(run.actual_start_ms, run.actual_end_ms),
        delayed_min=_whole_minutes(run.expected_start_ms - scheduled.starts_at_ms),
        waiting_for=run.waiting_for,
        qa=_qa(plan, run),
        pre_moderated=run.pre_moderation,
        on_air=bool(run.publications),
        face=run.on_stage and run.heard != run.shown,
        record=plan.record,
        chat=plan.chat,
        captions=plan.captions,
        feedback=plan.feedback,
        recorded=is_recorded(run),
        replay=has_replay(run),
        doors_open_ms=_doors_open_ms(sheet, run),
        planned=_planned(scheduled, run),
        scheduled_stage=scheduled.stage,
        note=run.note,
        shortened_min=(run.given_ms or 0) // MINUTE_MS,
    )


def _planned(scheduled: Session, run: SessionRun) -> Times:
    start_ms = scheduled.starts_at_ms if run.place is None else run.place.planned_ms
    return Times(start_ms, start_ms + scheduled.ends_at_ms - scheduled.starts_at_ms)


def _whole_minutes(duration_ms: int) -> int:
    """Round towards zero: 59 s late is not late yet, nor is 59 s early early."""
    return int(duration_ms / MINUTE_MS)


def _qa(plan: Session, run: SessionRun) -> Literal["open", "closed", "off"]:
    if run.qa_open:
        return "open"
    return "closed" if plan.qa.enabled else "off"


def _doors_open_ms(sheet: RunSheet, run: SessionRun) -> int:
    due_ms = run.cues[DOORS_OPEN].due_ms
    if due_ms is not None:
        return due_ms
    return run.expected_start_ms - sheet.schedule.cues.doors_open_min * MINUTE_MS


def stage(sheet: RunSheet, planned: Stage) -> StageView:
    run = sheet.stages[StageId(planned.id)]
    return StageView(
        id=planned.id, title=planned.title, session=run.showing, generation=run.generation
    )


# People, announcements and the producer's desk ---------------------------------------------------


class PersonView(View, frozen=True, kw_only=True):
    id: str
    name: str
    roles: tuple[str, ...]


def person(principal: Principal, name_of: NameOf) -> PersonView:
    return PersonView(
        id=principal.person,
        name=name_of(principal.person) or principal.name,
        roles=tuple(sorted(principal.roles)),
    )


class AnnouncementView(View, frozen=True, kw_only=True):
    id: str
    text: str
    session: str | None
    at_ms: int | None
    called_ms: int | None
    by: str  # the name of who made it
    to: Recipients


class DeskAnnouncementView(AnnouncementView, frozen=True, kw_only=True):
    withdrawn: bool  # nobody is shown it any more, or ever


class TermView(View, frozen=True, kw_only=True):
    """Somebody who was shut out, or silenced."""

    person: str
    name: str
    reason: str
    until_ms: int | None


class SilenceView(View, frozen=True, kw_only=True):
    """A silence, as its person sees it."""

    reason: str
    until_ms: int | None


class CueStateView(View, frozen=True, kw_only=True):
    session: str
    cue: str
    due_ms: int | None
    called_ms: int | None
    late_ms: int
    dropped: bool
    revision: int


class ControlView(View, frozen=True, kw_only=True):
    id: str
    name: str
    session: str
    minutes: int | None
    at_ms: int
    by: str  # the name of who did it
    undoable: bool
    other: str | None  # the session that it was swapped with


class CatchUpView(View, frozen=True, kw_only=True):
    """The schedule's rule of catching up, and whether it holds now."""

    on: bool
    talks_give_min: int
    talks_keep_min: int


class OfferView(View, frozen=True, kw_only=True):
    """An edited schedule that a producer may accept."""

    id: str
    differences: tuple[Difference, ...]
    more: int  # differences that are left out
    elsewhere: bool  # whether it differs in more than sessions


class PublicationView(View, frozen=True, kw_only=True):
    session: str
    person: str
    name: str  # of the person
    source: str
    chosen: bool  # a producer put it on the stage
    heard: bool  # the audience hears it


class OwnPublicationView(View, frozen=True, kw_only=True):
    """A publication as its publisher may see it."""

    session: str
    source: str
    on_stage: bool  # the audience sees it; else it is in the green room
    heard: bool  # the audience hears it, as it does while slides are shown


class OwnConsentView(View, frozen=True, kw_only=True):
    """A speaker's own yes or no to being recorded in a session."""

    agreed: bool


class QualityView(View, frozen=True, kw_only=True):
    session: str
    quality: TalkQuality


def announcement(made: Announcement, name_of: NameOf) -> AnnouncementView:
    return AnnouncementView(
        id=made.id,
        text=made.text,
        session=made.session,
        at_ms=made.at_ms,
        called_ms=made.called_ms,
        by=name_of(made.by),
        to=made.to,
    )


def desk_announcement(made: Announcement, name_of: NameOf) -> DeskAnnouncementView:
    return DeskAnnouncementView(
        id=made.id,
        text=made.text,
        session=made.session,
        at_ms=made.at_ms,
        called_ms=made.called_ms,
        by=name_of(made.by),
        to=made.to,
        withdrawn=made.cancelled,
    )


def term(person: PersonId, term: Term | None, name_of: NameOf) -> TermView | None:
    """Return a ban or a silence of the person's, as moderators see it."""
    if term is None:
        return None
    return TermView(person=person, name=name_of(person), reason=term.reason, until_ms=term.until_ms)


def silence(term: Term | None) -> SilenceView | None:
    if term is None:
        return None
    return SilenceView(reason=term.reason, until_ms=term.until_ms)


def cue_state(session: str, cue: str, run: CueRun) -> CueStateView:
    return CueStateView(
        session=session,
        cue=cue,
        due_ms=run.due_ms,
        called_ms=run.called_ms,
        late_ms=run.late_ms,
        dropped=run.dropped,
        revision=run.revision,
    )


def control(done: controls.Control, name_of: NameOf) -> ControlView:
    return ControlView(
        id=done.id,
        name=done.name,
        session=done.session,
        minutes=done.minutes,
        at_ms=done.at_ms,
        by=name_of(done.by),
        undoable=done.undoable,
        other=done.other,
    )


def offer(sheet: RunSheet) -> OfferView | None:
    """Return how the schedule that was offered differs; None if there is none."""
    if sheet.offered is None:
        return None
    found = differences(sheet.schedule, sheet.offered)
    return OfferView(
        id=offer_id(sheet.offered),
        differences=tuple(found[:DIFFERENCES_SHOWN]),
        more=max(0, len(found) - DIFFERENCES_SHOWN),
        elsewhere=differs_elsewhere(sheet.schedule, sheet.offered),
    )


def catch_up(sheet: RunSheet) -> CatchUpView | None:
    """Return the rule; None if the schedule has none."""
    rule = sheet.schedule.catch_up
    if not rule.talks_give_min:
        return None
    return CatchUpView(
        on=sheet.catches_up,
        talks_give_min=rule.talks_give_min,
        talks_keep_min=rule.talks_keep_min,
    )


def publication(sheet: RunSheet, run: SessionRun, id: str, name_of: NameOf) -> PublicationView:
    published = run.publications[id]
    return PublicationView(
        session=run.id,
        person=published.by,
        name=name_of(published.by),
        source=published.source,
        chosen=run.chosen == id,
        heard=_has_stage(sheet, run) and run.heard == id,
    )


def own_publication(sheet: RunSheet, run: SessionRun, id: str) -> OwnPublicationView:
    return OwnPublicationView(
        session=run.id,
        source=run.publications[id].source,
        on_stage=_has_stage(sheet, run) and run.shown == id,
        heard=_has_stage(sheet, run) and run.heard == id,
    )


def _has_stage(sheet: RunSheet, run: SessionRun) -> bool:
    return run.on_stage and sheet.stages[sheet.plan(run.id).stage].showing == run.id


# One-shots --------------------------------------------------------------------------------------


class CueEventView(Struct, frozen=True, kw_only=True, tag_field="type", tag="cue"):
    session: str
    stage: str
    cue: str
    due_ms: int  # server time
    late_ms: int


class AnnouncementEventView(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="announcement"
):
    id: str
    text: str
    session: str | None
