"""The controller's end of a generator: whose clock is how far from ours."""

import socket
import time

import pytest
from showcaller_load import machine
from showcaller_load.generators import Generator
from showcaller_load.orders import Ready, SyncAnswer

AHEAD_MS = 5_000.0


@pytest.fixture
def generator():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Generator(ours, b"k" * 32)


def ready(boot):
    return Ready(machine=machine.describe(), pid=1, boot=boot, most_sockets=1000)


def answer(generator, there_ms, back_ms):
    """An exchange that took so long there and back, with a clock that is ahead of ours."""
    now_ms = time.monotonic() * 1000
    sent_ms = now_ms - there_ms - back_ms
    generator._take(SyncAnswer(t1_ms=sent_ms, t2_ms=sent_ms + there_ms + AHEAD_MS))


async def test_the_shortest_exchange_tells_another_machine_s_clock(generator):
    generator._take(ready(boot="another machine's"))
    for there_ms, back_ms in ((80.0, 2.0), (1.0, 1.5), (3.0, 90.0)):
        answer(generator, there_ms, back_ms)

    assert generator.offset_ms == pytest.approx(-AHEAD_MS, abs=1.5)


async def test_processes_of_one_machine_share_its_clock(generator):
    generator._take(ready(boot=machine.boot_id()))
    answer(generator, 80.0, 2.0)

    assert generator.offset_ms == 0.0
