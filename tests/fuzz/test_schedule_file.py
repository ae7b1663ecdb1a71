"""Whatever a schedule file holds: a schedule without errors, or errors without a schedule."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller import zones
from showcaller.domain.schedule import Schedule
from showcaller.local_time import LocalTime, instant
from showcaller.schedule_file import read_schedule

SCHEDULES = Path(__file__).parents[2] / "schedules"
WHOLE = (SCHEDULES / "harbour-conf-2026.yaml").read_text()
PLAIN = yaml.load(WHOLE, yaml.BaseLoader)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "title", "starts", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def check(text):
    schedule, diagnostics = read_schedule(text, file_name="fuzz.yaml")
    failed = any(found.severity == "error" for found in diagnostics)
    assert (schedule is None) == failed
    assert all(found.line >= 1 and found.column >= 1 for found in diagnostics)
    if schedule is not None:
        assert msgspec.json.decode(msgspec.json.encode(schedule), type=Schedule) == schedule
        _assert_sound(schedule)


def _assert_sound(schedule):
    stages = {stage.id for stage in schedule.stages}
    themes = {theme.id for theme in schedule.themes} | {None}
    speakers = {speaker.id for speaker in schedule.speakers}
    assert len({session.id for session in schedule.sessions}) == len(schedule.sessions) > 0
    for session in schedule.sessions:
        assert session.starts_at_ms < session.ends_at_ms
        assert session.stage in stages
        assert session.theme in themes
        assert speakers.issuperset(session.speakers)


@given(st.text() | st.text(alphabet="{}[]:,-&*!|>'\"%@`#?~ \n\tab0\\x", max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_schedule_or_has_errors(text):
    check(text)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_schedule_or_have_errors(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    file.write_bytes(data)
    check(file)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_good_file_with_one_slip_is_a_schedule_or_has_errors(data):
    """Cut a piece out of the file, double it, or put characters there that mean something."""
    start = data.draw(st.integers(0, len(WHOLE)))
    end = min(len(WHOLE), start + data.draw(st.integers(0, 20)))
    slip = data.draw(st.sampled_from(["", WHOLE[start:end] * 2, ": ", "- ", "\t", "[", "&a ", "0"]))
    check(WHOLE[:start] + slip + WHOLE[end:])


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_good_file_with_one_other_value_is_a_schedule_or_has_errors(data):
    """Give any field of any section any value."""
    section = data.draw(st.sampled_from(sorted(PLAIN)))
    value = data.draw(values)
    part = PLAIN[section]
    if isinstance(part, list):
        index = data.draw(st.integers(0, len(part) - 1))
        changed = [*part[:index], other_than(part[index], value, data), *part[index + 1 :]]
    else:
        changed = other_than(part, value, data)
    check(yaml.safe_dump({**PLAIN, section: changed}, allow_unicode=True))


def other_than(part, value, data):
    """Return a mapping with another value in one place; in the place of a plain value, the other one."""
    if not isinstance(part, dict):
        return value
    return {**part, data.draw(st.sampled_from(sorted(part))): value}


places = st.sampled_from(
    ["America/Los_Angeles", "Europe/Lisbon", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@given(places, days, st.integers(0, 1439))
def test_a_local_time_means_an_instant_that_shows_it_unless_it_is_noted(zone, day, minute):
    local = LocalTime(None, time(minute // 60, minute % 60), None)
    found = instant(day, local, zones.zone(zone))
    shown = (EPOCH + timedelta(milliseconds=found.at_ms)).astimezone(zones.zone(zone))
    if not found.doubt:
        assert shown.replace(tzinfo=None) == datetime.combine(day, local.time)


@given(places, days, st.integers(0, 1439), st.sampled_from([0, 1]))
def test_an_offset_that_the_zone_has_is_always_followed(zone, day, minute, fold):
    wall = time(minute // 60, minute % 60)
    meant = datetime.combine(day, wall, zones.zone(zone)).replace(fold=fold)
    offset = meant.utcoffset()
    found = instant(day, LocalTime(None, wall, offset), zones.zone(zone))
    assert found.note == ""
    assert EPOCH + timedelta(milliseconds=found.at_ms) == meant.astimezone(UTC)
    with pytest.raises(ValueError, match="write that offset"):
        instant(day, LocalTime(None, wall, offset + timedelta(minutes=7)), zones.zone(zone))
