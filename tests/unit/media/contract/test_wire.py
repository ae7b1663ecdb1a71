"""Messages between nodes and workers: the pipe, errors on their way, calls that wait for replies."""

import asyncio
import socket

import pytest

from showcaller import errors
from showcaller.errors import NotFound, ShowcallerError, TooEarly, Unavailable
from showcaller.media.contract.calls import Asker, Close, Ping, View
from showcaller.media.contract.statistics import VIEWERS_TOLD, ViewerStatistics, worst
from showcaller.media.contract.wire import (
    MAX_MESSAGE_BYTES,
    Fault,
    PendingCalls,
    Pipe,
    Reply,
    call_of,
    decode,
    encode,
    error_of,
    fault_of,
    request,
)


async def pipes():
    ours, theirs = socket.socketpair()
    return [Pipe(*await asyncio.open_connection(sock=s)) for s in (ours, theirs)], theirs


async def test_messages_cross_the_pipe_until_it_ends():
    (left, right), _ = await pipes()
    view = View(stage="main", asker=Asker("p"), offer="v=0" * 50_000)
    sent = [request(1, view), Reply(1, {"a": [1]}), Reply(2)]
    for message in sent:
        left.send(message)
    received = [await right.receive() for _ in sent]
    assert call_of(received[0]) == view
    assert received[1:] == sent[1:]
    left.close()
    assert await right.receive() is None


async def test_a_message_that_is_too_long_ends_the_pipe():
    ours, theirs = socket.socketpair()
    pipe = Pipe(*await asyncio.open_connection(sock=ours))
    theirs.send((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"))
    assert await pipe.receive() is None
    theirs.close()
    pipe.close()


def test_errors_arrive_as_what_they_were():
    error = TooEarly("wait", code="doors", field="x", retry_after_s=7)
    again = error_of(decode(encode(Reply(1, fault=fault_of(error)))).fault)
    assert type(again) is TooEarly
    assert (again.message, again.code, again.field, again.retry_after_s) == (
        "wait",
        "doors",
        "x",
        7,
    )


@pytest.mark.parametrize("kind", ["", "Nothing", "problem", "math", "annotations", "Close"])
def test_a_fault_of_no_known_kind_is_ours(kind):
    assert type(error_of(Fault(kind, "?", "c"))) is Unavailable


def test_every_error_has_its_way_back():
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, ShowcallerError):
            assert type(error_of(fault_of(kind("m")))) is kind


CLOSE = Close(resource="w~r", asker=Asker("p"))


async def test_a_reply_settles_its_call_only():
    calls, sent = PendingCalls(), []
    waiting = [asyncio.create_task(calls.ask(CLOSE, sent.append, 5, Unavailable)) for _ in range(3)]
    await asyncio.sleep(0)
    calls.settle(Reply(sent[1]))
    calls.settle(Reply(sent[0], fault=fault_of(NotFound("gone"))))
    calls.settle(Reply(999, "nobody's"))
    assert await waiting[1] is None
    with pytest.raises(NotFound):
        await waiting[0]
    calls.fail(Unavailable("over"))
    with pytest.raises(Unavailable):
        await waiting[2]


async def test_a_call_without_a_reply_ends():
    with pytest.raises(Unavailable, match="late"):
        await PendingCalls().ask(Ping(), lambda id: None, 0.01, lambda: Unavailable("late"))


def viewer(number, lost_share):
    return ViewerStatistics(resource=f"r_{number}", person="p", stage="main", lost_share=lost_share)


def test_of_many_viewers_those_that_lose_most_are_told_and_fit_into_a_message():
    viewers = [viewer(number, number / 5_000) for number in range(5_000)]
    told = worst(viewers)
    assert [one.resource for one in told[:2]] == ["r_4999", "r_4998"]
    assert len(told) == VIEWERS_TOLD
    assert len(encode(Reply(1, told))) < MAX_MESSAGE_BYTES / 10
