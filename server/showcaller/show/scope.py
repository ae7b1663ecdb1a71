"""The scope of a command: the session that it is about, and the stages."""

from __future__ import annotations

from ..domain.controls import Control
from ..domain.ids import SessionId, StageId
from ..domain.state import State
from . import command_args as a


def session_of(state: State, read: a.Args) -> SessionId | None:
    """Return the session that the command is about, if it is about one that exists."""
    if isinstance(read, a.QuestionArgs):
        question = state.questions.get(read.question)
        return question.session if question is not None else None
    return getattr(read, "session", None)


def stages_of(state: State, read: a.Args) -> frozenset[StageId]:
    """Return the stages that the command is about; none: it is about more than these, or about nothing.

    An announcement is about its session's stage if it is to the speakers: others are everybody's affair.
    """
    if isinstance(read, a.ControlArgs):
        controls = state.runsheet.controls if state.runsheet is not None else ()
        named = next((one for one in controls if one.id == read.control), None)
        return stages_of_control(state, named) if named is not None else frozenset()
    if isinstance(read, a.AnnounceArgs) and read.to != "speakers":
        return frozenset()
    if isinstance(read, a.AnnouncementArgs):
        made = state.announcements.get(read.announcement)
        return _of_sessions(state, made.session if made and made.to == "speakers" else None)
    if isinstance(read, a.CheckArgs):
        sheet = state.runsheet
        item = state.check_list.get(read.item, sheet) if sheet is not None else None
        return _of_sessions(state, item.session if item is not None else None)
    return _of_sessions(state, session_of(state, read))


def stages_of_control(state: State, control: Control) -> frozenset[StageId]:
    """Return the stages that its sessions are on, and were on."""
    return _of_sessions(state, *(before.session for before in control.before)) | {control.stage}


def _of_sessions(state: State, *sessions: SessionId | None) -> frozenset[StageId]:
    sheet = state.runsheet
    if sheet is None:
        return frozenset()
    return frozenset(sheet.plan(one).stage for one in sessions if one in sheet.sessions)
