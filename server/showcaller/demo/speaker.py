"""The speaker who is a test card: on air from doors open until just before each session's end."""

from __future__ import annotations

import asyncio
import logging

from showcaller_client import Client, Followed, Refused, media

from .agenda import ROOM_STATES, Agenda, Session

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LEAVE_BEFORE_END_S = 2.0  # who is still on air at the end makes the session overrun
ASK_AGAIN_S = 3.0


async def publish_to_sessions(client: Client, url: str, event: str, token: str) -> None:
    """Keep the test card in every room that is open, unless somebody real publishes there."""
    card = await media.load_test_card("h264")
    agenda, produce = await Agenda.of(client), await client.follow("produce")
    me = str(client.welcome["person"])
    on_air: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            sessions = [s for s in agenda.sessions() if _wants_card(s, agenda, produce, me)]
            wanted = {str(s["id"]): str(s["stage"]) for s in sessions}
            for session in wanted.keys() - on_air.keys():
                room = media.whip_url(url, event, session)
                generation = media.stage_generation(agenda.followed, wanted[session])
                on_air[session] = asyncio.create_task(_publish(card, room, token, generation))
            await _stop([on_air.pop(session) for session in on_air.keys() - wanted.keys()])
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await _stop(list(on_air.values()))


def _wants_card(session: Session, agenda: Agenda, produce: Followed, me: str) -> bool:
    if session["state"] not in ROOM_STATES or agenda.left_s(session) < LEAVE_BEFORE_END_S:
        return False
    publications = [i for key, i in produce.items.items() if key.startswith("publication:")]
    return not any(p["session"] == session["id"] and p["person"] != me for p in publications)


async def _publish(
    card: media.LoopSource, room: str, token: str, generation: media.Generation
) -> None:
    while True:
        try:
            await media.publish(card, room, token, generation=generation)
        except Refused as refused:
            log.info("not published: %s", refused, extra={"action": "demo.not_published"})
        await asyncio.sleep(ASK_AGAIN_S)


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
