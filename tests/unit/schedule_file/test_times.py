"""Times and lines of schedule files: days, zones, clocks that change, line ends."""

from datetime import date
from itertools import pairwise

import pytest

from .texts import first_with, good, local, on, read, warnings

NIGHTS = """
event: {id: nights, title: Nights, time_zone: Europe/Berlin}
days:
  - {date: 2027-06-11, starts: "18:00", ends: "2027-06-12T04:00"}
  - {date: 2027-06-12, starts: "10:00", ends: "18:00"}
  - {date: 2027-06-14}
sessions:
"""


@pytest.mark.parametrize(
    ("when", "day"),
    [
        ('day: 1, starts: "23:00"', 11),
        ('starts: "2027-06-12T00:30"', 11),
        ('starts: "2027-06-12T03:59"', 11),
        ('starts: "2027-06-12T04:00"', 12),
        ('starts: "2027-06-12T10:00"', 12),
        ('day: 2, starts: "00:30"', 12),
        ('starts: "2027-06-13T09:00"', 12),
        ('starts: "2027-06-14T00:00"', 14),
        ('starts: "2027-06-10T09:00"', 11),
    ],
)
def test_a_session_belongs_to_the_day_whose_hours_hold_its_start(when, day):
    schedule, _ = read(f"{NIGHTS}  - {{id: a, title: A, minutes: 10, {when}}}\n")
    assert schedule.sessions[0].day == date(2027, 6, day)
    assert [one.date.day for one in schedule.days] == [11, 12, 14]


def test_a_schedule_knows_its_zones_offsets_for_two_years_around_it():
    schedule, _ = read(f'{NIGHTS}  - {{id: a, title: A, day: 1, starts: "23:00", minutes: 10}}\n')
    (start,) = (one.starts_at_ms for one in schedule.sessions)
    offsets = schedule.utc_offsets
    assert offsets[0].from_ms < start - 730 * 86_400_000
    assert offsets[-1].until_ms > start + 730 * 86_400_000
    assert all(a.until_ms == b.from_ms for a, b in pairwise(offsets))
    assert [one.offset_s for one in offsets if one.from_ms <= start < one.until_ms] == [7200]


OTHER_LINE_ENDS = [
    "\\r\\n",
    "\\r",
    "\\v",
    "\\f",
    "\\N",
    "\\L",
    "\\P",
    "\v",
    "\f",
    "\x85",
    "\u2028",
    "\u2029",
]


@pytest.mark.parametrize("end", OTHER_LINE_ENDS)
def test_the_line_ends_of_other_tools_end_lines_of_a_text(end):
    schedule, diagnostics = read(first_with(f'abstract: "one{end}two"'))
    assert diagnostics == []
    assert schedule.sessions[0].abstract == "one\ntwo"


@pytest.mark.parametrize("end", ["\v", "\f", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("style", ["abstract: one{}two", "abstract: |\n      one{}two"])
def test_the_line_ends_of_other_tools_end_no_line_of_the_file(style, end):
    schedule, diagnostics = read(first_with(style.format(end)))
    assert diagnostics == []
    assert schedule.sessions[0].abstract == "one\ntwo"


def test_a_time_that_happens_twice_is_the_first():
    text = on("2023-11-05", '"01:30"')
    assert "write the offset to choose" in warnings(text)["sessions[1].starts"]
    schedule, _ = read(text)
    assert local(schedule.sessions[0].starts_at_ms) == "2023-11-05 01:30-0700"


def test_a_time_that_never_happens_is_the_one_after_the_jump():
    text = on("2024-03-10", '"02:30"')
    assert '"03:30-07:00" is taken' in warnings(text)["sessions[1].starts"]
    schedule, _ = read(text)
    assert local(schedule.sessions[0].starts_at_ms) == "2024-03-10 03:30-0700"


@pytest.mark.parametrize(
    ("date", "starts", "meant"),
    [
        ("2023-11-05", '"01:30-07:00"', "2023-11-05 01:30-0700"),
        ("2023-11-05", '"01:30-08:00"', "2023-11-05 01:30-0800"),
        ("2024-03-10", '"02:30-08:00"', "2024-03-10 03:30-0700"),
        ("2024-03-10", '"03:30-07:00"', "2024-03-10 03:30-0700"),
    ],
)
def test_an_offset_settles_which_instant_is_meant(date, starts, meant):
    assert local(good(on(date, starts)).sessions[0].starts_at_ms) == meant


def test_minutes_are_real_minutes_when_clocks_change():
    text = on("2023-11-05", '"01:30-07:00"').replace("minutes: 30", "minutes: 60")
    first = good(text).sessions[0]
    assert local(first.ends_at_ms) == "2023-11-05 01:30-0800"
