"""Docstrings say what is done or what a thing is: they open with a verb or a noun phrase."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TREES = ("server/showcaller", "client_sdk/python", "loadtests", "tests")
NO_OPENINGS = frozenset(
    [
        "What",
        "Whether",
        "Which",
        "Who",
        "Whoever",
        "Whose",
        "Where",
        "When",
        "Why",
        "How",
        "Until",
        "Those",
        "That",
        "As",
        "If",
        "Is",
    ]
)
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def openings_to_mend(path):
    """Return where a docstring opens with one of `NO_OPENINGS`, and how it goes on."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        if text and text.split(maxsplit=1)[0].strip(".,:;") in NO_OPENINGS:
            line = getattr(node, "lineno", 1)
            yield f"{path.relative_to(REPOSITORY)}:{line}: {text.splitlines()[0]}"


def files_of(folder):
    return sorted((REPOSITORY / folder).rglob("*.py"))


@pytest.mark.parametrize("tree", TREES)
def test_no_docstring_opens_with_a_question_word(tree):
    assert [found for path in files_of(tree) for found in openings_to_mend(path)] == []
