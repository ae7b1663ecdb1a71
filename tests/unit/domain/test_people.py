from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain import people as people_module
from showcaller.domain.people import NOBODY, People, Principal, Term


def principal(person="ada", token="t1", roles=("attendee",)):
    return Principal(person=person, token=token, roles=frozenset(roles), expires_at_ms=0)


def staff(person, *roles, token="t9", issued_ms=0):
    return facts.StaffCame(
        person=person, token=token, roles=roles, issued_ms=issued_ms, expires_at_ms=9_000
    )


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


def test_a_silence_is_lifted_by_a_moderator_or_by_its_end_and_not_before():
    people = People()
    people.apply(facts.PersonSilenced(person="ada", by="mo", reason="Rude", until_ms=5_000))
    assert people.silenced["ada"].reason == "Rude"
    early = people.apply(facts.PersonUnsilenced(person="ada", by=NOBODY), 4_999)
    assert early.refused.code == "wrong_state"
    assert people.apply(facts.PersonUnsilenced(person="ada", by=NOBODY), 5_000).refused is None
    assert not people.silenced
    people.apply(facts.PersonSilenced(person="ada", by="mo"))
    assert people.apply(facts.PersonUnsilenced(person="ada", by=NOBODY), 9_000).refused is not None
    assert people.apply(facts.PersonUnsilenced(person="ada", by="mo"), 9_000).refused is None
    assert not people.silenced


def test_a_ban_that_was_made_longer_outlives_its_first_end():
    people = People()
    people.apply(facts.PersonBanned(person="ada", by="mo", until_ms=5_000))
    people.apply(facts.PersonBanned(person="ada", by="mo", until_ms=9_000))
    assert people.apply(facts.PersonUnbanned(person="ada", by=NOBODY), 5_000).refused is not None
    assert people.shuts_out(principal())
    assert people.apply(facts.PersonUnbanned(person="ada", by=NOBODY), 9_000).refused is None


def test_moderators_silence_no_producer():
    people = People()
    people.apply(staff("pro", "producer"))
    silence = facts.PersonSilenced(person="pro", by="mo")
    assert people.apply(silence).refused.code == "forbidden"


def test_a_person_that_is_erased_leaves_no_reason():
    people = People()
    people.apply(facts.PersonSilenced(person="ada", by="mo", reason="Rude"))
    people.apply(facts.PersonBanned(person="ada", by="mo", reason="Rude"))
    people.apply(facts.PersonErased(person="ada", by="pro"))
    assert (people.silenced["ada"].reason, people.banned["ada"].reason) == ("", "")


def test_a_snapshot_holds_who_was_banned_revoked_and_erased():
    people = People(
        banned={"a": Term(by="mo", reason="Rude", until_ms=5)},
        revoked={"t"},
        erased={"b"},
        signed_out_ms={"c": 1},
    )
    people.apply(staff("pro", "producer"), 5_000)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(people), type=People) == people


def test_all_tokens_that_a_person_had_are_shut_out_and_later_ones_are_good():
    people = People()
    assert people.apply(facts.PersonSignedOut(person="ada", by="pro"), 5_400).banned == ["ada"]
    for issued_ms, out in ((0, True), (4_000, True), (5_000, True), (6_000, False)):
        who = Principal(
            person="ada",
            token="t1",
            roles=frozenset({"attendee"}),
            expires_at_ms=0,
            issued_ms=issued_ms,
        )
        assert people.shuts_out(who) == out
    assert not people.shuts_out(principal("bob"))


def test_producers_and_ops_are_banned_by_their_like_only():
    people = People()
    for person, role in (("mo", "moderator"), ("pro", "producer"), ("op", "ops")):
        people.apply(staff(person, role))
    for person, by in (("pro", "mo"), ("op", "mo"), ("pro", "stranger")):
        refused = people.apply(facts.PersonBanned(person=person, by=by)).refused
        assert refused.code == "forbidden"
        assert not people.banned
    assert people.apply(facts.PersonBanned(person="mo", by="mo")).refused is None
    assert people.apply(facts.PersonBanned(person="pro", by="op")).refused is None


def test_who_leads_no_more_can_be_banned_by_moderators():
    people = People()
    people.apply(staff("pro", "producer", issued_ms=1_000))
    people.apply(facts.PersonSignedOut(person="pro", by="op"), 2_000)
    assert people.apply(facts.PersonBanned(person="pro", by="mo")).refused is None


def test_a_token_of_the_staff_is_known_with_its_roles():
    people = People()
    mo = principal("mo", token="t9", roles=("moderator",))
    assert mo.is_staff and not principal().is_staff
    assert not people.knows(mo)
    people.apply(staff("mo", "moderator"), 7_000)
    assert people.knows(mo)
    assert not people.knows(principal("mo", token="t9", roles=("moderator", "producer")))
    assert people.staff["mo"][0].seen_ms == 7_000


def test_what_was_done_about_people_is_kept_with_who_did_it_and_when():
    people = People()
    people.apply(staff("mo", "moderator"), 1)
    people.apply(facts.PersonBanned(person="ada", by="mo"), 2)
    people.apply(facts.TokenRevoked(token="t1", by="pro"), 3)
    acts = [(act.at_ms, act.what, act.person, act.by, act.token) for act in people.acts]
    assert acts == [
        (1, "staff.came", "mo", "", "t9"),
        (2, "person.banned", "ada", "mo", ""),
        (3, "token.revoked", None, "pro", "t1"),
    ]


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(people_module, "ACTS_KEPT", 3)
    monkeypatch.setattr(people_module, "TOKENS_KEPT", 2)
    people = People()
    for n in range(5):
        people.apply(staff("mo", "moderator", token=f"t{n}"), n)
    assert [act.at_ms for act in people.acts] == [2, 3, 4]
    assert [one.token for one in people.staff["mo"]] == ["t3", "t4"]


def guest(number, expires_at_ms=9_000):
    return facts.GuestInvited(
        session="talk",
        person=f"p{number}",
        token=f"t{number}",
        by="mo",
        expires_at_ms=expires_at_ms,
    )


guest_numbers = st.integers(0, 9)
guest_facts = st.one_of(
    st.builds(guest, guest_numbers, st.integers(0, 40)),
    guest_numbers.map(lambda number: staff(f"p{number}", "speaker", token=f"t{number}")),
    guest_numbers.map(lambda number: facts.TokenRevoked(token=f"t{number}", by="mo")),
    guest_numbers.map(lambda number: facts.PersonSignedOut(person=f"p{number}", by="mo")),
)


@given(st.lists(guest_facts, max_size=40))
def test_a_guests_link_waits_until_it_is_used_revoked_or_over(history):
    people, gone = People(), set()
    for at_ms, fact in enumerate(history):
        refused = people.apply(fact, at_ms).refused
        if isinstance(fact, facts.GuestInvited):
            gone.discard(fact.token)
            assert (refused is None) or fact.token in people.guests
        else:
            gone.add(f"t{fact.person[1:]}" if hasattr(fact, "person") else fact.token)
        assert gone.isdisjoint(people.guests)


def test_so_many_guests_wait_and_those_whose_link_is_over_make_room():
    people = People()
    for number in range(people_module.MAX_GUESTS):
        assert people.apply(guest(number, 100), 0).refused is None
    assert people.apply(guest("x"), 99).refused.code == "too_many"
    assert people.apply(guest("x"), 100).refused is None
    assert list(people.guests) == ["tx"]
