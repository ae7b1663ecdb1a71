"""`--rehearse-from`: the forms of a time, in the event's zone."""

from datetime import UTC, datetime

import pytest

from showcaller.domain.schedule import Schedule, Session, Stage
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
def test_forms(text, minutes_from_nine):
    assert show_time_ms(text, SCHEDULE) == NINE_PT_MS + minutes_from_nine * 60_000


@pytest.mark.parametrize("text", ["", "soon", "25:00", "-m", "2023-13-01T09:00", "09:04-08:00x"])
def test_rubbish_is_refused_with_the_forms(text):
    with pytest.raises(ConfigError, match="09:04"):
        show_time_ms(text, SCHEDULE)
