"""Whatever people may type: it is cleaned, or refused with a documented problem."""

from __future__ import annotations

import time
import unicodedata

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from showcaller.domain.text import TextProblem, clean_text

LIMITS = {"max_graphemes": 40, "max_bytes": 200}
NASTY = "\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\u200b\u200d\u200e\ufeff\u2028\u2029"
texts = st.text(
    st.one_of(st.sampled_from(NASTY + " \n\t\r\v\f\x85\x00aé\u0301\u0323אب👍🇩"), st.characters())
)


def cleaned(text):
    try:
        return clean_text(text, **LIMITS)
    except TextProblem as problem:
        assert problem.code in ("bad_input", "bad_text")
        assert problem.message
        return None


@settings(max_examples=500, deadline=None)
@example("\u2067 \u2069")
@example("a\u2067\n\u2069b")
@example("e\u202a\u0301")
@given(texts)
def test_the_result_obeys_every_rule(text):
    result = cleaned(text)
    if result is None:
        return
    assert 0 < len(result.encode()) <= LIMITS["max_bytes"]
    assert len(regex.findall(r"\X", result)) <= LIMITS["max_graphemes"]
    assert result == result.strip() == unicodedata.normalize("NFC", result)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in result)
    assert not any(c in "\u202a\u202b\u202c\u202d\u202e\u2028\u2029" for c in result)
    for line in result.split("\n"):
        assert _isolates_balance(line)


def _isolates_balance(line):
    depth = 0
    for c in line:
        depth += (c in "\u2066\u2067\u2068") - (c == "\u2069")
        if depth < 0:
            return False
    return depth == 0


@settings(max_examples=500, deadline=None)
@given(texts)
def test_cleaning_twice_is_cleaning_once(text):
    result = cleaned(text)
    assert result is None or clean_text(result, **LIMITS) == result


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=40))
def test_plain_text_stays_as_it_is(text):
    assert clean_text(text, **LIMITS) == text


@pytest.mark.parametrize(
    "text",
    ["a" + "\u0301\u0323" * 40_000, "🇩" * 80_000, "\u2067" * 80_000, "\n" * 80_000 + "a" * 80_000],
)
def test_long_text_is_refused_without_much_work(text):
    started_s = time.perf_counter()
    assert cleaned(text) is None
    assert time.perf_counter() - started_s < 0.5
