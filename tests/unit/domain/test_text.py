from __future__ import annotations

import pytest

from showcaller.domain.text import TextProblem, clean_text


def clean(text, max_graphemes=10, max_bytes=100):
    return clean_text(text, max_graphemes=max_graphemes, max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("  Why? \n", "Why?"),
        ("a\n\tb", "a\n\tb"),
        ("e\u0301", "é"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("a\r\nb\rc\vd", "a\nb\nc\nd"),
        ("a\fb\x85c", "a\nb\nc"),
        ("\u202eabc\u202c", "abc"),
        ("a\u2067b", "a\u2067b\u2069"),
        ("a\u2069b", "ab"),
        ("\u2067a\u2069", "\u2067a\u2069"),
        ("\u2067a\nb\u2069", "\u2067a\u2069\nb"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("<b>&", "<b>&"),
    ],
)
def test_a_text_is_cleaned_of_what_disturbs_others(text, result):
    assert clean(text) == result


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060", "\u3164", "\u2067\u2069", "\u2800"])
def test_what_cannot_be_seen_is_empty(text):
    with pytest.raises(TextProblem) as found:
        clean(text)
    assert found.value.code == "bad_input"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[31m", "a\x7fb", "\ud800", "a\udc00"])
def test_characters_that_are_refused(text):
    with pytest.raises(TextProblem) as found:
        clean(text)
    assert found.value.code == "bad_text"


def test_the_limit_counts_what_readers_call_characters():
    family = "👨\u200d👩\u200d👧"
    assert clean(family * 3, max_graphemes=3)
    with pytest.raises(TextProblem, match="at most 2"):
        clean(family * 3, max_graphemes=2)


def test_the_limit_of_bytes_counts_utf_8():
    assert clean("é" * 5, max_bytes=10)
    with pytest.raises(TextProblem):
        clean("é" * 5, max_bytes=9)


def test_a_tower_of_marks_is_bounded_by_bytes():
    with pytest.raises(TextProblem):
        clean("a" + "\u0323\u0353" * 50)
