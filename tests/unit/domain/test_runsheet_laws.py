"""Laws of the run sheet, over random stories."""

from __future__ import annotations

from itertools import combinations, permutations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import facts, runsheet_folds
from showcaller.domain.outcome import Refusal
from showcaller.domain.producing import preview_delay
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.timeline import side_by_side
from showcaller.domain.touches import (
    ClockTouch,
    ControlsTouch,
    CueTouch,
    PublicationTouch,
    SessionTouch,
    StageTouch,
)
from showcaller.testing.day import CONTROLS, SCHEDULE, Day
from showcaller.testing.schedules import schedule, session

# One after the other; and with sessions beside these, as in a room that is open all day.
SIDE_BY_SIDE = schedule(*SCHEDULE.sessions, session("d", 550, 575), session("e", 540, 630))
plans = st.sampled_from([SCHEDULE, SIDE_BY_SIDE])
ids = st.sampled_from(["opening", "a", "b", "pause", "c", "d", "e", "nobody"])
minutes = st.integers(-30, 40)
publications = st.sampled_from(["m", "slides"])
choices = publications | st.just("")
actions = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 40)),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("start"), ids),
    st.tuples(st.just("end"), ids),
    st.tuples(st.just("skip"), ids),
    st.tuples(st.just("reopen"), ids),
    st.tuples(st.just("delay"), ids, minutes),
    st.tuples(st.just("extend"), ids, minutes),
    st.tuples(st.just("undo")),
    st.tuples(st.just("hold")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("publish_media"), ids, publications),
    st.tuples(st.just("stop_media"), ids, publications),
    st.tuples(st.just("source"), ids, choices),
    st.tuples(st.sampled_from(["open_qa", "close_qa"]), ids),
    st.tuples(st.just("replan"), ids, minutes),
)


def act(day, action):
    name, *args = action
    if name == "run":
        day.run_until(day.now_ms / MINUTE_MS + args[0])
    elif name in ("delay", "extend"):
        day.control(name, args[0], minutes=args[1])
    elif name == "source":
        day.control(name, args[0], publication=args[1])
    elif name == "replan":
        replan(day, *args)
    elif name in ("start", "end", "skip", "reopen"):
        day.control(name, args[0])
    else:
        getattr(day, name)(*args)


def replan(day, missing, by_min):
    """Publish a schedule without one session, the others moved."""
    sessions = [
        msgspec.structs.replace(
            plan,
            starts_at_ms=plan.starts_at_ms + by_min * MINUTE_MS,
            ends_at_ms=plan.ends_at_ms + by_min * MINUTE_MS,
        )
        for plan in day.plan.sessions
        if plan.id != missing
    ]
    day.fold(facts.SchedulePublished(schedule=schedule(*sessions)))


def copy(sheet):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(sheet), type=RunSheet)


def shown(sheet):
    """Return everything about the sheet that some channel shows, by the touch that announces it."""
    views = {
        ClockTouch(): msgspec.to_builtins(sheet.clock),
        ControlsTouch(): msgspec.to_builtins(sheet.last_control()),
    }
    for run in sheet.sessions.values():
        plain = msgspec.to_builtins(run)
        for hidden in ("cues", "unpublished_ms", "delay_ms", "extension_ms"):
            del plain[hidden]
        views[SessionTouch(run.id)] = plain
        for name, cue in run.cues.items():
            plain = msgspec.to_builtins(cue)
            del plain["armed"]
            views[CueTouch(run.id, name)] = plain
    for id, stage in sheet.stages.items():
        views[StageTouch(id)] = (stage.generation, stage.showing)
    for run in sheet.sessions.values():
        for id, published in run.publications.items():
            showing = sheet.stages[sheet.plan(run.id).stage].showing
            on_stage = run.on_stage and showing == run.id and run.shown == id
            views[PublicationTouch(published.by, id)] = (run.id, run.chosen, on_stage)
    return views


@settings(max_examples=150, deadline=None)
@given(plans, st.lists(actions, max_size=25))
def test_laws_of_the_run_sheet(plan, script):
    day = Day(plan)
    fold = day.fold

    def checked_fold(fact):
        before, twin = shown(day.sheet), copy(day.sheet)
        outcome = fold(fact)
        after = shown(day.sheet)
        changed = {t for t in before | after if before.get(t) != after.get(t)}
        assert changed <= outcome.touched  # nothing changes unsaid
        assert (
            runsheet_folds.apply(twin, fact, day.now_ms) == outcome
        )  # a snapshot goes on as the state does
        assert twin == day.sheet
        assert twin.due_cues() == day.sheet.due_cues()
        return outcome

    day.fold = checked_fold
    for action in script:
        act(day, action)
        check_invariants(day.sheet)


def check_invariants(sheet):
    live = [run for run in sheet.sessions.values() if run.live]
    for one, other in combinations(live, 2):
        assert side_by_side(sheet.plan(one.id), sheet.plan(other.id))
    to_come = [run for run in sheet.sessions.values() if run.to_come]
    for earlier, later in permutations(to_come, 2):
        if sheet.plan(earlier.id).ends_at_ms <= sheet.plan(later.id).starts_at_ms:
            assert earlier.expected_end_ms <= later.expected_start_ms
    for run in sheet.sessions.values():
        assert run.expected_start_ms <= run.expected_end_ms
        if run.over:
            assert not any(cue.pending for name, cue in run.cues.items() if name != "qa_closes")


@settings(max_examples=150, deadline=None)
@given(plans, st.lists(actions, max_size=12), ids, minutes)
def test_publishing_a_delay_does_what_its_preview_said(plan, script, session, by_min):
    day = Day(plan)
    for action in script:
        act(day, action)
    before = {run.id: span(run) for run in day.sheet.sessions.values()}
    twin = copy(day.sheet)
    preview = preview_delay(day.sheet, session, by_min, day.now_ms)
    assert day.sheet == twin
    outcome = day.control("delay", session, minutes=by_min)
    if isinstance(preview, Refusal):
        assert outcome.refused == preview
        return
    after = {run.id: span(run) for run in day.sheet.sessions.values()}
    assert {s.session: (s.before_ms, s.before_end_ms) for s in preview} == {
        id: before[id] for id in before if before[id] != after[id]
    }
    assert {s.session: (s.after_ms, s.after_end_ms) for s in preview} == {
        id: after[id] for id in before if before[id] != after[id]
    }


def span(run):
    return run.expected_start_ms, run.expected_end_ms


@settings(max_examples=150, deadline=None)
@given(
    plans,
    st.lists(actions, max_size=12),
    st.sampled_from(sorted(CONTROLS)),
    ids,
    minutes,
    choices,
)
def test_undoing_at_once_restores_every_state_and_time(
    plan, script, name, session, by_min, publication
):
    day = Day(plan)
    for action in script:
        act(day, action)
    before = [visible(run) for run in day.sheet.sessions.values()]
    more = {"minutes": by_min} if name in ("delay", "extend") else {}
    if name == "source":
        more = {"publication": publication}
    if day.control(name, session, **more).refused is None:
        assert day.undo().refused is None
    assert [visible(run) for run in day.sheet.sessions.values()] == before


def visible(run):
    plain = msgspec.to_builtins(run)
    plain["cues"] = {
        name: (cue.due_ms, cue.called_ms, cue.dropped) for name, cue in run.cues.items()
    }
    return plain
