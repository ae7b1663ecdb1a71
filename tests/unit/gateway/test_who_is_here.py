# ruff: noqa: F811 (tests take the fixture by its name)
"""The telling of who is here, as a hub tells it to the keeper of stays."""

from __future__ import annotations

from showcaller.gateway import hub as hub_module
from showcaller.gateway.counters import Counters
from showcaller.gateway.hub import Hub

from ..show.desk import ADA, BOB, desk, principal  # noqa: F401 (desk is a fixture)

SCREEN = principal("lobby", "screen")


class Tab:
    closing = is_stalled = False
    format = "json"

    def __init__(self, address, who):
        self.address, self.principal = address, who


def told(hub):
    found = {}
    for here in hub.here():
        for session, people in here.items():
            found.setdefault(session, set()).update(people)
    return found


async def test_who_is_here_is_told_by_session_without_screens_some_at_a_time(desk, monkeypatch):
    monkeypatch.setattr(hub_module, "TOLD_AT_ONCE", 2)
    hub = Hub(desk.event, Counters())
    tabs = [Tab(number, who) for number, who in enumerate((ADA, ADA, BOB, SCREEN))]
    for one in tabs:
        hub.follow("session/talk", one)
    hub.follow("agenda", tabs[2])
    hub.follow("session/open", tabs[1])
    assert len([*hub.here()]) == 2
    assert told(hub) == {"": {"ada", "bob"}, "talk": {"ada", "bob"}, "open": {"ada"}}
    hub.leave(tabs[0], "person/ada")
    hub.leave(tabs[1], "person/ada")
    assert told(hub) == {"": {"bob"}, "talk": {"bob"}}
