"""YAML text as positioned nodes, within limits that no honest schedule meets.

Anchors and aliases are refused (a few lines of them can stand for gigabytes), as are deep nesting
and tags. Nodes keep the text as it was written, so that `10:05` is not read as 605 (YAML 1.1).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from .diagnostics import Report

MAX_BYTES = 1 << 20
MAX_DEPTH = 12  # a schedule needs 5

# Line ends of other tools are characters of a text to YAML 1.2 §5.4, but end its lines in PyYAML, or
# may not stand there at all. While PyYAML reads, a noncharacter stands for them.
_LINE_SEPARATOR, _STAND_IN = "\u2028", "\ufdd0"
_HIDE_LINE_ENDS = str.maketrans(dict.fromkeys("\v\f\x85\u2028\u2029", _STAND_IN))


def read_bytes(path: Path, report: Report) -> bytes | None:
    """Return the file's content, or None if it cannot be read or is larger than `MAX_BYTES`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as problem:
        report.error(None, "", f"the file can't be read: {problem.strerror or problem}")
        return None
    return data


def decode(data: bytes, report: Report) -> str | None:
    """Return `data` as text, or None unless it is UTF-8 of at most `MAX_BYTES`."""
    if len(data) > MAX_BYTES:
        report.error(None, "", f"the file is larger than {MAX_BYTES:,} bytes")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        line_start = before.rfind(b"\n") + 1
        mark = _mark(before.count(b"\n"), problem.start - line_start)
        report.error(mark, "", "the file is not UTF-8 text")
        return None


def compose(text: str, report: Report) -> yaml.Node | None:
    """Return the root node of `text`, or None after a syntax error."""
    try:
        loader = _Composer(text.translate(_HIDE_LINE_ENDS))
    except yaml.reader.ReaderError as problem:
        report.error(_mark_at(text, problem.position), "", _unprintable(problem))
        return None
    try:
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        report.error(problem.problem_mark or problem.context_mark, "", _syntax_message(problem))
        return None
    except (
        ValueError,
        OverflowError,
    ):  # PyYAML lets those of `chr` and `int` through: escapes beyond Unicode
        report.error(loader.get_mark(), "", "not YAML: a number or escape is out of range")
        return None
    finally:
        loader.dispose()
    if root is None:
        report.error(None, "", "the file is empty")
    return root


class _Composer(yaml.SafeLoader):
    """PyYAML's safe composer without aliases and with bounded nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refuse("anchors (&) and aliases (*) are not supported", event)
        if getattr(event, "tag", None) is not None:
            raise _refuse("tags (!) are not supported", event)
        if self.depth == MAX_DEPTH:
            raise _refuse(f"nested more than {MAX_DEPTH} deep", event)
        self.depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        if isinstance(node, yaml.ScalarNode):
            node.value = node.value.replace(_STAND_IN, _LINE_SEPARATOR)
        return node


def _refuse(message: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=message, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _syntax_message(problem: yaml.MarkedYAMLError) -> str:
    context = f"{problem.context}, " if problem.context else ""
    return f"not YAML: {context}{problem.problem}"


def _unprintable(problem: yaml.reader.ReaderError) -> str:
    return f"the character U+{int(problem.character):04X} may not stand in a file"


def _mark_at(text: str, index: int) -> yaml.Mark:
    before = text[:index]
    return _mark(before.count("\n"), index - (before.rfind("\n") + 1))


def _mark(line: int, column: int) -> yaml.Mark:
    return yaml.Mark("", 0, line, column, None, 0)
