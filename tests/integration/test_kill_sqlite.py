"""SQLite: SIGKILL in a burst of questions. Whatever was acknowledged is there after the restart."""

import asyncio
import contextlib

from showcaller.testing.serving import ServeProcess
from showcaller_client import Client
from showcaller_client.errors import Refused

EVENT = "systems-scale-winter-2023"
QUESTIONS = 1_000
EACH = 3  # a person's burst of questions
KILL_AFTER = 50  # acknowledgements; one address may ask some 60 at once


async def test_nothing_acknowledged_is_lost(schedule_path, tmp_path):
    options = ("--rehearse-from", "-2m", "--media-workers", "0")
    server = await ServeProcess(schedule_path, *options, data=tmp_path / "data").start()
    acknowledged = {}
    enough = asyncio.Event()
    askers = [
        asyncio.create_task(ask(server, number, acknowledged, enough))
        for number in range(QUESTIONS // EACH + 1)
    ]
    async with asyncio.timeout(60):
        await enough.wait()
    server.kill()
    await server.wait()
    for task in askers:
        task.cancel()
    await asyncio.gather(*askers, return_exceptions=True)
    assert KILL_AFTER <= len(acknowledged) < QUESTIONS, "the kill came too late to test anything"

    async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as again:
        token = again.token(EVENT, "moderator")
        async with Client(again.url, event=EVENT, token=token) as moderator:
            queue = await moderator.follow("session/opening/moderation")
            found = {key: item["text"] for key, item in queue.items.items()}
    lost = {key for key, text in acknowledged.items() if found.get(key) != text}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged questions are gone"
    assert len(set(found.values())) == len(found), "a question was stored twice"


async def ask(server, number, acknowledged, enough):
    token = server.token(EVENT, "attendee")
    with contextlib.suppress(TimeoutError, Refused):
        async with Client(server.url, event=EVENT, token=token) as client:
            for turn in range(EACH):
                text = f"question {turn} of {number}"
                answer = await client.ask("opening", text)
                acknowledged[answer["question"]] = text
                if len(acknowledged) >= KILL_AFTER:
                    enough.set()
