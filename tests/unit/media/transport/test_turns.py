"""One piece of heavy work in each turn of the loop."""

import asyncio

from showcaller.media.transport.turns import BEHIND_S, Turns
from showcaller.testing.until import until


def never():
    return False


async def test_each_turn_of_the_loop_does_one_piece_and_everything_else_that_is_ready():
    turns, done = Turns(never), []
    for piece in "abc":
        turns.do(lambda now_s, piece=piece: done.append(piece))
    for _ in range(3):
        await asyncio.sleep(0)
        done.append("media")
    assert done == ["a", "media", "b", "media", "c", "media"]


async def test_who_awaits_a_turn_gets_it_in_order():
    turns, done = Turns(never), []

    async def join(name):
        await turns.mine()
        done.append(name)

    await asyncio.gather(*(join(name) for name in "abc"))
    assert done == ["a", "b", "c"]


async def test_a_caller_that_gave_up_does_not_stop_the_others():
    turns, done = Turns(never), []
    gone = asyncio.create_task(turns.mine())
    await asyncio.sleep(0)
    gone.cancel()
    turns.do(lambda now_s: done.append("next"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == ["next"]


async def test_a_piece_that_fails_holds_up_nobody(caplog):
    turns, done = Turns(never), []
    turns.do(lambda now_s: done[0])
    turns.do(lambda now_s: done.append("next"))
    await until(lambda: done == ["next"])
    assert [type(record.exc_info[1]) for record in caplog.records] == [IndexError]


async def test_what_waits_is_forgotten_at_the_end():
    turns, done = Turns(never), []
    turns.do(lambda now_s: done.append("work"))
    turns.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not done


async def test_while_media_is_late_turns_are_few_but_come():
    late, done = True, []
    turns = Turns(lambda: late)
    began_s = asyncio.get_running_loop().time()
    for piece in "abc":
        turns.do(lambda now_s, piece=piece: done.append(piece))
    await asyncio.sleep(0)
    assert done == []
    await until(lambda: done == ["a", "b"])
    assert asyncio.get_running_loop().time() - began_s >= 2 * BEHIND_S - 0.005
    late = False
    await until(lambda: done == ["a", "b", "c"])
