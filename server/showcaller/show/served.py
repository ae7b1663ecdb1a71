"""What `gateway`, `api` and `media` are given for each event that this node serves."""

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
        """Who holds `token`, if they were not shut out. Raises `Unauthenticated`, `Banned`."""
        who = self.tokens.verify(token, self.event.event_id)
        if self.event.state.people.shuts_out(who):
            raise Banned("you were shut out of this event")
        return who

    def authenticate_header(self, authorization: str | None) -> Principal:
        """As `authenticate`, from an HTTP `Authorization` header."""
        return self.authenticate(bearer(authorization))
