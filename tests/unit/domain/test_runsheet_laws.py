"""Laws of the run sheet, over random stories."""

from __future__ import annotations

from itertools import combinations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.domain import facts, runsheet_folds
from showcaller.domain.outcome import Refusal
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS, CatchUpPolicy, Speaker
from showcaller.domain.timeline import side_by_side
from showcaller.domain.touches import (
    ClockTouch,
    ControlsTouch,
    CueTouch,
    PublicationTouch,
    SessionTouch,
    StageTouch,
)
from showcaller.testing.day import SCHEDULE, Day
from showcaller.testing.schedules import schedule, session

# One after the other; and with sessions beside these, as in a room that is open all day.
SIDE_BY_SIDE = schedule(*SCHEDULE.sessions, session("d", 550, 575), session("e", 540, 630))
SPOKEN = [msgspec.structs.replace(one, speakers=("ada", "bob")) for one in SCHEDULE.sessions]
TWO_STAGES = schedule(
    *SPOKEN, session("d", 550, 575, stage="side"), session("e", 580, 600, stage="side")
)
CATCHING_UP = msgspec.structs.replace(
    SCHEDULE, catch_up=CatchUpPolicy(talks_give_min=7, talks_keep_min=10)
)
plans = st.sampled_from([SCHEDULE, SIDE_BY_SIDE, TWO_STAGES, CATCHING_UP])
ids = st.sampled_from(["opening", "a", "b", "pause", "c", "d", "e", "tea5", "tea6", "nobody"])
minutes = st.integers(-30, 40)
publications = st.sampled_from(["m", "slides"])
choices = publications | st.just("")
places = st.fixed_dictionaries(
    {
        "stage": st.sampled_from([*["main"] * 6, "side", "side", "nowhere"]),
        "starts_at_ms": st.sampled_from([*range(510, 660, 5), 567]).map(MINUTE_MS.__mul__),
    }
)
GUEST = Speaker(id="cyd", name="Cyd")
changes = st.one_of(
    st.tuples(st.sampled_from(["start", "end", "skip", "reopen"]), st.just({})),
    st.tuples(st.sampled_from(["delay", "extend"]), st.fixed_dictionaries({"minutes": minutes})),
    st.tuples(st.just("source"), st.fixed_dictionaries({"publication": choices})),
    st.tuples(st.just("move"), places),
    st.tuples(st.just("move"), places.map(lambda place: {**place, "beside": True})),
    st.tuples(st.just("swap"), st.fixed_dictionaries({"other": ids})),
    st.tuples(st.just("cancel"), st.just({"note": "Ill"})),
    st.tuples(
        st.just("speaker"),
        st.sampled_from(
            [
                {"speaker": "ada", "other": "cyd", "guest": GUEST},
                {"speaker": "cyd", "other": "ada"},
                {"speaker": "bob", "other": "nobody"},
            ]
        ),
    ),
    st.tuples(st.just("break"), places.map(lambda place: {**place, "title": "Tea", "minutes": 10})),
)
actions = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 40)),
    st.tuples(st.just("wait"), st.integers(0, 40)),
    st.tuples(st.just("change"), ids, changes),
    st.tuples(st.just("change"), ids, changes),
    st.tuples(st.just("change"), ids, changes),
    st.tuples(st.just("undo")),
    st.tuples(st.just("catch_up"), st.booleans()),
    st.tuples(st.just("hold")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("publish_media"), ids, publications),
    st.tuples(st.just("stop_media"), ids, publications),
    st.tuples(st.sampled_from(["open_qa", "close_qa"]), ids),
    st.tuples(st.just("replan"), ids, minutes),
)


def act(day, action):
    name, *args = action
    if name == "run":
        day.run_until(day.now_ms / MINUTE_MS + args[0])
    elif name == "change":
        day.control(*subject(day, *args), **args[1][1])
    elif name == "replan":
        replan(day, *args)
    else:
        getattr(day, name)(*args)


def subject(day, session, change):
    """Return a control's name and session; a break that is inserted has an id that is new."""
    name, _ = change
    return name, f"tea{len(day.sheet.sessions)}" if name == "break" else session


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
    for stage in sheet.stages:
        check_order(sheet, sheet.on_stage(stage))
    for run in sheet.sessions.values():
        assert run.expected_start_ms <= run.expected_end_ms
        if run.over:
            assert not any(cue.pending for name, cue in run.cues.items() if name != "qa_closes")


def check_order(sheet, plans):
    """Nothing starts before what comes before it on its stage, unless planned side by side."""
    for earlier, later in combinations(plans, 2):
        one, other = sheet.sessions[earlier.id], sheet.sessions[later.id]
        if one.live and other.live:
            assert side_by_side(earlier, later)
        if one.to_come and other.to_come and earlier.ends_at_ms <= later.starts_at_ms:
            assert one.expected_end_ms <= other.expected_start_ms


@settings(max_examples=150, deadline=None)
@given(plans, st.lists(actions, max_size=12), ids, changes)
def test_a_control_does_what_its_preview_said(plan, script, session, change):
    day = Day(plan)
    for action in script:
        act(day, action)
    before = {run.id: span(day.sheet, run) for run in day.sheet.sessions.values()}
    twin = copy(day.sheet)
    (name, session), more = subject(day, session, change), change[1]
    preview = day.preview(name, session, **more)
    assert day.sheet == twin
    outcome = day.control(name, session, **more)
    if isinstance(preview, Refusal):
        assert outcome.refused == preview
        return
    after = {run.id: span(day.sheet, run) for run in day.sheet.sessions.values()}
    assert {s.session: (s.before_stage, s.before_ms, s.before_end_ms) for s in preview} == {
        id: before[id] for id in before if before[id] != after[id]
    }
    assert {s.session: (s.after_stage, s.after_ms, s.after_end_ms) for s in preview} == {
        id: after[id] for id in before if before[id] != after[id]
    }


def span(sheet, run):
    return sheet.plan(run.id).stage, run.expected_start_ms, run.expected_end_ms


@settings(max_examples=200, deadline=None)
@given(plans, st.lists(actions, max_size=12), ids, changes)
def test_undoing_at_once_restores_every_state_place_and_time(plan, script, session, change):
    day = Day(plan)
    for action in script:
        act(day, action)
    before, guests = visible(day.sheet), dict(day.sheet.guests)
    if day.control(*subject(day, session, change), **change[1]).refused is None:
        assert day.undo().refused is None
    assert visible(day.sheet) == before
    assert day.sheet.guests == guests


@settings(max_examples=100, deadline=None)
@given(plans, st.lists(actions, max_size=25))
def test_no_edit_changes_what_is_scheduled_or_moves_what_runs(plan, script):
    day = Day(plan)
    fold = day.fold

    def checked_fold(fact):
        was = {run.id: (run.live, day.sheet.plan(run.id)) for run in day.sheet.sessions.values()}
        outcome = fold(fact)
        if not isinstance(fact, facts.SchedulePublished):
            scheduled = {one.id: one for one in plan_now(day).sessions}
            assert {id: day.sheet.scheduled(id) for id in scheduled} == scheduled
        for id, (live, before) in was.items():
            if live:
                now = day.sheet.plan(id)
                assert now.stage == before.stage
                assert (
                    isinstance(fact, facts.SchedulePublished)
                    or now.starts_at_ms == before.starts_at_ms
                )
        return outcome

    day.fold = checked_fold
    for action in script:
        act(day, action)


def plan_now(day):
    return day.sheet.schedule


def visible(sheet):
    return [(sheet.plan(run.id), visible_run(run)) for run in sheet.sessions.values()]


def visible_run(run):
    plain = msgspec.to_builtins(run)
    plain["cues"] = {
        name: (cue.due_ms, cue.called_ms, cue.dropped) for name, cue in run.cues.items()
    }
    return plain
