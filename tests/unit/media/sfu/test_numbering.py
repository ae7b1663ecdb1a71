"""Numbers of a track that packets were added to."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.numbering import REMEMBERED, Numbering


@given(st.lists(st.booleans(), max_size=REMEMBERED))
def test_there_is_room_for_what_is_inserted_and_for_nothing_else(story):
    numbering, numbers = Numbering(), []
    for sequence, inserted in enumerate(story):
        if inserted:
            numbers.append(numbering.of(sequence))
            numbering.insert(sequence)
        numbers.append(numbering.of(sequence))
    assert all(after == before + 1 for before, after in pairwise(numbers))
    later = [numbering.of(sequence) for sequence in range(len(story))]
    assert set(later) <= set(numbers) and len(set(later)) == len(later)
