"""Exports at the command line: written from a server or a broker, and folded again."""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from . import system
from .domain import facts
from .domain.ids import EventId
from .domain.state import State
from .errors import ConfigError, Unavailable
from .settings import Settings
from .urls import check_http, shown


def write_from_server(url: str, event: str, token_text: str) -> None:
    """Write a running server's export to standard output. Raises `ConfigError` or `Unavailable`."""
    check_http(url, "--url")
    request = urllib.request.Request(f"{url.rstrip('/')}/api/v1/events/{event}/export")
    # Where the server sends us elsewhere, the token stays here.
    request.add_unredirected_header("Authorization", f"Bearer {token_text}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            while block := answer.read(1 << 16):
                sys.stdout.buffer.write(block)
    except urllib.error.HTTPError as error:
        raise ConfigError(
            f"the server answered {error.code}: {error.read(2000).decode()}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"the export from {shown(url)} failed: {error}") from error


async def write_from_broker(settings: Settings, event: str) -> None:
    """Write the export of a broker's log to standard output. Raises `ConfigError`."""
    from .api.commands import exported
    from .broker.connect import connect

    if not (settings.broker or settings.data.is_dir()):  # connecting would make it
        raise ConfigError(f"there is no folder {settings.data}: name the server's with --data")
    broker = connect(settings.broker_url)
    try:
        if event not in await broker.events():
            raise ConfigError(f"there is no log of {event!r} in {shown(settings.broker_url)}")
        event_log = await broker.open(event)
        async for line in exported(event_log, (await event_log.head()).offset):
            sys.stdout.buffer.write(line)
    finally:
        await broker.close()


class ExportedLine(msgspec.Struct):
    """A line of an export."""

    offset: int
    at_ms: int
    key: str
    fact: msgspec.Raw


def replay(lines: list[bytes], out: Console, err: Console) -> None:
    """Fold an export and show on `out` what came of it. Raises `ConfigError` with the line."""
    if not lines:
        raise ConfigError("the export is empty")
    state, refused = State(event_id=EventId("")), 0
    decoder = msgspec.json.Decoder(ExportedLine)
    started_s = system.monotonic_s()
    for number, text in enumerate(track(lines, "folding", console=err, transient=True), 1):
        try:
            line = decoder.decode(text)
            fact = facts.decode_fact(line.fact)
            outcome = state.apply(line.offset, line.at_ms, fact)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(f"line {number}: {error}") from error
        refused += outcome.refused is not None
    _show(out, state, len(lines), refused, system.monotonic_s() - started_s)


def _show(out: Console, state: State, count: int, refused: int, took_s: float) -> None:
    table = Table(show_header=False, box=None)
    sheet = state.runsheet
    table.add_row("facts", f"{count} ({refused} refused)")
    table.add_row("folded in", f"{took_s:.2f} s")
    table.add_row("questions", str(len(state.questions.by_id)))
    table.add_row("votes", str(state.questions.votes.total()))
    if sheet is not None:
        table.add_row("event", sheet.schedule.title)
        for session_id, run in sheet.sessions.items():
            table.add_row(f"  {session_id}", run.state)
    table.add_row("state digest", state.digest())
    out.print(table)
