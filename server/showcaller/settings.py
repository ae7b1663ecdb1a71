"""Settings of an operator. Each field is an option of `showcaller serve` and an environment variable."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from msgspec import Struct, structs

from . import system
from .domain.people import RegistrationMode
from .errors import ConfigError, at_start
from .tokens import MIN_SECRET_BYTES, OtherSecret
from .urls import check_http, ice_server

MAX_DRAIN_S = 3_600
MAX_WORKERS = 256
PORTS_EACH = 2  # of a media worker: the second one is its replacement's, in a rolling restart


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one `serve` process. See `showcaller serve --help` for their meaning."""

    schedules: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("data")
    broker: str = ""  # URL; empty: sqlite in `data`
    replicas: int = 0
    secret: str = ""
    secret_file: Path | None = None
    also_secret_file: Path | None = None  # of tokens that are taken, but not made
    also_until: str | None = None
    issuer_key: Path | None = None
    public_url: str = ""
    rehearse_from: str | None = None
    rate: int = 1
    registration: RegistrationMode = "open"
    invite_codes: tuple[str, ...] = ()
    registrations_per_address_hour: int = 600
    registrations_per_code: int = 2_000
    behind_proxy: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    loose_modules: bool = False
    allow_origins: tuple[str, ...] = ()
    media_workers: int = 1
    media_addresses: tuple[str, ...] = ()
    media_port: int = 0  # the first one, UDP; 0: any free ones
    media_tcp_port: int | None = None  # None: the numbers of UDP ports; 0: media only comes by UDP
    recordings: str = ""  # a folder, or s3://BUCKET/PREFIX; "": nothing is recorded
    recordings_kept_days: int = 0  # 0: until somebody deletes them
    ice_servers: tuple[str, ...] = ()
    turn_secret_file: Path | None = None
    push_key: Path | None = None
    push_contact: str = ""
    push_services: tuple[str, ...] = ()  # beside those of the known browsers
    smtp: str = ""
    smtp_password_file: Path | None = None
    mail_from: str = ""
    drain_timeout_s: float = 10.0
    max_connections: int = 20_000
    connections_per_person: int = 20
    connections_per_address: int = 12_000
    requests_per_address: int = 750
    max_memory_mib: int = 0  # of each worker; 0: its part of 80 % of what there is
    workers: int = 1

    @property
    def embedded(self) -> bool:
        """Tell whether this process is the only one: its log is a file beside it."""
        return not self.broker or self.broker.startswith("sqlite:")

    @property
    def broker_url(self) -> str:
        return self.broker or f"sqlite:{self.data / 'showcaller.sqlite3'}"

    def media_port_of(self, event: int) -> int:
        """The first UDP port of the media workers of the `event`th schedule (from 0); 0: any."""
        return self.media_port and self.media_port + PORTS_EACH * self.media_workers * event

    def media_tcp_port_of(self, event: int) -> int | None:
        """The first TCP port of the media workers of the `event`th schedule; None: those for UDP; 0: none."""
        first = self.media_tcp_port
        return first and first + PORTS_EACH * self.media_workers * event

    @property
    def media_ports(self) -> int:
        """The number of ports that all media workers need, from `media_port` on, and for TCP likewise."""
        return PORTS_EACH * self.media_workers * len(self.schedules)

    def check(self) -> None:
        """Raise `ConfigError` for settings that don't go together, or that can't be."""
        self._check_numbers()
        self._check_addresses()
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("--tls-cert and --tls-key go together: give both or neither")
        if (self.also_secret_file is None) != (self.also_until is None):
            raise ConfigError(
                "--also-secret-file and --also-until go together: give both or neither"
            )
        self._check_reminders()
        if not 1 <= self.rate <= 600:
            raise ConfigError("--rate goes from 1 (real time) to 600 (ten hours a minute)")
        if self.rate != 1 and self.rehearse_from is None:
            raise ConfigError("--rate belongs to a rehearsal: give --rehearse-from as well")
        if self.workers > 1 and self.embedded:
            raise ConfigError(
                "--workers shares the event among several processes, and an SQLite log belongs to one: "
                "give --broker redis://HOST:PORT as well, or leave --workers out"
            )
        if self.registration == "invite" and not self.invite_codes:
            raise ConfigError("--registration invite needs at least one --invite-code")

    def _check_reminders(self) -> None:
        if self.push_key is not None and not self.push_contact.startswith(("mailto:", "https:")):
            raise ConfigError(
                "--push-key needs --push-contact, where push services reach you: mailto:… or https:…"
            )
        for service in self.push_services:
            check_http(service, "--push-service")
        if bool(self.smtp) != bool(self.mail_from):
            raise ConfigError("--smtp and --mail-from go together: give both or neither")

    def _check_numbers(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigError("--port goes from 1 to 65535; 0 takes a free one")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise ConfigError(f"--workers goes from 1 to {MAX_WORKERS}")
        if self.media_workers < 0:
            raise ConfigError("--media-workers can't be less than 0 (no media)")
        if not 0 <= self.media_port <= 65_536 - self.media_ports:
            raise ConfigError(
                f"--media-port goes up to {65_536 - self.media_ports}: media workers take "
                f"{self.media_ports} ports from there on; 0 takes any free ones"
            )
        if not 0 <= (self.media_tcp_port or 0) <= 65_536 - self.media_ports:
            raise ConfigError(
                f"--media-tcp-port goes up to {65_536 - self.media_ports}: media workers take "
                f"{self.media_ports} ports from there on; 0 takes none"
            )
        for name in (
            "max_connections",
            "connections_per_person",
            "connections_per_address",
            "requests_per_address",
        ):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{name.replace('_', '-')} must be at least 1")
        if self.recordings_kept_days < 0:
            raise ConfigError("--recordings-kept-days can't be less than 0 (for ever)")
        if self.max_memory_mib < 0:
            raise ConfigError("--max-memory-mib can't be less than 0 (its part of what there is)")
        if not 0 < self.drain_timeout_s <= MAX_DRAIN_S:
            raise ConfigError(f"--drain-timeout goes up to {MAX_DRAIN_S} s, and is more than 0")

    def _check_addresses(self) -> None:
        if self.public_url:
            check_http(self.public_url, "--public-url")
        for text in self.ice_servers:
            server = ice_server(text)
            is_turn = server.url.startswith("turn")
            if is_turn and not server.user and self.turn_secret_file is None:
                raise ConfigError(
                    "--ice-server needs USER:PASSWORD@ before a TURN server's host, or give "
                    "--turn-secret-file: then each client gets a password of its own"
                )


class Secret(Struct, frozen=True):
    """The signing secret, and where a new one was stored (None: it was there already)."""

    text: str
    created: Path | None = None


def resolve_secret(settings: Settings) -> Secret:
    """The secret that was configured; embedded, one is made and kept in `data` with mode 0600.

    Raises `ConfigError` when several processes would need to share one and none was given.
    """
    if settings.secret:
        return Secret(settings.secret)
    if settings.secret_file is not None:
        return Secret(_read_secret(settings.secret_file))
    if not settings.embedded:
        raise ConfigError(
            "several nodes share one Redis, so they must share one secret: set --secret-file or "
            f"SHOWCALLER_SECRET to at least {MIN_SECRET_BYTES} random bytes, the same on each node"
        )
    path = settings.data / "secret"
    if path.exists():
        return Secret(_read_secret(path))
    return Secret(_write_secret(path), created=path)


def resolve_other_secret(settings: Settings) -> OtherSecret | None:
    """Return the secret whose tokens are taken as well, for as long as was said. Raises `ConfigError`."""
    if settings.also_secret_file is None or settings.also_until is None:
        return None
    until_ms = _instant_ms(settings.also_until)
    return OtherSecret(_read_secret(settings.also_secret_file), until_ms)


def _instant_ms(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ConfigError(
            f"--also-until {text!r} is no instant: write it with its offset, such as 2026-12-13T18:00+01:00"
        )
    return round(instant.timestamp() * 1000)


def existing_secret(settings: Settings) -> str:
    """Return the secret that a server has already. Raises `ConfigError` where there is none.

    A new one would sign tokens that open nothing.
    """
    path = settings.data / "secret"
    if not settings.secret and settings.secret_file is None and not path.exists():
        raise ConfigError(
            f"there is no secret in {settings.data}: no server has run with that folder, and none would take "
            "the token. Name the server's folder with --data; or where nodes share a secret, give "
            "--secret-file or SHOWCALLER_SECRET"
        )
    return resolve_secret(structs.replace(settings, broker="")).text


def resolve_turn_secret(settings: Settings) -> str:
    """Return the secret that the TURN servers share with us; empty: none. Raises `ConfigError`."""
    return _read_secret(settings.turn_secret_file) if settings.turn_secret_file else ""


def resolve_smtp_password(settings: Settings) -> str:
    """Return the password at the mail server; empty: none. Raises `ConfigError`."""
    return _read_secret(settings.smtp_password_file) if settings.smtp_password_file else ""


def _read_secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the secret in {path}: {error}") from error


def _write_secret(path: Path) -> str:
    secret = system.random_secret()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise at_start(f"can't keep a secret in {path} (set --data)", error) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret
