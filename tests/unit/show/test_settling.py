"""An edited schedule counts once it has settled, on a clock that the test turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.show.settling import SETTLED_S, VANISHED_S, Settling
from showcaller.testing.day import SCHEDULE
from showcaller.testing.schedules import schedule, session

MORE = schedule(*SCHEDULE.sessions, session("new", 700, 720))
LESS = schedule(*(plan for plan in SCHEDULE.sessions if plan.id != "c"))


def test_an_edit_counts_once_it_has_stood_for_a_while():
    settling = Settling()
    assert settling.see(MORE, SCHEDULE, 0) is None
    assert settling.see(LESS, SCHEDULE, SETTLED_S) is None
    assert settling.see(MORE, SCHEDULE, SETTLED_S + 1) is None
    assert settling.see(MORE, SCHEDULE, 2 * SETTLED_S + 1) == MORE


def test_a_session_that_comes_back_was_never_gone():
    settling = Settling()
    settling.see(LESS, SCHEDULE, 0)
    assert settling.see(LESS, SCHEDULE, VANISHED_S - 1) is None
    settling.see(SCHEDULE, SCHEDULE, VANISHED_S - 0.5)
    settling.see(LESS, SCHEDULE, VANISHED_S)
    assert settling.see(LESS, SCHEDULE, VANISHED_S + 10) is None
    assert settling.see(LESS, SCHEDULE, 2 * VANISHED_S) == LESS


@given(
    st.lists(st.tuples(st.sampled_from([SCHEDULE, MORE, LESS]), st.integers(1, 40)), max_size=30)
)
def test_nothing_counts_that_has_not_stood_for_its_time(seen):
    settling, now_s, history = Settling(), 0, []
    for found, wait_s in seen:
        now_s += wait_s
        history.append((now_s, found))
        counts = settling.see(found, SCHEDULE, now_s)
        if counts is not None:
            assert all(one == found for at_s, one in history if now_s - at_s < SETTLED_S)
            if found == LESS:
                assert all(one == LESS for at_s, one in history if now_s - at_s < VANISHED_S)
