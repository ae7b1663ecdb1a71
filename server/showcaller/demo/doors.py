"""The doors of the demo: one page with a button for each role, behind which a one-use link waits."""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web

from .. import system
from ..api import codes
from ..api.pages import page_answer, page_file
from ..http.asker import LOOKUP
from ..show.guest_links import Grant

TOKEN_TTL_S = 24 * 3600
NAMES = {"attendee": "Ada", "moderator": "Mary", "producer": "Paula", "speaker": "Sam"}


class Doors(NamedTuple):
    """The event that they lead into, and the talk that the speaker speaks in."""

    event: str
    talk: str

    def page_of(self, role: str) -> str:
        pages = {"moderator": "moderate", "producer": "produce", "speaker": f"speak/{self.talk}"}
        return f"/e/{self.event}/{pages.get(role, '')}"

    def register(self, app: web.Application) -> None:
        """Add the page, and what its buttons lead to."""
        page = page_file("demo")

        async def show(request: web.Request) -> web.Response:
            return page_answer(request, page)

        async def enter(request: web.Request) -> web.Response:
            role, one = request.match_info["role"], request.app[LOOKUP](self.event)
            if role not in NAMES or one is None:
                raise web.HTTPNotFound
            code = await codes.new_code(one, self._grant(role))
            raise web.HTTPSeeOther(f"{self.page_of(role)}#code={code}")

        app.router.add_get("/demo", show)
        app.router.add_get("/demo/{role}", enter)

    def _grant(self, role: str) -> Grant:
        """Return what somebody new may do, who comes in by this door."""
        return Grant(
            person=system.random_id("p"),
            name=NAMES[role],
            roles=[role],
            sessions=[self.talk] if role == "speaker" else [],
            token=system.random_id("t"),
            expires_at_ms=system.wall_ms() + TOKEN_TTL_S * 1000,
        )
