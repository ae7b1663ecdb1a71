"""Lanes: by channel, and who is shed at which backlog."""

import pytest

from showcaller.gateway.lanes import Lane, is_shed, lane_of


@pytest.mark.parametrize(
    ("channel", "lane"),
    [
        ("agenda", Lane.CONTROL),
        ("announcements", Lane.CONTROL),
        ("produce", Lane.CONTROL),
        ("person/p_questions", Lane.CONTROL),
        ("session/opening", Lane.CONTROL),
        ("session/questions", Lane.CONTROL),  # a session of that name
        ("session/opening/questions", Lane.QUESTIONS),
        ("session/opening/moderation", Lane.QUESTIONS),
        ("session/opening/audience", Lane.AUDIENCE),
        ("audience", Lane.AUDIENCE),
    ],
)
def test_the_lane_of_a_channel(channel, lane):
    assert lane_of(channel) is lane


def test_the_lowest_is_shed_first_and_control_never():
    def shed_at(backlog_bytes):
        return [lane for lane in Lane if is_shed(lane, backlog_bytes, 800)]

    assert shed_at(100) == []
    assert shed_at(101) == [Lane.AUDIENCE]
    assert shed_at(401) == [Lane.QUESTIONS, Lane.AUDIENCE]
    assert shed_at(9_999) == [Lane.QUESTIONS, Lane.AUDIENCE]
