"""The lines of docs/remote-control.md, as somebody who copies them runs them."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import aiohttp

from showcaller.domain.people import Principal
from showcaller.domain.schedule_diff import offer_id
from showcaller.schedule_file import read_schedule
from showcaller.show.commands import COMMAND_NAMES, may_command
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

from .conftest import SCHEDULE

EVENT = "systems-scale-winter-2023"
PAGE = (Path(__file__).parents[2] / "docs" / "remote-control.md").read_text()
RULES = "catch_up: {talks_give_min: 3}"
BLOCKS = [block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)]


class Caller:
    """Gives commands to a server over HTTP, and runs lines of a shell."""

    def __init__(self, server, http):
        self.server, self.http = server, http
        self.show = f"{server.url}/api/v1/events/{EVENT}"
        self.ids = {}

    async def command(self, name, role="producer", person="", **args):
        token = self.server.token(EVENT, role, person=person)
        head = {"Authorization": f"Bearer {token}"}
        async with self.http.post(f"{self.show}/commands/{name}", json=args, headers=head) as got:
            return await got.json()

    async def run(self, line, token):
        environment = os.environ | self.ids | {"TOKEN": token, "SHOW": self.show}
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", line),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        # Nobody publishes here, so there is no source to choose: that is said, and no more to be had.
        expected = 22 if "source.choose" in line else 0
        assert process.returncode == expected, f"{line}\n{output.decode()}"
        assert not expected or "409" in output.decode()

    async def items(self):
        async with self.http.get(self.show) as answer:
            return (await answer.json())["items"]


def test_every_command_of_producers_alone_has_a_line():
    who = {role: _principal(role) for role in ("producer", "moderator")}
    theirs = {
        name
        for name in COMMAND_NAMES
        if may_command(who["producer"], name) and not may_command(who["moderator"], name)
    }
    assert theirs
    assert {name for name in theirs if f"/commands/{name}" not in PAGE} == set()


def _principal(role):
    return Principal(person="p", roles=frozenset({role}), token="t", expires_at_ms=0)


async def test_every_line_of_the_page_does_what_it_says(tmp_path):
    path = tmp_path / "event.yaml"
    text = SCHEDULE.read_text().replace("\nstages:", f"\n{RULES}\n\nstages:", 1)
    path.write_text(text)
    options = ("--rehearse-from", "09:01", "--media-workers", "0")
    async with (
        ServeProcess(path, *options, data=tmp_path / "data") as server,
        aiohttp.ClientSession() as http,
    ):
        caller = Caller(server, http)
        edited = text.replace("title: Opening", "title: Good morning")
        path.write_text(edited)
        await _prepare(caller)
        for block in BLOCKS:
            token = server.token(EVENT, "producer")
            for line in block:
                if "schedule.accept" in line:
                    await _await_offer(caller, edited)
                await caller.run(line, token)
        items = await caller.items()
        assert items["session:opening"]["title"] == "Good morning"
        assert items["session:opening"]["state"] == "ended"
        assert items["session:ai-multi-tenancy"]["state"] == "live"
        assert items["session:gpu-sharing"]["delayed_min"] == 5  # the key was used twice
        assert items["session:warehouse-recovery"]["note"] == "The speaker is ill"


async def _prepare(caller):
    ada = {"session": "opening", "text": "Why?"}
    asked = await caller.command("question.ask", "attendee", person="ada", **ada)
    draft = {"kind": "single", "text": "Tea?", "options": ["Yes", "No"]}
    poll = await caller.command("poll.make", session="opening", draft=draft)
    made = await caller.command("announcement.make", text="Hello")
    item = await caller.command("check_list.add", text="Radios charged")
    caller.ids = {
        "QUESTION": asked["question"],
        "POLL": poll["poll"],
        "ITEM": item["item"],
        "ANNOUNCEMENT": made["announcement"],
        "PERSON": "ada",
    }


async def _await_offer(caller, text):
    edited, _ = read_schedule(text, file_name="edited")
    caller.ids["OFFER"] = offer_id(edited)
    preview = {"command": "schedule.accept", "args": {"offer": offer_id(edited)}}

    async def offered():
        return "shifts" in await caller.command("control.preview", **preview)

    await until(offered)
