"""The placement of stages: by load, at once, and elsewhere only if that clearly helps."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.node.placement import CLEAR_MARGIN, PLACED_FOR_S, Candidate, Placement


def candidate(worker, load=0.0, viewers=0, stages=0, *, here=True):
    return Candidate(worker, load, viewers, stages, here)


def best(*candidates, now_s=0.0, placement=None):
    chosen = (placement or Placement()).best(candidates, now_s)
    return chosen and chosen.worker


def test_load_goes_before_viewers_and_viewers_before_stages():
    assert best() is None
    assert best(candidate("a", 0.8), candidate("b", 0.3, 900, 3)) == "b"
    assert best(candidate("a", 0.31, 40), candidate("b", 0.29, 90)) == "a"  # about the same load
    assert best(candidate("a", stages=2), candidate("b", stages=1)) == "b"


def test_of_equals_one_of_ours():
    assert best(candidate("a", here=False), candidate("b")) == "b"


def test_stages_placed_at_once_spread_before_anything_is_measured():
    placement, workers = Placement(), [candidate(name) for name in "abcd"]
    placed = []
    for _ in range(8):
        placed.append(best(*workers, placement=placement))
        placement.note(placed[-1], 0.0)
    assert sorted(placed) == sorted("abcd" * 2)
    assert best(candidate("a", 0.2), candidate("b", 0.3), placement=placement) == "a"


def test_what_was_placed_counts_until_it_is_measured():
    placement = Placement()
    placement.note("a", 0.0)
    pair = candidate("a", 0.0), candidate("b", 0.05)
    assert best(*pair, placement=placement, now_s=1.0) == "b"
    assert best(*pair, placement=placement, now_s=PLACED_FOR_S) == "a"


def better(than, *candidates):
    found = Placement().better(candidates, than, 0.0)
    return found and found.worker


def test_a_stage_moves_only_by_a_clear_margin():
    assert better("a", candidate("a", 0.5), candidate("b", 0.4)) is None
    assert better("a", candidate("a", 0.5), candidate("b", 0.2)) == "b"
    assert better("gone", candidate("b", 0.0)) is None


LOADS = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(LOADS, LOADS)
def test_a_stage_that_has_moved_stays(before, after):
    """Load of the other stages alone is compared, so the move itself changes nothing."""
    workers = [candidate(str(number), load) for number, load in enumerate(before)]
    target = better("0", *workers)
    if target is not None:
        assert before[int(target)] + CLEAR_MARGIN < before[0]
        assert better(target, *workers) is None
