from __future__ import annotations

import json

import pytest

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain.people import Principal
from showcaller.show import names as names_module
from showcaller.show.names import Names


@pytest.fixture
async def log():
    broker = SqliteBroker(":memory:")
    yield await broker.open("event")
    await broker.close()


async def test_a_name_is_known_where_it_was_put_and_after_loading_elsewhere(log):
    here, there = Names(log), Names(log)
    await here.put("p1", "Ada", email="ada@example.org")
    assert (here.get("p1"), there.get("p1")) == ("Ada", "")
    await there.ensure({"p1", "nobody"})
    assert (there.get("p1"), there.get("nobody")) == ("Ada", "")


async def test_a_person_without_a_record_is_looked_up_again(log):
    names = Names(log)
    await names.ensure({"p1"})
    await Names(log).put("p1", "Ada")
    await names.ensure({"p1"})
    assert names.get("p1") == "Ada"


async def test_a_known_name_is_not_loaded_again(log):
    names = Names(log)
    await names.put("p1", "Ada")
    await Names(log).put("p1", "Eve")
    await names.ensure({"p1"})
    assert names.get("p1") == "Ada"


async def test_an_erased_person_has_no_record(log):
    names = Names(log)
    await names.put("p1", "Ada")
    await names.erase("p1")
    assert names.get("p1") == ""
    assert await log.get_records("person", ["p1"]) == [None]


async def test_a_persons_record_says_when_they_registered(log):
    await Names(log).put("p1", "Ada", email="ada@example.org")
    (data,) = await log.get_records("person", ["p1"])
    record = json.loads(data)
    assert (record["name"], record["email"]) == ("Ada", "ada@example.org")
    assert record["registered_ms"] > 1_600_000_000_000


async def test_memory_is_bounded(log, monkeypatch):
    monkeypatch.setattr(names_module, "NAMES_KEPT", 3)
    names = Names(log)
    for n in range(5):
        await names.put(f"p{n}", f"Name {n}")
    assert [names.get(f"p{n}") for n in range(5)] == ["", "", "Name 2", "Name 3", "Name 4"]
    await names.ensure({"p0"})
    assert names.get("p0") == "Name 0"


async def test_records_that_are_gone_are_written_anew_but_not_of_erased_persons(log):
    names, other = Names(log), Names(log)
    for person in ("p1", "p2", "p3"):
        await names.put(person, f"Name of {person}")
    for person in ("p1", "p2"):
        await other.erase(person)
    names.doubt_records()
    assert await names.restore({"p2"}) == 1
    await other.ensure({"p1", "p2", "p3"})
    assert [other.get(p) for p in ("p1", "p2", "p3")] == ["Name of p1", "", "Name of p3"]


async def test_while_records_are_doubted_an_introduction_writes_what_is_gone(log):
    names, other = Names(log), Names(log)
    await names.put("p1", "Ada")
    await other.erase("p1")
    who = Principal(person="p1", roles=frozenset(), token="t", expires_at_ms=0, name="Eve")
    names.doubt_records()
    await names.introduce(who)
    await other.ensure({"p1"})
    assert other.get("p1") == "Ada"
