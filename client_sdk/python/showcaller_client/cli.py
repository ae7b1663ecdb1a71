"""The command line: follow, ask, publish, watch. Exit codes: 0 done, 1 refused or lost, 2 wrong call."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .client import Client
from .errors import ShowcallerClientError
from .http import register

if TYPE_CHECKING:  # its import needs the extra `media`
    from .media import Viewer

EPILOG = """\
examples:
  # a server on this machine, started with `showcaller demo` or `showcaller serve`
  %(prog)s follow --event systems-scale-winter-2023 agenda
  %(prog)s ask --event systems-scale-winter-2023 --name Ada opening "Why one clock?"

  # speakers publish with the token that the organiser gave them
  SHOWCALLER_TOKEN=… %(prog)s publish --url https://show.example --event my-event my-talk
  %(prog)s publish --token-file speaker.jwt --url … --event … my-talk --file talk.webm

  # does the picture arrive? prints decoded frames each second
  %(prog)s watch --event systems-scale-winter-2023 --frames 100 main

Without a token, one registers as an attendee. Tokens are secrets: give them in a file or in the
environment, not on the command line where other users of the machine can see them.
"""


def main(arguments: list[str] | None = None) -> None:
    """Parse and run; ends the process with its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    run: Callable[[argparse.Namespace], Awaitable[None]] = options.run
    try:
        asyncio.run(_awaited(run(options)))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ShowcallerClientError, ImportError, OSError, ValueError) as error:
        print(f"error: {error or type(error).__name__}", file=sys.stderr)
        sys.exit(1)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="showcaller_client",
        description="Take part in a Showcaller event from a shell.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    follow = _command(commands, "follow", _follow, "print a channel's updates, one JSON a line")
    follow.add_argument("channel", help="agenda, announcements, me, session/ID/questions, …")
    ask = _command(commands, "ask", _ask, "ask a question and print its id and state")
    ask.add_argument("session", help="the session's id, as the agenda shows it")
    ask.add_argument("text")
    ask.add_argument("--anonymous", action="store_true", help="do not show my name to others")
    publish = _command(commands, "publish", _publish, "publish a test card or a file to a session")
    publish.add_argument("session", help="the session's id; waits until its doors open")
    publish.add_argument("--file", type=Path, help="a video file. Default: the test card")
    publish.add_argument(
        "--codec", choices=("vp8", "h264"), default="vp8", help="of the test card's picture"
    )
    publish.add_argument("--source", choices=("main", "slides", "spare"), default="main")
    watch = _command(commands, "watch", _watch, "watch a stage and count decoded frames")
    watch.add_argument("stage", help="the stage's id, as the agenda shows it")
    watch.add_argument("--frames", type=int, help="stop after so many. Default: go on")
    return parser


def _command(commands: Any, name: str, run: object, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    parser.add_argument(
        "--url", default="http://127.0.0.1:8080", help="the server (default: %(default)s)"
    )
    parser.add_argument("--event", required=True, help="the event's id")
    parser.add_argument("--token-file", type=Path, help="file with a token; else $SHOWCALLER_TOKEN")
    parser.add_argument("--name", default="Guest", help="register as (default: %(default)s)")
    return parser


async def _token(options: argparse.Namespace) -> str:
    if options.token_file is not None:
        return str(options.token_file.read_text()).strip()
    if token := os.environ.get("SHOWCALLER_TOKEN"):
        return token
    return (await register(options.url, options.event, options.name)).token


async def _client(options: argparse.Namespace) -> Client:
    return Client(options.url, event=options.event, token=await _token(options))


async def _follow(options: argparse.Namespace) -> None:
    async with await _client(options) as client:
        async for update in await client.follow(options.channel):
            said = {name: value for name, value in vars(update).items() if value or name == "kind"}
            print(json.dumps(said, ensure_ascii=False), flush=True)


async def _ask(options: argparse.Namespace) -> None:
    async with await _client(options) as client:
        print(
            json.dumps(await client.ask(options.session, options.text, anonymous=options.anonymous))
        )


async def _publish(options: argparse.Namespace) -> None:
    from . import media

    source: media.Source = (
        media.FileSource(options.file)
        if options.file
        else await media.load_test_card(options.codec)
    )
    print(f"publishing to {options.session}; Ctrl-C ends it", file=sys.stderr)
    url = media.whip_url(options.url, options.event, options.session, options.source)
    await media.publish(source, url, await _token(options))


async def _watch(options: argparse.Namespace) -> None:
    from . import media

    url = media.whep_url(options.url, options.event, stage=options.stage)
    token = await _token(options)
    async with Client(options.url, event=options.event, token=token) as client:
        generation = media.stage_generation(await client.follow("agenda"), options.stage)
        async with media.watch(url, token, generation=generation) as viewer:
            await _count(viewer, options.frames)


async def _count(viewer: Viewer, frames: int | None) -> None:
    while frames is None or viewer.video_frames < frames:
        before = viewer.video_frames
        await asyncio.sleep(1)
        viewer.check()
        counts = {
            "video_frames": viewer.video_frames,
            "audio_frames": viewer.audio_frames,
            "frames_per_s": viewer.video_frames - before,
            "size": viewer.frame_size,
            "connections": viewer.connections,
        }
        print(json.dumps(counts), flush=True)
