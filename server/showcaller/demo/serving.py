"""The demo's server process: what `showcaller serve` runs, and the demo's doors."""

from __future__ import annotations

from pathlib import Path

import click
import uvloop
from aiohttp import web

from .. import logs
from ..app import Server, serve
from ..cli import say_ready
from ..settings import Settings
from .doors import Doors

DRAIN_TIMEOUT_S = 1.0
_path = click.Path(path_type=Path)


class OpenServer(Server):
    """A server that lets anybody in as anybody."""

    def web_app(self) -> web.Application:
        app = super().web_app()
        [schedule] = self.schedules
        talk = next(session for session in schedule.sessions if session.kind == "talk")
        Doors(schedule.event_id, talk.id).register(app)
        return app


@click.command()
@click.argument("schedule", type=_path)
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--data", type=_path, required=True)
@click.option("--rehearse-from", required=True)
def main(schedule: Path, host: str, port: int, data: Path, rehearse_from: str) -> None:
    """Serve SCHEDULE in rehearsal until a signal comes."""
    logs.set_up("info")
    settings = Settings(
        schedules=(schedule,),
        host=host,
        port=port,
        data=data,
        recordings=str(data / "recordings"),
        rehearse_from=rehearse_from,
        drain_timeout_s=DRAIN_TIMEOUT_S,
    )
    uvloop.run(serve(settings, say_ready, OpenServer))


if __name__ == "__main__":
    main()
