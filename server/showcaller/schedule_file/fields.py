"""Typed fields of one mapping. Each getter notes what is wrong and goes on with a stand-in value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import NamedTuple, TypeVar

import yaml

from ..domain.ids import is_slug
from ..domain.text import unify_line_ends
from .diagnostics import Report, did_you_mean

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_TRUE = {"yes", "true", "on"}
_KINDS = {
    "int": "a number",
    "float": "a number",
    "bool": "yes or no",
    "timestamp": "a date",
    "null": "nothing",
    "seq": "a list",
    "map": "a mapping",
}

Word = TypeVar("Word", bound=str)


class Element(NamedTuple):
    """One element of a list, with its path."""

    node: yaml.Node
    path: str


class Fields:
    """The fields of one mapping. Leaving the `with` block reports those that no getter asked for."""

    def __init__(self, node: yaml.Node, path: str, report: Report) -> None:
        self.report = report
        self._node = node
        self._path = path
        self._asked: set[str] = {"inferred"}
        self._keys: dict[str, yaml.Node] = {}
        self._values: dict[str, yaml.Node] = {}
        self.is_mapping = isinstance(node, yaml.MappingNode)
        if isinstance(node, yaml.MappingNode):
            self._take(node)
        else:
            report.error(node, path, f"must be a mapping (`name: value`), not {describe(node)}")

    def __enter__(self) -> Fields:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._check_inferred()
            self._report_unknown()

    # Getting at nodes ----------------------------------------------------------------------------

    def path(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def at(self, key: str) -> yaml.Node:
        """Return where `key` stands, or the mapping if it does not have it."""
        return self._values.get(key, self._node)

    def has(self, key: str) -> bool:
        """Tell whether there is a value; an empty one (`summary:`) counts as left out."""
        return self.node(key) is not None

    def node(self, key: str, *, required: bool = False) -> yaml.Node | None:
        self._asked.add(key)
        node = self._values.get(key)
        if node is not None and node.tag != _TAG + "null":
            return node
        if required and self.is_mapping:
            self.report.error(self.at(key), self.path(key), "is missing")
        return None

    def error(self, key: str, message: str) -> None:
        self.report.error(self.at(key), self.path(key), message)

    def warning(self, key: str, message: str) -> None:
        self.report.warning(self.at(key), self.path(key), message)

    # Values --------------------------------------------------------------------------------------

    def text(self, key: str, *, max_chars: int, required: bool = False, lines: bool = False) -> str:
        """Return text, stripped; "" if it is left out or wrong. `lines`: line breaks are allowed."""
        node = self.node(key, required=required)
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.error(key, f"must be text, not {describe(node)}")
        elif node.tag != _TAG + "str":
            self.error(key, f'is {describe(node)} to YAML; for text write "{node.value[:40]}"')
        else:
            text = unify_line_ends(node.value.strip())
            return self._checked_text(key, text, max_chars, required, lines)
        return ""

    def slug(self, key: str, *, required: bool = False) -> str:
        """Return an id as it stands in URLs; "" if it is left out or wrong."""
        text = self.raw(key, required=required)
        if text is None or is_slug(text):
            return text or ""
        self.error(key, f'"{_short(text)}" is no id: use a-z, 0-9 and inner hyphens, at most 64')
        return ""

    def raw(self, key: str, *, required: bool = False) -> str | None:
        """Return a scalar as it was written, whatever YAML takes it for: ids, dates, times of day."""
        node = self.node(key, required=required)
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.error(key, f"must be a single value, not {describe(node)}")
        return None

    def integer(self, key: str, low: int, high: int, default: int) -> int:
        """Return a whole number; `default` if it is left out or wrong."""
        node = self.node(key)
        value = None if node is None else self.as_integer(node, self.path(key), low, high)
        return default if value is None else value

    def as_integer(self, node: yaml.Node, path: str, low: int, high: int) -> int | None:
        """Return the whole number that `node` holds; None if it does not."""
        if node.tag != _TAG + "int" or not _INTEGER.fullmatch(node.value):
            self.report.error(node, path, f"must be a whole number, not {describe(node)}")
        elif not low <= int(node.value) <= high:
            self.report.error(node, path, f"{node.value} is not between {low} and {high}")
        else:
            return int(node.value)
        return None

    def flag(self, key: str, default: bool) -> bool:
        node = self.node(key)
        if node is None:
            return default
        value = as_flag(node)
        if value is None:
            self.error(key, f"must be true or false, not {describe(node)}")
        return bool(value)

    def choice(self, key: str, options: Sequence[Word], default: Word) -> Word:
        text = self.raw(key)
        if text is None:
            return default
        for option in options:
            if text == option:
                return option
        listed = ", ".join(options)
        self.error(key, f'"{_short(text)}" is none of {listed}{did_you_mean(text, options)}')
        return default

    def elements(self, key: str, *, at_most: int, required: bool = False) -> list[Element]:
        """Return the elements of a list; none if it is left out or wrong."""
        node = self.node(key, required=required)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.error(key, f"must be a list, not {describe(node)}")
            return []
        if len(node.value) > at_most:
            self.error(key, f"has {len(node.value)} elements; at most {at_most} are allowed")
        if required and not node.value:
            self.error(key, "is empty; at least one is needed")
        path = self.path(key)
        return [Element(item, f"{path}[{i}]") for i, item in enumerate(node.value[:at_most])]

    def reference(self, key: str, known: Collection[str], what: str) -> str:
        """Return the id of a thing declared elsewhere in the file; "" if it is left out or wrong."""
        text = self.raw(key)
        if text is None or text in known:
            return text or ""
        self.error(key, f'there is no {what} "{_short(text)}"{did_you_mean(text, known)}')
        return ""

    # Inside --------------------------------------------------------------------------------------

    def _take(self, node: yaml.MappingNode) -> None:
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                self.report.error(key, self._path, f"{describe(key)} can't be a field's name")
            elif name in self._keys:
                first = self._keys[name].start_mark.line + 1
                self.report.error(key, self.path(name), f"stands here twice, first in line {first}")
            else:
                self._keys[name], self._values[name] = key, value

    def _checked_text(
        self, key: str, text: str, max_chars: int, required: bool, lines: bool
    ) -> str:
        if required and not text:
            self.error(key, "is empty")
        elif len(text) > max_chars:
            self.error(key, f"has {len(text)} characters; at most {max_chars} are allowed")
        elif bad := _forbidden_character(text, lines):
            self.error(key, f"holds the character U+{ord(bad):04X}, which is not allowed here")
        else:
            return text
        return ""

    def _check_inferred(self) -> None:
        for node, path in self.elements("inferred", at_most=20):
            name = node.value if isinstance(node, yaml.ScalarNode) else None
            if name not in self._keys:
                hint = did_you_mean(name, self._keys) if name else ""
                self.report.error(node, path, f"must name a field that stands here{hint}")

    def _report_unknown(self) -> None:
        for name, key in self._keys.items():
            if name not in self._asked:
                hint = did_you_mean(name, self._asked)
                self.report.error(key, self.path(_short(name)), f"no such field{hint}")


def as_flag(node: yaml.Node) -> bool | None:
    """Return true or false as YAML writes them (also yes, no, on, off); else None."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "bool":
        return node.value.lower() in _TRUE
    return None


def describe(node: yaml.Node) -> str:
    """Return what YAML takes `node` for, in words."""
    kind = _KINDS.get(node.tag.removeprefix(_TAG), "text")
    if isinstance(node, yaml.ScalarNode) and kind in ("text", "a number"):
        return f'"{_short(node.value)}"' if kind == "text" else f"{kind} ({_short(node.value)})"
    return kind


def _forbidden_character(text: str, lines: bool) -> str | None:
    allowed = "\n\t" if lines else ""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed:
            return character
    return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
