"""`--rehearse-from`: the forms of a time, in the event's zone."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from showcaller.domain.schedule import Day, Schedule, Session, Stage
from showcaller.errors import ConfigError
from showcaller.rehearsal import show_time_ms

NINE_PT_MS = int(datetime(2023, 12, 13, 17, 0, tzinfo=UTC).timestamp() * 1000)
SCHEDULE = Schedule(
    event_id="conf",
    title="Conf",
    time_zone="America/Los_Angeles",
    stages=(Stage(id="main", title="Main"),),
    sessions=(
        Session(
            id="opening",
            title="Opening",
            kind="opening",
            stage="main",
            starts_at_ms=NINE_PT_MS,
            ends_at_ms=NINE_PT_MS + 300_000,
        ),
    ),
)


@pytest.mark.parametrize(
    ("text", "minutes_from_nine"),
    [
        ("09:04", 4),
        ("08:59:30", -0.5),
        ("2023-12-13T09:04", 4),
        ("2023-12-13T09:04-08:00", 4),
        ("2023-12-13T17:04+00:00", 4),
        ("-2m", -2),
        ("-0.5m", -0.5),
    ],
)
def test_each_form_of_a_time_names_its_instant(text, minutes_from_nine):
    assert show_time_ms(text, SCHEDULE) == NINE_PT_MS + minutes_from_nine * 60_000


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "-m", "2023-13-01T09:00", "09:04-08:00x", "09:04+99:00"]
)
def test_rubbish_is_refused_with_the_forms(text):
    with pytest.raises(ConfigError, match="09:04"):
        show_time_ms(text, SCHEDULE)


def in_berlin(day, hour):
    """Return a schedule whose only session starts at the UTC hour of a day in 2027."""
    start_ms = int(datetime(2027, *day, hour, tzinfo=UTC).timestamp() * 1000)
    session = replace(SCHEDULE.sessions[0], starts_at_ms=start_ms, ends_at_ms=start_ms + 300_000)
    return replace(SCHEDULE, time_zone="Europe/Berlin", sessions=(session,))


@pytest.mark.parametrize("text", ["09:00", "2027-06-11T09:00", "09:00:00", "09:00+02:00"])
def test_nine_in_summer_is_nine_in_summer(text):
    summer = in_berlin((6, 11), 7)
    assert show_time_ms(text, summer) == summer.sessions[0].starts_at_ms


def test_a_time_that_happens_twice_is_refused_with_both_offsets():
    autumn = in_berlin((10, 31), 1)
    with pytest.raises(ConfigError) as found:
        show_time_ms("02:30", autumn)
    assert "happens twice" in found.value.message
    for choice, hour in (("2027-10-31T02:30+02:00", 0), ("2027-10-31T02:30+01:00", 1)):
        assert choice in found.value.message
        at = datetime.fromtimestamp(show_time_ms(choice, autumn) / 1000, UTC)
        assert (at.hour, at.minute) == (hour, 30)


def test_a_time_that_never_happens_is_refused_with_the_one_after_the_jump():
    spring = in_berlin((3, 28), 8)
    with pytest.raises(ConfigError, match=r"does not exist .* write 2027-03-28T03:30\+02:00"):
        show_time_ms("02:30", spring)


@pytest.mark.parametrize(
    ("text", "utc"), [("23:00", (11, 21)), ("00:30", (11, 22)), ("17:00", (11, 15))]
)
def test_a_time_after_midnight_is_one_of_the_first_day_where_that_goes_on(text, utc):
    hours = (datetime(2027, 6, 11, 16, tzinfo=UTC), datetime(2027, 6, 12, 2, tzinfo=UTC))
    starts_at_ms, ends_at_ms = (int(one.timestamp() * 1000) for one in hours)
    day = Day(date=date(2027, 6, 11), starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms)
    night = replace(in_berlin((6, 11), 20), days=(day,))
    at = datetime.fromtimestamp(show_time_ms(text, night) / 1000, UTC)
    assert (at.day, at.hour) == utc
