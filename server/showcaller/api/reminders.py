"""The ways on which people want to be reminded of what they starred: Web Push, and mail."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, NamedTuple

from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import replace

from ..domain.ids import PersonId
from ..errors import BadInput, NotFound, RateLimited
from ..http.answers import json_answer
from ..http.asker import address, principal, served
from ..http.bodies import json_body
from ..show.guest_links import digest_of
from ..show.mail_links import Purpose, mail_code, person_in, proves
from ..show.reminder_settings import ReminderRecords, ReminderSettings, Subscription
from ..show.served import ServedEvent
from .agenda import base_url

HOUR_MS = 3_600_000
MAILS_OF_PERSON, MAILS_OF_ADDRESS, MAILS_TO = 3, 20, 3  # to be confirmed, an hour
_BASE64 = r"^[A-Za-z0-9_-]+=*$"
_MAIL = re.compile(
    r"[^@\s\x00-\x1f<>,;:\\\"()\[\]]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII
)


class Ways(NamedTuple):
    """The ways that the organiser offers. `push_key`: "" for none; `allows`: a push service's address."""

    push_key: str = ""
    allows: Callable[[str], bool] = lambda endpoint: False
    send_mail: Callable[[str, str, str], Awaitable[object]] | None = None  # to, subject, text


WAYS: web.AppKey[Ways] = web.AppKey("ways to remind people")


class PushKeys(Struct, frozen=True, kw_only=True):
    p256dh: Annotated[str, Meta(min_length=80, max_length=100, pattern=_BASE64)]
    auth: Annotated[str, Meta(min_length=16, max_length=40, pattern=_BASE64)]


class PushSubscription(Struct, frozen=True, kw_only=True):
    """A browser's `PushSubscription` as it writes itself (W3C Push API §8)."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=1_000)]
    keys: PushKeys


class Forgotten(Struct, frozen=True, kw_only=True):
    endpoint: Annotated[str, Meta(min_length=1, max_length=1_000)]


class MailAddress(Struct, frozen=True, kw_only=True):
    address: Annotated[str, Meta(min_length=1, max_length=254)]


class Confirmation(Struct, frozen=True, kw_only=True):
    code: Annotated[str, Meta(min_length=1, max_length=1_000)]


async def show_reminders(request: web.Request) -> web.Response:
    """Answer with what is offered, and what the person has chosen."""
    one, who = served(request), principal(request)
    (settings,) = await ReminderRecords(one.event.log).read([who.person])
    return _answer(request, settings)


def _answer(request: web.Request, settings: ReminderSettings) -> web.Response:
    ways = request.app[WAYS]
    return json_answer(
        {
            "push_key": ways.push_key,
            "push": [one.endpoint for one in settings.push],
            "mail_offered": ways.send_mail is not None,
            "mail": settings.mail,
            "confirmed": settings.confirmed,
        },
        Cache_Control="no-store",
    )


async def add_push(request: web.Request) -> web.Response:
    one, who = served(request), principal(request)
    asked = await json_body(request, PushSubscription)
    if not request.app[WAYS].allows(asked.endpoint):
        raise BadInput(
            "this browser's push service is not one that the organiser sends to", field="endpoint"
        )
    added = Subscription(endpoint=asked.endpoint, p256dh=asked.keys.p256dh, auth=asked.keys.auth)
    records = ReminderRecords(one.event.log)
    return _answer(request, await records.change(who.person, lambda it: it.with_push(added)))


async def forget_push(request: web.Request) -> web.Response:
    one, who = served(request), principal(request)
    endpoint = (await json_body(request, Forgotten)).endpoint
    records = ReminderRecords(one.event.log)
    return _answer(request, await records.change(who.person, lambda it: it.without_push(endpoint)))


async def add_mail(request: web.Request) -> web.Response:
    """Send a link to the address: nothing else is sent there before it was opened."""
    one, who = served(request), principal(request)
    send = request.app[WAYS].send_mail
    to = (await json_body(request, MailAddress)).address.strip()
    if send is None:
        raise NotFound("there are no reminders by mail at this event")
    if not _MAIL.fullmatch(to):
        raise BadInput("this is no mail address", field="address")
    await _limit(one, "person", who.person, MAILS_OF_PERSON)
    await _limit(one, "address", address(request), MAILS_OF_ADDRESS)
    await _limit(one, "to", to.lower(), MAILS_TO)
    settings = await ReminderRecords(one.event.log).change(who.person, lambda it: it.with_mail(to))
    if not settings.confirmed:
        await send(to, *_letter(one, who.person, to, base_url(request)))
    return _answer(request, settings)


def _letter(one: ServedEvent, person: PersonId, to: str, url: str) -> tuple[str, str]:
    state = one.event.state
    title = state.runsheet.schedule.title if state.runsheet is not None else one.event.event_id
    code = mail_code(state, "confirm", person, to)
    link = f"{url}/e/{one.event.event_id}/#confirm-mail={code}"
    text = (
        f"Somebody, you we hope, asked for reminders of talks at {title} by mail.\n\n"
        f"To get them, open this link:\n{link}\n\nIf it was not you, do nothing: no more mail comes.\n"
    )
    return f"Reminders from {title}", text


async def _limit(one: ServedEvent, of: str, key: str, most: int) -> None:
    counted = await one.event.log.count(f"reminders/{of}/{digest_of(key)}", HOUR_MS)
    if counted.total > most:
        raise RateLimited("too many mails were asked for", retry_after_s=counted.left_ms / 1000)


async def forget_mail(request: web.Request) -> web.Response:
    one, who = served(request), principal(request)
    records = ReminderRecords(one.event.log)
    return _answer(request, await records.change(who.person, lambda it: it.with_mail("")))


async def confirm_mail(request: web.Request) -> web.Response:
    """Take an address as its owner's, who has read what was sent there."""
    code = (await json_body(request, Confirmation)).code
    await _change_mail(served(request), code, "confirm")
    return json_answer({}, Cache_Control="no-store")


async def stop_mail(request: web.Request) -> web.Response:
    """End mails to an address by one click (RFC 8058), or by opening the link."""
    await _change_mail(served(request), request.match_info["code"], "stop")
    return json_answer({}, Cache_Control="no-store")


async def _change_mail(one: ServedEvent, code: str, purpose: Purpose) -> None:
    """Do what a link in a mail is for. Raises `NotFound` for one that is none, or none any more."""
    state, records, person = one.event.state, ReminderRecords(one.event.log), person_in(code)
    (settings,) = await records.read([person]) if person is not None else (ReminderSettings(),)
    if person is None or not proves(state, code, purpose, person, settings.mail):
        raise NotFound("this link is not valid any more: ask for reminders anew on the agenda")
    if purpose == "stop":
        await records.change(person, lambda it: it.with_mail(""))
    else:
        await records.change(person, lambda it: replace(it, confirmed=True))


def register(app: web.Application) -> None:
    app.setdefault(WAYS, Ways())
    at = "/api/v1/events/{event}/reminders"
    app.router.add_get(at, show_reminders)
    app.router.add_post(f"{at}/push", add_push)
    app.router.add_post(f"{at}/push/forget", forget_push)
    app.router.add_post(f"{at}/mail", add_mail)
    app.router.add_post(f"{at}/mail/forget", forget_mail)
    app.router.add_post(f"{at}/mail/confirm", confirm_mail)
    app.router.add_post(f"{at}/mail/stop/{{code}}", stop_mail)
