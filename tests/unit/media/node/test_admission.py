"""The rules of who may publish and view, and when."""

import pytest

from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.runsheet import RunSheet
from showcaller.domain.schedule import MINUTE_MS
from showcaller.errors import Forbidden, NotFound, Refused, TooEarly
from showcaller.media.node.admission import (
    admit_publisher,
    admit_viewer_of_session,
    admit_viewer_of_stage,
)
from showcaller.testing.schedules import schedule, session


@pytest.fixture
def sheet():
    plan = schedule(session("one", 60, 80), session("two", 80, 100))
    sheet, _ = RunSheet.start(facts.RunStarted(run="r", salt="s", schedule=plan), 0)
    return sheet


def who(*roles, sessions=()):
    return Principal(
        person="p", roles=frozenset(roles), token="t", expires_at_ms=0, sessions=frozenset(sessions)
    )


def test_before_the_doors_open_everybody_waits(sheet):
    waits = [(0, 60), (49 * MINUTE_MS, 60), (50 * MINUTE_MS - 1500, 2), (51 * MINUTE_MS, 1)]
    for wall_ms, retry_after_s in waits:
        for ask in (
            lambda at: admit_publisher(sheet, who("producer"), "one", at),
            lambda at: admit_viewer_of_session(sheet, "one", at),
            lambda at: admit_viewer_of_stage(sheet, "main", at),
        ):
            with pytest.raises(TooEarly) as refused:
                ask(wall_ms)
            assert refused.value.retry_after_s == retry_after_s


def test_while_the_clock_is_held_nobody_knows_when(sheet):
    sheet.clock.hold(0)
    with pytest.raises(TooEarly) as refused:
        admit_viewer_of_stage(sheet, "main", 0)
    assert 1 <= refused.value.retry_after_s <= 60


def test_from_doors_open_speakers_publish_and_all_view(sheet):
    sheet.sessions["one"].state = "doors_open"
    sheet.stages["main"].showing = "one"
    assert admit_publisher(sheet, who("speaker", sessions=["one"]), "one", 0) == "main"
    assert admit_publisher(sheet, who("producer"), "one", 0) == "main"
    assert admit_viewer_of_session(sheet, "one", 0) == "main"
    assert admit_viewer_of_stage(sheet, "main", 0) == "main"
    with pytest.raises(TooEarly):
        admit_viewer_of_session(sheet, "two", 0)


def test_while_the_stage_shows_another_session_viewers_ask_again_now_and_then(sheet):
    sheet.sessions["one"].state = sheet.sessions["two"].state = "live"
    sheet.stages["main"].showing = "one"
    with pytest.raises(TooEarly) as refused:
        admit_viewer_of_session(sheet, "two", 200 * MINUTE_MS)
    assert refused.value.retry_after_s == 10


def test_only_the_sessions_own_speakers_and_producers_publish(sheet):
    for principal in (who("attendee"), who("moderator"), who("speaker", sessions=["two"])):
        with pytest.raises(Forbidden):
            admit_publisher(sheet, principal, "one", 0)
    with pytest.raises(Forbidden):  # the session alone is not enough
        admit_publisher(sheet, who("attendee", sessions=["one"]), "one", 0)


@pytest.mark.parametrize("state", ["ended", "skipped"])
def test_a_session_that_is_over_takes_nobody(sheet, state):
    sheet.sessions["one"].state = state
    with pytest.raises(Refused):
        admit_publisher(sheet, who("producer"), "one", 0)
    with pytest.raises(Refused):
        admit_viewer_of_session(sheet, "one", 0)
    with pytest.raises(TooEarly):  # the stage waits for the next one
        admit_viewer_of_stage(sheet, "main", 0)


def test_unknown_places(sheet):
    with pytest.raises(NotFound):
        admit_publisher(sheet, who("producer"), "three", 0)
    with pytest.raises(NotFound):
        admit_viewer_of_session(sheet, "three", 0)
    with pytest.raises(NotFound):
        admit_viewer_of_stage(sheet, "side", 0)
