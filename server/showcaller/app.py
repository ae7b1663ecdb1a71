"""The wiring: one process, its events, and the port that serves them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import REGISTRY

from . import garbage, metrics, system, zones
from .api import (
    agenda,
    audit,
    captions,
    certificates,
    codes,
    commands,
    exports,
    feedback_exports,
    health,
    history,
    left_exports,
    openapi,
    pages,
    pictures,
    poll_exports,
    registrations,
    reminders,
)
from .api.newcomers import OVERLOAD, TURN, newcomers_later
from .broker.base import Broker, EventLog
from .broker.connect import connect
from .domain import facts
from .domain.schedule import Schedule
from .errors import ConfigError, ShowcallerError, at_start
from .gateway import load, memory_limit, streams
from .gateway.accepting import Acceptor, bind
from .gateway.connection_limits import within_files
from .gateway.front import Front, live_route
from .gateway.gateway import Gateway
from .gateway.gateway_metrics import GatewayCollector
from .hls import origin
from .hls.event_hls import EventHls
from .http import connection, cors
from .http.answers import add_security_headers, errors_as_problems
from .http.asker import BEHIND_PROXY, LOOKUP
from .http.guesses import WRONG_TOKENS, hold_wrong_tokens
from .http.origins import read_origins
from .http.ready import ReadyAnswers
from .http.slashes import take_trailing_slashes
from .logs import report_end
from .media.node.http import register_media_routes
from .media.node.ice_servers import IceServers
from .media.node.measures import MediaCollector
from .media.node.service import MediaService
from .processes import hand_over_soon, open_files
from .recording.place import storage_at
from .rehearsal import show_time_ms
from .reminders.mail_sender import Letter
from .reminders.runner import ReminderRunner
from .reminders.setup import mail_sender, push_sender
from .schedule_file import format_diagnostics, pictures_of, read_schedule, type_of
from .schedule_watch import ScheduleWatch
from .settings import (
    Secret,
    Settings,
    resolve_other_secret,
    resolve_secret,
    resolve_smtp_password,
    resolve_turn_secret,
)
from .show import pulse
from .show.attendance import Attendance
from .show.audience_beat import AudienceBeat
from .show.clock_runner import ClockRunner
from .show.commands import Commands
from .show.live_event import LiveEvent
from .show.peers import NodeBeat
from .show.served import ServedEvent
from .show.stays import StayKeeper
from .tls import tls_context
from .tokens import OrganiserKey, Tokens

log = logging.getLogger(__name__)

CHECK_BROKER_EVERY_S = 1.0
MEDIA_WITHIN_S = 5.0  # a process that serves with others waits so long for its media workers
HEAR_WITHIN_S = 2.0  # for who connected just before this process was replaced to say what for


class SharedPort:
    """The port of several processes. `listeners` are this one's bound sockets; `measurements` are of all."""

    def __init__(self, listeners: Sequence[socket.socket], measurements: health.Measured) -> None:
        self.listeners = listeners
        self.measurements = measurements
        self.is_replaced = False  # another process serves in this one's place


class Server:
    """Everything that one `serve` process runs. `start`, then `stop` once.

    `shared` is the port that it shares with other processes; None: it has one of its own.
    """

    def __init__(self, settings: Settings, shared: SharedPort | None = None) -> None:
        settings.check()
        self.settings = settings
        self.schedules = load_schedules(settings.schedules)
        self.pictures = load_pictures(self.schedules, settings.schedules)
        self.secret: Secret = resolve_secret(settings)
        if self.secret.created:  # even if the start fails: the next one finds it
            made = {"action": "secret.created", "path": str(self.secret.created)}
            log.info("a signing secret was made, mode 0600", extra=made)
        data = zones.data()
        told = {"action": "zones.chosen", "version": data.version, "source": data.source}
        log.info("time zones are those of the newest data here", extra=told)
        self.events: dict[str, ServedEvent] = {}
        self.media: dict[str, MediaService] = {}
        self.hls: dict[str, EventHls] = {}
        self._beats: dict[str, NodeBeat] = {}
        self.url = ""
        self._push = push_sender(settings.push_key, settings.push_contact, settings.push_services)
        self._mail = mail_sender(settings.smtp, resolve_smtp_password(settings), settings.mail_from)
        self._broker: Broker | None = None
        self._broker_fault: str | None = None
        self._broker_risks: list[str] = []
        self._draining = False
        self._pulse = pulse.Pulse()
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._shared = shared
        self._acceptor: Acceptor | None = None
        self._origins = read_origins(settings.allow_origins)
        self._ready = ReadyAnswers(lambda: system.wall_ms() / 1000)
        self.gateway = Gateway(
            self.lookup,
            allow_origins=self._origins,
            max_connections=_max_connections(settings),
            connections_per_person=settings.connections_per_person,
            connections_per_address=settings.connections_per_address,
            requests_per_address=settings.requests_per_address,
            behind_proxy=settings.behind_proxy,
            memory_limit_bytes=memory_limit.limit_bytes(settings.max_memory_mib, settings.workers),
        )
        self._collectors = (
            GatewayCollector(self.gateway),
            MediaCollector(lambda: {id: one.measured() for id, one in self.media.items()}),
        )

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the log, fold it, open the port. Raises `ConfigError`, `Unavailable`."""
        self._broker = connect(self.settings.broker_url, replicas=self.settings.replicas)
        await self._look_at_broker()
        metrics.BROKER_UP.set(1)  # who asks before the next look at it is told the truth
        tokens = self._tokens()
        for schedule in self.schedules:
            await self._serve_event(schedule, tokens)
        for collector in self._collectors:
            REGISTRY.register(collector)
        self._spawn(self._watch_broker(), "watch the broker")
        self._spawn(pulse.watch(self._pulse), "watch the pulse")
        self._spawn(load.watch(self.gateway.load, self.gateway.now), "watch the load")
        garbage.settle_in()
        hand_over_soon()
        if self._shared is not None:  # it may replace another process, and its media workers
            waits = (media.wait_up(MEDIA_WITHIN_S) for media in self.media.values())
            await asyncio.gather(*waits)
        await self._open_port()
        log.info("serving", extra={"action": "serve.ready", "url": self.url})

    async def _serve_event(self, schedule: Schedule, tokens: Tokens) -> None:
        assert self._broker is not None
        event_log = await self._broker.open(schedule.event_id)
        await self._look_at_broker()  # now that it knows where the log is
        event = LiveEvent(schedule.event_id, event_log)
        await event.start(lambda: first_fact(schedule, self.settings))
        await self._reconcile(event, schedule)
        commands = Commands(event, self._pulse, self.settings.registration)
        self.events[schedule.event_id] = ServedEvent(event, commands, tokens)
        hub = self.gateway.attach(event)
        self._spawn(
            AudienceBeat(event, hub.audience, hub.names).run(), f"audience of {schedule.event_id}"
        )
        self._spawn(Attendance(event).run(), f"attendance of {schedule.event_id}")
        self._spawn(StayKeeper(event, hub.here).run(), f"stays of {schedule.event_id}")
        hls = None
        if self.settings.recordings:
            storage = storage_at(self.settings.recordings)
            _warn_if_none_is_recorded(schedule)
            hls = self.hls[schedule.event_id] = EventHls(
                event, storage, tokens.address_keys(), self.settings.recordings
            )
            hls.start()
        media = MediaService(
            event,
            workers=self.settings.media_workers,
            addresses=self.settings.media_addresses,
            first_port=self.settings.media_port_of(len(self.media)),
            first_tcp_port=self.settings.media_tcp_port_of(len(self.media)),
            recordings=self.settings.recordings,
            kept_days=self.settings.recordings_kept_days,
            written=hls.live if hls else None,
            keys=tokens.node_keys(),
        )
        self.media[schedule.event_id] = media
        await media.start()
        self._spawn(ClockRunner(event).run(), f"clock of {schedule.event_id}")
        if self._push is not None or self._mail is not None:
            reminding = ReminderRunner(
                event, push=self._push, mail=self._mail, base_url=lambda: self.url
            )
            self._spawn(reminding.run(), f"reminders of {schedule.event_id}")
        watch = ScheduleWatch(event, self._path_of(schedule), schedule)
        self._spawn(watch.run(), f"schedule of {schedule.event_id}")
        beat = NodeBeat(event, tokens.fingerprints())
        self._beats[schedule.event_id] = beat
        self._spawn(beat.run(), f"beat of {schedule.event_id}")

    def _path_of(self, schedule: Schedule) -> Path:
        places = [one.event_id for one in self.schedules]
        return self.settings.schedules[places.index(schedule.event_id)]

    async def _reconcile(self, event: LiveEvent, schedule: Schedule) -> None:
        """Go on with a log that was there before; publish a schedule that was edited since."""
        sheet = event.state.runsheet
        assert sheet is not None
        wanted = "rehearsal" if self.settings.rehearse_from else "live"
        if sheet.clock.mode != wanted:
            raise ConfigError(
                f"the log of {event.event_id} holds a {sheet.clock.mode} run, not a {wanted} one: "
                "give another --data folder (or broker), or start it as it was started before"
            )
        if sheet.schedule != schedule:
            fact = facts.SchedulePublished(schedule=schedule)
            outcome = await event.append(fact, f"schedule:{system.random_id('s')}")
            if outcome.refused:
                raise ConfigError(f"the edited schedule can't be used: {outcome.refused.message}")

    async def stop(self) -> None:
        """Drain: not ready, no new connections, everybody told when to come back; then close."""
        self._draining = self._ready.closed = True
        if self._acceptor is not None:
            log.info("draining", extra={"action": "serve.draining"})
            self._acceptor.close()
        if self._others_serve:
            await self._hear_out(min(HEAR_WITHIN_S, self.settings.drain_timeout_s / 4))
        spread_s = min(5.0, self.settings.drain_timeout_s / 2)
        await self.gateway.drain(spread_s, others_serve=self._others_serve)
        for media in self.media.values():
            await media.stop()
        for hls in self.hls.values():
            await hls.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._push is not None:
            await self._push.close()
        if self._runner is not None:
            await self._runner.cleanup()
        for one in self.events.values():
            await one.event.stop()
        if self._broker is not None:
            await self._broker.close()
        for collector in self._collectors:
            with contextlib.suppress(KeyError):
                REGISTRY.unregister(collector)
        log.info("stopped", extra={"action": "serve.stopped"})

    async def _hear_out(self, within_s: float) -> None:
        """Serve those who connected just before the port became another process's."""
        assert self._acceptor is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._acceptor.settle()
                await self.gateway.hear_out()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(report_end)
        self._tasks.append(task)

    @property
    def _others_serve(self) -> bool:
        """Tell whether another process has had the port since this one drains."""
        return self._shared is not None and self._shared.is_replaced

    def lookup(self, event_id: str) -> ServedEvent | None:
        """The event served here under that id."""
        return self.events.get(event_id)

    def describe(self) -> dict[str, Any]:
        """Return what `serve` prints when it is ready."""
        local = self.settings.host in ("127.0.0.1", "::1", "localhost")
        return {
            "action": "serve.ready",
            "url": self.url,
            "events": list(self.events),
            "secret_created": str(self.secret.created) if self.secret.created else None,
            "camera_needs_https": not (local or self.url.startswith("https")),
        }

    # The port ---------------------------------------------------------------------------------

    async def _open_port(self) -> None:
        self._runner = web.AppRunner(self.web_app())
        await self._runner.setup()
        assert self._runner.server is not None
        http = connection.connections(self._runner.server)
        try:
            self._acceptor = Acceptor(
                lambda: Front(http, self.gateway, self._ready), await self._sockets(), self._tls()
            )
        except OSError as error:
            where = f"{self.settings.host}:{self.settings.port}"
            raise at_start(f"can't listen on {where}", error) from error
        self.url = self._own_url()

    def _tls(self) -> ssl.SSLContext | None:
        return tls_context(self.settings.tls_cert, self.settings.tls_key)

    def renew_certificate(self) -> None:
        """Serve the certificate that is on the disk now; where it can't be used, the one before."""
        try:
            tls = self._tls()
        except ConfigError as error:
            kept = f"{error.message}; the certificate from before is served on"
            log.error(kept, extra={"action": "certificate.kept"})
            return
        if tls is None or self._acceptor is None:
            log.info("there is no certificate to renew", extra={"action": "certificate.none"})
            return
        self._acceptor.tls = tls
        log.info(
            "new connections get the certificate of now", extra={"action": "certificate.renewed"}
        )

    async def _sockets(self) -> Sequence[socket.socket]:
        if self._shared is not None:
            return self._shared.listeners
        return await bind(self.settings.host, self.settings.port)

    def _own_url(self) -> str:
        assert self._acceptor is not None
        port = self._acceptor.sockets[0].getsockname()[1]
        host = self.settings.host
        if host in ("0.0.0.0", "::", ""):
            host = "localhost"
        scheme = "https" if self.settings.tls_cert else "http"
        shown = f"[{host}]" if ":" in host else host
        return self.settings.public_url.rstrip("/") or f"{scheme}://{shown}:{port}"

    def web_app(self) -> web.Application:
        settings = self.settings
        app = web.Application(
            middlewares=[
                errors_as_problems,
                hold_wrong_tokens,
                connection.refuse_long_heads,
                cors.answer_preflights,
                newcomers_later,
            ]
        )
        app.on_response_prepare.extend((add_security_headers, cors.share_with_origins))
        app[cors.ALLOWED] = self._origins
        app[LOOKUP] = self.lookup
        app[WRONG_TOKENS] = self.gateway.wrong_tokens
        app[BEHIND_PROXY] = settings.behind_proxy
        app[OVERLOAD] = self.gateway.http_refusal
        app[TURN] = self.gateway.http_turn
        app[agenda.EVENTS] = self.events
        app[agenda.PUBLIC_URL] = settings.public_url.rstrip("/")
        app[health.READINESS] = self.not_ready
        app[health.RISKS] = lambda: self._broker_risks
        app[health.MEASUREMENTS] = (
            self._shared.measurements if self._shared else health.own_measurements
        )
        app.on_response_prepare.extend((self._part_while_draining, self._ready.keep))
        app[registrations.POLICY] = registrations.RegistrationPolicy(
            mode=settings.registration,
            codes=settings.invite_codes,
            per_address_hour=settings.registrations_per_address_hour,
            per_code=settings.registrations_per_code,
        )
        app[pictures.PICTURES] = self.pictures
        app[reminders.WAYS] = self._ways()
        app[pages.LOOSE] = settings.loose_modules
        people = (registrations, codes, audit, reminders, certificates)
        reports = (exports, feedback_exports, poll_exports, left_exports, history)
        show = (agenda, captions, commands)
        for routes in (*show, *people, *reports, health, openapi, pictures, pages):
            routes.register(app)
        app.router.add_get("/api/v1/events/{event}/live", live_route(self.gateway))
        streams.register(app, self.gateway)
        ice_servers = IceServers(settings.ice_servers, resolve_turn_secret(settings))
        register_media_routes(app, media=self.media.get, ice_servers=ice_servers)
        origin.register(app, self.hls.get)
        take_trailing_slashes(app)
        return app

    def _ways(self) -> reminders.Ways:
        """Return the ways on which people may be reminded."""
        push, mail = self._push, self._mail

        async def send_mail(to: str, subject: str, text: str) -> object:
            assert mail is not None
            return await mail.send(Letter(to, subject, text))

        return reminders.Ways(
            push_key=push.public_key if push is not None else "",
            allows=push.allow if push is not None else lambda endpoint: False,
            send_mail=send_mail if mail is not None else None,
        )

    async def _part_while_draining(self, _: web.Request, response: web.StreamResponse) -> None:
        """Have HTTP clients connect anew, elsewhere, before the drain cuts their connection."""
        if self._draining:
            response.force_close()
            response.headers["Connection"] = "close"

    # Health -----------------------------------------------------------------------------------

    def not_ready(self) -> list[str]:
        """Return what keeps this node from taking traffic; empty when nothing does."""
        missing = []
        if self._draining and not self._others_serve:
            missing.append("draining")
        if self._broker_fault:
            missing.append(self._broker_fault)
        missing += [one.event.fault for one in self.events.values() if one.event.fault]
        missing += dict.fromkeys(it for beat in self._beats.values() for it in beat.problems())
        return missing

    async def _look_at_broker(self) -> None:
        """Note what may cost acknowledged facts. Raises as `Broker.check` does."""
        assert self._broker is not None
        risks = await self._broker.check()
        for risk in risks:
            if risk not in self._broker_risks:
                log.warning(risk, extra={"action": "broker.not_durable"})
        self._broker_risks = risks

    async def _watch_broker(self) -> None:
        while True:
            try:
                await self._look_at_broker()
                self._broker_fault = None
            except ShowcallerError as error:
                if self._broker_fault is None:
                    log.warning(error.for_operators, extra={"action": "broker.away"})
                self._broker_fault = error.message
            metrics.BROKER_UP.set(self._broker_fault is None)
            for event_id, one in self.events.items():
                await self._measure_lag(event_id, one.event, one.event.log)
            await asyncio.sleep(CHECK_BROKER_EVERY_S)

    async def _measure_lag(self, event_id: str, event: LiveEvent, event_log: EventLog) -> None:
        metrics.LOG_OFFSET.labels(event_id).set(event.state.folded)
        metrics.CLOCK_AHEAD_SECONDS.labels(event_id).set(self._beats[event_id].ahead_ms / 1000)
        metrics.CLOCK_CORRECTION_SECONDS.labels(event_id).set(event.clock.correction_ms / 1000)
        with contextlib.suppress(ShowcallerError):
            head = await event_log.head()
            metrics.FOLD_LAG.labels(event_id).set(max(0, head.offset - event.state.folded))

    def _tokens(self) -> Tokens:
        key = self.settings.issuer_key
        other = resolve_other_secret(self.settings)
        if other is not None:
            until = {"action": "secret.also", "until_ms": other.until_ms}
            log.info("tokens of a second secret are taken for a time", extra=until)
        organiser = OrganiserKey.read(key) if key else None
        return Tokens(self.secret.text, organiser, other=other)


def load_schedules(paths: Iterable[Path]) -> list[Schedule]:
    """The schedules in the files, each of another event. Raises `ConfigError`."""
    by_event: dict[str, Path] = {}
    schedules = []
    for path in paths:
        schedule = load_schedule(path)
        other = by_event.setdefault(schedule.event_id, path)
        if other is not path:
            raise ConfigError(f"{other} and {path} are both of event {schedule.event_id!r}")
        schedules.append(schedule)
    return schedules


def _warn_if_none_is_recorded(schedule: Schedule) -> None:
    if all(session.record == "no" for session in schedule.sessions):
        log.warning(
            "there is a folder for recordings, but the schedule has no session with `record: true` or `ask`",
            extra={"action": "recording.none_wanted", "event": schedule.event_id},
        )


def load_pictures(
    schedules: Iterable[Schedule], paths: Iterable[Path]
) -> dict[str, dict[str, pictures.Picture]]:
    """Return the pictures that each schedule names, by event and path; `paths` are the schedules' own."""
    return {
        schedule.event_id: {
            name: pictures.Picture(type_of(data) or "", data)
            for name, data in pictures_of(schedule, path.parent).items()
        }
        for schedule, path in zip(schedules, paths, strict=True)
    }


def load_schedule(path: Path) -> Schedule:
    """The schedule in the file. Raises `ConfigError` with every error that it has."""
    schedule, diagnostics = read_schedule(path, file_name=str(path))
    if schedule is None:
        raise ConfigError("the schedule has errors:\n" + format_diagnostics(diagnostics))
    return schedule


def first_fact(schedule: Schedule, settings: Settings) -> facts.RunStarted:
    """The fact that begins the event's run."""
    start = settings.rehearse_from
    return facts.RunStarted(
        run=system.random_id("run"),
        salt=system.random_secret(),
        schedule=schedule,
        mode="rehearsal" if start else "live",
        from_ms=show_time_ms(start, schedule) if start else None,
        rate=settings.rate,
    )


def _max_connections(settings: Settings) -> int:
    """Return as many connections as are wanted, if the process may open the files."""
    files = open_files()
    most = within_files(settings.max_connections, files)
    if most < settings.max_connections:
        log.warning(
            f"room for {most:,} live sockets only, by the limit on open files",
            extra={"action": "serve.few_files", "open_files": int(files), "max_connections": most},
        )
    return most


OnReady = Callable[[dict[str, Any]], None]


async def serve(
    settings: Settings, on_ready: OnReady, kind: Callable[[Settings], Server] = Server
) -> None:
    """Run a `Server` until SIGTERM or SIGINT, then drain. A second signal stops at once.

    SIGHUP has it serve the certificate that is on the disk then.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(sign)

    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop)
    server = kind(settings)
    loop.add_signal_handler(signal.SIGHUP, server.renew_certificate)
    await serve_until(stopping, server, on_ready)


async def serve_until(stopping: asyncio.Event, server: Server, on_ready: OnReady) -> None:
    """Run the server until `stopping`, then drain. Raises as `Server.start` does."""
    within_s = server.settings.drain_timeout_s
    try:
        started = await _started(server, stopping)
    except BaseException:
        with contextlib.suppress(Exception):  # what made the start fail is the reason to tell
            await _stop(server, within_s)
        raise
    try:
        if started:
            on_ready(server.describe())
            await stopping.wait()
    finally:
        await _stop(server, within_s)


async def _started(server: Server, stopping: asyncio.Event) -> bool:
    """Start the server; false if it was told to stop before it was through."""
    starting = asyncio.create_task(server.start())
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({starting, told}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
        return starting.done()
    finally:
        for task in (starting, told):
            task.cancel()
        await asyncio.gather(starting, told, return_exceptions=True)


async def _stop(server: Server, within_s: float) -> None:
    """Stop, within a limit: what was acknowledged is in the log, so nothing is lost if it takes longer."""
    try:
        async with asyncio.timeout(within_s):
            await server.stop()
    except TimeoutError:
        log.warning("stopping took too long", extra={"action": "serve.cut_short"})
