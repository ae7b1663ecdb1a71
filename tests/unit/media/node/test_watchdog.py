"""A worker that hangs is told from one that is busy, and from one whose node is busy."""

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from showcaller.media.node import watchdog
from showcaller.media.node.watchdog import Activity, Stuck, activity, await_answer, rests
from showcaller.testing.until import until


@pytest.fixture
def start():
    started = []

    def run(program):
        started.append(subprocess.Popen([sys.executable, "-c", program]))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(watchdog, "LATE_AFTER_S", 0.1)
    monkeypatch.setattr(watchdog, "ANSWER_WITHIN_S", 1.0)


def never():
    return asyncio.get_running_loop().create_future()


async def verdict_after_s(process):
    began_s = time.monotonic()
    with pytest.raises(Stuck):
        await await_answer(never(), process.pid)
    return time.monotonic() - began_s


async def test_one_that_is_stopped_is_stuck_at_once(start):
    process = start("while True: pass")
    process.send_signal(signal.SIGSTOP)
    await until(lambda: activity(process.pid).state == "T")
    assert await verdict_after_s(process) < 0.8


async def test_one_that_sleeps_is_stuck_at_once(start):
    process = start("import time; time.sleep(60)")
    await until(lambda: activity(process.pid).state == "S")
    assert await verdict_after_s(process) < 0.8


async def test_one_that_works_has_longer(start):
    process = start("while True: pass")
    assert await verdict_after_s(process) >= 1.0


async def test_an_answer_that_comes_while_it_is_looked_at_counts(start):
    process = start("import time; time.sleep(60)")
    await until(lambda: activity(process.pid).state == "S")
    answer = never()
    asyncio.get_running_loop().call_later(0.2, answer.set_result, None)
    await await_answer(answer, process.pid)


async def test_a_stall_of_our_own_kills_nobody(start):
    """The answer came long ago, and we were too busy to read it."""
    process = start("import time; time.sleep(60)")
    reader, writer = await asyncio.open_connection(sock=_answered())

    async def read():
        await reader.readexactly(1)

    waiting = asyncio.create_task(await_answer(asyncio.create_task(read()), process.pid))
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251
    await waiting
    writer.close()


def _answered():
    import socket

    ours, theirs = socket.socketpair()
    theirs.send(b".")
    theirs.close()
    return ours


async def test_what_the_answer_raises_is_raised():
    answer = never()
    answer.set_exception(LookupError())
    with pytest.raises(LookupError):
        await await_answer(answer, 1)


def test_who_waits_for_a_processor_or_a_disk_does_not_rest():
    idle = Activity("S", 100)
    assert rests(idle, idle)
    for after in (Activity("R", 100), Activity("D", 100), Activity("S", 101), None):
        assert not rests(idle, after)
        assert not rests(after, idle)
    assert activity(2**22 + 1) is None
