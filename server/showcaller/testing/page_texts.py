"""The texts of the pages as the sources have them: what is said, what goes around that, and the HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from ..bundling.script_text import Token, tokens

WEB = Path(__file__).parent.parent / "web"
SAID = ("aria-label", "placeholder", "title", "alt")
# Paths of drawings, keys, and names for programs.
_NO_TEXT = re.compile(r"M\d|[A-Z]{2,}$|[A-Z](?:, [A-Z])?$|UTC|GMT|NFKC|NFKD")
_WORDY = re.compile(r"[A-Z“][\w’'“]*(?:[\s.,:;?!…”)(]|$)|\w+ \w+.*[.?!…]$")
_PART_WORDY = re.compile(r"(?:^|[\s}(])[A-Za-z’']{2,}(?=[\s,.:?!…)]|$)")
# Keys and addresses, values of styles, and figures with a unit that is the same everywhere.
_NO_TEMPLATE = re.compile(
    r"[a-z_]+[:.]\}?|.*/ span|Bearer|(?:replay|live) \}$|\}+rem$|card "
    r"|\}+ (?:ms|GB|MB|kB|kbit/s|Mbit/s|dBov)$"
)
_SUBSTITUTION = re.compile(r"\$\{")


class Text(NamedTuple):
    """A text in a source. `forms`: of a number of things, one and many; else one."""

    forms: tuple[str, ...]
    file: str
    line: int


def sources() -> Iterator[tuple[str, str]]:
    """Yield the pages' own modules by name."""
    for path in sorted((WEB / "assets").glob("*.js")):
        if path.name != "words.js":
            yield path.name, path.read_text(encoding="utf-8")


def code(source: str) -> list[Token]:
    """Return the tokens of a module, those within its templates too, without spaces and comments."""
    found: list[Token] = []
    for token in tokens(source):
        if token.kind in ("space", "comment"):
            continue
        found.append(token)
        if token.kind == "template":
            for inner in substitutions(token.text):
                found += code(inner)
    return found


def substitutions(template: str) -> list[str]:
    """Return the expressions within a template."""
    found, at = [], 1
    while match := _SUBSTITUTION.search(template, at):
        length, depth = 0, 1
        for token in tokens(template[match.end() :], "{"):
            if not token.depth:
                depth = 0
                break
            length += len(token.text)
        assert depth == 0
        found.append(template[match.end() : match.end() + length])
        at = match.end() + length + 1
    return found


def said(name: str, source: str) -> Iterator[Text]:
    """Yield what a module says. Raises `ValueError` for a text that is no literal."""
    found = code(source)
    for at, token in enumerate(found[:-1]):
        if token.text not in ("say", "sayCount") or found[at + 1].text != "(":
            continue
        if at and found[at - 1].text in (".", "function"):
            continue
        forms = _literals(found, at + 2, token.text == "sayCount")
        if not all(forms):
            raise ValueError(f"{name}:{token.line + 1}: {token.text}() needs its text as a literal")
        yield Text(forms, name, token.line + 1)


def _literals(found: list[Token], at: int, counted: bool) -> tuple[str, ...]:
    """Return the literals that a call has as its first argument; counted: as its second and third."""
    arguments: list[list[Token]] = [[]]
    depth = found[at - 1].depth
    while not (found[at].text == ")" and found[at].depth == depth):
        if found[at].text == "," and found[at].depth == depth + 1:
            arguments.append([])
        else:
            arguments[-1].append(found[at])
        at += 1
    wanted = arguments[1:3] if counted else arguments[:1]
    return tuple(_joined(one) for one in wanted)


def _joined(argument: list[Token]) -> str:
    """Return the string that an argument is, or the sum of strings; empty: something else."""
    literal = all(
        token.kind == "string" if not number % 2 else token.text == "+"
        for number, token in enumerate(argument)
    )
    return "".join(json.loads(token.text) for token in argument[::2]) if literal else ""


def unsaid(source: str) -> Iterator[Token]:
    """Yield literals that read like texts, and are not said: a guess by their look."""
    found = code(source)
    inside: list[int] = []  # depths at which a call of `say` began
    for at, token in enumerate(found):
        before = found[at - 1].text if at else ""
        while inside and token.depth <= inside[-1] and token.text != "(":
            inside.pop()
        if token.text == "(" and before in ("say", "sayCount"):
            inside.append(token.depth)
        elif inside or before in ("from", "import", "===", "!==") or _is_for_developers(found, at):
            continue
        elif token.kind in ("string", "template") and _reads_like_text(token):
            yield token


def _is_for_developers(found: list[Token], at: int) -> bool:
    """Tell whether a literal is what an error says, which no page shows."""
    return at > 1 and found[at - 2].text == "Error"


def _reads_like_text(token: Token) -> bool:
    text = token.text[1:-1]
    if _NO_TEXT.match(text):
        return False
    if token.kind == "string":
        return bool(_WORDY.match(text))
    for inner in substitutions(token.text):
        text = text.replace("${" + inner + "}", "}", 1)
    if _NO_TEMPLATE.match(text):
        return False
    return bool(_WORDY.match(text) or _PART_WORDY.search(text))


class _PageTexts(HTMLParser):
    """Collects what a page shows or has read out: texts, and some attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int]] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("script", "style", "code", "kbd") or named.get("translate") == "no":
            self._silent.append(tag)
        for name in (*SAID, "data-say"):
            if named.get(name):
                self._add(str(named[name]))
        if "data-say" in named:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._add(data.strip())

    def _add(self, text: str) -> None:
        if re.search(r"[^\W\d_]{2}", text) and text != "Showcaller":
            self.found.append((text, self.getpos()[0]))


def in_pages() -> Iterator[Text]:
    """Yield what the HTML of the pages says."""
    for path in sorted((WEB / "pages").glob("*.html")):
        parser = _PageTexts()
        parser.feed(path.read_text(encoding="utf-8"))
        for text, line in parser.found:
            yield Text((text,), path.name, line)


def all_texts() -> list[Text]:
    """Return every text of the pages."""
    return [one for name, source in sources() for one in said(name, source)] + [*in_pages()]
