"""Keys of votes against the plainest model of them: each person's newest ones."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain import vote_keys
from showcaller.domain.vote_keys import KEPT, VoteKeys

ADDED = st.lists(
    st.tuples(st.sampled_from(["ada", "bob"]), st.sampled_from([1, 256, 257, 65_793, 2**48 - 1]))
)


def copy(keys):
    return VoteKeys(dict(part) for part in keys.parts())


@given(ADDED)
def test_a_key_is_new_once_for_each_person(added):
    keys, known = VoteKeys(), set()
    for one in added:
        assert keys.add(*one) == (one not in known)
        known.add(one)


@given(ADDED, ADDED)
def test_copied_keys_go_on_alike(before, after):
    keys = VoteKeys()
    for one in before:
        keys.add(*one)
    again = copy(keys)
    assert [again.add(*one) for one in after] == [keys.add(*one) for one in after]


def test_the_newest_of_a_person_are_kept():
    keys = VoteKeys()
    assert all(keys.add("ada", n) for n in range(1, KEPT + 2))
    assert not keys.add("ada", 2)
    assert keys.add("ada", 1)


def test_a_copy_does_not_change_with_the_keys(monkeypatch):
    monkeypatch.setattr(vote_keys, "PEOPLE_A_PART", 1)
    keys = VoteKeys()
    keys.add("ada", 1)
    keys.add("bob", 2)
    parts = keys.parts()
    first = dict(parts[0])
    keys.add("bob", 3)
    again = VoteKeys([first, *map(dict, parts[1:])])
    assert not again.add("bob", 2)
    assert again.add("bob", 3)
