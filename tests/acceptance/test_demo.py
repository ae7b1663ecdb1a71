"""The demo as a newcomer starts it: doors, a picture, people who ask and vote, a session that starts."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from showcaller.app import load_schedule
from showcaller.demo import run_demo
from showcaller.demo.lines import ABOUT, GENERAL, NAMES, reply_to
from showcaller.demo.people import MAX_QUESTIONS, Script
from showcaller.demo.polls import DRAFTS, choice
from showcaller.demo.run import schedule_path
from showcaller.errors import ConfigError
from showcaller_client import Client, Followed, media, register

EVENT = "systems-scale-winter-2023"
TALK = "ai-multi-tenancy"
START_TIMEOUT_S = 30.0
STOP_WITHIN_S = 5.0

CLI = (sys.executable, "-m", "showcaller.cli", "demo", "--port", "0")
# The same, ten seconds before the first talk.
SHORTLY_BEFORE_THE_TALK = (
    sys.executable,
    "-c",
    "from showcaller.demo import run_demo;"
    "run_demo(host='127.0.0.1', port=0, data=None, rehearse_from='09:04:50')",
)


class Demo:
    """A demo that is running, by the page that it prints."""

    def __init__(self, process: asyncio.subprocess.Process, printed: str) -> None:
        self.process = process
        [self.page] = re.findall(r"^ +Open (http\S+)$", printed, re.MULTILINE)
        self.url = "{0.scheme}://{0.netloc}".format(urlsplit(self.page))

    async def door(self, who: str) -> tuple[str, str]:
        """Go through a role's door: the page that it leads to, and the token that its code becomes."""
        async with aiohttp.ClientSession(self.url) as http:
            async with http.get(f"/demo/{who}", allow_redirects=False) as answer:
                page, _, code = answer.headers["Location"].partition("#code=")
            use = {"code": code, "browser": "0123456789abcdef"}
            async with http.post(f"/api/v1/events/{EVENT}/codes/use", json=use) as answer:
                return page, (await answer.json())["token"]

    async def interrupt(self) -> float:
        """SIGINT; returns the seconds that everything took to end."""
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert await self.process.wait() == 0
        return time.monotonic() - began_s


@asynccontextmanager
async def running(*command: str, temporary: Path) -> AsyncIterator[Demo]:
    settings_of_another = {"SHOWCALLER_SECRET": "x" * 40, "SHOWCALLER_SERVE_RATE": "600"}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={"TMPDIR": str(temporary), "PATH": "", **settings_of_another},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            printed = await process.stdout.readuntil(b"Ctrl-C")
        yield Demo(process, printed.decode())
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def test_everything_can_be_seen(tmp_path: Path) -> None:
    async with running(*SHORTLY_BEFORE_THE_TALK, temporary=tmp_path) as demo:
        me = await register(demo.url, EVENT, "Newcomer")
        stage = media.whep_url(demo.url, EVENT, stage="main")
        async with (
            Client(demo.url, event=EVENT, token=me.token) as client,
            media.watch(stage, me.token) as viewer,
        ):
            agenda = await client.follow("agenda")
            talk = await client.follow(f"session/{TALK}/questions")
            await viewer.wait_for_video(25)
            await started(agenda)
            await talk.wait_until(lambda c: sum(c.levels.values()) > 0, timeout_s=60)
            polls = await client.follow(f"session/{TALK}/polls")
            await polls.wait_until(lambda c: sum(c.levels.values()) > 0, timeout_s=60)
            await viewer.wait_for_video(25)
            assert agenda.items[f"session:{TALK}"]["on_air"]
        assert await demo.interrupt() < STOP_WITHIN_S
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def started(agenda: Followed) -> None:
    """Wait for the cue, which is called once."""
    async with asyncio.timeout(60):
        async for update in agenda:
            for event in update.events:
                if (event["cue"], event["session"]) == ("started", TALK):
                    return


async def test_the_doors_let_one_in_by_role(tmp_path: Path) -> None:
    async with running(*CLI, "--data", str(tmp_path / "data"), temporary=tmp_path) as demo:
        async with aiohttp.request("GET", demo.page) as answer:
            page = await answer.text()
        for who in ("attendee", "moderator", "producer", "speaker"):
            assert f'href="/demo/{who}"' in page
            leads_to, token = await demo.door(who)
            assert leads_to.startswith(f"/e/{EVENT}/")
            async with Client(demo.url, event=EVENT, token=token) as client:
                assert client.welcome["roles"] == [who]
        _, token = await demo.door("moderator")
        async with Client(demo.url, event=EVENT, token=token) as moderator:
            announcements = await moderator.follow("announcements")
            await announcements.wait_until(lambda c: len(c.items) == 1)
            present = await moderator.follow("session/opening/audience")
            await present.wait_until(lambda c: c.levels.get("present", 0) >= len(NAMES))
        assert await demo.interrupt() < STOP_WITHIN_S
    assert (tmp_path / "data" / "showcaller.sqlite3").exists()


def test_each_question_is_asked_once_and_never_too_many() -> None:
    script, seconds = Script(Random(1)), [step / 2 for step in range(2 * 1200)]
    asked = [q for now_s in seconds if (q := script.next_question("nitro", now_s))]
    assert 8 <= len(asked) == len(set(asked)) <= MAX_QUESTIONS
    assert script.next_question("crane", 1200.0) is None  # a new session: not at once
    assert script.next_question("crane", 1210.0) not in asked


def test_each_question_has_a_reply_of_its_own() -> None:
    lines = [line for lines in (GENERAL, *ABOUT.values()) for line in lines]
    assert len({line.reply for line in lines}) == len(lines)
    assert all(reply_to(line.question) == line.reply for line in lines)
    assert reply_to("What does a visitor ask?") is None


def test_every_session_of_the_event_has_questions_of_its_own() -> None:
    sessions = {str(session.id) for session in load_schedule(schedule_path()).sessions}
    assert sessions == set(ABOUT)


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft["kind"])
def test_the_demos_people_choose_what_a_poll_offers(draft: dict[str, Any]) -> None:
    poll = {"options": [], "most": 1, **draft}
    for seed in range(50):
        chosen = choice(poll, Random(seed))
        assert all(len(set(found)) == len(found) > 0 for found in chosen.values())
        assert set(chosen.get("options", ())) <= set(range(len(poll["options"])))
        assert len(chosen.get("words", ())) <= poll["most"]


def test_a_missing_sdk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "showcaller_client.media", None)
    with pytest.raises(ConfigError, match=r"showcaller-client\[media\]"):
        run_demo(host="127.0.0.1", port=0, data=None)


def test_a_server_that_can_not_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=r"(?s)did not start.*\b" + str(port)):
            run_demo(host="127.0.0.1", port=port, data=tmp_path)
