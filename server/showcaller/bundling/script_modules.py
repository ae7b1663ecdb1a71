"""ES modules as a linker sees them (ECMA-262 §16.2): their imports, their exports, and the code between.

What is understood is what can be linked without knowing what a name means: static imports, and exports of
functions, classes and constants, whose bindings never change once their module has been evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .script_text import Line, Token, UnreadableScript, code_lines, tokens

_NAME = r"[A-Za-z_$][\w$]*"
_IMPORT = re.compile(
    rf"""import\s*(?:(?P<all>\*\s*as\s+{_NAME})|(?P<names>\{{[^}}]*\}}))?\s*(?:from)?\s*"(?P<from>[^"\n]+)"\s*;?$""",
)
_REEXPORT = re.compile(r"""export\s*(?P<names>\{[^}]*\})\s*from\s*"(?P<from>[^"\n]+)"\s*;?$""")
_LISTED = re.compile(rf"({_NAME})(?:\s+as\s+({_NAME}))?$")
_DECLARES = frozenset(("function", "class", "const", "async"))
_OURS = re.compile(r"\$\d+$")  # the names that linked modules have


class Import(NamedTuple):
    """The names that a module takes from another. `names`: theirs → ours; `whole`: of all of them."""

    specifier: str
    names: tuple[tuple[str, str], ...] = ()
    whole: str = ""


class Module(NamedTuple):
    """A module without its import and export statements. `passed_on`: what it exports of others."""

    imports: tuple[Import, ...]
    passed_on: tuple[Import, ...]
    order: tuple[str, ...]  # of the specifiers, as they stand
    exports: tuple[str, ...]
    lines: tuple[Line, ...]
    awaits: bool  # while it is evaluated


def read_module(source: str) -> Module:
    """Take a module apart. Raises `UnreadableScript` for what can't be linked."""
    reader = _Reader([*tokens(source)])
    reader.read()
    return Module(
        tuple(reader.imports),
        tuple(reader.passed_on),
        tuple(reader.order),
        tuple(reader.exports),
        tuple(code_lines(reader.code)),
        reader.awaits,
    )


class _Reader:
    """Goes through a module's tokens once."""

    def __init__(self, found: list[Token]) -> None:
        self._found = found
        self._at = 0
        self.imports: list[Import] = []
        self.passed_on: list[Import] = []
        self.order: list[str] = []
        self.exports: list[str] = []
        self.code: list[Token] = []
        self.awaits = False

    def read(self) -> None:
        before = ""
        while self._at < len(self._found):
            token = self._found[self._at]
            if token.kind == "word" and before != ".":
                self._read_word(token)
            else:
                self.code.append(token)
                self._at += 1
                self.awaits |= (
                    token.kind == "template" and not token.blocks and "await" in token.text
                )
            if token.kind not in ("space", "comment"):
                before = token.text

    def _read_word(self, token: Token) -> None:
        if _OURS.match(token.text):
            raise UnreadableScript(f"the name {token.text} is kept for linked modules")
        if token.text == "import":
            self._import(token)
        elif token.text == "export" and not token.depth:
            self._export(token)
        else:
            self.awaits |= token.text == "await" and not token.blocks
            self.code.append(token)
            self._at += 1

    def _import(self, token: Token) -> None:
        text = self._statement()
        found = _IMPORT.match(text)
        if token.depth or found is None:
            raise UnreadableScript(f"line {token.line + 1}: only static imports can be linked")
        whole = (found["all"] or "").rpartition(" ")[2]
        self.order.append(found["from"])
        self.imports.append(Import(found["from"], _listed(found["names"], token), whole))

    def _export(self, token: Token) -> None:
        words = self._words()
        declared = next(words)
        if declared == "{":
            self._export_list(token)
        elif declared in _DECLARES:
            name = next(word for word in words if word not in ("function", "*"))
            if declared == "const":
                self._check_constant(name, token)
            self.exports.append(name)
            self._at += 1
        else:
            raise UnreadableScript(f"line {token.line + 1}: `export {declared}` can't be linked")

    def _export_list(self, token: Token) -> None:
        text = self._statement()
        found = _REEXPORT.match(text)
        if found:
            self.order.append(found["from"])
            self.passed_on.append(Import(found["from"], _listed(found["names"], token)))
        elif not re.fullmatch(r"export\s*\{\s*\}\s*;?", text):
            raise UnreadableScript(f"line {token.line + 1}: export things where they are declared")

    def _check_constant(self, name: str, token: Token) -> None:
        """Refuse a declaration of more than one name, or of a pattern."""
        rest = (one.text for one in self._found[self._at + 1 :] if not one.depth)
        if name in "{[" or next((text for text in rest if text in (",", ";")), ";") == ",":
            raise UnreadableScript(f"line {token.line + 1}: export one constant at a time")

    def _words(self) -> Iterator[str]:
        """Yield what follows in code."""
        for token in self._found[self._at + 1 :]:
            if token.kind not in ("space", "comment"):
                yield token.text

    def _statement(self) -> str:
        """Take the tokens of an import or an export list; return its text without comments."""
        taken = []
        while self._at < len(self._found):
            token = self._found[self._at]
            self._at += 1
            taken.append(" " if token.kind in ("space", "comment") else token.text)
            if token.text == ";" or token.text == "(":
                break
        return "".join(taken)


def _listed(braces: str | None, token: Token) -> tuple[tuple[str, str], ...]:
    """Return the names in `{a, b as c}`, theirs and ours."""
    names = []
    for part in (braces or "{}").strip("{}").split(","):
        if not part.strip():
            continue
        found = _LISTED.match(part.strip())
        if found is None:
            raise UnreadableScript(f"line {token.line + 1}: {part.strip()!r} can't be linked")
        names.append((found[1], found[2] or found[1]))
    return tuple(names)
