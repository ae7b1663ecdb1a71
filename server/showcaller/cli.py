"""The command line: `showcaller serve`, `check`, `rehearse`, `token`, `export`, `replay`, `demo`.

Exit codes: 0 done; 1 something failed while running; 2 the call or a setting is wrong.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, get_args

import click
import msgspec
from rich.console import Console
from rich.markup import escape

from . import __version__, exports, logs, session_ends, short_links, system
from .domain.people import ROLES, RegistrationMode
from .errors import ConfigError, ShowcallerError
from .processes import raise_open_files
from .settings import Settings, existing_secret
from .tokens import Tokens
from .urls import check_http

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SHOWCALLER"}
)
@click.version_option(__version__, prog_name="showcaller")
def main() -> None:
    """Run a virtual event from one clock: agenda, live Q&A, and WebRTC rooms.

    \b
    A first try, with everything embedded:
      showcaller demo
    Your own event:
      showcaller check my-event.yaml
      showcaller rehearse my-event.yaml --overrun 3
      showcaller serve my-event.yaml --rehearse-from -2m --rate 10
      showcaller token my-event --role moderator --name Ada

    Each option may also come from the environment, such as SHOWCALLER_SERVE_PORT=80.

    Exit codes: 0 done; 1 something failed while running; 2 the call or a setting is wrong.
    """


def _guarded(work: Callable[[], Any]) -> Any:
    """Run `work`; what goes wrong on purpose becomes one clear line and an exit code."""
    try:
        return work()
    except ConfigError as error:
        _fail(error.message, 2)
    except ShowcallerError as error:
        _fail(error.for_operators, 1)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _fail(message: str, code: int) -> NoReturn:
    err.print("[bold red]error:[/]", escape(message), soft_wrap=True)
    raise SystemExit(code)


_existing = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path, file_okay=False)


@main.command()
@click.argument("schedules", nargs=-1, required=True, type=_existing)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="TCP port; 0 takes a free one.")
@click.option(
    "--data",
    default="data",
    show_default=True,
    type=_folder,
    help="Folder for the log and the secret.",
)
@click.option(
    "--broker",
    default="",
    help="redis://HOST:PORT[,HOST:PORT…] for several nodes. Default: SQLite in --data.",
)
@click.option(
    "--replicas",
    default=0,
    show_default=True,
    help="Redis replicas that must have a fact before it counts.",
)
@click.option(
    "--secret-file",
    type=_existing,
    help="File with the secret that signs tokens; the same on each node. Or set SHOWCALLER_SECRET.",
)
@click.option("--secret", default="", envvar="SHOWCALLER_SECRET", hidden=True)
@click.option(
    "--also-secret-file",
    type=_existing,
    help="File with a second secret, whose tokens are taken until --also-until, and not made: the old one "
    "while the secret is changed.",
)
@click.option(
    "--also-until", help="Until when, such as 2026-12-13T18:00+01:00. Goes with --also-secret-file."
)
@click.option(
    "--issuer-key",
    type=_existing,
    help="PEM public key of your own token issuer (RSA, P-256, Ed25519).",
)
@click.option(
    "--public-url",
    default="",
    help="Where people reach this server, such as https://live.example.org.",
)
@click.option(
    "--rehearse-from", help="Rehearse: 09:04, 2023-12-13T09:04, or -2m before the first session."
)
@click.option("--rate", default=1, show_default=True, help="Rehearsal speed, 1 to 600.")
@click.option(
    "--registration",
    type=click.Choice(get_args(RegistrationMode)),
    default="open",
    show_default=True,
    help="Who may register: anybody, holders of an invite code, or nobody.",
)
@click.option(
    "--invite-code",
    "invite_codes",
    multiple=True,
    help="A code that lets people register (repeatable).",
)
@click.option(
    "--registrations-per-address-hour",
    default=600,
    show_default=True,
    help="Limit per client address.",
)
@click.option(
    "--registrations-per-code",
    default=2000,
    show_default=True,
    help="How often a code may be used.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="Take a client's address from the last entry of X-Forwarded-For, which the proxy adds.",
)
@click.option(
    "--tls-cert",
    type=_existing,
    help="PEM certificate chain. Off localhost, browsers give pages a "
    "camera only over HTTPS: serve TLS here or at a reverse proxy.",
)
@click.option("--tls-key", type=_existing, help="PEM private key.")
@click.option(
    "--loose-modules",
    is_flag=True,
    help="Serve the pages' modules and styles one by one, as they are in the source.",
)
@click.option(
    "--allow-origin",
    "allow_origins",
    multiple=True,
    help="Another site whose pages may connect (repeatable).",
)
@click.option(
    "--media-workers", default=1, show_default=True, help="Processes that forward audio and video."
)
@click.option(
    "--media-address",
    "media_addresses",
    multiple=True,
    help="Address that viewers reach media at (repeatable).",
)
@click.option(
    "--media-port",
    default=0,
    help="First UDP port of the media workers, two for each.  [default: any free ones]",
)
@click.option(
    "--media-tcp-port",
    type=int,
    help="First TCP port of the media workers, for clients whose network blocks UDP, two for each; 0: none.  "
    "[default: the numbers of the UDP ports]",
)
@click.option(
    "--recordings",
    default="",
    help="Folder, or s3://BUCKET/PREFIX, for recordings of sessions whose `record` is not false.  "
    "[default: none are made]",
)
@click.option(
    "--recordings-kept-days",
    default=0,
    show_default=True,
    help="Days after which recordings are deleted; 0: never.",
)
@click.option(
    "--ice-server", "ice_servers", multiple=True, help="STUN or TURN URL for clients (repeatable)."
)
@click.option(
    "--turn-secret-file",
    type=_existing,
    help="File with the secret that TURN servers share (coturn: static-auth-secret). Clients get "
    "passwords that are good for a day.",
)
@click.option(
    "--push-key",
    type=_existing,
    help="PEM file with a private key on P-256: people may be reminded of what they starred by Web Push.",
)
@click.option(
    "--push-contact",
    default="",
    help="mailto: or https: address at which push services reach you.",
)
@click.option(
    "--push-service",
    "push_services",
    multiple=True,
    help="A push service beside those of the known browsers, as https://HOST (repeatable).",
)
@click.option(
    "--smtp",
    default="",
    help="smtp://[USER@]HOST[:PORT] or smtps://…: people may be reminded by mail.",
)
@click.option("--smtp-password-file", type=_existing, help="File with USER's password there.")
@click.option("--mail-from", default="", help="The address that mail comes from.")
@click.option(
    "--drain-timeout",
    "drain_timeout_s",
    default=10.0,
    show_default=True,
    help="Seconds to stop in.",
)
@click.option(
    "--max-connections",
    default=20_000,
    show_default=True,
    help="Live sockets that each worker takes.",
)
@click.option(
    "--connections-per-person",
    default=20,
    show_default=True,
    help="Live sockets of one person on each worker; a newer one ends the oldest.",
)
@click.option(
    "--connections-per-address",
    default=12_000,
    show_default=True,
    help="Live sockets of attendees from one client address on each worker.",
)
@click.option(
    "--requests-per-address",
    default=750,
    show_default=True,
    help="HTTP requests a second of one client address on each worker; more wait.",
)
@click.option(
    "--max-memory-mib",
    default=0,
    help="Memory of each worker beyond which nobody is let in.  [default: its part of 80 % of what "
    "the machine or the container has]",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    help="Processes that serve the port together: one for each core. More than one need --broker. "
    "SIGHUP replaces one after another without losing anything.",
)
@click.option(
    "--log-level",
    default="info",
    type=click.Choice(["debug", "info", "warning", "error"]),
    show_default=True,
)
def serve(log_level: str, **options: Any) -> None:
    """Serve one or more SCHEDULES until SIGTERM.

    \b
    On all of four cores, with a Redis:
      showcaller serve my-event.yaml --workers 4 --broker redis://localhost:6379
    Prints one line of JSON with the address when it is ready; logs go to standard error.
    """
    logs.set_up(log_level)
    options["schedules"] = tuple(options["schedules"])
    _guarded(lambda: run_server(Settings(**options)))


def run_server(settings: Settings) -> None:
    """Serve on uvloop until a signal comes: in this process, or in several that it looks after."""
    import uvloop

    raise_open_files()
    if settings.workers == 1:
        from .app import serve as serve_until_signal

        uvloop.run(serve_until_signal(settings, say_ready))
    else:
        from .workers.supervisor import supervise

        uvloop.run(supervise(settings, say_ready))


def say_ready(description: dict[str, Any]) -> None:
    """Print the line that tells a person or a script that the server is up."""
    click.echo(json.dumps(description))
    _say_if_created(description.get("secret_created"))
    if description.get("camera_needs_https"):
        err.print(
            "Browsers give a page the camera only over HTTPS or on localhost: speakers need "
            "--tls-cert and --tls-key, or a reverse proxy with TLS."
        )


def _say_if_created(secret: str | Path | None) -> None:
    if secret:
        said = f"A new signing secret was stored in {escape(str(secret))} (mode 0600)."
        err.print(said, soft_wrap=True)


@main.command()
@click.argument("files", nargs=-1, required=True, type=_existing)
def check(files: tuple[Path, ...]) -> None:
    """Check schedule FILES: every error and warning with file, line and field.

    Exits with 1 when a file has errors; warnings alone exit with 0.
    """
    from .schedule_file import format_diagnostics, read_schedule

    failed = False
    for path in files:
        schedule, diagnostics = read_schedule(path, file_name=str(path))
        if diagnostics:
            click.echo(format_diagnostics(diagnostics))
        if schedule is None:
            failed = True
        else:
            talks = sum(session.kind == "talk" for session in schedule.sessions)
            click.echo(
                f"{path}: ok: {schedule.title}, {len(schedule.sessions)} sessions, {talks} talks"
            )
    raise SystemExit(1 if failed else 0)


@main.command()
@click.argument("schedule", type=_existing)
@click.option(
    "--overrun",
    "overruns",
    multiple=True,
    metavar="[SESSION=]MINUTES",
    help="How much longer a session, or each talk, takes than planned (repeatable).",
)
@click.option(
    "--late",
    "lates",
    multiple=True,
    metavar="SESSION=MINUTES",
    help="How long after its start a session's speakers come (repeatable).",
)
@click.option(
    "--absent",
    "absent",
    multiple=True,
    metavar="SESSION",
    help="A session whose speakers never come (repeatable).",
)
@click.option("--attendees", default=10, show_default=True, help="People with stars and questions.")
@click.option(
    "--report",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of the report.",
)
def rehearse(
    schedule: Path,
    overruns: tuple[str, ...],
    lates: tuple[str, ...],
    absent: tuple[str, ...],
    attendees: int,
    form: str,
) -> None:
    """Go through the whole day of a SCHEDULE in no time, with scripted people, and report what goes wrong.

    \b
    Every talk takes three minutes more, and one speaker does not come:
      showcaller rehearse my-event.yaml --overrun 3 --absent keynote

    Overruns and whom they delay, talks cut off, sessions without speaker or source, sessions side by side
    on one stage, breaks that can give no more, empty stages, reminders that come too early. Nothing is
    written, and no server is needed; to walk through a rehearsal yourself: showcaller serve
    --rehearse-from. Exits with 1 if there is a finding.
    """
    from .run_through import as_text, report
    from .run_through.told import script_of
    from .schedule_file import format_diagnostics, read_schedule

    read, diagnostics = read_schedule(schedule, file_name=str(schedule))
    if read is None:
        click.echo(format_diagnostics(diagnostics))
        raise SystemExit(1)
    script = _guarded(lambda: script_of(read, overruns, lates, absent, attendees))
    found = report(read, script)
    if form == "json":
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        click.echo(as_text(found, read))
    raise SystemExit(1 if found.findings else 0)


@main.command()
@click.argument("event")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=("attendee",),
    type=click.Choice(ROLES),
    show_default=True,
    help="What the person may do (repeatable).",
)
@click.option("--person", help="Id of the person, if you have one. Default: a new one.")
@click.option("--name", default="", help="Shown to others.")
@click.option(
    "--session",
    "sessions",
    multiple=True,
    help="Speakers: a session they may publish to (repeatable).",
)
@click.option(
    "--stage", "stages", multiple=True, help="Stage managers: a stage that they run (repeatable)."
)
@click.option("--hours", default=24.0, show_default=True, help="How long the token is valid.")
@click.option(
    "--data",
    default="data",
    show_default=True,
    type=_folder,
    envvar=["SHOWCALLER_TOKEN_DATA", "SHOWCALLER_SERVE_DATA"],
    help="Folder of the embedded server.",
)
@click.option(
    "--secret-file",
    type=_existing,
    envvar=["SHOWCALLER_TOKEN_SECRET_FILE", "SHOWCALLER_SERVE_SECRET_FILE"],
    help="The nodes' secret, when they share one.",
)
@click.option("--secret", default="", envvar="SHOWCALLER_SECRET", hidden=True)
@click.option(
    "--url", default="", help="Print links to the pages of this server instead of the bare token."
)
def token(
    event: str,
    roles: tuple[str, ...],
    person: str | None,
    name: str,
    sessions: tuple[str, ...],
    stages: tuple[str, ...],
    hours: float,
    data: Path,
    secret_file: Path | None,
    secret: str,
    url: str,
) -> None:
    """Mint a token for EVENT and print it.

    \b
    A moderator's link:
      showcaller token my-event --role moderator --name Ada --url https://live.example.org
    """

    def work() -> None:
        if url:
            check_http(url, "--url")
        if hours <= 0:
            raise ConfigError("--hours must be more than 0")
        if "speaker" in roles and not sessions:
            raise ConfigError("a speaker publishes to sessions: name them with --session")
        if ("stage_manager" in roles) != bool(stages):
            raise ConfigError("a stage_manager runs stages: name the role, and them with --stage")
        settings = Settings(schedules=(), data=data, secret=secret, secret_file=secret_file)
        now_ms, ttl_s = system.wall_ms(), round(hours * 3600)
        who, token_id = person or system.random_id("p"), system.random_id("t")
        text = Tokens(existing_secret(settings)).mint(
            event,
            who,
            roles,
            token=token_id,
            now_ms=now_ms,
            ttl_s=ttl_s,
            name=name,
            sessions=sessions,
            stages=stages,
        )
        err.print(f"Token {token_id} (its jti) of person {escape(who)}.", soft_wrap=True)
        _say_how_good(event, sessions, now_ms + ttl_s * 1000, url, data)
        for line in _links(url, event, roles, sessions, text) if url else [text]:
            click.echo(line)

    _guarded(work)


def _say_how_good(
    event: str, sessions: tuple[str, ...], until_ms: int, url: str, data: Path
) -> None:
    """Say until when the token is valid, and what it won't do, as far as the schedule is known here."""
    log_file = data / "showcaller.sqlite3"
    try:
        ends = session_ends.ends_at(url, event) if url else None
        if ends is None and log_file.exists():
            ends = session_ends.ends_in(log_file, event)
        found = session_ends.doubts(ends, sessions, until_ms) if ends is not None else []
    except session_ends.NoSuchEvent as error:
        found = [str(error)]
    err.print(f"Valid until {session_ends.utc(until_ms)}.", soft_wrap=True)
    for doubt in found:
        err.print("[bold yellow]warning:[/]", escape(doubt), soft_wrap=True)


def _links(
    url: str, event: str, roles: tuple[str, ...], sessions: tuple[str, ...], text: str
) -> list[str]:
    """Return a link for each role. It is short where the server is there to make it so."""
    speak = f"speak/{sessions[0]}" if len(sessions) == 1 else "speak"
    pages = {
        "moderator": "moderate",
        "producer": "produce",
        "stage_manager": "produce",
        "speaker": speak,
        "screen": "on-air",
        "captioner": f"captions/{sessions[0]}" if len(sessions) == 1 else "captions",
    }
    code = short_links.code_for(url, event, text)
    if code is None:
        err.print("The server makes no short link now: this one is good in every browser.")
    fragment = f"token={text}" if code is None else f"code={code}"
    return [f"{url.rstrip('/')}/e/{event}/{pages.get(role, '')}#{fragment}" for role in roles]


@main.command()
@click.argument("event")
@click.option("--url", help="Export from a running server (needs --token of a producer).")
@click.option(
    "--token",
    "token_text",
    envvar="SHOWCALLER_TOKEN",
    help="A producer's token; or set SHOWCALLER_TOKEN.",
)
@click.option(
    "--data",
    default="data",
    show_default=True,
    type=_folder,
    help="Folder of a server that is stopped.",
)
@click.option("--broker", default="", help="redis://… of the nodes.")
def export(event: str, url: str | None, token_text: str | None, data: Path, broker: str) -> None:
    """Write EVENT's log to standard output: one fact a line, as JSON.

    `showcaller replay` folds such a file to the event's state.
    """
    if url:
        _guarded(lambda: exports.write_from_server(url, event, token_text or ""))
    else:
        settings = Settings(schedules=(), data=data, broker=broker)
        _guarded(lambda: asyncio.run(exports.write_from_broker(settings, event)))


@main.command()
@click.argument("file", type=click.File("rb"))
def replay(file: Any) -> None:
    """Fold an exported log (FILE, or - for standard input) and show what came of it.

    The digest is the same for the same facts: compare it with another node's or release's.
    """
    _guarded(lambda: exports.replay(file.read().splitlines(), out, err))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="TCP port; 0 takes a free one.")
@click.option(
    "--data", type=_folder, help="Folder for the log. Default: a temporary one, gone afterwards."
)
def demo(host: str, port: int, data: Path | None) -> None:
    """Show everything within two minutes: the model event, rehearsed, with simulated people.

    Opens a page that lets one in as attendee, moderator, producer and speaker. Ctrl-C ends it.
    """
    from .demo import run_demo

    logs.set_up("warning", plain=True)
    _guarded(lambda: run_demo(host=host, port=port, data=data))


if __name__ == "__main__":
    main()
