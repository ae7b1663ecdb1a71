"""The producer's edits of the run sheet: move, swap, cancel, replace a speaker, insert a break.

None touches what is scheduled: they give sessions other places (`session_run.Place`), speakers and ends.
A place is a slot among those of its stage, so what comes after it waits for it as for anything planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from . import facts
from .controlling import begin, done, is_stale, not_to_come, stale_preview
from .ids import SessionId, SpeakerId, StageId
from .outcome import Outcome, Refusal
from .runsheet import RunSheet, SheetFolds
from .schedule import MINUTE_MS, QaPolicy, Session
from .session_run import Place, SessionRun, no_session
from .timeline import Span, expect
from .touches import EventTouch

MAX_BREAKS = 200
MAX_GUESTS = 200


def move_session(sheet: RunSheet, fact: facts.SessionMoved, at_ms: int) -> Outcome:
    """Plan it for another time or stage. Others there are pushed, unless it is to go on beside them."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    wish = _Wish(fact.stage, fact.starts_at_ms, fact.beside, sheet.clock.show_at(at_ms))
    gap = _gap(sheet, wish, run.id)
    refusal = _immovable(sheet, run, {fact.stage}) or _not_there(sheet, wish, gap)
    if refusal:
        return Outcome(refused=refusal)
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    control = begin(sheet, fact, "move", at_ms, run)
    _put(sheet, run, _place(wish, gap, sheet.scheduled(run.id)))
    run.delay_ms = 0 if run.place is None else wish.starts_at_ms - run.place.starts_at_ms
    return done(sheet, control, at_ms, Outcome())


def swap_sessions(sheet: RunSheet, fact: facts.SessionsSwapped, at_ms: int) -> Outcome:
    """Have two sessions take each other's places, delays included; each keeps its length."""
    one, other = sheet.sessions.get(fact.session), sheet.sessions.get(fact.other)
    if one is None or other is None:
        return no_session(fact.session if one is None else fact.other)
    if one is other:
        return Outcome.refuse("wrong_state", "a session can't be swapped with itself")
    stages = {sheet.plan(one.id).stage, sheet.plan(other.id).stage}
    if refusal := _immovable(sheet, one, stages) or _immovable(sheet, other, stages):
        return Outcome(refused=refusal)
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    control = begin(sheet, fact, "swap", at_ms, one, other)
    control.other = other.id
    places = _place_of(sheet, one), _place_of(sheet, other)
    _put(sheet, one, _stretched(sheet, one, places[1]))
    _put(sheet, other, _stretched(sheet, other, places[0]))
    one.delay_ms, other.delay_ms = other.delay_ms, one.delay_ms
    return done(sheet, control, at_ms, Outcome())


def cancel_session(sheet: RunSheet, fact: facts.SessionCancelled, at_ms: int) -> Outcome:
    """Call it off for good, and say why; to leave out what is live is to end it."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    if not run.to_come:
        return Outcome(refused=not_to_come(run))
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    control = begin(sheet, fact, "cancel", at_ms, run)
    run.skip(at_ms, fact.note)
    return done(sheet, control, at_ms, Outcome())


def replace_speaker(sheet: RunSheet, fact: facts.SpeakerReplaced, at_ms: int) -> Outcome:
    """Have somebody else speak in a session that is not over yet."""
    run = sheet.sessions.get(fact.session)
    if run is None:
        return no_session(fact.session)
    speakers = sheet.plan(run.id).speakers
    if refusal := _speaker_problem(sheet, run, speakers, fact):
        return Outcome(refused=refusal)
    control = begin(sheet, fact, "speaker", at_ms, run)
    outcome = Outcome()
    now = tuple(fact.other if one == fact.speaker else one for one in speakers)
    run.speakers = None if now == sheet.scheduled(run.id).speakers else now
    if fact.guest is not None and fact.other not in _known_speakers(sheet):
        sheet.guests[fact.other] = replace(fact.guest, id=fact.other)
        outcome.touched.add(EventTouch())
    sheet.forget_guests(outcome)
    return done(sheet, control, at_ms, outcome)


def insert_break(sheet: RunSheet, fact: facts.BreakInserted, at_ms: int) -> Outcome:
    """Have a break that no schedule has; what comes after it is pushed."""
    wish = _Wish(fact.stage, fact.starts_at_ms, False, sheet.clock.show_at(at_ms))
    gap = _gap(sheet, wish, fact.session)
    if fact.session in sheet.sessions:
        return Outcome.refuse("wrong_state", "there is a session of this id")
    if refusal := _not_there(sheet, wish, gap):
        return Outcome(refused=refusal)
    if len(sheet.breaks) >= MAX_BREAKS:
        return Outcome.refuse("too_many", f"there are {MAX_BREAKS} breaks that were inserted")
    if is_stale(sheet, fact.if_revision):
        return stale_preview()
    run = _add_break(sheet, fact, wish, gap)
    control = begin(sheet, fact, "break", at_ms, run, minutes=fact.minutes)
    return done(sheet, control, at_ms, Outcome.touch(EventTouch()))


def _add_break(sheet: RunSheet, fact: facts.BreakInserted, wish: _Wish, gap: _Gap) -> SessionRun:
    plan = Session(
        id=fact.session,
        title=fact.title,
        kind="break",
        stage=fact.stage,
        starts_at_ms=fact.starts_at_ms,
        ends_at_ms=fact.starts_at_ms + fact.minutes * MINUTE_MS,
        qa=QaPolicy(enabled=False),
    )
    run = SessionRun.plan(plan, sheet.schedule.cues, sheet.retired.get(plan.id, 0))
    sheet.breaks[plan.id] = plan
    sheet.sessions[plan.id] = run
    sheet.replan()
    _put(sheet, run, _place(wish, gap, plan))
    run.delay_ms = 0 if run.place is None else wish.starts_at_ms - run.place.starts_at_ms
    sheet.replan()
    return run


# Why not ------------------------------------------------------------------------------------------


def _immovable(sheet: RunSheet, run: SessionRun, stages: Iterable[StageId]) -> Refusal | None:
    """Return why a session can't go to one of `stages`."""
    if not run.to_come:
        return not_to_come(run)
    if run.publications and {sheet.plan(run.id).stage} != set(stages):
        said = "somebody is in its green room already: it can't leave its stage"
        return Refusal("wrong_state", said)
    return None


def _not_there(sheet: RunSheet, wish: _Wish, gap: _Gap) -> Refusal | None:
    if not sheet.has_stage(wish.stage):
        return Refusal("not_found", f"there is no stage {wish.stage}")
    if wish.starts_at_ms < wish.show_ms:
        return Refusal("past", "it would start in the past")
    if gap.within is not None and not wish.beside:
        title = sheet.plan(gap.within).title
        said = f"“{title}” is on then: choose its start or its end, or have both side by side"
        return Refusal("overlap", said)
    return None


def _speaker_problem(
    sheet: RunSheet, run: SessionRun, speakers: tuple[SpeakerId, ...], fact: facts.SpeakerReplaced
) -> Refusal | None:
    if run.over:
        return not_to_come(run)
    if fact.speaker not in speakers:
        return Refusal("not_found", "this session has no such speaker")
    if fact.other in speakers:
        return Refusal("wrong_state", "this person speaks in the session already")
    if fact.guest is None and fact.other not in _known_speakers(sheet):
        return Refusal("not_found", f"there is no speaker {fact.other}")
    if fact.guest is not None and len(sheet.guests) >= MAX_GUESTS:
        return Refusal("too_many", f"there are {MAX_GUESTS} speakers whom no schedule names")
    return None


def _known_speakers(sheet: RunSheet) -> set[SpeakerId]:
    return {one.id for one in sheet.schedule.speakers} | sheet.guests.keys()


# Places -------------------------------------------------------------------------------------------


class _Wish(NamedTuple):
    """The place that somebody wants, at show time `show_ms`."""

    stage: StageId
    starts_at_ms: int
    beside: bool
    show_ms: int


class _Gap(NamedTuple):
    """The slots around a wished time: what is expected to end before it, and to start after it."""

    low_ms: int
    high_ms: int
    low_order: float
    high_order: float
    within: SessionId | None  # the session that is on at that time


def _gap(sheet: RunSheet, wish: _Wish, moving: SessionId) -> _Gap:
    others = [plan for plan in sheet.on_stage(wish.stage) if plan.id != moving]
    spans = expect(others, sheet.sessions, sheet.catch_up)
    before, after, within = [], [], None
    for plan in others:
        run, span = sheet.sessions[plan.id], spans[plan.id]
        if run.state == "skipped":
            continue
        if _end_ms(run, span, wish.show_ms) <= wish.starts_at_ms:
            before.append(plan)
        elif run.to_come and span.start_ms >= wish.starts_at_ms:
            after.append(plan)
        else:
            within = within or plan.id
    low_ms = max((plan.ends_at_ms for plan in before), default=0)
    high_ms = min((plan.starts_at_ms for plan in after), default=max(low_ms, wish.starts_at_ms))
    at_ms = max(low_ms, min(wish.starts_at_ms, high_ms))
    low, high = _orders(sheet, before, at_ms), _orders(sheet, after, at_ms)
    return _Gap(low_ms, high_ms, max(low, default=0), min(high, default=1), within)


def _end_ms(run: SessionRun, span: Span, show_ms: int) -> int:
    return max(span.end_ms, show_ms) if run.live else span.end_ms


def _orders(sheet: RunSheet, plans: Iterable[Session], at_ms: int) -> list[float]:
    """Return the orders of the empty slots at `at_ms`."""
    empty = [one for one in plans if one.starts_at_ms == one.ends_at_ms == at_ms]
    return [place.order for one in empty if (place := sheet.sessions[one.id].place)]


def _place(wish: _Wish, gap: _Gap, scheduled: Session) -> Place:
    """Return an empty slot in the gap; beside others a slot as long as the session."""
    length_ms = scheduled.ends_at_ms - scheduled.starts_at_ms
    if wish.beside:
        starts_ms = wish.starts_at_ms
        return Place(
            stage=wish.stage,
            starts_at_ms=starts_ms,
            ends_at_ms=starts_ms + length_ms,
            planned_ms=starts_ms,
        )
    at_ms = max(gap.low_ms, min(wish.starts_at_ms, gap.high_ms))
    # A break ends by the end of its slot, so it would lose what it starts later.
    more_ms = wish.starts_at_ms - at_ms if scheduled.kind == "break" else 0
    return Place(
        stage=wish.stage,
        starts_at_ms=at_ms,
        ends_at_ms=at_ms,
        stretch_ms=length_ms + max(0, more_ms),
        planned_ms=wish.starts_at_ms,
        order=(gap.low_order + gap.high_order) / 2,
    )


def _place_of(sheet: RunSheet, run: SessionRun) -> Place:
    plan = sheet.scheduled(run.id)
    as_scheduled = Place(
        stage=plan.stage,
        starts_at_ms=plan.starts_at_ms,
        ends_at_ms=plan.ends_at_ms,
        planned_ms=plan.starts_at_ms,
    )
    return run.place or as_scheduled


def _stretched(sheet: RunSheet, run: SessionRun, place: Place) -> Place:
    """Return another session's place for one that keeps its length."""
    plan = sheet.scheduled(run.id)
    length_ms = plan.ends_at_ms - plan.starts_at_ms
    slot_ms = place.ends_at_ms - place.starts_at_ms
    return replace(place, stretch_ms=length_ms - slot_ms)


def _put(sheet: RunSheet, run: SessionRun, place: Place) -> None:
    """Give a session its place; back where it is scheduled it has none."""
    before = run.place.stretch_ms if run.place is not None else 0
    run.extension_ms += place.stretch_ms - before
    run.place = None
    if place != _place_of(sheet, run):
        run.place = place


FOLDS: SheetFolds = {
    facts.SessionMoved: move_session,
    facts.SessionsSwapped: swap_sessions,
    facts.SessionCancelled: cancel_session,
    facts.SpeakerReplaced: replace_speaker,
    facts.BreakInserted: insert_break,
}
