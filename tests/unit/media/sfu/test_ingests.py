"""The ingests that a worker can show, its own and those that it borrows over a real socket."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from showcaller.media.egress import choose
from showcaller.media.sfu.ingests import Ingests
from showcaller.media.sfu.trunk import Trunk
from showcaller.testing.until import until


def ingest(resource, session, offer=""):
    return SimpleNamespace(
        resource=resource,
        session=session,
        person="ada",
        source="main",
        offer=offer,
        track_lines=list,
        stage="",
    )


@pytest.fixture
async def trunk(tmp_path):
    trunk = Trunk()
    await trunk.listen(str(tmp_path / "trunk"))
    yield trunk
    await trunk.close()


@pytest.fixture
def offer(request):
    return (request.path.parents[1] / "sdp/offers/chromium-publisher.sdp").read_text()


async def test_a_room_has_its_own_ingests_in_the_order_in_which_they_came():
    ingests = Ingests(choose("python"), lambda session, now_s: None)
    for resource, session in (("b", "talk"), ("a", "talk"), ("c", "another")):
        ingests.own[resource] = ingest(resource, session)
    assert [one.resource for one in ingests.room("talk")] == ["b", "a"]
    assert [one.resource for one in ingests] == ["b", "a", "c"]
    assert ingests.get("c").session == "another"
    assert ingests.get("d") is None
    assert ingests.room(None) == []


async def test_those_of_another_worker_are_there_until_no_stage_needs_them(trunk, tmp_path, offer):
    changed = []
    ingests = Ingests(choose("python"), lambda session, now_s: changed.append(session))
    trunk.add(ingest("theirs", "talk", offer))
    for stage in ("main", "side"):
        ingests.branch_off(stage, str(tmp_path / "trunk"))
    await until(lambda: changed == ["talk"])
    assert [one.resource for one in ingests.room("talk")] == ["theirs"]
    assert ingests.get("theirs").person == "ada"
    assert ingests.own == {}
    ingests.leave("main")
    assert list(ingests.borrowed())
    ingests.leave("side")
    assert list(ingests.borrowed()) == []
    ingests.leave("side")  # once more does no harm
    await until(lambda: not trunk.branches)


async def test_at_the_end_nothing_more_is_borrowed(trunk, tmp_path):
    ingests = Ingests(choose("python"), lambda session, now_s: None)
    ingests.branch_off("main", str(tmp_path / "trunk"))
    await until(lambda: trunk.branches)
    ingests.close()
    await until(lambda: not trunk.branches)
