"""Bans, tokens and staff that are carried over to the log that took the place of a lost one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import facts
from showcaller.domain.people import People, Term
from showcaller.show.carrying import lacking

PERSONS = st.sampled_from(["ada", "bob", "pro"])
FACTS = st.one_of(
    st.builds(facts.PersonBanned, person=PERSONS, by=PERSONS),
    st.builds(facts.PersonSilenced, person=PERSONS, by=PERSONS, reason=st.just("Rude")),
    st.builds(facts.PersonUnbanned, person=PERSONS, by=PERSONS),
    st.builds(facts.PersonErased, person=PERSONS, by=PERSONS),
    st.builds(facts.PersonSignedOut, person=PERSONS, by=PERSONS, until_ms=st.integers(0, 9)),
    st.builds(facts.TokenRevoked, token=st.sampled_from(["t1", "t2"]), by=PERSONS),
    st.builds(
        facts.StaffCame,
        person=PERSONS,
        token=st.sampled_from(["t1", "t2"]),
        roles=st.sampled_from([("moderator",), ("producer",)]),
        expires_at_ms=st.just(0),
    ),
)


def folded(history):
    people = People()
    for fact in history:
        people.apply(fact)
    return people


def carry(before, now):
    for _, fact in list(lacking(before, now)):
        now.apply(fact)


@given(st.lists(FACTS))
def test_nothing_is_forgotten_when_all_of_the_log_is_lost(history):
    before, now = folded(history), People()
    carry(before, now)
    assert now.banned.keys() == before.banned.keys()
    assert now.silenced.keys() == before.silenced.keys()
    assert now.revoked == before.revoked
    assert now.signed_out_ms == before.signed_out_ms
    assert now.erased == before.erased
    assert now.staff.keys() == before.staff.keys()
    assert list(lacking(before, now)) == []


def test_a_ban_that_was_lifted_in_the_new_log_stays_lifted():
    ban = facts.PersonBanned(person="ada", by="mo")
    before, now = folded([ban]), folded([ban, facts.PersonUnbanned(person="ada", by="mo")])
    carry(before, now)
    assert not now.banned
    now.apply(ban)
    assert set(now.banned) == {"ada"}


@given(st.lists(FACTS), st.integers(0, 40))
def test_what_is_left_of_the_log_is_not_said_twice(history, kept):
    before, now = folded(history), folded(history[:kept])
    facts_of_bans = [fact for key, fact in lacking(before, now) if key.startswith("ban:")]
    assert {fact.person for fact in facts_of_bans}.isdisjoint(now.banned)


def test_each_has_a_key_of_its_own():
    before = People(
        banned=dict.fromkeys(("ada", "bob"), Term(by="mo")),
        revoked={"ada"},
        erased={"ada"},
        signed_out_ms={"ada": 3},
    )
    keys = [key for key, _ in lacking(before, People())]
    assert len(keys) == len(set(keys)) == 5
