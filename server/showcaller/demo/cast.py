"""Everybody who takes part in the demo. Needs the Python SDK, as nothing else in the server does."""

from __future__ import annotations

from collections.abc import Coroutine
from random import Random
from typing import Any

from showcaller_client import Client

from .lines import NAMES
from .people import Script, attend, moderate
from .speaker import publish_to_sessions


def everybody(
    url: str, event: str, *, producer_token: str, moderator_token: str
) -> list[Coroutine[Any, Any, None]]:
    """One coroutine for each; they come back by themselves when a connection is lost."""
    random = Random()
    script = Script(random)
    return [
        _speak(url, event, producer_token),
        _moderate(url, event, moderator_token),
        *(attend(url, event, name, script, random) for name in NAMES),
    ]


async def _speak(url: str, event: str, token: str) -> None:
    async with Client(url, event=event, token=token) as client:
        await publish_to_sessions(client, url, event, token)


async def _moderate(url: str, event: str, token: str) -> None:
    async with Client(url, event=event, token=token) as client:
        await moderate(client)
