"""Four talks, one after the other on one stage, whose doors are all open: for changes of talk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp

from showcaller_client import Client

from .serving import ServeProcess
from .speaker import Speaker
from .until import until

EVENT, STAGE = "talks", "main"
TALKS = ("one", "two", "three", "four")
_MINUTES = 20
DOORS_TIMEOUT_S = 30.0  # a deadline: busy machines need it
_SCHEDULE = """
event: {id: talks, title: Four talks, time_zone: UTC}
days: [{date: 2026-06-11, starts: "09:00", ends: "11:00"}]
cues: {doors_open_min: 120}
stages: [{id: main, title: Main stage}]
speakers: [{id: ada, name: Ada}]
sessions:
"""


class TalksServer(ServeProcess):
    """Serves them, from a minute before the first is due; nothing starts but by `change_to`.

    `record`: all are recorded, and have captions in two languages.
    """

    def __init__(self, folder: Path, *options: str, record: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        schedule = folder / "talks.yaml"
        recorded = "record: true\ncaptions: [en, de]" if record else ""
        head = _SCHEDULE.replace("sessions:", f"{recorded}\nsessions:")
        schedule.write_text(head + "".join(_sessions()), encoding="utf-8")
        rehearse = "--rehearse-from", "08:50"
        if record:
            options += ("--recordings", str(folder / "recordings"))
        super().__init__(schedule, *rehearse, *options, data=folder / "data")
        self.on: str | None = None

    async def start(self) -> TalksServer:
        """Start it and wait until the doors of all talks are open: before, speakers are too early."""
        await super().start()
        await until(self._all_doors_are_open, timeout_s=DOORS_TIMEOUT_S)
        return self

    async def _all_doors_are_open(self) -> bool:
        url = f"{self.url}/api/v1/events/{EVENT}"
        async with aiohttp.request("GET", url) as answer:
            items = (await answer.json())["items"]
        return all(items[f"session:{talk}"]["state"] == "doors_open" for talk in TALKS)

    async def change_to(self, talk: str) -> None:
        """End what is on, start `talk`."""
        if self.on is not None:
            await self.command("session.end", session=self.on)
        await self.command("session.start", session=talk)
        self.on = talk

    async def choose(self, talk: str, source: str) -> None:
        """Put this source of a talk on the stage, once the server has it."""
        token = self.token(EVENT, "producer", person="p_producer")
        async with Client(self.url, event=EVENT, token=token) as client:
            produce = await client.follow("produce")

            def wanted() -> list[str]:
                return [
                    key.partition(":")[2]
                    for key, item in produce.items.items()
                    if key.startswith("publication:")
                    and (item["session"], item["source"]) == (talk, source)
                ]

            await produce.wait_until(lambda _: bool(wanted()), timeout_s=20)
            await self.command("source.choose", session=talk, publication=wanted()[0])

    async def command(self, name: str, **args: Any) -> dict[str, Any]:
        """A producer's. Raises `aiohttp.ClientResponseError`."""
        url = f"{self.url}/api/v1/events/{EVENT}/commands/{name}"
        headers = {"Authorization": f"Bearer {self.token(EVENT, 'producer', person='p_producer')}"}
        async with aiohttp.request("POST", url, json=args, headers=headers) as answer:
            if not answer.ok:
                raise RuntimeError(f"{name}: {answer.status} {await answer.text()}")
            body: dict[str, Any] = await answer.json()
            return body

    def speaker(
        self,
        talk: str,
        brightness: int,
        *,
        source: str = "main",
        grain: int = 0,
        keyframes_each_s: int = 0,
    ) -> Speaker:
        """Comes and publishes when it is entered."""
        url = f"{self.url}/api/v1/events/{EVENT}/sessions/{talk}/whip?source={source}"
        token = self.token(EVENT, "speaker", person=f"p_{talk}", sessions=[talk])
        return Speaker(
            url, token, brightness=brightness, grain=grain, keyframes_each_s=keyframes_each_s
        )


def _sessions() -> Iterable[str]:
    for place, talk in enumerate(TALKS):
        starts = f"{9 + place * _MINUTES // 60:02}:{place * _MINUTES % 60:02}"
        yield (
            f"  - {{id: {talk}, title: Talk {talk}, kind: talk, "
            f'starts: "{starts}", minutes: {_MINUTES}, speakers: [ada]}}\n'
        )
