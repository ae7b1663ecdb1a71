from __future__ import annotations

import msgspec

from showcaller.domain import facts
from showcaller.domain.people import People, Principal


def principal(person="ada", token="t1", roles=("attendee",)):
    return Principal(person=person, token=token, roles=frozenset(roles), expires_at_ms=0)


def test_a_banned_person_is_shut_out_until_unbanned():
    people = People()
    banned = people.apply(facts.PersonBanned(person="ada", by="mo"))
    assert banned.banned == ["ada"]
    assert people.shuts_out(principal())
    assert not people.shuts_out(principal("bob"))
    people.apply(facts.PersonUnbanned(person="ada", by="mo"))
    assert not people.shuts_out(principal())


def test_a_revoked_token_is_shut_out_and_no_other_of_that_person():
    people = People()
    assert people.apply(facts.TokenRevoked(token="t1", by="mo")).revoked == ["t1"]
    assert people.shuts_out(principal(token="t1"))
    assert not people.shuts_out(principal(token="t2"))


def test_an_erased_person_may_stay():
    people = People()
    people.apply(facts.PersonErased(person="ada", by="mo"))
    assert people.erased == {"ada"}
    assert not people.shuts_out(principal())


def test_one_of_the_roles_asked_for_is_enough():
    assert principal(roles=("speaker", "attendee")).has("moderator", "speaker")
    assert not principal().has("moderator")


def test_a_snapshot_holds_who_was_banned_revoked_and_erased():
    people = People(banned={"a"}, revoked={"t"}, erased={"b"})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(people), type=People) == people
