"""Start the demo, lead to its page, and end it all together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from .. import system
from ..app import load_schedule
from ..errors import ConfigError
from ..settings import Settings, resolve_secret
from ..tokens import Tokens
from .server import DemoServer

EVENT_FILE = "systems-scale-winter-2023.yaml"
# The opening is on, its end and the first talk's start are a little more than a minute away: time to
# open a page and still see "starts in one minute" called.
REHEARSE_FROM = "09:03:40"
LEAVE_TIMEOUT_S = 1.5
TOKEN_TTL_S = 24 * 3600
PACKAGE = Path(__file__).parents[1]
# In a wheel the schedules lie inside the package; in a checkout at its root.
SCHEDULE_FOLDERS = (PACKAGE / "schedules", PACKAGE.parents[1] / "schedules")


def run_demo(
    *, host: str, port: int, data: Path | None, rehearse_from: str = REHEARSE_FROM
) -> None:
    """Run until Ctrl-C. Raises `ConfigError` when something that it needs is missing."""
    _need_sdk()
    with _folder(data) as folder:
        asyncio.run(_until_signal(_Demo(host, port, folder, rehearse_from).run()))


def _need_sdk() -> None:
    try:
        import showcaller_client.media  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"the demo's people use the Python SDK, which is missing ({error}): "
            "pip install 'showcaller-client[media]', "
            "or in a checkout: pip install -e 'client_sdk/python[media]'"
        ) from error


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="showcaller-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; Ctrl-C, SIGTERM and a closed terminal end it in good order."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


class _Demo:
    def __init__(self, host: str, port: int, data: Path, rehearse_from: str) -> None:
        self._host = host
        self._port = port
        self._data = data
        self._rehearse_from = rehearse_from
        self._path = schedule_path()
        self._schedule = load_schedule(self._path)
        self._event = str(self._schedule.event_id)

    async def run(self) -> None:
        from .cast import everybody  # needs the SDK

        server = DemoServer(
            self._path,
            host=self._host,
            port=self._port,
            data=self._data,
            rehearse_from=self._rehearse_from,
        )
        async with server:
            secret = resolve_secret(Settings(schedules=(), data=self._data)).text
            tokens = Tokens(secret)
            self._lead_to(f"{server.url}/demo")
            people = everybody(
                server.url,
                self._event,
                producer_token=self._token(tokens, "producer", name="Test card"),
                moderator_token=self._token(tokens, "moderator", name="Mo"),
            )
            await _all_of(server.ended(), *people)

    def _lead_to(self, page: str) -> None:
        talk = next(session for session in self._schedule.sessions if session.kind == "talk")
        click.echo(f"{self._schedule.title}, in rehearsal from {self._rehearse_from}.")
        click.echo(f"The opening is on; next, in about a minute: “{talk.title}”.\n")
        click.echo(f"  Open {page}\n")
        click.echo("It lets you in as attendee, moderator, producer and speaker. The picture is a")
        click.echo("test card; the people who ask and vote are simulated. Ctrl-C ends the demo.")
        if _has_a_screen():
            webbrowser.open(page)

    def _token(self, tokens: Tokens, role: str, *, name: str) -> str:
        return tokens.mint(
            self._event,
            system.random_id("p"),
            [role],
            token=system.random_id("t"),
            now_ms=system.wall_ms(),
            ttl_s=TOKEN_TTL_S,
            name=name,
        )


def _has_a_screen() -> bool:
    """Tell whether somebody sits here, at a screen on which a browser could open."""
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and (sys.platform != "linux" or bool(display))


def schedule_path() -> Path:
    """The model event. Raises `ConfigError` where the installation lacks it."""
    for folder in SCHEDULE_FOLDERS:
        if (folder / EVENT_FILE).is_file():
            return folder / EVENT_FILE
    raise ConfigError(f"the model event's schedule, {EVENT_FILE}, is missing: install again")


async def _all_of(*tasks: Coroutine[Any, Any, None]) -> None:
    """Run all until one fails; none of them ends otherwise."""
    running = [asyncio.ensure_future(task) for task in tasks]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=LEAVE_TIMEOUT_S)
