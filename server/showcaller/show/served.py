"""An event that this node serves, as `gateway`, `api` and `media` are given it."""

from __future__ import annotations

from typing import NamedTuple

from ..domain.people import Principal
from ..errors import Banned, ShowcallerError, TokenExpired, Unauthenticated
from ..tokens import Tokens, bearer
from .commands import Commands
from .live_event import LiveEvent


class ServedEvent(NamedTuple):
    event: LiveEvent
    commands: Commands
    tokens: Tokens

    def authenticate(self, token: str, address: str = "") -> Principal:
        """Return the holder of `token`, if they were not shut out. Raises `Unauthenticated`, `Banned`.

        `address` is that of who asks, for the audit.
        """
        try:
            who = self.tokens.verify(token, self.event.event_id, int(self.event.wall_ms()))
        except Unauthenticated as error:
            holder = error.person if isinstance(error, TokenExpired) else ""
            self._note_refused(error, address, holder)
            raise
        if self.event.shuts_out(who):
            shut_out = Banned("you were shut out of this event")
            self._note_refused(shut_out, address, who.person)
            raise shut_out
        self.event.note_staff_soon(who)
        return who

    def authenticate_header(self, authorization: str | None, address: str = "") -> Principal:
        """Return the holder of the token in an HTTP `Authorization` header. Raises as `authenticate` does."""
        return self.authenticate(self.token_in(authorization), address)

    @staticmethod
    def token_in(authorization: str | None) -> str:
        """Return the token of an HTTP `Authorization` header. Raises `Unauthenticated`."""
        return bearer(authorization)

    def _note_refused(self, error: ShowcallerError, address: str, person: str) -> None:
        at_ms = int(self.event.wall_ms())
        self.event.audit.refused("login", at_ms, error.code, address=address, person=person)
