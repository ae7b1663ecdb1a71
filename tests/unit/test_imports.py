"""Imports point one way (docs/design.md): each part of the server, and what it may import.

A name covers its modules; `broker.base` is that module alone.
"""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROOT = REPOSITORY / "server" / "showcaller"
TREES = [
    ROOT,
    REPOSITORY / "client_sdk" / "python" / "showcaller_client",
    REPOSITORY / "loadtests" / "showcaller_load",
]
LEAVES = {"errors", "system"}
SHOW = {
    "domain",
    "protocol",
    "broker.base",
    "show",
    "metrics",
    "rates",
    "limit_log",
    "pace",
} | LEAVES
MAY_IMPORT = {
    "errors": set(),
    "system": set(),
    "processes": set(),
    "garbage": set(),
    "pace": {"system"},
    "metrics": {"pace"},
    "rates": set(),
    "limit_log": {"metrics", "system"},
    "urls": {"errors"},
    "zones": set(),
    "local_time": set(),
    "bundling": {"bundling"},
    "domain": {"domain"},
    "protocol": {"protocol", "domain", "errors"},
    "broker": {"broker", "urls"} | LEAVES,
    "schedule_file": {"schedule_file", "domain", "errors", "zones", "local_time"},
    "run_through": {"run_through", "domain", "errors", "zones"},
    "rehearsal": {"domain", "errors", "zones", "local_time"},
    "tokens": {"domain"} | LEAVES,
    "tls": {"errors"},
    "health": set(),
    "hls": SHOW | {"hls", "http", "recording"},
    "exports": LEAVES | {"api.commands", "broker.connect", "domain", "settings", "urls"},
    "short_links": set(),
    "session_ends": {"broker.sqlite_peek", "domain"},
    "settings": {"tokens", "urls", "domain"} | LEAVES,
    "logs": set(),
    "schedule_watch": SHOW | {"schedule_file"},
    "show": SHOW | {"tokens"},
    "http": SHOW | {"http"},
    "gateway": SHOW | {"gateway", "http"},
    "api": SHOW | {"api", "http", "bundling"},
    "reminders": SHOW | {"reminders"},
    "media": SHOW
    | {"media", "http", "garbage", "logs", "processes", "urls", "recording"}
    | {"hls.rendition", "hls.talks"},
    "recording": LEAVES | {"recording", "processes"},
    "workers": LEAVES | {"workers", "app", "settings", "logs", "processes", "metrics"},
}
# The media worker's half and the node's meet in `media.contract` alone.
MEDIA_MAY_IMPORT = {
    "contract": {"media.contract", "domain.quality", "errors", "hls.rendition"},
    "node": SHOW | {"media.node", "media.contract", "http", "processes", "urls", "hls.rendition"},
    "sfu": {
        *(f"media.{part}" for part in ("sfu", "contract", "egress", "sdp", "transport", "rtp")),
        *(LEAVES | {"domain.quality"}),
    },
    "sfu.worker": {
        *(f"media.{part}" for part in ("sfu", "contract", "egress", "transport")),
        *("errors", "garbage", "logs", "processes"),
    },
    "recorder": {
        *(f"media.{part}" for part in ("recorder", "sfu", "contract", "egress", "rtp")),
        *(LEAVES | {"recording", "garbage", "logs", "processes"}),
        *("hls.rendition", "hls.talks"),
    },
    "transport": {
        *("media.transport", "media.contract.addresses", "media.rtp.rtcp", "system"),
        *("media.egress.keys", "media.egress.outlets"),
    },
    "sdp": {"media.sdp", "media.rtp.extensions", "media.transport.parameters", "errors"},
    "rtp": {"media.rtp"},
    "egress": {"media.egress"},
}
PURE = ("domain", "protocol")
LIBRARIES_OF_THE_PURE = {"msgspec", "regex"}


def module_of(path, tree=ROOT):
    return path.relative_to(tree.parent).with_suffix("").parts


def imports_of(path, tree=ROOT):
    """(module, imported module) for each import in the file, wherever it stands."""
    module = module_of(path, tree)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((module, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module[: len(module) - node.level] if node.level else ()
            target = base + tuple((node.module or "").split(".") if node.module else ())
            yield from ((module, (*target, alias.name)) for alias in node.names)


def imports_of_part(part):
    """Imports of a part but for those modules of it that have a rule of their own."""
    path = ROOT.joinpath(*part.split("."))
    files = set(path.rglob("*.py")) if path.is_dir() else {path.with_suffix(".py")}
    own = {
        ROOT.joinpath(*f"media.{name}".split(".")).with_suffix(".py") for name in MEDIA_MAY_IMPORT
    }
    if part.startswith("media."):
        files = files - own or files
    return [found for path in files for found in imports_of(path)]


def allows(allowed, imported):
    return any(imported[1:][: name.count(".") + 1] == tuple(name.split(".")) for name in allowed)


def wrong_imports(part, allowed):
    version = ("showcaller", "__version__")
    return [
        f"{'.'.join(module)} imports {'.'.join(imported)}"
        for module, imported in imports_of_part(part)
        if imported[0] == "showcaller" and imported != version
        if not allows(allowed, imported)
    ]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part):
    assert wrong_imports(part, MAY_IMPORT[part]) == []


@pytest.mark.parametrize("part", MEDIA_MAY_IMPORT)
def test_a_part_of_media_imports_only_what_it_may(part):
    assert wrong_imports(f"media.{part}", MEDIA_MAY_IMPORT[part]) == []


def test_every_part_of_media_has_its_rule():
    parts = {path.parent.name for path in (ROOT / "media").glob("*/*.py")}
    assert parts == {part for part in MEDIA_MAY_IMPORT if "." not in part}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_no_module_imports_itself_by_way_of_others(tree):
    """Wherever an import stands: those for type checkers only and those within functions count."""
    modules = {module_of(path, tree): path for path in tree.rglob("*.py")}
    graph = {
        module: {
            known for _, imported in imports_of(path, tree) if (known := found(modules, imported))
        }
        for module, path in modules.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = [".".join(module) for module in error.args[1]]
        pytest.fail(f"a circle of imports: {' – '.join(circle)}")


def found(modules, imported):
    """The module that is meant: a name in one, a module, or a package."""
    for meant in (imported, imported[:-1], (*imported, "__init__"), (*imported[:-1], "__init__")):
        if meant in modules:
            return meant
    return None


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
