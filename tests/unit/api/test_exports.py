"""Reports of how talks came across, as JSON and as a table."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from showcaller.api.exports import as_table, measured_talks
from showcaller.domain import facts
from showcaller.domain.quality import TalkQuality
from showcaller.testing.day import SCHEDULE, Day


def day_with(**measured):
    day = Day().run_until(546)
    for session, quality in measured.items():
        fact = facts.TalkMeasured(session=session, stage="main", worker="w", quality=quality)
        assert day.fold(fact).refused is None
    return day


def test_talks_come_in_the_order_of_the_schedule_and_those_that_left_it_last():
    day = day_with(c=TalkQuality(), a=TalkQuality(), opening=TalkQuality())
    day.run_until(570)
    rest = [plan for plan in SCHEDULE.sessions if plan.id != "opening"]
    fact = facts.SchedulePublished(schedule=replace(SCHEDULE, sessions=tuple(rest)))
    assert day.fold(fact).refused is None
    talks = list(measured_talks(day.sheet))
    assert [(talk["session"], talk["stage"]) for talk in talks] == [
        ("a", "main"),
        ("c", "main"),
        ("opening", ""),
    ]
    assert talks[0]["start_ms"] == 545 * 60_000


def test_a_table_has_a_column_for_everything_that_is_measured():
    quality = TalkQuality(viewers=3, rtt_ms_p50=None, layer_s={"high": 2.5})
    [line] = csv.DictReader(io.StringIO(as_table(measured_talks(day_with(a=quality).sheet))))
    assert line["viewers"] == "3"
    assert line["rtt_ms_p50"] == ""
    assert (line["layer_high_s"], line["layer_low_s"]) == ("2.5", "0")
    missing = set(TalkQuality.__struct_fields__) - {"layer_s"} - set(line)
    assert not missing


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_no_cell_is_a_formula_to_a_spreadsheet(start):
    title = f'{start}HYPERLINK("http://x.example","open")'
    talk = {"session": "a", "title": title, "stage": "main", "start_ms": -5, "end_ms": None}
    table = as_table([{**talk, **to_builtins(TalkQuality())}])
    [line] = csv.DictReader(io.StringIO(table, newline=""))
    assert line["title"] == f"'{title}"
    assert line["start_ms"] == "-5"


def test_other_titles_stay_as_they_are():
    talk = {"session": "a", "title": "1 + 1 = 2", "stage": "main", "start_ms": 1, "end_ms": None}
    assert "1 + 1 = 2" in as_table([{**talk, **to_builtins(TalkQuality())}]).split(",")


def test_before_the_run_there_are_none():
    assert list(measured_talks(None)) == []
