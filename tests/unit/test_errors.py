"""One error tree, two translations: each kind of error has its status and its close code."""

import pytest

from showcaller import errors

KINDS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.ShowcallerError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_becomes_a_problem(kind):
    described = errors.problem(kind("what happened", field="a.b", retry_after_s=1.2))
    assert described["status"] == kind.http_status
    assert described["type"] == f"urn:showcaller:error:{kind.code}"
    assert described["field"] == "a.b"
    assert described["retry_after_s"] == 2
    assert described["retry"] is kind.retry


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TokenExpired("x"), 4003),
        (errors.TokenNotYet("x"), 4004),
        (errors.Unauthenticated("x"), 4500),
        (errors.Banned("x"), 4501),
        (errors.TooLarge("x"), 1009),
        (errors.BadInput("x"), 4503),
        (errors.RateLimited("x"), 4504),
        (errors.Unavailable("x"), 1013),
        (errors.ShowcallerError("x"), 1011),
    ],
)
def test_close_codes_tell_whether_to_come_back(error, code):
    assert errors.close_for(error).code == code


def test_a_close_carries_its_delay():
    close = errors.close_for(errors.Unavailable("busy", retry_after_s=0.0305))
    assert close.reason == "unavailable retry_after_ms=31"


@pytest.mark.parametrize("kind", [errors.Unavailable, errors.Full, errors.StorageFull])
def test_what_may_be_asked_again_says_when(kind):
    assert errors.problem(kind("busy"))["retry_after_s"] >= 1
    assert errors.close_for(kind("busy")).reason == kind.code  # come back at a random moment
