import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.gateway.lines import Lines


def test_lines_take_turns():
    lines = Lines()
    for work in ("a1", "a2", "a3", "b1", "c1", "b2"):
        lines.append(work, work[0])
    assert [lines.popleft() for _ in range(6)] == ["a1", "b1", "c1", "a2", "b2", "a3"]
    with pytest.raises(KeyError):
        lines.popleft()


def test_what_is_put_back_is_next():
    lines = Lines()
    lines.append("a1", "a")
    lines.append("b1", "b")
    lines.appendleft("b0", "b")
    assert [lines.popleft() for _ in range(3)] == ["b0", "a1", "b1"]


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.sampled_from("abcdz"))
def test_who_comes_waits_for_no_more_than_is_said(waiting, address):
    lines = Lines()
    for number, name in enumerate(waiting):
        lines.append(f"{name}{number}", name)
    before = lines.before(address)
    lines.append("me", address)
    done = [lines.popleft() for _ in range(len(lines))]
    assert done.index("me") <= before <= len(waiting)
    assert sorted(done) == sorted([*(f"{n}{i}" for i, n in enumerate(waiting)), "me"])


def test_a_long_line_does_not_hold_up_a_short_one():
    lines = Lines()
    for number in range(1000):
        lines.append(number, "flood")
    assert lines.before("honest") == 1
    lines.append("honest", "honest")
    assert "honest" in (lines.popleft(), lines.popleft())
