"""JavaScript as tokens (ECMA-262 §12): enough to find a module's imports, and to leave its comments out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SIMPLE = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>[\w$\#]+)
    | (?P<punctuator>\+\+|--|.)
    """,
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_IN_TEMPLATE = re.compile(r"[^`\\$]+|\\.|\$(?!\{)", re.DOTALL)
# A slash after one of these words begins a regular expression; after any other word it divides.
_BEFORE_OPERANDS = frozenset(
    {"await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return"}
    | {"throw", "typeof", "void", "yield"}
)
_ENDS_OF_OPERANDS = frozenset((")", "]", "}", "++", "--"))
_PAIRS = {")": "(", "]": "[", "}": "{"}


class Token(NamedTuple):
    """A piece of source. `kind`: space, comment, string, template, regex, word or punctuator."""

    kind: str
    text: str
    line: int  # from 0
    depth: int  # of the brackets around it; a bracket stands outside of its own
    blocks: int  # of these, the curly ones


class Line(NamedTuple):
    """Code that begins on line `line` of the source; more than one line where a template has some."""

    line: int
    text: str


class UnreadableScript(Exception):
    """This is no JavaScript, or not what is understood here."""


def tokens(source: str, opened: str = "") -> Iterator[Token]:
    """Yield all of `source`, which stands within the brackets `opened`. Raises `UnreadableScript`."""
    at, line, before = 0, 0, Token("punctuator", ";", 0, 0, 0)
    while at < len(source):
        kind, end = _next(source, at, before)
        text = source[at:end]
        if kind == "punctuator" and text in _PAIRS:
            opened = _without(opened, text)
        token = Token(kind, text, line, len(opened), opened.count("{"))
        yield token
        if kind == "space" or kind == "comment":
            line += text.count("\n")
        else:
            before = token
            if kind == "punctuator" and text in "([{":
                opened += text
            elif kind == "template":
                line += text.count("\n")
        at = end
    if opened:
        raise UnreadableScript(f"a bracket is not closed: {opened[-1]}")


def _without(opened: str, closing: str) -> str:
    """Return what is open after a closing bracket. Raises `UnreadableScript`."""
    if opened[-1:] != _PAIRS[closing]:
        raise UnreadableScript(f"a bracket closes none: {closing}")
    return opened[:-1]


def _next(source: str, at: int, before: Token) -> tuple[str, int]:
    """Return the kind and the end of the token that begins here."""
    if source[at] == "`":
        return "template", _end_of_template(source, at + 1)
    if source[at] == "/" and not _ends_operand(before):
        found = _REGEX.match(source, at)
        if found:
            return "regex", found.end()
    found = _SIMPLE.match(source, at)
    assert found is not None and found.lastgroup is not None  # its last branch takes anything
    if found.lastgroup == "punctuator" and found[0] in ("'", '"'):
        raise UnreadableScript("a string has no end")
    return found.lastgroup, found.end()


def _ends_operand(token: Token) -> bool:
    """Tell whether a slash after this token divides."""
    if token.kind == "word":
        return token.text not in _BEFORE_OPERANDS
    return token.kind != "punctuator" or token.text in _ENDS_OF_OPERANDS


def _end_of_template(source: str, at: int) -> int:
    """Return where a template ends whose text goes on here, with all that its `${…}` hold."""
    while at < len(source):
        found = _IN_TEMPLATE.match(source, at)
        if found:
            at = found.end()
        elif source[at] == "`":
            return at + 1
        else:
            at = _end_of_substitution(source, at + 2)
    raise UnreadableScript("a template has no end")


def _end_of_substitution(source: str, at: int) -> int:
    for token in tokens(source[at:], "{"):
        at += len(token.text)
        if not token.depth:
            return at
    raise UnreadableScript("a template has no end")


def code_lines(pieces: Iterable[Token]) -> list[Line]:
    """Return the code without comments, indentation and empty lines, and where each line stands."""
    lines: list[Line] = []
    begun, text = 0, ""
    for kind, piece, line, *_ in pieces:
        if kind in ("space", "comment"):
            if "\n" in piece:
                lines.append(Line(begun, text.rstrip()))
                text = ""
            elif text and not text.endswith(" "):
                text += " "
            continue
        if not text:
            begun = line
        text += piece
    lines.append(Line(begun, text.rstrip()))
    return [one for one in lines if one.text]
