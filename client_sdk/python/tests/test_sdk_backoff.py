"""Coming back, or not: PROTOCOL.md §7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller_client import backoff
from showcaller_client.errors import NotServed, ProtocolFault, ShutOut, TokenRejected


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_full_jitter_stays_within_its_bounds(attempt: int, chance: float) -> None:
    delay_s = backoff.full_jitter_s(attempt, lambda: chance)
    assert 0 <= delay_s <= min(20.0, 0.5 * 2.0 ** min(attempt, 100))


def test_full_jitter_spans_the_whole_range() -> None:
    assert [backoff.full_jitter_s(n, lambda: 1.0) for n in (0, 1, 2, 5, 6)] == [0.5, 1, 2, 16, 20]
    assert backoff.full_jitter_s(6, lambda: 0.0) == 0


@pytest.mark.parametrize(
    "code", [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4004, 4499]
)
def test_the_client_comes_back_after_a_close_that_is_not_final(code: int) -> None:
    assert backoff.fatal_close(code) is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1002, ProtocolFault),
        (1009, ProtocolFault),
        (4500, TokenRejected),
        (4501, ShutOut),
        (4502, ProtocolFault),
        (4503, ProtocolFault),
        (4504, ProtocolFault),
        (4505, ProtocolFault),
        (4999, ProtocolFault),
    ],
)
def test_the_client_stays_away_after_a_final_close(code: int, error: type[Exception]) -> None:
    fatal = backoff.fatal_close(code, "because")
    assert isinstance(fatal, error)
    assert fatal.close_code == code
    assert "because" in str(fatal)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    assert backoff.fatal_status(status) is None


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404])
def test_a_wrong_address_is_not_asked_again(status: int) -> None:
    assert isinstance(backoff.fatal_status(status), NotServed)


@pytest.mark.parametrize(
    ("reason", "delay_s"),
    [
        ("drain retry_after_ms=1500", 1.5),
        ("overload retry_after_ms=0", 0.0),
        ("drain", None),
        ("", None),
        ("retry_after_ms=-1", None),
        ("retry_after_ms=99999999999999", None),
    ],
)
def test_the_reason_may_name_the_delay(reason: str, delay_s: float | None) -> None:
    assert backoff.retry_after_s(reason) == delay_s
