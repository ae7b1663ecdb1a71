"""An event that this node serves, as `gateway`, `api` and `media` are given it."""

from __future__ import annotations

from typing import NamedTuple

from ..domain.people import Principal
from ..errors import Banned
from ..tokens import Tokens, bearer
from .commands import Commands
from .live_event import LiveEvent


class ServedEvent(NamedTuple):
    event: LiveEvent
    commands: Commands
    tokens: Tokens

    def authenticate(self, token: str) -> Principal:
        """Return the holder of `token`, if they were not shut out. Raises `Unauthenticated`, `Banned`."""
        who = self.tokens.verify(token, self.event.event_id)
        if self.event.state.people.shuts_out(who):
            raise Banned("you were shut out of this event")
        return who

    def authenticate_header(self, authorization: str | None) -> Principal:
        """Return the holder of the token in an HTTP `Authorization` header. Raises as `authenticate` does."""
        return self.authenticate(bearer(authorization))
