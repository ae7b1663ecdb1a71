"""Nodes that differ in secret or clock: some of them are odd, never all."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.show.peers import FORGOTTEN_S, SKEW_MS, NodeTold, Peers

nodes = st.lists(
    st.builds(
        NodeTold,
        node=st.text("abcdef", min_size=1, max_size=3),
        began_ms=st.integers(0, 3),
        ahead_ms=st.sampled_from([0, -2_000, SKEW_MS, SKEW_MS + 1, -6_000, 7_200_000]),
        secrets=st.sampled_from([("one",), ("two",), ("one", "two")]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda told: told.node,
)


def problems_of(told, others, after_s=1.0):
    peers = Peers()
    for other in others:
        peers.hear(other, 100.0)
    return peers.problems(told, 100.0 + after_s)


@given(nodes)
def test_some_node_is_ready_whatever_differs_in_secrets(all_nodes):
    alike = [NodeTold(told.node, told.began_ms, 0, told.secrets) for told in all_nodes]
    ready = [told for told in alike if not problems_of(told, alike)]
    assert ready
    first = min(alike, key=lambda told: (told.began_ms, told.node))
    assert all(set(told.secrets) & set(first.secrets) for told in ready)


@given(nodes)
def test_some_node_is_ready_whatever_clocks_say(all_nodes):
    alike = [NodeTold(told.node, told.began_ms, told.ahead_ms, ("one",)) for told in all_nodes]
    ready = [told for told in alike if not problems_of(told, alike)]
    assert ready
    if any(abs(told.ahead_ms) <= SKEW_MS for told in alike):
        assert all(abs(told.ahead_ms) <= SKEW_MS for told in ready)


def test_a_node_says_what_is_wrong_with_it():
    first = NodeTold("a", 1, 0, ("one",))
    (secret,) = problems_of(NodeTold("b", 2, 0, ("two",)), [first])
    assert "--secret-file" in secret
    (skew,) = problems_of(NodeTold("b", 2, -6_000, ("one",)), [first])
    assert "6.0 s behind" in skew and "NTP" in skew


def test_a_node_alone_is_ready_and_one_that_is_gone_counts_no_more():
    odd, first = NodeTold("b", 2, 60_000, ("two",)), NodeTold("a", 1, 0, ("one",))
    assert problems_of(odd, []) == []
    assert len(problems_of(odd, [first])) == 2
    assert problems_of(odd, [first], after_s=FORGOTTEN_S + 1) == []
