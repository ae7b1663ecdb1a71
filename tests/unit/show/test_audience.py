"""Presence and reactions: sums of sums, whatever is lost, late or restarted."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from showcaller.show.audience import (
    AUDIENCE,
    NAMES_SHOWN,
    NODE_LOST_S,
    REACTIONS,
    WINDOW_S,
    Audience,
    Reactions,
    Sums,
    audience_channel,
    is_audience,
    people_channel,
)

TALK = audience_channel("talk")
PEOPLE = people_channel("talk")


def test_the_audience_channels_and_no_others() -> None:
    assert is_audience(AUDIENCE)
    assert is_audience(TALK)
    assert is_audience(PEOPLE)
    assert not is_audience("session/talk")
    assert not is_audience("session/talk/questions")
    assert not is_audience("agenda")


def test_the_sums_of_several_nodes_are_added() -> None:
    here = Audience("here")
    here.react("talk", "clap", 0.5)
    here.count(3, {"talk": 2}, 1.0)
    here.hear(Sums("there", 4, {"talk": 3, "panel": 1}, {"talk": {"clap": 5, "heart": 1}}), 1.0)
    assert here.levels(1.0) == {
        AUDIENCE: {"sockets": 7, "session:talk": 5, "session:panel": 1},
        TALK: {"present": 5, "clap": 6, "heart": 1},
        audience_channel("panel"): {"present": 1},
    }


def test_names_of_several_nodes_are_added_and_bounded() -> None:
    here = Audience("here")
    here.count(3, {"talk": 3}, 1.0, {"talk": {"Ada": 2, "Bob": 1}})
    here.hear(Sums("there", 1, {"talk": 1}, {}, {"talk": {"Ada": 1}}), 1.0)
    assert here.levels(1.0)[PEOPLE] == {"Ada": 3, "Bob": 1}
    many = {f"Person {n:03}": 1 for n in range(NAMES_SHOWN + 5)}
    here.count(3, {}, 2.0, {"talk": many})
    told = here.levels(2.0)[PEOPLE]
    assert len(told) == NAMES_SHOWN
    assert "Ada" in told  # the first by the alphabet: they stay the same
    assert f"Person {NAMES_SHOWN:03}" not in told


def test_an_older_node_reads_what_this_one_counts() -> None:
    class OldSums(msgspec.Struct, frozen=True, array_like=True):
        node: str
        sockets: int
        present: dict[str, int]
        reactions: dict[str, dict[str, int]]

    own = Audience("here").count(1, {"talk": 1}, 0.0, {"talk": {"Ada": 1}})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(own), type=OldSums).sockets == 1


def test_a_node_that_fell_silent_counts_no_more() -> None:
    here = Audience("here")
    here.hear(Sums("there", 4, {"talk": 3}, {}), 0.0)
    assert here.levels(NODE_LOST_S - 0.1)[TALK] == {"present": 3}
    assert here.levels(NODE_LOST_S) == {AUDIENCE: {"sockets": 0}}


def test_a_nodes_own_sums_that_come_back_are_not_counted_twice() -> None:
    here = Audience("here")
    own = here.count(1, {"talk": 1}, 0.0)
    here.hear(msgspec.msgpack.decode(msgspec.msgpack.encode(own), type=Sums), 0.1)
    assert here.levels(0.2)[TALK] == {"present": 1}


@given(st.lists(st.tuples(st.floats(0, 60), st.sampled_from(REACTIONS)), max_size=50))
def test_a_reaction_counts_for_ten_seconds_or_up_to_one_more(
    sent: list[tuple[float, str]],
) -> None:
    reactions = Reactions()
    now_s = 60.0
    for at_s, reaction in sorted(sent):
        reactions.add("talk", reaction, at_s)
    found = Counter(reactions.recent(now_s).get("talk", {}))
    at_least = Counter(r for at_s, r in sent if at_s > now_s - WINDOW_S + 1)
    at_most = Counter(r for at_s, r in sent if at_s > now_s - WINDOW_S - 1)
    assert at_least <= found <= at_most


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9)), max_size=30)
)
def test_only_the_newest_word_of_each_node_counts(told: list[tuple[str, int, int]]) -> None:
    here = Audience("here")
    newest = {}
    for node, sockets, present in told:
        here.hear(Sums(node, sockets, {"talk": present}, {}), 0.0)
        newest[node] = (sockets, present)
    shown = here.levels(0.0)
    assert shown[AUDIENCE]["sockets"] == sum(sockets for sockets, _ in newest.values())
    assert shown.get(TALK, {}).get("present", 0) == sum(p for _, p in newest.values())
