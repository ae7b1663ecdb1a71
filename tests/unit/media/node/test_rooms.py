"""Rooms keep what their workers have, and nothing that has ended."""

import asyncio

from showcaller.media.contract.calls import Answer, Asker, View
from showcaller.media.contract.engine import MediaEvent
from showcaller.media.node.rooms import MAX_CONNECTING, Rooms

ADA = Asker(person="p_ada")
OFFER = View(stage="main", asker=ADA, offer="v=0")


class SlowWorker:
    """Answers a call only when `answer` is called, as a pipe may be read late."""

    def __init__(self):
        self.calls = []

    def do(self, call):
        answered = asyncio.get_running_loop().create_future()
        self.calls.append(answered)
        return answered

    def answer(self, resource):
        self.calls.pop(0).set_result(Answer(resource=resource, sdp="v=0", etag="1"))


async def opened(rooms, worker, resource, *, ended_early=False):
    opening = asyncio.create_task(rooms.open(worker, OFFER))
    await asyncio.sleep(0)
    if ended_early:
        rooms.on_event(worker, MediaEvent(kind="left", resource=resource))
    worker.answer(resource)
    return await opening


async def test_what_ended_before_its_answer_was_taken_in_is_not_kept():
    rooms, worker = Rooms(ledger=None), SlowWorker()
    for number in range(2 * MAX_CONNECTING):
        answer = await opened(rooms, worker, f"v{number}", ended_early=True)
        assert answer.resource == f"v{number}"


async def test_an_end_that_nobody_waits_for_is_forgotten():
    rooms, worker = Rooms(ledger=None), SlowWorker()
    rooms.on_event(worker, MediaEvent(kind="left", resource="v1"))
    await opened(rooms, worker, "v1")
    assert len(rooms._resources) == 1
