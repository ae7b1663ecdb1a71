"""Media of one event on a node without workers."""

from __future__ import annotations

from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import Unauthenticated
from showcaller.media.node.service import MediaService
from showcaller.show.live_event import LiveEvent


async def test_a_publisher_who_is_turned_away_before_the_run_keeps_the_reason():
    broker = SqliteBroker(":memory:")
    try:
        event = LiveEvent("event", await broker.open("event"))
        media = MediaService(event, workers=0, addresses=["127.0.0.1"])
        media.note_refused("one", Unauthenticated("x"), person="")
    finally:
        await broker.close()
