"""Redis forgets everything while two nodes serve: both begin anew, and every client is told."""

import asyncio

from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller_client import Client

EVENT = "systems-scale-winter-2023"
WITHIN_S = 10.0


async def test_when_the_log_is_lost_the_clients_of_all_nodes_start_over(schedule_path, tmp_path):
    with RedisServer() as redis:
        options = ("--broker", redis.url, "--rehearse-from", "-2m", "--media-workers", "0")
        async with (
            ServeProcess(schedule_path, *options, data=tmp_path / "a") as one,
            ServeProcess(schedule_path, *options, data=tmp_path / "b") as other,
            Client(one.url, event=EVENT, token=one.token(EVENT, "moderator")) as left,
            Client(other.url, event=EVENT, token=one.token(EVENT, "attendee")) as right,
        ):
            queue = await left.follow("session/opening/moderation")
            agenda = await right.follow("agenda")
            lost = (await right.ask("opening", "Will this be forgotten?"))["question"]
            await queue.wait_until(lambda q: lost in q.items, WITHIN_S)
            first_run = agenda.items["clock"]["run"]

            await asyncio.to_thread(redis.command, "FLUSHALL")

            await queue.wait_until(lambda q: lost not in q.items, WITHIN_S)
            await agenda.wait_until(lambda a: a.items["clock"]["run"] != first_run, WITHIN_S)
            await agenda.wait_until(lambda a: a.items["session:opening"]["qa"] == "open", WITHIN_S)
            again = (await right.ask("opening", "Does it go on?"))["question"]
            await queue.wait_until(lambda q: again in q.items, WITHIN_S)
            runs = {left.welcome["epoch"], right.welcome["epoch"]}
            assert len(runs) == 1
        assert "event.failed" not in one.log_text() + other.log_text()
