"""The difference between two schedules, and accepting an edited one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.schedule_diff import differences, offer_id
from showcaller.testing.day import SCHEDULE, Day
from showcaller.testing.schedules import schedule, session

EDITED = schedule(
    *(plan for plan in SCHEDULE.sessions if plan.id not in ("b", "c")),
    session("c", 610, 630),
    session("new", 700, 720),
)
some = st.lists(
    st.builds(session, st.sampled_from("abcdef"), st.integers(0, 9), st.integers(10, 19)),
    unique_by=lambda one: one.id,
).map(lambda found: schedule(*found))


def offer(day, plan):
    return day.fold(facts.ScheduleOffered(schedule=plan))


def accept(day, plan, **more):
    return day.fold(facts.ScheduleAccepted(offer=offer_id(plan), by="p", **more))


def test_a_difference_says_what_became_of_each_session():
    found = [(one.session, one.what) for one in differences(SCHEDULE, EDITED)]
    assert found == [("b", "vanished"), ("c", "moved"), ("new", "new")]


@given(some, some)
def test_every_session_that_differs_is_named_once(before, after):
    named = [one.session for one in differences(before, after)]
    old, new = ({plan.id: plan for plan in one.sessions} for one in (before, after))
    assert sorted(named) == sorted(id for id in old | new if old.get(id) != new.get(id))


def test_an_offer_changes_nothing_until_it_is_accepted():
    day = Day()
    assert offer(day, EDITED).refused is None
    assert day.expected("c") == (600, 620)
    assert accept(day, EDITED).refused is None
    assert (day.expected("c"), day.sheet.offered) == ((610, 630), None)
    assert "b" not in day.sheet.sessions


def test_only_what_is_offered_can_be_accepted():
    day = Day()
    assert accept(day, EDITED).refused.code == "stale_preview"
    offer(day, EDITED)
    offer(day, SCHEDULE)  # the edit was taken back
    assert accept(day, EDITED).refused.code == "stale_preview"
    offer(day, EDITED)
    assert accept(day, EDITED, if_revision=0).refused.code == "stale_preview"


def test_a_session_that_runs_is_not_lost_by_an_edit():
    day = Day().run_until(570)
    offer(day, EDITED)
    assert accept(day, EDITED).refused.code == "wrong_state"
    assert day.state("b") == "live"
