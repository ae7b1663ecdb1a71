"""Findings about a schedule file, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

import yaml
from msgspec import Struct

Severity = Literal["error", "warning"]


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One finding. An error means that there is no schedule; a warning, that it may surprise.

    `line` and `column` count from 1; `field` is the path, such as `sessions[3].starts` (lists count
    from 0), or empty for the file as a whole.
    """

    severity: Severity
    file: str
    line: int
    column: int
    field: str
    message: str


class Report:
    """Collects the findings of one file."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._found: list[Diagnostic] = []

    @property
    def failed(self) -> bool:
        """Tell whether there is an error among the findings."""
        return any(found.severity == "error" for found in self._found)

    def error(self, at: yaml.Node | yaml.Mark | None, field: str, message: str) -> None:
        self._add("error", at, field, message)

    def warning(self, at: yaml.Node | yaml.Mark | None, field: str, message: str) -> None:
        self._add("warning", at, field, message)

    def in_order(self) -> list[Diagnostic]:
        """Return all findings, in the order of the file."""
        return sorted(self._found, key=lambda found: (found.line, found.column))

    def _add(
        self, severity: Severity, at: yaml.Node | yaml.Mark | None, field: str, message: str
    ) -> None:
        mark = at.start_mark if isinstance(at, yaml.Node) else at
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self._found.append(
            Diagnostic(
                severity=severity,
                file=self._file_name,
                line=line,
                column=column,
                field=field,
                message=message,
            )
        )


def format_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """Return a line for each finding: `FILE:LINE:COLUMN: SEVERITY: FIELD: MESSAGE`, as compilers do."""
    return "\n".join(_format(found) for found in diagnostics)


def _format(found: Diagnostic) -> str:
    place = f"{found.file}:{found.line}:{found.column}"
    field = f"{found.field}: " if found.field else ""
    return f"{place}: {found.severity}: {field}{found.message}"


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Return a hint such as `; did you mean "starts"?`, or nothing."""
    close = get_close_matches(text[:64], list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
