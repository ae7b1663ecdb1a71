"""The verdict: what was lost, what could not be measured, and which of them counts more."""

import pytest
from showcaller_load.checks import failures, judge, verdict

BUSY = ["generator 7 was 100 % busy"]
NO_LOG = ["the log could not be read at the end"]


@pytest.mark.parametrize(
    ("values", "broken", "doubts", "is_stopped", "expected"),
    [
        ({"lost": 0, "join_p99_ms": 10}, [], [], False, "pass"),
        ({"lost": 0, "join_p99_ms": 99}, [], [], False, "fail"),
        ({"lost": 0, "join_p99_ms": 99}, [], BUSY, False, "invalid"),
        ({"lost": 200, "join_p99_ms": 10}, [], BUSY, False, "fail"),
        ({"lost": 200, "join_p99_ms": 10}, [], BUSY, True, "fail"),
        ({"lost": 0, "join_p99_ms": 99}, [], BUSY, True, "stopped"),
        ({"unanswered": 3, "lost": 0, "join_p99_ms": 10}, [], BUSY, False, "fail"),
        ({"unanswered": 3, "lost": 0, "join_p99_ms": 10}, [], [], True, "stopped"),
        ({"lost": None, "join_p99_ms": 10}, NO_LOG, [], False, "fail"),
        ({"lost": None, "join_p99_ms": 10}, [], ["403"], False, "invalid"),
        ({"lost": 0}, [], [], False, "fail"),  # a limit on what was not measured does not hold
    ],
)
def test_what_was_lost_counts_more_than_what_could_not_be_measured(
    values, broken, doubts, is_stopped, expected
):
    limits = {"lost": 0.0, "unanswered": 0.0, "join_p99_ms": 50.0}
    checks = judge({"unanswered": 0} | values, limits)
    assert verdict(checks, broken, doubts, is_stopped=is_stopped) == expected


def test_a_figure_that_was_not_measured_says_so():
    (sentence,) = failures(judge({"lost": None}, {"lost": 0.0}))
    assert sentence == "lost was not measured; the limit is at most 0"
