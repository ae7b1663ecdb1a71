"""Redis's errors in our words: clients are told no host of ours, operators are."""

import pytest
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    MovedError,
    ResponseError,
    TimeoutError,
)

from showcaller.broker.redis_scripts import translate
from showcaller.errors import problem
from showcaller.protocol.connection_state import failure

HOST = "10.0.0.5"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError(f"Error 111 connecting to {HOST}:6379. Connection refused."),
        ConnectionError(f"Error while reading from {HOST}:6379 : (104, 'reset by peer')"),
        ResponseError(f"something about {HOST}:6379"),
    ],
)
def test_only_operators_are_told_which_host_failed(error):
    ours = translate(error)
    assert HOST in ours.for_operators
    assert HOST not in str(problem(ours)) + str(failure(ours, "1")) + str(ours)


@pytest.mark.parametrize(
    "error",
    [
        MovedError(f"1 {HOST}:6379"),
        TimeoutError(f"Timeout reading from {HOST}:6379"),
        AuthenticationError(f"no such user at {HOST}"),
        BusyLoadingError(f"{HOST} is loading"),
    ],
)
def test_what_says_enough_by_itself_is_told_without_the_host(error):
    assert HOST not in translate(error).for_operators
