"""The rules of publishing and viewing. Pure: the run sheet and the wall clock come from outside."""

from __future__ import annotations

import math

from ...domain.ids import SessionId, StageId
from ...domain.people import Principal
from ...domain.runsheet import RunSheet
from ...domain.schedule import MINUTE_MS
from ...domain.session_run import SessionRun
from ...errors import Forbidden, NotFound, Refused, TooEarly

MAX_RETRY_S = 60
HELD_RETRY_S = 10  # the clock is held: nobody knows when
BESIDE_RETRY_S = 10  # the stage shows another session that goes on side by side with it


def admit_publisher(sheet: RunSheet, principal: Principal, session: str, wall_ms: float) -> StageId:
    """Return the stage whose worker takes the publication. From doors open until the session has ended.

    Raises `NotFound`, `Forbidden`, `TooEarly`, `Refused` (the session is over).
    """
    run = _run(sheet, session)
    speaks_here = principal.has("speaker") and run.id in principal.sessions
    if not (speaks_here or principal.has("producer")):
        raise Forbidden("only this session's speakers and producers may publish here")
    if run.over:
        raise Refused("this session is over", code="session_over")
    if run.state == "upcoming":
        raise TooEarly(
            "the doors of this session are closed yet",
            retry_after_s=_until_doors(sheet, run, wall_ms),
        )
    return sheet.plan(run.id).stage


def admit_viewer_of_stage(sheet: RunSheet, stage: str, wall_ms: float) -> StageId:
    """Return the stage, if it shows something. Raises `NotFound`, `TooEarly`."""
    found = StageId(stage)
    if found not in sheet.stages:
        raise NotFound(f"there is no stage {stage!r}")
    if sheet.stages[found].showing is None:
        runs = [sheet.sessions[plan.id] for plan in sheet.on_stage(found)]
        waits_s = [_until_doors(sheet, run, wall_ms) for run in runs if run.state == "upcoming"]
        raise TooEarly(
            "nothing is on this stage now", retry_after_s=min(waits_s, default=MAX_RETRY_S)
        )
    return found


def admit_viewer_of_session(sheet: RunSheet, session: str, wall_ms: float) -> StageId:
    """Return the stage of a session that is on it now.

    Raises `NotFound`, `TooEarly`, `Refused`.
    """
    run = _run(sheet, session)
    stage = sheet.plan(run.id).stage
    if run.over:
        raise Refused("this session is over", code="session_over")
    if sheet.stages[stage].showing != run.id:
        retry_s = BESIDE_RETRY_S if run.live else _until_doors(sheet, run, wall_ms)
        raise TooEarly("this session is not on its stage now", retry_after_s=retry_s)
    return stage


def _run(sheet: RunSheet, session: str) -> SessionRun:
    try:
        return sheet.sessions[SessionId(session)]
    except KeyError:
        raise NotFound(f"there is no session {session!r}") from None


def _until_doors(sheet: RunSheet, run: SessionRun, wall_ms: float) -> int:
    """Return the seconds until the session's doors are expected to open, 1…60: for Retry-After."""
    doors_ms = run.expected_start_ms - sheet.schedule.cues.doors_open_min * MINUTE_MS
    due_ms = sheet.clock.wall_for(doors_ms)
    if due_ms is None:
        return HELD_RETRY_S
    return min(MAX_RETRY_S, max(1, math.ceil((due_ms - wall_ms) / 1000)))
