# ruff: noqa: F811 (tests take the fixture by its name)
"""Certificates of attendance over a live event: from who was there to a code that can be checked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from showcaller.api.certificates import own_certificate
from showcaller.domain import facts
from showcaller.domain.schedule import MINUTE_MS, CertificatePolicy
from showcaller.errors import NotFound
from showcaller.show.certificate_codes import certified_by
from showcaller.show.stays import StayKeeper

from ..show.desk import PLAN, PRO, desk  # noqa: F401 (desk is a fixture)


async def offer(desk, **policy):
    plan = replace(PLAN, certificate=CertificatePolicy(**policy))
    await desk.event.append(facts.SchedulePublished(schedule=plan), f"offer {policy}")


async def test_who_attended_gets_a_certificate_that_anybody_can_check(desk, monkeypatch):
    event = desk.event
    await offer(desk, min_minutes=5)
    await desk.do(PRO, "session.start", session="talk")
    began_ms = event.state.runsheet.sessions["talk"].cues["started"].called_ms
    now_ms = began_ms
    monkeypatch.setattr(event, "wall_ms", lambda: now_ms)
    keeper = StayKeeper(event, list)
    await keeper.beat()
    for _ in range(5):
        assert (await own_certificate(event, "ada"))["state"] == "to_come"
        keeper.hear(b"\x82\xa0\x91\xa3ada\xa4talk\x91\xa3ada")  # {"": ["ada"], "talk": ["ada"]}
        await keeper.beat()
        now_ms += MINUTE_MS
    own = await own_certificate(event, "ada")
    assert (own["state"], own["minutes"]) == ("earned", 5)
    certified = certified_by(event.state, own["code"])
    assert (certified.person, certified.minutes) == ("ada", 5)
    assert (await own_certificate(event, "bob"))["code"] == ""


async def test_there_is_none_where_the_event_offers_none(desk):
    with pytest.raises(NotFound) as refused:
        await own_certificate(desk.event, "ada")
    assert refused.value.code == "no_certificate"
