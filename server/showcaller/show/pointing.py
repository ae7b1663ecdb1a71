"""Words in place of ids, for whoever can't look one up: a button of a remote control.

`on:STAGE` is the session that is on there, `next:STAGE` the one that comes next, `last` the last control.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..domain.ids import ControlId, SessionId, StageId
from ..domain.runsheet import RunSheet
from ..domain.stage_line import StageLine
from ..errors import NotFound
from . import command_args as a

LAST = ControlId("last")
_SESSION_FIELDS = ("session", "other")


def points(read: a.Args) -> bool:
    """Tell whether some argument is a word in place of an id."""
    return bool(_pointed(read)) or (isinstance(read, a.ControlArgs) and read.control == LAST)


def resolve(sheet: RunSheet, read: a.AnyArgs, *, is_repeated: bool = False) -> a.AnyArgs:
    """Return the arguments with ids in place of words. Raises `NotFound` where there is no such thing now.

    A command that was done before (`is_repeated`) is not done again, so any session of the stage will do.
    """
    found: dict[str, Any] = {
        field: _session(sheet, field, getattr(read, field), is_repeated=is_repeated)
        for field in _pointed(read)
    }
    last = sheet.last_control()
    if isinstance(read, a.ControlArgs) and read.control == LAST and last is not None:
        found["control"] = last.id
    return replace(read, **found) if found else read


def _pointed(read: a.Args) -> list[str]:
    """Return the arguments that point at a session: ids of sessions have no colon."""
    return [field for field in _SESSION_FIELDS if ":" in (getattr(read, field, None) or "")]


def _session(sheet: RunSheet, field: str, text: str, *, is_repeated: bool) -> SessionId:
    which, _, stage = text.partition(":")
    plans = sheet.on_stage(StageId(stage))
    if which not in ("on", "next") or not plans:
        raise NotFound(f"there is no such {field}", field=field)
    found = _now_on(sheet, StageId(stage)) if which == "on" else _next_on(sheet, StageId(stage))
    if found is None and is_repeated:
        return plans[0].id
    if found is None:
        said = "nothing is on" if which == "on" else "nothing more is to come"
        raise NotFound(f"{said} on stage {stage!r}", field=field)
    return found


def _now_on(sheet: RunSheet, stage: StageId) -> SessionId | None:
    """Return the live session, of several the one that the stage shows."""
    showing = StageLine(sheet.on_stage(stage), sheet.sessions).showing()
    return showing if showing is not None and sheet.sessions[showing].live else None


def _next_on(sheet: RunSheet, stage: StageId) -> SessionId | None:
    to_come = (plan.id for plan in sheet.on_stage(stage) if sheet.sessions[plan.id].to_come)
    return next(to_come, None)
