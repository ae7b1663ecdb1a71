"""Views say what the run sheet says, in the words of `client_sdk/PROTOCOL.md` §4."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from showcaller.domain import facts, runsheet_folds
from showcaller.domain.announcements import Announcement
from showcaller.domain.cues import CueRun
from showcaller.domain.people import Principal
from showcaller.domain.question import Question
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS, Brand, QaPolicy, Speaker, Stage, Theme, UtcOffset
from showcaller.domain.schedule import Day as EventDay
from showcaller.show import question_views, views
from showcaller.testing.schedules import schedule, session

PROTOCOL = (Path(__file__).parents[3] / "client_sdk" / "PROTOCOL.md").read_text()
ADA = Speaker(id="ada", name="Ada", company="Analytical", role="Programmer", photo="ada.jpg")
THAT_DAY = date(1970, 1, 1)
PLAN = schedule(
    session(
        "a", 540, 560, theme="deep", speakers=("ada",), abstract="About one clock.", day=THAT_DAY
    ),
    session("b", 560, 580, qa=QaPolicy(pre_moderation=False)),
    session("pause", 580, 590, kind="break", qa=QaPolicy(enabled=False)),
    themes=(Theme(id="deep", title="Deep"),),
    speakers=(ADA,),
    summary="One day",
    time_zone_label="UTC",
    brand=Brand(light="#0d5c63"),
    utc_offsets=(UtcOffset(from_ms=0, until_ms=600 * MINUTE_MS, offset_s=0),),
    days=(EventDay(date=THAT_DAY, starts_at_ms=540 * MINUTE_MS, ends_at_ms=590 * MINUTE_MS),),
)


def minutes(count):
    return count * MINUTE_MS


def wire(view):
    return msgspec.json.decode(msgspec.json.encode(view))


class Day:
    def __init__(self, plan=PLAN, at_min=500):
        self.at_ms = minutes(at_min)
        started = facts.RunStarted(run="r", salt="s", schedule=plan)
        self.sheet, _ = RunSheet.start(started, self.at_ms)

    def fold(self, fact, at_min):
        outcome = runsheet_folds.apply(self.sheet, fact, minutes(at_min))
        assert outcome.refused is None, outcome.refused
        return self

    def call_until(self, at_min):
        """Call every cue that is due by then, each on time."""
        while (due := self.sheet.due_cues()) and due[0].due_ms <= minutes(at_min):
            fact = facts.CueCalled(**due[0]._asdict())
            assert runsheet_folds.apply(self.sheet, fact, due[0].due_ms).refused is None
        return self

    def session(self, id):
        return views.session(self.sheet, self.sheet.sessions[id])

    def stage(self):
        return views.stage(self.sheet, self.sheet.schedule.stages[0])


def control(kind, id, **more):
    return kind(session=id, control="c1", by="mo", **more)


def published(id, publication="p1"):
    return facts.PublicationStarted(session=id, publication=publication, by="ada")


# Words --------------------------------------------------------------------------------------------


def documented(item):
    """The fields that the protocol gives an item."""
    block = PROTOCOL.split("### Items", 1)[1].split("### Events", 1)[0]
    text = re.search(
        rf"^{item}\s+\{{(.*?)\}}$|^{item}\s+\{{(.*?)\}}\n(?=\S|\s+[a-z`])", block, re.M | re.S
    )
    body = re.sub(r"\([^)]*\)", "", next(filter(None, text.groups())))
    while re.search(r"\{[^{}]*\}|\[[^\[\]]*\]", body):
        body = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", "", body)
    return {re.match(r"\w+", field.strip())[0] for field in body.split(",")}


ITEMS = {
    "Event": views.EventView,
    "Clock": views.ClockView,
    "Session": views.SessionView,
    "StageState": views.StageView,
    "Question": question_views.QuestionView,
    "ModeratedQuestion": question_views.ModeratedQuestionView,
    "OwnQuestion": question_views.OwnQuestionView,
    "Announcement": views.AnnouncementView,
    "CueState": views.CueStateView,
    "Control": views.ControlView,
}


@pytest.mark.parametrize("item", ITEMS)
def test_items_have_the_fields_of_the_protocol(item):
    assert set(ITEMS[item].__struct_fields__) == documented(item)


def test_events_have_the_fields_of_the_protocol():
    cue = views.CueEventView(session="a", stage="main", cue="ended", due_ms=1, late_ms=0)
    assert wire(cue) == {
        "type": "cue",
        "session": "a",
        "stage": "main",
        "cue": "ended",
        "due_ms": 1,
        "late_ms": 0,
    }
    told = views.AnnouncementEventView(id="a1", text="Lunch", session=None)
    assert wire(told) == {
        "type": "announcement",
        "id": "a1",
        "text": "Lunch",
        "session": None,
    }


# The agenda ---------------------------------------------------------------------------------------


def test_the_event():
    assert wire(views.event(PLAN)) == {
        "id": "event",
        "title": "An event",
        "summary": "One day",
        "time_zone": "UTC",
        "time_zone_label": "UTC",
        "starts_at_ms": minutes(540),
        "ends_at_ms": minutes(590),
        "utc_offsets": [{"from_ms": 0, "until_ms": minutes(600), "offset_s": 0}],
        "days": [{"date": "1970-01-01", "starts_at_ms": minutes(540), "ends_at_ms": minutes(590)}],
        "themes": [{"id": "deep", "title": "Deep"}],
        "stages": [{"id": "main", "title": "Main"}],
        "speakers": [
            {
                "id": "ada",
                "name": "Ada",
                "company": "Analytical",
                "role": "Programmer",
                "photo": "ada.jpg",
                "more": False,
            }
        ],
        "brand": {"light": "#0d5c63", "dark": "", "logo": "", "cover": ""},
        "people": "count",
        "consents": [],
        "ending": {"text": "", "links": []},
        "certificate": None,
    }


def test_an_event_without_sessions():
    assert views.event(schedule()).starts_at_ms == 0


def test_the_clock():
    day = Day().fold(facts.ClockHeld(by="mo"), 510)
    shown = views.clock(day.sheet)
    assert (shown.run, shown.mode, shown.rate, shown.held) == ("r", "live", 1, True)
    assert (shown.wall_ms, shown.show_ms) == (minutes(510), minutes(510))


def test_a_session_to_come():
    assert wire(Day().session("a")) == {
        "id": "a",
        "title": "Talk a",
        "abstract": "About one clock.",
        "language": "",
        "kind": "talk",
        "stage": "main",
        "theme": "deep",
        "speakers": ["ada"],
        "day": "1970-01-01",
        "state": "upcoming",
        "scheduled": {"start_ms": minutes(540), "end_ms": minutes(560)},
        "expected": {"start_ms": minutes(540), "end_ms": minutes(560)},
        "actual": {"start_ms": None, "end_ms": None},
        "delayed_min": 0,
        "waiting_for": None,
        "qa": "closed",
        "pre_moderated": True,
        "on_air": False,
        "face": False,
        "record": "no",
        "recorded": False,
        "chat": False,
        "captions": [],
        "feedback": False,
        "replay": False,
        "doors_open_ms": minutes(530),
        "planned": {"start_ms": minutes(540), "end_ms": minutes(560)},
        "scheduled_stage": "main",
        "note": "",
        "shortened_min": 0,
    }


def test_a_session_has_a_face_while_its_speaker_is_heard_beside_slides():
    day = Day().call_until(545)
    for publication, source in (("camera", "main"), ("deck", "slides")):
        published = facts.PublicationStarted(
            session="a", publication=publication, by="ada", source=source
        )
        day.fold(published, 546)
    assert not day.session("a").face  # the camera is on the stage itself
    day.fold(control(facts.SourceChosen, "a", publication="deck"), 547)
    assert day.session("a").face


def test_a_session_that_ran():
    day = Day().call_until(530)
    assert (day.session("a").state, day.session("a").qa) == ("doors_open", "open")
    day.call_until(545)
    assert day.session("a").state == "live"
    assert day.session("a").actual == views.Times(minutes(540), None)
    day.call_until(560)
    assert day.session("a").state == "ended"
    assert day.session("a").actual == views.Times(minutes(540), minutes(560))


def test_a_delayed_session_keeps_its_scheduled_times():
    day = Day().fold(control(facts.SessionDelayed, "a", minutes=15), 500)
    shown = day.session("a")
    assert shown.scheduled == views.Times(minutes(540), minutes(560))
    assert shown.expected == views.Times(minutes(555), minutes(575))
    assert (shown.delayed_min, shown.doors_open_ms) == (15, minutes(545))
    assert day.session("b").delayed_min == 15


@pytest.mark.parametrize(("shift_ms", "shown"), [(0, 0), (59_999, 0), (60_000, 1), (-90_000, -1)])
def test_delays_are_told_in_whole_minutes(shift_ms, shown):
    day = Day()
    day.sheet.sessions["a"].expected_start_ms += shift_ms
    assert day.session("a").delayed_min == shown


def test_the_next_session_waits_for_the_one_that_overruns():
    day = Day().fold(published("a"), 530).call_until(561)
    assert (day.session("a").state, day.session("a").on_air) == ("overrunning", True)
    assert day.session("b").waiting_for == "a"
    assert day.session("pause").waiting_for is None


def test_questions_of_a_session():
    day = Day()
    assert day.session("pause").qa == "off"
    assert not day.session("b").pre_moderated
    day.fold(facts.QaOpened(session="b", by="mo"), 510)
    assert day.session("b").qa == "open"


def test_a_skipped_session():
    day = Day().fold(control(facts.SessionSkipped, "a"), 510)
    assert (day.session("a").state, day.session("a").qa) == ("skipped", "closed")


def test_the_stage_shows_a_room():
    day = Day()
    assert day.stage() == views.StageView(id="main", title="Main", session=None, generation=0)
    day.fold(facts.StageHosted(stage="main", generation=3), 505).call_until(541)
    assert day.stage() == views.StageView(id="main", title="Main", session="a", generation=3)
    assert isinstance(PLAN.stages[0], Stage)


# Questions, people, the desk ----------------------------------------------------------------------


def asked(**more):
    fields = {
        "id": "q1",
        "number": 0,
        "session": "a",
        "person": "p1",
        "text": "Why?",
        "anonymous": False,
        "state": "approved",
        "asked_ms": 5,
    }
    return Question(**{**fields, **more})


def name_of(person):
    return {"p1": "Ada", "mo": "Mo"}.get(person, "")


@pytest.mark.parametrize("state", ["pending", "rejected", "withdrawn", "erased"])
def test_a_question_that_is_not_public_has_no_public_view(state):
    assert question_views.question(asked(state=state), name_of) is None


def test_an_anonymous_author_is_the_moderators_to_know():
    question = asked(anonymous=True, reason="rude")
    assert question_views.question(question, name_of).author is None
    assert "p1" not in str(question_views.question(question, name_of))
    assert "rude" not in str(question_views.question(question, name_of))
    moderated = question_views.moderated_question(question, name_of)
    assert (moderated.author, moderated.person, moderated.anonymous) == ("Ada", "p1", True)


def test_nobody_sees_an_erased_question():
    assert question_views.moderated_question(asked(state="erased"), name_of) is None
    erased = asked(state="erased")
    assert question_views.own_question(erased, erased) is None


def test_a_person_without_a_record_is_called_as_the_token_says():
    who = Principal(
        person="p2", roles=frozenset({"ops", "attendee"}), token="t", expires_at_ms=0, name="Bo"
    )
    assert views.person(who, name_of) == views.PersonView(
        id="p2", name="Bo", roles=("attendee", "ops")
    )


def test_the_producers_desk():
    cue = views.cue_state("a", "ended", CueRun(revision=2, due_ms=7, called_ms=9, late_ms=2))
    assert (cue.cue, cue.due_ms, cue.called_ms, cue.late_ms, cue.revision) == ("ended", 7, 9, 2, 2)
    day = Day().fold(control(facts.SessionDelayed, "a", minutes=15), 500)
    done = views.control(day.sheet.last_control(), name_of)
    assert (done.id, done.name, done.minutes, done.by) == ("c1", "delay", 15, "Mo")
    assert (done.at_ms, done.undoable) == (minutes(500), True)
    made = Announcement(id="a1", text="Lunch", by="mo", session=None, at_ms=7)
    assert views.announcement(made, name_of).by == "Mo"
