"""The words of a reminder."""

from showcaller.domain import facts
from showcaller.domain.schedule import MINUTE_MS
from showcaller.domain.state import State
from showcaller.reminders.words import told
from showcaller.testing.schedules import schedule, session


def sheet(**more):
    state = State(event_id="event")
    plan = schedule(session("a talk", 540, 560, **more))
    state.apply(1, 0, facts.RunStarted(run="r", salt="s", schedule=plan))
    return state.runsheet


def words(run_sheet, reminder="soon", before_min=5):
    show_ms = (540 - before_min) * MINUTE_MS
    return told(run_sheet, run_sheet.sessions["a talk"], reminder, show_ms)


def test_it_says_when_by_the_events_own_clocks_and_where():
    found = words(sheet())
    assert found.body.startswith("Starts in 5 min, at 09:00")
    assert found.path == "/e/event/watch/a%20talk"
    assert words(sheet(), "begun").body.startswith("It begins now")


def test_a_title_stays_one_line_of_bounded_length():
    found = words(sheet(title="One\nline " + "x" * 500))
    assert "\n" not in found.title
    assert len(found.title) == 200
