"""Laws of certificates: how many minutes somebody attended, and whether that is enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.certificates import Attended, Span, attended
from showcaller.domain.schedule import CertificatePolicy
from showcaller.domain.stays import Stay

SESSIONS = st.sampled_from(["", "a", "b", "c"])
PARTS = st.lists(st.tuples(SESSIONS, st.integers(0, 40), st.integers(1, 20)), max_size=12)
SPANS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 40), st.integers(1, 20)),
    unique_by=lambda one: one[0],
)


@given(PARTS, SPANS)
def test_a_minute_counts_once_and_only_where_something_was_on(parts, spans):
    stays = [Stay(session, first, first + length) for session, first, length in parts]
    on = [Span(session, first, first + length) for session, first, length in spans]
    found = attended(stays, on)
    live = {m for m in range(80) if any(one.from_min <= m < one.until_min for one in on)}
    there = {
        minute
        for minute in live
        for one in on
        for stay in stays
        if stay.session == one.session
        and one.from_min <= minute < one.until_min
        and stay.from_min <= minute < stay.until_min
    }
    assert found == Attended(len(there), len(live))


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 100), st.booleans())
def test_a_share_is_enough_only_once_the_event_is_over(minutes, more, percent, over):
    found = Attended(minutes, minutes + more)
    enough = found.is_enough(CertificatePolicy(min_percent=percent), over=over)
    assert enough == (over and minutes > 0 and minutes * 100 >= percent * (minutes + more))


@given(st.integers(0, 500), st.integers(1, 500), st.booleans())
def test_so_many_minutes_are_enough_at_any_time(minutes, needed, over):
    policy = CertificatePolicy(min_minutes=needed)
    assert Attended(minutes, 500).is_enough(policy, over=over) == (minutes >= needed)
