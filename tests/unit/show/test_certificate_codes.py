"""Codes on certificates: what was written is what is read, and nothing else passes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showcaller.domain.state import State
from showcaller.show.certificate_codes import Certified, certificate_code, certified_by

NUMBERS = st.integers(0, 2**53)
CERTIFIED = st.builds(Certified, st.text(min_size=1, max_size=20), NUMBERS, NUMBERS, NUMBERS)


def event(salt="s"):
    state = State(event_id="event")
    state.salt = salt
    return state


@given(CERTIFIED)
def test_a_code_says_what_was_certified_in_its_own_event_only(certified):
    code = certificate_code(event(), certified)
    assert certified_by(event(), code) == certified
    assert certified_by(event("other"), code) is None


@given(CERTIFIED, st.integers(0), st.text(min_size=1, max_size=3))
def test_a_code_that_was_changed_is_none(certified, place, by):
    code = certificate_code(event(), certified)
    at = place % len(code)
    changed = code[:at] + by + code[at + 1 :]
    if changed != code:
        assert certified_by(event(), changed) is None


@given(st.text() | st.binary().map(lambda data: data.decode(errors="surrogateescape")))
def test_whatever_is_sent_as_a_code_is_none(text):
    assert certified_by(event(), text) is None


def test_nothing_is_certified_of_somebody_who_was_erased():
    state = event()
    code = certificate_code(state, Certified("ada", 60, 90, 0))
    state.people.erased.add("ada")
    assert certified_by(state, code) is None
