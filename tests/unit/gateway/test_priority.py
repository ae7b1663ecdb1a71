"""Lanes: by channel, and who is shed at which backlog."""

import pytest

from showcaller.gateway.priority import Priority, is_shed, priority_of


@pytest.mark.parametrize(
    ("channel", "priority"),
    [
        ("agenda", Priority.CONTROL),
        ("announcements", Priority.CONTROL),
        ("produce", Priority.CONTROL),
        ("person/p_questions", Priority.CONTROL),
        ("session/opening", Priority.CONTROL),
        ("session/questions", Priority.CONTROL),  # a session of that name
        ("session/opening/questions", Priority.QUESTIONS),
        ("session/opening/moderation", Priority.QUESTIONS),
        ("session/opening/audience", Priority.AUDIENCE),
        ("audience", Priority.AUDIENCE),
    ],
)
def test_the_priority_of_a_channel(channel, priority):
    assert priority_of(channel) is priority


def test_the_lowest_priority_is_dropped_first_and_control_never():
    def shed_at(backlog_bytes):
        return [priority for priority in Priority if is_shed(priority, backlog_bytes, 800)]

    assert shed_at(100) == []
    assert shed_at(101) == [Priority.AUDIENCE]
    assert shed_at(401) == [Priority.QUESTIONS, Priority.AUDIENCE]
    assert shed_at(9_999) == [Priority.QUESTIONS, Priority.AUDIENCE]
