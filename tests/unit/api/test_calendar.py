"""The agenda as iCalendar: what another program reads back out of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.api.calendar import agenda_ics
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
    for plan in schedule.sessions:
        items[f"session:{plan.id}"] = view_of(plan)
    first = items["session:ai-multi-tenancy"]
    items["session:ai-multi-tenancy"] = msgspec.structs.replace(first, **of_first_talk)
    return items


def view_of(plan):
    times = views.Times(plan.starts_at_ms, plan.ends_at_ms)
    return views.SessionView(
        id=plan.id,
        title=plan.title,
        abstract=plan.abstract,
        kind=plan.kind,
        stage=plan.stage,
        theme=plan.theme,
        speakers=plan.speakers,
        day=plan.day,
        state="upcoming",
        scheduled=times,
        expected=times,
        actual=views.Times(None, None),
        delayed_min=0,
        waiting_for=None,
        qa="closed",
        pre_moderated=True,
        on_air=False,
        face=False,
        doors_open_ms=plan.starts_at_ms - 600_000,
    )


def raw(items, revision=7):
    return agenda_ics(items, base_url=BASE, now_ms=NOW_MS, revision=revision)


def parsed(items, **more):
    return icalendar.Calendar.from_ical(raw(items, **more))


def first_talk(items, **more):
    entries = parsed(items, **more).walk("VEVENT")
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
    assert entry["dtstamp"].dt == datetime.fromtimestamp(NOW_MS // 1000, UTC)
    assert (entry["url"], entry["conference"]) == (watch, watch)
    assert entry["categories"].cats == ["Scaling AI platforms"]
    assert (entry["status"], entry["sequence"], entry["location"]) == ("CONFIRMED", 7, "Main stage")
    assert "Zhen Qin (Software engineer, Ads ML Model Serving, Meta)" in entry["description"]


def test_a_delay_moves_the_entry_and_keeps_its_identity():
    before = first_talk(agenda())
    expected = views.Times(before_ms := 1_702_487_400_000, before_ms + 1_200_000)
    after = first_talk(agenda(expected=expected), revision=8)
    assert after["dtstart"].dt - before["dtstart"].dt == timedelta(minutes=5)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]


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
        data = agenda_ics(agenda(), base_url=base_url, now_ms=NOW_MS, revision=1)
        calendar = icalendar.Calendar.from_ical(data)
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
    assert str(first_talk(items)["description"]).startswith(f"x{readable}y\n\n")
    assert len(parsed(items).walk("VEVENT")) == 11
