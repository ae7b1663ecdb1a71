"""The agenda as iCalendar: what another program reads back out of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from showcaller.api.calendar import agenda_ics
from showcaller.domain import facts
from showcaller.domain.calendar_marks import CalendarMark
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.state import State
from showcaller.domain.text import unify_line_ends
from showcaller.schedule_file import read_schedule
from showcaller.show import views

MODEL = Path(__file__).parents[3] / "schedules" / "systems-scale-winter-2023.yaml"
BASE = "https://live.example.org"
NOW_MS = 1_702_400_000_000


def agenda(*, title=None, **of_first_talk):
    """The model event's items; the first talk's view differs by `of_first_talk`."""
    schedule, _ = read_schedule(MODEL, file_name=MODEL.name)
    event = views.event(schedule)
    items = {"event": msgspec.structs.replace(event, title=title or event.title)}
    started = facts.RunStarted(run="run", salt="salt", schedule=schedule)
    sheet, _ = RunSheet.start(started, schedule.sessions[0].starts_at_ms - 3_600_000)
    for run in sheet.sessions.values():
        items[f"session:{run.id}"] = views.session(sheet, run)
    first = items["session:ai-multi-tenancy"]
    items["session:ai-multi-tenancy"] = msgspec.structs.replace(first, **of_first_talk)
    return items


def raw(items, base_url=BASE):
    mark = CalendarMark("", NOW_MS, 7)
    marks = {view.id: mark for view in items.values()}
    return agenda_ics(items, marks, base_url=base_url)


def parsed(items):
    return icalendar.Calendar.from_ical(raw(items))


def first_talk(items):
    entries = parsed(items).walk("VEVENT")
    return next(entry for entry in entries if "multi-tenant" in entry["summary"])


def test_every_session_has_its_entry():
    entries = parsed(agenda()).walk("VEVENT")
    assert len(entries) == 11
    assert len({str(entry["uid"]) for entry in entries}) == 11
    starts = [entry["dtstart"].dt for entry in entries]
    assert starts == sorted(starts)
    assert starts[0] == datetime(2023, 12, 13, 17, 0, tzinfo=UTC)


def test_an_entry_says_what_when_where_and_who():
    entry = first_talk(agenda())
    watch = f"{BASE}/e/systems-scale-winter-2023/watch/ai-multi-tenancy"
    assert entry["dtstart"].dt == datetime(2023, 12, 13, 17, 5, tzinfo=UTC)
    assert entry["dtend"].dt == datetime(2023, 12, 13, 17, 25, tzinfo=UTC)
    changed = datetime.fromtimestamp(NOW_MS // 1000, UTC)
    assert entry["dtstamp"].dt == entry["last-modified"].dt == changed
    assert (entry["url"], entry["conference"]) == (watch, watch)
    assert entry["categories"].cats == ["Scaling AI platforms"]
    assert (entry["status"], entry["sequence"], entry["location"]) == ("CONFIRMED", 7, "Main stage")
    assert "Zhen Qin (Software engineer, Ads ML Model Serving, Meta)" in entry["description"]


def test_a_skipped_session_is_cancelled():
    assert first_talk(agenda(state="skipped"))["status"] == "CANCELLED"


def test_a_break_makes_nobody_busy_and_has_no_room():
    entry = first_talk(agenda(kind="break", theme=None))
    assert entry["transp"] == "TRANSPARENT"
    assert "url" not in entry
    assert entry["categories"].cats == ["Break"]


@pytest.mark.parametrize("length_ms", [0, 1, 999])
def test_an_entry_ends_after_it_starts(length_ms):
    start_ms = 1_702_487_100_500
    entry = first_talk(agenda(expected=views.Times(start_ms, start_ms + length_ms)))
    assert entry["dtend"].dt > entry["dtstart"].dt


def test_the_calendar_says_where_it_comes_from():
    calendar = parsed(agenda())
    assert calendar["name"] == calendar["x-wr-calname"] == "Systems @Scale Winter 2023"
    assert calendar["url"] == f"{BASE}/e/systems-scale-winter-2023/"
    assert calendar["source"].endswith("/api/v1/events/systems-scale-winter-2023/agenda.ics")
    assert calendar["refresh-interval"].dt == timedelta(minutes=5)
    assert calendar["version"] == "2.0"


def test_ids_are_the_same_wherever_the_event_is_served():
    def uids(base_url):
        calendar = icalendar.Calendar.from_ical(raw(agenda(), base_url))
        return [str(calendar["uid"]), *(str(entry["uid"]) for entry in calendar.walk("VEVENT"))]

    assert uids(BASE) == uids("http://127.0.0.1:8080") == uids("https://[::1]:443")


def test_nobody_adds_lines_by_a_title():
    title = "Line one\nBEGIN:VEVENT\r\nSUMMARY:mine; yours, ours\\n"
    calendar = parsed(agenda(title=title))
    assert len(calendar.walk("VEVENT")) == 11
    assert "BEGIN:VEVENT" in calendar["name"]


def test_lines_are_folded_as_the_rfc_asks():
    title = "a" + "ä€👍" * 60
    data = raw(agenda(title=title))
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) == 75
    assert not any(b"\n" in line for line in lines)
    assert all(line.decode() is not None for line in lines)
    assert icalendar.Calendar.from_ical(data)["name"] == title


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_whatever_a_text_is_another_program_reads_it(abstract):
    readable = re.sub("[\x00-\x08\x0e-\x1f\x7f]", "", unify_line_ends(abstract))
    items = agenda(abstract=f"x{abstract}y")
    entries = parsed(items).walk("VEVENT")
    found = [str(entry.get("description", "")) for entry in entries]
    assert len(entries) == 11
    assert sum(text.startswith(f"x{readable}y\n\n") for text in found) == 1


# What becomes of an entry as the show goes on, read by a second library ------------------------------


class Show:
    """The model event as its log grows, an hour before its first session."""

    def __init__(self):
        schedule, _ = read_schedule(MODEL, file_name=MODEL.name)
        self.state = State(event_id=schedule.event_id)
        self.now_ms = schedule.sessions[0].starts_at_ms - 3_600_000
        self.then(facts.RunStarted(run="run", salt="salt", schedule=schedule))

    def then(self, fact):
        """Fold a fact, one minute after the one before."""
        self.now_ms += 60_000
        outcome = self.state.apply(self.state.folded + 1, self.now_ms, fact)
        assert outcome.refused is None

    def control(self, kind, session, **more):
        control = f"c{self.state.folded}"
        self.then(kind(session=session, control=control, by="producer", **more))

    def feed(self):
        """Return the calendar's entries by their ids, as another program has read them."""
        sheet = self.state.runsheet
        items = {"event": views.event(sheet.schedule)}
        items |= {run.id: views.session(sheet, run) for run in sheet.sessions.values()}
        data = agenda_ics(items, sheet.calendar_marks, base_url=BASE)
        calendar = IcsCalendarStream.calendar_from_ics(data.decode())
        return {entry.uid: entry for entry in calendar.events}


def named(feed, words):
    return next(entry for entry in feed.values() if words in entry.summary)


def test_a_delay_moves_an_entry_and_what_follows_it_and_nothing_else():
    show = Show()
    before = show.feed()
    show.control(facts.SessionDelayed, "ai-multi-tenancy", minutes=7)
    after = show.feed()
    assert after.keys() == before.keys()
    talk = named(after, "multi-tenant")
    assert talk.dtstart - before[talk.uid].dtstart == timedelta(minutes=7)
    assert talk.sequence == before[talk.uid].sequence + 1
    assert talk.last_modified == talk.dtstamp == datetime.fromtimestamp(show.now_ms / 1000, UTC)
    moved = {uid for uid in after if after[uid].dtstart != before[uid].dtstart}
    assert {uid for uid in after if after[uid].sequence != before[uid].sequence} == moved
    assert len(moved) > 1


def test_a_skipped_session_is_cancelled_and_comes_back_as_itself():
    show = Show()
    show.control(facts.SessionSkipped, "ai-multi-tenancy")
    cancelled = named(show.feed(), "multi-tenant")
    assert (cancelled.status, cancelled.sequence) == ("CANCELLED", 1)
    show.control(facts.SessionReopened, "ai-multi-tenancy")
    back = named(show.feed(), "multi-tenant")
    assert (back.uid, back.status, back.sequence) == (cancelled.uid, "CONFIRMED", 2)


def test_a_session_that_leaves_the_schedule_and_returns_counts_on():
    show = Show()
    schedule = show.state.runsheet.schedule
    show.control(facts.SessionDelayed, "ai-multi-tenancy", minutes=7)
    without = tuple(one for one in schedule.sessions if one.id != "ai-multi-tenancy")
    shorter = msgspec.structs.replace(schedule, sessions=without)
    show.then(facts.SchedulePublished(schedule=shorter))
    assert not any("multi-tenant" in entry.summary for entry in show.feed().values())
    show.then(facts.SchedulePublished(schedule=schedule))
    assert named(show.feed(), "multi-tenant").sequence == 2


def test_what_no_calendar_shows_changes_no_entry():
    show = Show()
    before = show.feed()
    show.then(facts.QaOpened(session="ai-multi-tenancy", by="moderator"))
    show.then(facts.ClockHeld(by="producer"))
    show.then(facts.SchedulePublished(schedule=show.state.runsheet.schedule))
    assert show.feed() == before


def test_a_start_some_seconds_late_is_no_news():
    show = Show()
    opening = show.state.runsheet.schedule.sessions[0]
    show.now_ms = opening.starts_at_ms - 60_000 + 12_345
    before = show.feed()
    show.control(facts.SessionStarted, opening.id)
    assert show.feed() == before
