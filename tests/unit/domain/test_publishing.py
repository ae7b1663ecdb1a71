"""Publications: which of them is on the stage, and how a talk came across."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.quality import TalkQuality, add_up
from showcaller.domain.touches import ControlsTouch, PublicationTouch, QualityTouch, SessionTouch
from showcaller.testing.day import Day

BOTH = {PublicationTouch("s", "m"), PublicationTouch("s", "slides")}


@pytest.fixture
def day():
    """`a` is live; its speaker publishes slides and, later, the main picture."""
    day = Day().run_until(546)
    day.publish_media("a", "slides", "slides")
    day.publish_media("a", "m")
    return day


def shown(day, session="a"):
    return day.sheet.sessions[session].shown


def test_a_log_from_before_there_were_sources_says_main():
    old = b'{"fact":"publication.started","session":"a","publication":"p","by":"s"}'
    assert facts.decode_fact(old).source == "main"


def test_the_stage_picks_the_oldest_main_then_slides_then_spare(day):
    assert shown(day) == "m"
    day.publish_media("a", "younger")
    day.publish_media("a", "spare", "spare")
    assert shown(day) == "m"
    for gone, next_best in (("m", "younger"), ("younger", "slides"), ("slides", "spare")):
        day.stop_media("a", gone)
        assert shown(day) == next_best
    day.stop_media("a", "spare")
    assert shown(day) == ""


def test_a_producer_puts_a_publication_on_the_stage_and_takes_it_off(day):
    revision = day.sheet.revision
    outcome = day.control("source", "a", publication="slides")
    assert outcome.touched >= BOTH | {ControlsTouch(), SessionTouch("a")}
    assert shown(day) == "slides"
    assert day.sheet.revision == revision + 1
    assert (day.sheet.last_control().name, day.sheet.last_control().by) == ("source", "p")
    assert day.control("source", "a", publication="").refused is None
    assert shown(day) == "m"


def test_who_speaks_to_slides_is_heard(day):
    assert day.sheet.sessions["a"].heard == "m"
    day.control("source", "a", publication="slides")
    assert day.sheet.sessions["a"].heard == "m"
    day.stop_media("a", "m")
    assert day.sheet.sessions["a"].heard == "slides"
    day.stop_media("a", "slides")
    assert day.sheet.sessions["a"].heard == ""


def test_it_can_be_chosen_in_the_green_room(day):
    day.run_until(560)
    assert day.state("b") == "doors_open"
    day.publish_media("b", "b1")
    day.publish_media("b", "b2")
    assert day.control("source", "b", publication="b2").refused is None
    assert (shown(day), shown(day, "b")) == ("m", "b2")
    assert day.sheet.stages["main"].showing == "a"


def test_when_the_session_gets_the_stage_its_publications_are_looked_at_again(day):
    day.run_until(560)
    day.publish_media("b", "b1")
    outcome = day.control("start", "b")
    assert outcome.touched >= BOTH | {PublicationTouch("s", "b1")}


def test_when_it_loses_the_stage_to_another_they_are_looked_at_too():
    day = Day().run_until(536)
    day.publish_media("opening")
    assert day.sheet.stages["main"].showing == "opening"  # its doors are open
    outcome = day.control("start", "c")
    assert day.sheet.stages["main"].showing == "c"
    assert PublicationTouch("s", "m") in outcome.touched


@pytest.mark.parametrize(
    ("session", "publication", "code"),
    [
        ("nobody", "m", "not_found"),
        ("a", "unknown", "not_found"),
        ("b", "m", "not_found"),  # another session's
        ("a", "", "wrong_state"),  # nothing was chosen
        ("opening", "", "wrong_state"),  # is over
    ],
)
def test_what_can_not_be_chosen(day, session, publication, code):
    before = msgspec.to_builtins(day.sheet)
    assert day.control("source", session, publication=publication).refused.code == code
    assert msgspec.to_builtins(day.sheet) == before


def test_what_is_chosen_already_is_no_control(day):
    day.control("source", "a", publication="slides")
    assert day.control("source", "a", publication="slides").refused.code == "wrong_state"
    assert len(day.sheet.controls) == 1


def test_the_choice_ends_with_the_publication(day):
    day.control("source", "a", publication="slides")
    outcome = day.stop_media("a", "slides")
    assert outcome.touched >= BOTH
    assert day.sheet.sessions["a"].chosen == ""
    assert shown(day) == "m"
    assert day.undo().refused.code == "cannot_undo"


def test_undoing_brings_back_what_was_chosen_before(day):
    day.control("source", "a", publication="slides")
    day.control("source", "a", publication="m")
    assert day.undo().refused is None
    assert shown(day) == "slides"
    assert day.undo().refused is None
    assert day.sheet.sessions["a"].chosen == ""


def test_it_can_not_bring_back_what_is_gone(day):
    day.control("source", "a", publication="slides")
    day.control("source", "a", publication="m")
    day.stop_media("a", "slides")
    assert day.undo().refused.code == "cannot_undo"


def test_a_spare_alone_makes_the_session_overrun():
    day = Day().run_until(546)
    day.publish_media("a", "spare", "spare")
    assert day.run_until(570).state("a") == "overrunning"


# Quality -----------------------------------------------------------------------------------------


def measured(session="a", **quality):
    return facts.TalkMeasured(
        session=session, stage="main", worker="w", quality=TalkQuality(**quality)
    )


def test_what_workers_measured_is_added_up(day):
    first = measured(
        viewers=30,
        viewer_s=300.0,
        most_viewers=25,
        rtt_ms_p50=10.0,
        rtt_ms_p99=40.0,
        layer_s={"high": 200.0, "low": 100.0},
    )
    assert day.fold(first).touched == {QualityTouch("a")}
    day.fold(measured(viewers=10, viewer_s=50.0, most_viewers=10, rtt_ms_p50=50.0, rtt_ms_p99=30.0))
    quality = day.sheet.quality["a"]
    assert (quality.viewers, quality.viewer_s, quality.most_viewers) == (40, 350.0, 25)
    assert (quality.rtt_ms_p50, quality.rtt_ms_p99) == (20.0, 40.0)
    assert quality.splice_wait_ms_worst is None
    assert quality.layer_s == {"high": 200.0, "low": 100.0}


def test_quality_of_a_session_that_never_was_is_refused(day):
    assert day.fold(measured("nobody")).refused.code == "not_found"


def test_quality_outlives_its_session_in_the_schedule(day):
    day.run_until(570)
    day.stop_media("a", "m")
    day.stop_media("a", "slides")
    rest = [plan for plan in day.sheet.schedule.sessions if plan.id != "a"]
    day.run_until(571)
    schedule = msgspec.structs.replace(day.sheet.schedule, sessions=tuple(rest))
    assert day.fold(facts.SchedulePublished(schedule=schedule)).refused is None
    assert day.fold(measured(viewers=3)).refused is None
    assert day.sheet.quality["a"].viewers == 3


counts = st.integers(0, 10**6)
some_ms = st.none() | st.floats(0, 10_000)
qualities = st.builds(
    TalkQuality,
    viewers=counts,
    most_viewers=counts,
    packets_sent=counts,
    packets_lost=counts,
    rtt_ms_p50=some_ms,
    rtt_ms_p99=some_ms,
    splice_wait_ms_worst=some_ms,
    layer_s=st.dictionaries(st.sampled_from(["high", "low"]), st.integers(0, 99).map(float)),
)


@given(qualities, qualities)
def test_the_order_of_workers_does_not_matter(one, other):
    assert add_up(one, other) == add_up(other, one)


@given(qualities)
def test_adding_measurements_of_nothing_changes_nothing(one):
    assert add_up(one, TalkQuality()) == one


@given(qualities, qualities)
def test_a_median_of_both_lies_between_theirs(one, other):
    known = [q.rtt_ms_p50 for q in (one, other) if q.rtt_ms_p50 is not None]
    both = add_up(one, other).rtt_ms_p50
    assert both is None if not known else min(known) - 1e-6 <= both <= max(known) + 1e-6
