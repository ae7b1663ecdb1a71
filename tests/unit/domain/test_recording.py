"""Recordings by the state: of whom, who is shown that they are made, and what is to be deleted."""

import msgspec
import pytest

from showcaller.domain import facts
from showcaller.domain.recording import (
    EVERYBODY,
    Recording,
    deletions,
    has_replay,
    is_recorded,
    recording_of,
)
from showcaller.media.contract.recording import Deletion, Room
from showcaller.media.node.recording import deletions_of, rooms_of
from showcaller.testing.day import Day


def day_with(record):
    """A day whose sessions have `record`; `a` is live from 9:00 on, and it is 9:06."""
    day = Day()
    sessions = [msgspec.structs.replace(s, record=record) for s in day.sheet.schedule.sessions]
    schedule = msgspec.structs.replace(day.sheet.schedule, sessions=tuple(sessions))
    day.fold(facts.SchedulePublished(schedule=schedule))
    return day.run_until(546)


def recording(day, session="a"):
    return recording_of(day.sheet.plan(session), day.sheet.sessions[session])


def agree(day, person, agreed=True):
    return day.fold(facts.RecordingAgreed(session="a", by=person, agreed=agreed))


def delete(day, person=None):
    return day.fold(facts.RecordingDeleted(session="a", by="p", person=person))


def test_nobody_is_recorded_unless_the_schedule_says_so():
    day = day_with("no")
    assert recording(day) is None
    assert agree(day, "ada").refused.code == "wrong_state"
    assert not any(room.record for room in rooms_of(day.sheet))


def test_everybody_is_while_the_session_is_live_but_for_who_does_not_agree():
    day = day_with("yes")
    assert recording(day) == Recording(None, ())
    assert recording(day, "b") is None  # it is to come: the green room is never recorded
    agree(day, "eve", agreed=False)
    assert recording(day) == Recording(None, ("eve",))
    day.control("end", "a")
    assert recording(day) is None


def test_where_each_is_asked_only_those_are_who_agree():
    day = day_with("ask")
    assert recording(day) == Recording((), ())
    agree(day, "ada")
    agree(day, "eve")
    agree(day, "eve", agreed=False)
    assert recording(day) == Recording(("ada",), ("eve",))
    (room,) = (room for room in rooms_of(day.sheet) if room.session == "a")
    assert room == Room(
        session="a", stage=room.stage, record=True, only=("ada",), but=("eve",), on_stage=True
    )


@pytest.mark.parametrize("person", ["eve", None])
def test_what_is_deleted_is_recorded_no_more(person):
    day = day_with("yes")
    assert delete(day, person).refused is None
    assert recording(day) == (None if person is None else Recording(None, ("eve",)))
    assert deletions(day.sheet) == [("a", person or EVERYBODY)]
    assert deletions_of(day.sheet) == (Deletion("a", person or ""),)


def test_who_was_erased_is_recorded_no_more_and_gone_from_all_sessions():
    day = day_with("yes")
    assert deletions_of(day.sheet, {"eve"}) == (Deletion("", "eve"),)
    (room,) = (room for room in rooms_of(day.sheet, {"eve"}) if room.session == "a")
    assert room.but == ("eve",)


def test_it_is_shown_while_any_node_records():
    day = day_with("yes")

    def told(node, on):
        day.fold(facts.SessionRecorded(session="a", node=node, on=on))
        return is_recorded(day.sheet.sessions["a"])

    assert not is_recorded(day.sheet.sessions["a"])
    assert told("n1", True)
    assert told("n2", True)
    assert told("n1", False)  # the stage has moved to another node
    assert not told("n2", False)
    assert told("n1", True)
    day.control("end", "a")
    assert not is_recorded(day.sheet.sessions["a"])


def test_a_talk_that_ended_has_a_replay_if_it_was_recorded_until_that_is_deleted():
    day = day_with("yes")
    run = day.sheet.sessions["a"]
    day.fold(facts.SessionRecorded(session="a", node="n1", on=True))
    assert not has_replay(run)
    day.fold(facts.SessionRecorded(session="a", node="n1", on=False))
    day.control("end", "a")
    assert has_replay(run)
    delete(day, "eve")
    assert has_replay(run)  # there are others in it
    delete(day, None)
    assert not has_replay(run)
    other = day_with("yes")
    other.control("end", "a")
    assert not has_replay(other.sheet.sessions["a"])


@pytest.mark.parametrize("kind", [facts.RecordingAgreed, facts.RecordingDeleted])
def test_of_a_session_that_is_not_there_nothing_is_noted(kind):
    more = {"agreed": True} if kind is facts.RecordingAgreed else {}
    assert day_with("yes").fold(kind(session="none", by="p", **more)).refused.code == "not_found"
