"""Registration: an attendee's way to a token, and any token's way to a newer one."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from .. import limit_log, system
from ..domain.ids import PersonId
from ..domain.people import Principal, RegistrationMode
from ..domain.text import TextProblem, clean_text
from ..errors import BadInput, Forbidden, RateLimited, YourFault
from ..http.answers import json_answer
from ..http.asker import address, principal, served
from ..http.bodies import json_body
from ..http.guesses import Guesses, guesses_of_codes
from ..show.audit import Admission
from ..show.guest_links import digest_of
from ..show.names import Agreed
from ..show.served import ServedEvent

ATTENDEE_TTL_S = 24 * 3600
REFRESHED_TTL_S = 24 * 3600
NAME_GRAPHEMES = 60
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
FULL_KEPT = 10_000
FEW_REGISTRATIONS = 10  # of an address in an hour
LEFT_TO_NEWCOMERS = 0.2


class RegistrationPolicy(Struct, frozen=True, kw_only=True):
    """The policy of registration: open, with a code, or closed (tokens come from elsewhere)."""

    mode: RegistrationMode
    codes: tuple[str, ...] = ()
    per_address_hour: int
    per_code: int


POLICY: web.AppKey[RegistrationPolicy] = web.AppKey("registration")


Short = Annotated[str, Meta(max_length=64)]


class Registration(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=400)]
    email: Annotated[str, Meta(max_length=254)] = ""
    invite_code: Annotated[str, Meta(max_length=200)] = ""
    consents: Annotated[dict[Short, Short], Meta(max_length=20)] = {}  # their versions, by id


class Token(Struct, frozen=True, kw_only=True):
    token: str
    person: str
    name: str
    roles: list[str]
    expires_at_ms: int


async def register_attendee(request: web.Request) -> web.Response:
    policy, one = request.app[POLICY], served(request)
    wanted = await json_body(request, Registration)
    name = clean_name(wanted.name)
    agreed = _agreed(one, wanted.consents)
    await _admit(request, policy, wanted.invite_code)
    person, id = PersonId(system.random_id("p")), system.random_id("t")
    await one.event.names.put(person, name, email=wanted.email, agreed=agreed)
    token = _mint(one, person, ["attendee"], ATTENDEE_TTL_S, id=id, name=name)
    note_admitted(request, "registration", id, token)
    return json_answer(token, status=201, Cache_Control="no-store")


def _agreed(one: ServedEvent, given: Mapping[str, str]) -> tuple[Agreed, ...]:
    """Return what somebody agrees to. Raises `BadInput` for what is missing, or is not what is asked now."""
    sheet, now_ms = one.event.state.runsheet, int(one.event.wall_ms())
    asked = {known.id: known for known in (sheet.schedule.consents if sheet is not None else ())}
    if any(id not in asked or asked[id].version != version for id, version in given.items()):
        raise BadInput(
            "what there is to agree to has changed: load the page again",
            code="consent_changed",
            field="consents",
        )
    for consent in asked.values():
        if consent.required and consent.id not in given:
            raise BadInput(
                f"to join you have to agree to this: {consent.text}",
                code="consent_missing",
                field="consents",
            )
    return tuple(Agreed(consent=id, version=version, at_ms=now_ms) for id, version in given.items())


async def _admit(request: web.Request, policy: RegistrationPolicy, given: str) -> None:
    """Raise what keeps somebody from registering, and note it."""
    where = address(request)
    try:
        await _count(request, policy, where, _matching_code(request, policy, given, where))
    except YourFault as error:
        event = served(request).event
        event.audit.refused("registration", int(event.wall_ms()), error.code, address=where)
        raise


def note_admitted(request: web.Request, what: Admission, id: str, token: Token) -> None:
    """Note for the audit that somebody was given a token with that `jti`."""
    event = served(request).event
    event.audit.admitted(
        what,
        int(event.wall_ms()),
        person=token.person,
        token=id,
        expires_at_ms=token.expires_at_ms,
        address=address(request),
    )


async def renew_token(request: web.Request) -> web.Response:
    """A newer token with the same rights, for whoever holds one that this server minted."""
    one, who = served(request), principal(request)
    if not one.tokens.is_ours(request.headers["Authorization"].split(" ", 1)[1].strip()):
        raise Forbidden("the organiser's issuer made your token: get a newer one there")
    # It keeps its id, so that revoking it shuts out its descendants too.
    token = _mint(one, who.person, who.roles, REFRESHED_TTL_S, id=who.token, name=who.name, of=who)
    note_admitted(request, "renewal", who.token, token)
    return json_answer(token, status=201, Cache_Control="no-store")


def _mint(
    one: ServedEvent,
    person: str,
    roles: frozenset[str] | list[str],
    ttl_s: int,
    *,
    id: str,
    name: str,
    of: Principal | None = None,
) -> Token:
    now_ms = int(one.event.wall_ms())
    text = one.tokens.mint(
        one.event.event_id,
        person,
        roles,
        token=id,
        now_ms=now_ms,
        ttl_s=ttl_s,
        name=name,
        sessions=of.sessions if of else (),
        stages=of.stages if of else (),
        first_ms=of.issued_ms if of else None,
    )
    return Token(
        token=text,
        person=person,
        name=name,
        roles=sorted(roles),
        expires_at_ms=(now_ms // 1000 + ttl_s) * 1000,
    )


def clean_name(text: str) -> str:
    """Return a name as it is shown. Raises `BadInput`."""
    try:
        name = clean_text(text.replace("\n", " "), max_graphemes=NAME_GRAPHEMES, max_bytes=400)
    except TextProblem as error:
        raise BadInput(f"your name: {error.message}", code="bad_text", field="name") from None
    return " ".join(name.split())


def _matching_code(
    request: web.Request, policy: RegistrationPolicy, given: str, where: str
) -> str | None:
    """The invite code that was used, if one is needed. Compared in constant time."""
    if policy.mode == "closed":
        raise Forbidden("registration is closed: the organiser hands out tokens")
    if policy.mode == "open":
        return None
    guesses, event = request.app[_GUESSES], request.match_info["event"]
    now_s = system.monotonic_s()
    if wait_s := guesses.wait_s(event, where, now_s):
        raise RateLimited("too many invite codes were wrong: wait", retry_after_s=wait_s)
    for code in policy.codes:
        if hmac.compare_digest(code.encode(), given.encode()):
            return code
    guesses.failed(event, where, now_s)
    raise Forbidden("this invite code is not valid here", code="bad_invite_code")


async def _count(
    request: web.Request, policy: RegistrationPolicy, where: str, code: str | None
) -> None:
    """Votes hang on registrations, so both the address and the code may be used only so often.

    The last fifth of a code's uses is for addresses that have used it seldom.
    """
    log, full = served(request).event.log, request.app[_FULL]
    event = request.match_info["event"]
    full.require_room(event, where)
    by_address = await log.count(f"register/address/{digest_of(where)}", HOUR_MS)
    if by_address.total > policy.per_address_hour:
        full.note(event, where, by_address.left_ms / 1000)
        full.require_room(event, where)
    if code is None:
        return
    uses = (await log.count(f"register/code/{digest_of(code)}", YEAR_MS)).total
    is_newcomer = by_address.total <= FEW_REGISTRATIONS
    if uses > policy.per_code * (1 if is_newcomer else 1 - LEFT_TO_NEWCOMERS):
        raise Forbidden("this invite code is used up", code="bad_invite_code")


class _FullAddresses:
    """Addresses that have registered as often as they may, and until when nothing is counted."""

    def __init__(self) -> None:
        self._until_s: OrderedDict[tuple[str, str], float] = OrderedDict()

    def note(self, event: str, address: str, left_s: float) -> None:
        self._until_s[event, address] = system.monotonic_s() + left_s
        if len(self._until_s) > FULL_KEPT:
            self._until_s.popitem(last=False)

    def require_room(self, event: str, address: str) -> None:
        """Raise `RateLimited` for an address that is full."""
        left_s = self._until_s.get((event, address), 0.0) - system.monotonic_s()
        if left_s > 0:
            limit_log.note("registrations", address)
            raise RateLimited("too many registrations from your address", retry_after_s=left_s)


_FULL: web.AppKey[_FullAddresses] = web.AppKey("addresses that registered often")
_GUESSES: web.AppKey[Guesses] = web.AppKey("guesses of codes")


def register(app: web.Application) -> None:
    app[_FULL], app[_GUESSES] = _FullAddresses(), guesses_of_codes()
    app.router.add_post("/api/v1/events/{event}/registrations", register_attendee)
    app.router.add_post("/api/v1/events/{event}/tokens", renew_token)
