from __future__ import annotations

import msgspec
import pytest

from showcaller.domain import facts
from showcaller.domain.announcements import Announcements, DueAnnouncement, announcement_key
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.touches import AnnouncementTouch
from showcaller.testing.schedules import schedule, session

PLAN = schedule(session("talk", 540, 560))
CALLED = facts.AnnouncementCalled(announcement="a1")
CANCELLED = facts.AnnouncementCancelled(announcement="a1", by="mo")


class Speakers:
    """An event that rehearses at ten times the speed: show time 1,000 is wall time 100."""

    def __init__(self):
        self.announcements = Announcements()
        start = facts.RunStarted(
            run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=0, rate=10
        )
        self.sheet, _ = RunSheet.start(start, 0)

    def fold(self, fact, at_ms=0):
        return self.announcements.apply(fact, at_ms, self.sheet)

    def make(self, id="a1", *, wall_ms=0, **more):
        made = facts.AnnouncementMade(announcement=id, text="Lunch", by="mo", **more)
        return self.fold(made, wall_ms)


def test_a_line_to_speakers_needs_their_session():
    speakers = Speakers()
    assert speakers.make("a1", to="speakers").refused.code == "wrong_state"


def test_an_announcement_made_now_is_called_at_once():
    speakers = Speakers()
    outcome = speakers.make(wall_ms=7)
    assert outcome.announced == ["a1"]
    assert outcome.touched == {AnnouncementTouch("a1")}
    assert speakers.announcements.get("a1").called_ms == 7
    assert speakers.announcements.due() == []


def test_a_planned_one_waits_for_its_show_time():
    speakers = Speakers()
    assert speakers.make(at_ms=1_000).announced == []
    assert speakers.announcements.due() == [DueAnnouncement("a1", 1, 1_000)]
    assert speakers.fold(CALLED, at_ms=100).announced == ["a1"]
    assert speakers.announcements.get("a1").called_ms == 100
    assert speakers.announcements.due() == []


def test_those_due_come_in_order():
    speakers = Speakers()
    for id, at_ms in (("a1", 300), ("a2", 100), ("a3", 200)):
        speakers.make(id, at_ms=at_ms)
    assert [due.announcement for due in speakers.announcements.due()] == ["a2", "a3", "a1"]


def test_a_call_that_came_early_uses_up_its_key_only():
    speakers = Speakers()
    speakers.make(at_ms=1_000)
    assert speakers.fold(CALLED, at_ms=99).refused.code == "early_cue"
    (due,) = speakers.announcements.due()
    assert due.revision == 2
    assert announcement_key("r", "a1", 1) != announcement_key("r", "a1", due.revision)
    assert speakers.fold(CALLED, at_ms=100).announced == ["a1"]


def test_each_is_called_once():
    speakers = Speakers()
    speakers.make(at_ms=0)
    speakers.fold(CALLED)
    again = speakers.fold(CALLED, at_ms=1)
    assert (again.refused.code, again.announced) == ("wrong_state", [])
    assert speakers.announcements.get("a1").called_ms == 0


def test_a_cancelled_one_is_not_called():
    speakers = Speakers()
    speakers.make(at_ms=0)
    assert speakers.fold(CANCELLED).touched == {AnnouncementTouch("a1")}
    assert speakers.announcements.due() == []
    assert speakers.fold(CALLED).refused.code == "wrong_state"


def test_one_that_was_called_is_taken_down():
    speakers = Speakers()
    speakers.make()
    speakers.fold(CANCELLED)
    assert not speakers.announcements.get("a1").shown
    assert speakers.fold(CANCELLED).refused.code == "wrong_state"


def test_an_announcement_is_made_once_and_to_a_session_that_exists():
    speakers = Speakers()
    speakers.make(session="talk")
    assert speakers.make().refused.code == "wrong_state"
    assert speakers.make("a2", session="lunch").refused.code == "not_found"


@pytest.mark.parametrize("fact", [CALLED, CANCELLED])
def test_what_was_never_made_is_not_found(fact):
    assert Speakers().fold(fact).refused.code == "not_found"


def test_a_snapshot_holds_everything():
    speakers = Speakers()
    speakers.make(at_ms=1_000)
    speakers.fold(CALLED)
    speakers.make("a2", session="talk")
    data = msgspec.msgpack.encode(speakers.announcements)
    assert msgspec.msgpack.decode(data, type=Announcements) == speakers.announcements
    assert speakers.announcements.makers() == {"mo"}
