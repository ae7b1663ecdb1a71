"""The command line: `showcaller-load list`, `show`, `check`, `run`, `agent`, `report`.

Exit codes: 0 the run passed; 1 it failed, or was stopped, or something broke; 2 the call or a file is wrong;
3 the run is invalid: it could not measure the server, and nothing was lost as far as anybody knows.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.markup import escape

from showcaller import __version__
from showcaller.errors import ConfigError, ShowcallerError
from showcaller.schedule_file.diagnostics import format_diagnostics
from showcaller.tokens import MIN_SECRET_BYTES
from showcaller.urls import check_http

from . import json_out, machine, scenario_file
from .agent import read_key, run_agent
from .capacity import check_capacity
from .controller import Controller, Settings
from .deployment import Deployment, OwnDeployment, RunningDeployment
from .live_view import watching
from .results import Result, Watcher
from .scenario import FAULTS, Scenario
from .tokens import Handed, Minted, TokenSource

EXIT_CODES = {"pass": 0, "fail": 1, "stopped": 1, "invalid": 3}

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)


@click.group(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "SHOWCALLER_LOAD",
    }
)
@click.version_option(__version__, prog_name="showcaller-load")
def main() -> None:
    """Can this deployment hold our audience? Virtual attendees, a verdict, a report.

    \b
    A first try, on this machine alone:
      showcaller-load list
      showcaller-load run doors_open --audience 500 --duration 20s
    A deployment that runs (its secret lets the attendees in):
      showcaller-load run qa_hour --url https://live.example.org --secret-file secret
    With more machines to generate the load:
      showcaller-load agent --listen 10.0.0.7:7400 --key-file key --allow live.example.org:443
      showcaller-load run qa_hour --url … --secret-file … --agent 10.0.0.7:7400 --key-file key

    Exit codes: 0 passed; 1 failed or stopped; 2 the call or a file is wrong; 3 invalid: this machine could
    not measure.
    """


@main.command("list")
def list_scenarios() -> None:
    """The scenarios that come with the tool."""
    for path in scenario_file.shipped():
        scenario = _read(path)
        size, duration_s = scenario.audience.size, scenario.duration_s
        out.print(f"[bold]{path.stem:<18}[/] {size:>7,} sockets, {duration_s:g} s")
        out.print(f"{'':<18} {escape(scenario.summary)}")


@main.command()
@click.argument("scenario")
def show(scenario: str) -> None:
    """Print SCENARIO's file: a good beginning for one of your own."""
    click.echo(_read(scenario_file.find(scenario)).yaml, nl=False)


@main.command()
@click.argument("scenarios", nargs=-1, required=True)
def check(scenarios: tuple[str, ...]) -> None:
    """Check SCENARIOS (names or files): every error with file, line and field."""
    for name in scenarios:
        path = scenario_file.find(name)
        scenario = _read(path)
        click.echo(f"{path}: ok: {scenario.name}, {scenario.audience.size:,} sockets")


@main.command()
@click.argument("scenario")
@click.option("--audience", type=click.IntRange(1, 1_000_000), help="So many sockets instead.")
@click.option("--duration", "duration", help="So long instead, such as 60s or 5min.")
@click.option("--url", help="Test this running deployment instead of a server of the tool's own.")
@click.option("--event", default="", help="With --url: the event. Default: the only one.")
@click.option("--session", default="", help="With --url: the session whose Q&A is used.")
@click.option("--secret-file", type=_file, help="With --url: the secret that signs its tokens.")
@click.option("--tokens", type=_file, help="With --url: tokens of people, one a line.")
@click.option(
    "--fault-command",
    "fault_commands",
    multiple=True,
    metavar="FAULT=COMMAND",
    help='With --url: what to run for a fault, such as rolling_restart="systemctl reload '
    'showcaller". Without one, the tool tells you when to do it.',
)
@click.option("--generators", default=0, help="Generator processes. Default: as many as needed.")
@click.option("--agent", "agents", multiple=True, metavar="HOST:PORT", help="Generate there.")
@click.option("--key-file", type=_file, help="With --agent: the key that the agents know.")
@click.option("--pin", is_flag=True, help="Server and generators on different cores.")
@click.option(
    "--out",
    "folder",
    type=_folder,
    help="Folder for result.json and report.html. Default: load-SCENARIO-TIME.",
)
def run(scenario: str, **options: Any) -> None:
    """Run SCENARIO (a name or a file) and judge it. Ctrl-C ends it in order, with a report."""
    result = _guarded(lambda: _run(scenario, **options))
    raise SystemExit(EXIT_CODES[result.verdict])


@main.command()
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where controllers connect.")
@click.option("--key-file", type=_file, required=True, help="A key that only you and they know.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    required=True,
    metavar="HOST:PORT",
    help="A deployment that load may be sent to (repeatable).",
)
def agent(listen: str, key_file: Path, allowed: tuple[str, ...]) -> None:
    """Lend this machine to a controller elsewhere: it starts generators here.

    Attendees' tokens come over the connection in the clear: lead it through a tunnel where others listen.
    """
    _guarded(lambda: run_agent(listen, read_key(key_file), allowed, click.echo))


@main.command()
@click.argument("result", type=_file)
def report(result: Path) -> None:
    """Make report.html anew, beside a RESULT (its result.json)."""

    def work() -> None:
        try:
            found = json_out.read(result)
        except (json_out.Unreadable, OSError) as error:
            raise ConfigError(str(error)) from error
        _, html = json_out.write(found, result.parent)
        click.echo(html)

    _guarded(work)


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ConfigError as error:
        _fail(error.message, 2)
    except ShowcallerError as error:
        _fail(error.message, 1)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _fail(message: str, code: int) -> NoReturn:
    err.print("[bold red]error:[/]", escape(message), soft_wrap=True)
    raise SystemExit(code)


def _read(path: Path) -> Scenario:
    """The scenario in the file; its errors end the program with exit code 2."""
    scenario, diagnostics = scenario_file.read_scenario(path, file_name=str(path))
    if diagnostics:
        click.echo(format_diagnostics(diagnostics), err=True)
    if scenario is None:
        raise SystemExit(2)
    return scenario


# Running ------------------------------------------------------------------------------------------


def _run(name: str, *, folder: Path | None, pin: bool, **options: Any) -> Result:
    scenario = _adjusted(_read(scenario_file.find(name)), options["audience"], options["duration"])
    server_cores, generator_cores = _cores(pin)
    deployment = _deployment(scenario, server_cores, options)
    settings = _settings(generator_cores, options)
    check_capacity(scenario, is_own=options["url"] is None, agents=len(settings.agents))
    machine.raise_file_limit()  # the server inherits it
    with watching(scenario, err) as watcher:
        result = asyncio.run(_controlled(scenario, deployment, settings, watcher))
    folder = folder or Path(f"load-{scenario.name}-{datetime.now():%Y%m%d-%H%M%S}")
    json_path, html_path = json_out.write(result, folder)
    click.echo(f"{html_path}\n{json_path}")
    return result


async def _controlled(
    scenario: Scenario, deployment: Deployment, settings: Settings, watcher: Watcher
) -> Result:
    controller = Controller(scenario, deployment, settings, watcher)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, controller.stop)
    return await controller.run()


def _adjusted(scenario: Scenario, audience: int | None, duration: str | None) -> Scenario:
    if audience is not None:
        scenario = scenario.resized(audience)
    if duration is not None:
        duration_s = scenario_file.seconds(duration)
        if not duration_s:
            raise ConfigError(f"--duration {duration}: write 60s or 5min")
        scenario = scenario.lasting(duration_s)
    return scenario


def _cores(pin: bool) -> tuple[list[int], list[int]]:
    """The server's and the generators', when they are to be apart."""
    cores = sorted(os.sched_getaffinity(0))
    if not pin:
        return [], []
    if len(cores) < 2:
        raise ConfigError("--pin needs two cores: one for the server, one for the generators")
    middle = max(1, len(cores) // 2)
    return cores[:middle], cores[middle:]


def _deployment(
    scenario: Scenario, cores: list[int], options: dict[str, Any]
) -> OwnDeployment | RunningDeployment:
    commands = dict(_fault_command(text) for text in options["fault_commands"])
    url = options["url"]
    if url is None:
        for name in ("event", "session", "secret_file", "tokens", "fault_commands"):
            if options[name]:
                raise ConfigError(f"--{name.replace('_', '-')} belongs to --url")
        return OwnDeployment(scenario.server, scenario.session, scenario.audience.size, cores)
    event, secret_file, tokens = options["event"], options["secret_file"], options["tokens"]
    check_http(url, "--url")
    if (secret_file is None) == (tokens is None):
        raise ConfigError("a running deployment needs either --secret-file or --tokens")
    if secret_file is not None and not event:
        raise ConfigError("--secret-file mints tokens for an event: name it with --event")
    source: TokenSource = Handed(tokens) if tokens else Minted(_secret(secret_file), event)
    return RunningDeployment(url, event, options["session"], source, commands)


def _secret(path: Path) -> str:
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the secret in {path}: {error}") from error
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(f"{path} holds no secret of at least {MIN_SECRET_BYTES} bytes")
    return secret


def _fault_command(text: str) -> tuple[str, list[str]]:
    name, _, words = text.partition("=")
    if name not in FAULTS or not words.strip():
        raise ConfigError(f"--fault-command {text}: write FAULT=COMMAND; {', '.join(FAULTS)}")
    return name, shlex.split(words)


def _settings(cores: list[int], options: dict[str, Any]) -> Settings:
    agents, key_file = options["agents"], options["key_file"]
    if bool(agents) != (key_file is not None):
        raise ConfigError("--agent and --key-file go together: give both or neither")
    return Settings(
        generators=options["generators"],
        agents=agents,
        agent_key=read_key(key_file) if key_file is not None else b"",
        cores=tuple(cores),
        local_cores=max(1, len(os.sched_getaffinity(0)) // 2),
    )


if __name__ == "__main__":
    main()
