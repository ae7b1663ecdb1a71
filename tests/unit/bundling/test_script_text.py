"""JavaScript as tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showcaller.bundling.script_text import UnreadableScript, code_lines, tokens

HARD = r"""
const a = 1 / 2 / 3; // a comment with "quotes" and `ticks`
const b = /[/"'`]\/*/.test("/* no comment */") ? a++ / 2 : (a) / 2;
const c = `one ${[1, 2].map((n) => `${n} of {2}`).join("}")} // still text
   and ${ { d: "}" }.d /* a comment */ } \` more`;
return /`/.exec(c);
"""


def kinds(source, kind):
    return [token.text for token in tokens(source) if token.kind == kind]


def test_slashes_are_told_apart():
    assert kinds(HARD, "regex") == ["/[/\"'`]\\/*/", "/`/"]
    assert len(kinds(HARD, "comment")) == 1


def test_a_template_is_one_token_with_all_that_it_holds():
    (template,) = kinds(HARD, "template")
    assert template.startswith("`one ${[") and template.endswith("\\` more`")


def test_tokens_know_their_line_and_the_brackets_around_them():
    found = {token.text: token for token in tokens("f(\n{ x: [y] }\n)")}
    assert (found["y"].line, found["y"].depth, found["y"].blocks) == (1, 3, 1)
    assert (found[")"].line, found[")"].depth) == (2, 0)


def test_code_keeps_its_lines_without_comments_and_indentation():
    source = "/**\n * Doc.\n */\nfunction f() {\n\n  // why\n  return `a\n  b`; /* x */ // y\n}\n"
    assert [tuple(line) for line in code_lines(tokens(source))] == [
        (3, "function f() {"),
        (6, "return `a\n  b`;"),
        (8, "}"),
    ]


def test_a_comment_parts_words_and_lines_as_a_blank_would():
    assert [line.text for line in code_lines(tokens("let/**/x = 1 /*\n*/ let y"))] == [
        "let x = 1",
        "let y",
    ]


@pytest.mark.parametrize("source", ["(", "}", "([)]", "`a", "`${", "`${a}", "'a\n'", '"'])
def test_what_is_cut_off_is_refused(source):
    with pytest.raises(UnreadableScript):
        list(tokens(source))


PIECES = ["/", "*", "`", "${", "}", "{", "'", '"', "\\", "\n", "//", "/*", "*/", "a", " ", "(", ")"]


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
def test_whatever_comes_it_is_read_whole_or_refused(source):
    try:
        found = list(tokens(source))
    except UnreadableScript:
        return
    assert "".join(token.text for token in found) == source
