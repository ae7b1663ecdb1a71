# ruff: noqa: F811 (tests take the fixture by its name)
"""Consents: what is asked for is given in the version that is asked for, or nobody registers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from showcaller.api.left_exports import registrations
from showcaller.api.registrations import _agreed
from showcaller.domain import facts
from showcaller.domain.schedule import Consent
from showcaller.errors import BadInput

from ..show.desk import PLAN, PRO, desk  # noqa: F401 (desk is a fixture)

CONSENTS = (
    Consent(id="conduct", text="Be kind", version="2"),
    Consent(id="news", text="Send me news", required=False),
)


@pytest.fixture
async def asking(desk):
    plan = replace(PLAN, consents=CONSENTS)
    await desk.event.append(facts.SchedulePublished(schedule=plan), "consents")
    return desk


async def test_what_is_required_is_given_in_the_version_that_is_asked_for(asking):
    one = SimpleNamespace(event=asking.event)
    given = _agreed(one, {"conduct": "2"})
    assert [(agreed.consent, agreed.version) for agreed in given] == [("conduct", "2")]
    assert len(_agreed(one, {"conduct": "2", "news": "1"})) == 2
    for wrong, code in (
        ({}, "consent_missing"),
        ({"news": "1"}, "consent_missing"),
        ({"conduct": "1"}, "consent_changed"),
        ({"conduct": "2", "cookies": "1"}, "consent_changed"),
    ):
        with pytest.raises(BadInput) as refused:
            _agreed(one, wrong)
        assert refused.value.code == code


async def test_who_agreed_to_what_is_exported_until_they_are_erased(asking):
    event = asking.event
    agreed = _agreed(SimpleNamespace(event=event), {"conduct": "2"})
    await event.names.put("ada", "Ada", agreed=agreed)
    event.audit.admitted(
        "registration", 1_000, person="ada", token="t", expires_at_ms=9, address=""
    )
    [ada] = await registrations(event)
    assert (ada["agreed"], ada["agreed_ms"]) == (["conduct 2"], agreed[0].at_ms)
    await asking.do(PRO, "person.erase", person="ada")
    [gone] = await registrations(event)
    assert (gone["agreed"], gone["agreed_ms"]) == ([], "")
