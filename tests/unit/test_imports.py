"""Imports point one way (docs/design.md): each part of the server, and what it may import.

A name covers its modules; `broker.base` is that module alone.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "server" / "showcaller"
LEAVES = {"errors", "system"}
SHOW = {"domain", "protocol", "broker.base", "show", "metrics"} | LEAVES
MAY_IMPORT = {
    "errors": set(),
    "system": set(),
    "processes": set(),
    "garbage": set(),
    "metrics": set(),
    "zones": set(),
    "local_time": set(),
    "domain": {"domain"},
    "protocol": {"protocol", "domain", "errors"},
    "broker": {"broker"} | LEAVES,
    "schedule_file": {"schedule_file", "domain", "errors", "zones", "local_time"},
    "rehearsal": {"domain", "errors", "zones", "local_time"},
    "tokens": {"domain"} | LEAVES,
    "settings": {"tokens"} | LEAVES,
    "logs": set(),
    "show": SHOW | {"tokens"},
    "gateway": SHOW | {"gateway"},
    "api": SHOW | {"api"},
    "media": SHOW | {"media", "garbage", "logs", "processes"},
    "workers": LEAVES | {"workers", "app", "settings", "logs", "processes"},
}
PURE = ("domain", "protocol")
LIBRARIES_OF_THE_PURE = {"msgspec", "regex"}


def imports_of(path):
    """(module, imported module) for each import in the file, wherever it stands."""
    module = path.relative_to(ROOT.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((module, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module[: len(module) - node.level] if node.level else ()
            target = base + tuple((node.module or "").split(".") if node.module else ())
            yield from ((module, (*target, alias.name)) for alias in node.names)


def imports_of_part(part):
    files = (ROOT / part).rglob("*.py") if (ROOT / part).is_dir() else [ROOT / f"{part}.py"]
    return [found for path in files for found in imports_of(path)]


def allows(allowed, imported):
    return any(imported[1:][: name.count(".") + 1] == tuple(name.split(".")) for name in allowed)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part):
    version = ("showcaller", "__version__")
    wrong = [
        f"{'.'.join(module)} imports {'.'.join(imported)}"
        for module, imported in imports_of_part(part)
        if imported[0] == "showcaller" and imported != version
        if not allows(MAY_IMPORT[part], imported)
    ]
    assert wrong == []


@pytest.mark.parametrize("part", PURE)
def test_the_pure_parts_need_two_libraries(part):
    tops = {imported[0] for _, imported in imports_of_part(part)}
    assert tops - sys.stdlib_module_names - {"showcaller"} <= LIBRARIES_OF_THE_PURE


def test_one_module_makes_time_zones():
    users = {
        ".".join(module)
        for path in ROOT.rglob("*.py")
        for module, imported in imports_of(path)
        if imported[0] in ("zoneinfo", "tzdata")
    }
    assert users == {"showcaller.zones"}


def test_every_part_has_its_rule():
    above = {"app", "cli", "demo", "testing", "web", "__init__"}
    parts = {path.stem for path in ROOT.iterdir() if not path.name.startswith("__pycache__")}
    assert parts - above == MAY_IMPORT.keys()
