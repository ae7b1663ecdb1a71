"""The keeping of stays: by one node, over all nodes, without those who were erased."""

from __future__ import annotations

import asyncio

from showcaller.api.left_exports import EXPORTS, attendance, stays
from showcaller.domain.schedule import MINUTE_MS
from showcaller.show.attendance import Attendance
from showcaller.show.stays import StayKeeper, read_book

from .desk import PRO

COLUMNS = {export.name: export.columns for export in EXPORTS}


class Node:
    """A node's keeper, who hears what every node tells."""

    def __init__(self, event, node, *people):
        self.people = people
        self.event, self.node = event, node
        self.keeper = StayKeeper(event, lambda: [{"": sorted({*self.people}), "talk": self.people}])

    async def beat(self):
        self.event.audience.node = self.node
        await self.keeper.beat()
        await asyncio.sleep(0)  # what is published is heard in the loop's next turn


async def listening(event, *nodes):
    for node in nodes:
        await event.log.subscribe("stays", node.keeper.hear)


async def told(event):
    return [(line["session"], line["person"]) for line in await stays(event)]


async def test_a_person_is_there_once_over_tabs_and_nodes_and_leaves_when_gone(desk, monkeypatch):
    event, now_ms = desk.event, 1_000_000 * MINUTE_MS
    monkeypatch.setattr(event, "wall_ms", lambda: now_ms)
    one, other = Node(event, "one", "ada", "ada", "bob"), Node(event, "other", "ada")
    await listening(event, one, other)
    await event.names.put("ada", "Ada")
    for _ in range(10):
        await one.beat()
        await other.beat()
        now_ms += MINUTE_MS
    one.people = ()
    await one.beat()
    whole = {line["person"]: line for line in await stays(event) if line["session"] == ""}
    assert {one: line["minutes"] for one, line in whole.items()} == {"ada": 10, "bob": 10}
    ada = whole["ada"]
    assert (ada["name"], ada["joined_ms"]) == ("Ada", 1_000_000 * MINUTE_MS)
    assert ada["left_ms"] == 1_000_010 * MINUTE_MS
    assert set(ada) == set(COLUMNS["stays"])


async def test_another_node_goes_on_with_what_the_keeper_before_left(desk, monkeypatch):
    event, now_ms = desk.event, 1_000_000 * MINUTE_MS
    monkeypatch.setattr(event, "wall_ms", lambda: now_ms)
    one, other = Node(event, "one", "ada"), Node(event, "other", "ada", "bob")
    await listening(event, one, other)
    await one.beat()
    await one.beat()
    await one.keeper._leave()
    now_ms += 3 * MINUTE_MS
    await other.beat()
    await other.beat()
    [ada] = (await read_book(event.log)).of("ada")[:1]
    assert ada.until_min - ada.from_min == 4
    assert ("talk", "bob") in await told(event)


async def test_an_erased_person_is_in_no_record_though_the_keeper_knew_them(desk):
    event = desk.event
    node = Node(event, "one", "ada", "bob")
    await listening(event, node)
    await node.beat()
    await node.beat()
    assert ("", "bob") in await told(event)
    await desk.do(PRO, "person.erase", person="bob")
    assert (await read_book(event.log)).people() == ["ada"]
    await node.beat()  # they are still connected
    await node.beat()
    assert (await read_book(event.log)).people() == ["ada"]


async def test_attendance_tells_people_beside_connections(desk):
    event = desk.event
    node = Node(event, event.audience.node, "ada", "bob")
    await listening(event, node)
    await node.beat()
    await node.beat()
    event.audience.levels = lambda now_s: {"audience": {"sockets": 5, "session:talk": 3}}
    await Attendance(event).sample()
    whole, talk = await attendance(event)
    assert (whole["peak"], whole["people"], whole["people_peak"]) == (5, 2, 2)
    assert (talk["peak"], talk["people"], talk["people_average"]) == (3, 2, 2.0)
