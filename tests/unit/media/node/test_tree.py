"""The tree of a stage: no circles, nobody feeds too many, nobody is far off, and orphans find a place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.contract.calls import Lender
from showcaller.media.node.tree import BUSY_LOAD, FORGOTTEN_S, Tree

ROOT = Lender("root", ("10.0.0.1",), 1)


def worker(number):
    return Lender(f"w{number}", (f"10.0.1.{number}",), 1)


def depths(tree):
    """The depth of each member that the root's packets reach; fails on a circle."""
    parents, found = tree.parents(), {}
    for name in parents:
        way = [name]
        while way[-1] != "root" and way[-1] in parents:
            way.append(parents[way[-1]])
            assert len(way) == len(set(way)), "a circle"
        if way[-1] == "root":
            found[name] = len(way) - 1
    return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "lost", "pass"]),
        st.integers(0, 30),
        st.floats(0, 1),
        st.floats(0, 8),
    ),
    max_size=80,
)


@given(steps=STEPS, width=st.integers(1, 4))
def test_whatever_happens_there_is_no_circle_and_nobody_feeds_more_than_it_may(steps, width):
    """`lost`: a worker's lender is gone; `pass`: time goes by, in which others are forgotten."""
    tree, now_s, doubted = Tree(ROOT, width), 0.0, set()
    busy = any(load >= BUSY_LOAD for _, _, load, _ in steps)
    for kind, number, load, passed_s in steps:
        now_s += passed_s if kind == "pass" else 0.0
        before = tree.parents()
        without = before.get(f"w{number}", "") if kind == "lost" else ""
        doubted = (doubted | {without}) - {f"w{number}", "", "root"}
        lender = tree.place(worker(number), load, now_s, without=without)
        reached = depths(tree)
        assert all(fed <= width for fed in tree.fed().values())
        if lender is None:
            assert without or doubted, "only while who has room is not trusted"
            continue
        assert lender.worker not in (f"w{number}", without)
        assert f"w{number}" in reached
        if before.get(f"w{number}") != lender.worker and not (without or doubted or busy):
            depth = reached.get(lender.worker, 0)
            nearer = [
                name for name, how_far in reached.items() if how_far < depth and name not in doubted
            ]
            fed = list(tree.parents().values())
            assert all(fed.count(name) == width for name in nearer)


@settings(max_examples=20)
@given(count=st.integers(1, 120), width=st.integers(2, 8))
def test_a_tree_is_as_low_as_its_width_allows(count, width):
    tree = Tree(ROOT, width)
    for number in range(count):
        tree.place(worker(number), 0.1, 0.0)
    held, allowed = 0, 0
    while held < count:
        allowed += 1
        held += width**allowed
    assert max(depths(tree).values()) == allowed


@given(count=st.integers(2, 60), dead=st.integers(0, 59), width=st.integers(2, 4))
def test_when_a_worker_dies_its_branches_find_another_lender(count, dead, width):
    tree, dead = Tree(ROOT, width), f"w{dead % count}"
    for number in range(count):
        tree.place(worker(number), 0.1, 0.0)
    orphans = [name for name, parent in tree.parents().items() if parent == dead]
    for name in orphans:
        lender = tree.place(worker(int(name[1:])), 0.1, 1.0, without=dead)
        assert lender is not None
        assert lender.worker != dead
    later_s = FORGOTTEN_S + 1.0
    for number in range(count):
        if f"w{number}" != dead:
            assert tree.place(worker(number), 0.1, later_s - 2.0)
    for number in range(count):
        if f"w{number}" != dead:
            assert tree.place(worker(number), 0.1, later_s)
    assert dead not in tree.parents()
    assert len(depths(tree)) == count - 1


def test_who_asks_again_stays_where_it_is():
    tree = Tree(ROOT, 2)
    first = tree.place(worker(1), 0.5, 0.0)
    tree.place(worker(2), 0.0, 0.0)
    assert tree.place(worker(1), 0.9, 5.0) == first == ROOT


def test_of_those_as_near_the_one_with_less_to_do_lends():
    tree = Tree(ROOT, 2)
    tree.place(worker(1), 0.6, 0.0)
    tree.place(worker(2), 0.2, 0.0)
    assert tree.place(worker(3), 0.1, 0.0) == worker(2)
    assert tree.place(worker(4), 0.1, 0.0) == worker(1)  # it feeds nobody yet


def test_a_worker_that_has_no_time_lends_only_where_nobody_else_can():
    tree = Tree(ROOT, 1)
    tree.place(worker(1), 0.95, 0.0)
    assert tree.place(worker(2), 0.1, 0.0) == worker(1)
    assert tree.place(worker(3), 0.1, 0.0) == worker(2)


def test_nobody_is_sent_to_a_lender_that_is_gone_until_it_asks_again():
    tree = Tree(ROOT, 2)
    for number in range(1, 7):  # 1 and 2 are the root's; 3 and 5 borrow from 1, 4 and 6 from 2
        tree.place(worker(number), 0.1 * number, 0.0)
    assert tree.place(worker(3), 0.1, 1.0, without="w1") == ROOT  # in its place
    assert tree.place(worker(7), 0.1, 1.0) == worker(3)  # 5 is below 1
    assert tree.place(worker(5), 0.1, 1.0) == worker(1)  # which it has no complaint about
    assert tree.place(worker(1), 0.1, 2.0) == worker(3)  # it was there, and finds its place taken
    assert tree.fed()["root"] == 2


def test_who_can_only_be_lent_to_by_the_one_that_does_not_is_told_so():
    tree = Tree(ROOT)
    tree.place(worker(1), 0.1, 0.0)
    assert tree.place(worker(1), 0.1, 1.0, without="root") is None
    assert tree.place(worker(1), 0.1, 2.0) == ROOT
