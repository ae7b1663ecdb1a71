"""Short links: a code that becomes a token, in the one browser that uses it first.

It is short enough to be read out, and of no use to whoever finds it later: the first browser to use it binds
it to a secret of its own. Neither the code nor the token is stored, and both stand in an address's fragment
only, which browsers keep to themselves: no log of requests has them.
"""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import replace

from .. import system
from ..errors import BadInput, Forbidden, NotFound, RateLimited, Refused, YourFault
from ..http.answers import json_answer
from ..http.asker import address, principal, served
from ..http.bodies import json_body
from ..http.guesses import Guesses, guesses_of_links
from ..show import guest_links
from ..show.guest_links import Grant, digest_of
from ..show.served import ServedEvent
from .registrations import HOUR_MS, Token, clean_name, note_admitted

NAME_NEEDED = "name_needed"
MADE_AN_HOUR = 200  # by one person
TRIED_AN_HOUR = 600  # from one address, which an office may share


_GUESSES: web.AppKey[Guesses] = web.AppKey("guesses of links")


class Use(Struct, frozen=True, kw_only=True):
    """The use of a code: `browser` is a secret that the browser makes up once and keeps.

    `name`: what a guest is called.
    """

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    browser: Annotated[str, Meta(min_length=16, max_length=64)]
    name: Annotated[str, Meta(max_length=400)] = ""


class Code(Struct, frozen=True, kw_only=True):
    code: str
    expires_at_ms: int


async def make_code(request: web.Request) -> web.Response:
    """Answer with a code that stands for the token of who asks."""
    one, who = served(request), principal(request)
    if not one.tokens.is_ours(request.headers["Authorization"].split(" ", 1)[1].strip()):
        raise Forbidden("the organiser's issuer made your token: it makes your links too")
    await _limit(one, f"code/by/{digest_of(who.person)}", MADE_AN_HOUR)
    grant = Grant(
        who.person,
        who.name,
        sorted(who.roles),
        sorted(who.sessions),
        who.token,
        who.expires_at_ms,
        who.issued_ms,
        sorted(who.stages),
    )
    made = Code(code=await new_code(one, grant), expires_at_ms=grant.expires_at_ms)
    return json_answer(made, status=201, Cache_Control="no-store")


async def new_code(one: ServedEvent, grant: Grant) -> str:
    """Store the grant, and return the code that it is stored under. Raises `Unavailable`, `StorageFull`."""
    code = guest_links.new_code()
    await guest_links.keep_grant(one.event, code, grant)
    return code


async def use_code(request: web.Request) -> web.Response:
    """Answer with the token that a code stands for, to the browser that used it first."""
    one, use = served(request), await json_body(request, Use)
    try:
        token = await _used(request, one, use)
    except YourFault as error:
        if error.code in (NAME_NEEDED, "bad_text"):  # the page asks for it and comes again
            raise
        at_ms = int(one.event.wall_ms())
        one.event.audit.refused("link", at_ms, error.code, address=address(request))
        raise
    return json_answer(token, status=201, Cache_Control="no-store")


async def _used(request: web.Request, one: ServedEvent, use: Use) -> Token:
    """Return the token that a code stands for, and note that it was used."""
    guesses, where = request.app[_GUESSES], (one.event.event_id, address(request))
    if wait_s := guesses.wait_s(*where, system.monotonic_s()):
        raise RateLimited("too many links were tried in vain: wait", retry_after_s=wait_s)
    await _limit(one, f"code/from/{digest_of(address(request))}", TRIED_AN_HOUR)
    text, now_ms = use.code.strip().lower(), int(one.event.wall_ms())
    grant = await guest_links.grant_behind(one.event, text)
    if grant is None:
        guesses.failed(*where, system.monotonic_s())
    if grant is None or grant.expires_at_ms <= now_ms:
        raise NotFound("there is no such link any more: ask for a new one", code="no_link")
    if grant.guest and not use.name.strip():
        raise BadInput("say what you are called", code=NAME_NEEDED, field="name")
    name = clean_name(use.name) if grant.guest else grant.name
    left_ms, lease = grant.expires_at_ms - now_ms, f"code/{digest_of(text)}"
    if not await one.event.log.acquire_lease(lease, digest_of(use.browser), left_ms):
        raise Refused("this link was used in another browser: ask for a new one", code="link_used")
    if grant.guest:
        grant = replace(grant, name=name, guest=False)
        await guest_links.keep_grant(one.event, text, grant)
    token = _token(one, grant, now_ms)
    note_admitted(request, "link", grant.token, token)
    return token


def _token(one: ServedEvent, grant: Grant, now_ms: int) -> Token:
    text = one.tokens.mint(
        one.event.event_id,
        grant.person,
        grant.roles,
        token=grant.token,
        now_ms=now_ms,
        ttl_s=grant.expires_at_ms // 1000 - now_ms // 1000,
        name=grant.name,
        sessions=grant.sessions,
        stages=grant.stages,
        first_ms=grant.issued_ms or None,
    )
    return Token(
        token=text,
        person=grant.person,
        name=grant.name,
        roles=grant.roles,
        expires_at_ms=one.authenticate(text).expires_at_ms,  # which people may have lost since
    )


async def _limit(one: ServedEvent, counter: str, most: int) -> None:
    counted = await one.event.log.count(counter, HOUR_MS)
    if counted.total > most:
        raise RateLimited("too many links", retry_after_s=counted.left_ms / 1000)


def register(app: web.Application) -> None:
    app[_GUESSES] = guesses_of_links()
    app.router.add_post("/api/v1/events/{event}/codes", make_code)
    app.router.add_post("/api/v1/events/{event}/codes/use", use_code)
