"""The first message to a client whose token is good (PROTOCOL.md §3)."""

from __future__ import annotations

from .. import __version__
from ..domain.people import Principal
from ..protocol.messages import Welcome
from ..show.live_event import LiveEvent


def welcome(event: LiveEvent, principal: Principal, heartbeat_s: float) -> Welcome:
    """Return who the client is taken for, at which event, and where its log stands."""
    return Welcome(
        event=event.event_id,
        person=principal.person,
        name=event.names.get(principal.person) or principal.name,
        roles=sorted(principal.roles),
        sessions=sorted(principal.sessions),
        stages=sorted(principal.stages),
        epoch=event.shown_epoch,
        head=event.state.folded,
        now_ms=event.wall_ms(),
        heartbeat_ms=round(heartbeat_s * 1000),
        expires_at_ms=principal.expires_at_ms,
        server=f"showcaller/{__version__}",
    )
