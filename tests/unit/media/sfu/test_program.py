"""The choice of the source that is on the stage."""

from hypothesis import given
from hypothesis import strategies as st

from showcaller.media.sfu.program import (
    STEADY_AFTER_S,
    Contender,
    choose_picture,
    choose_sound,
)


def contender(name, source="main", silent=False, steady_s=60.0, has_sound=True):
    return Contender(name, source, silent, steady_s, has_sound)


def test_nothing_is_shown_while_nobody_publishes():
    assert choose_picture([], "", "") == ""
    assert choose_picture([], "gone", "gone") == ""


def test_the_oldest_main_source_comes_before_slides_and_spares():
    room = [contender("c", "spare"), contender("b", "slides"), contender("a"), contender("z")]
    assert choose_picture(room, "", "") == "a"


def test_what_a_producer_chose_goes_on_at_once():
    room = [contender("a"), contender("b", "slides", steady_s=0)]
    assert choose_picture(room, "b", "a") == "b"


def test_a_silent_source_is_replaced_whoever_chose_it():
    room = [contender("a", silent=True), contender("b", "spare")]
    assert choose_picture(room, "", "a") == "b"
    assert choose_picture(room, "a", "a") == "b"


def test_a_source_that_came_back_waits_until_it_is_steady():
    def room(steady_s):
        return [contender("a", steady_s=steady_s), contender("b", "spare")]

    assert choose_picture(room(STEADY_AFTER_S - 0.1), "", "b") == "b"
    assert choose_picture(room(STEADY_AFTER_S), "", "b") == "a"


def test_an_equal_source_does_not_push_out_the_one_that_shows():
    assert choose_picture([contender("a"), contender("b")], "", "b") == "b"
    assert choose_picture([contender("b"), contender("a")], "", "b") == "b"


def test_what_shows_stays_when_everything_is_silent():
    room = [contender("a", silent=True), contender("b", "spare", silent=True)]
    assert choose_picture(room, "", "b") == "b"


def test_slides_are_spoken_to_by_the_main_source():
    room = [contender("a"), contender("b", "slides")]
    assert choose_sound(room, "b") == "a"
    assert choose_sound(room, "a") == "a"
    assert choose_sound([contender("b", "slides")], "b") == "b"
    assert choose_sound([contender("a", silent=True), contender("b", "slides")], "b") == "b"


def test_a_camera_without_sound_borrows_it():
    room = [contender("a", has_sound=False), contender("b", "spare")]
    assert choose_sound(room, "a") == "b"
    assert choose_sound(room, "") == ""


contenders = st.lists(
    st.builds(
        Contender,
        st.sampled_from("abcd"),
        st.sampled_from(["main", "slides", "spare"]),
        st.booleans(),
        st.sampled_from([0.0, STEADY_AFTER_S]),
        st.booleans(),
    ),
    unique_by=lambda c: c.publication,
)


@given(contenders, st.sampled_from(["", *"abcd"]), st.sampled_from(["", *"abcd"]))
def test_the_choice_settles(room, chosen, showing):
    """Asked again with what it said, it says the same: a stage never flaps."""
    once = choose_picture(room, chosen, showing)
    twice = choose_picture(room, chosen, once)
    assert choose_picture(room, chosen, twice) == twice
    assert once in {"", *(c.publication for c in room)}
