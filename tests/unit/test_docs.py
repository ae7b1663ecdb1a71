"""The pages of docs/ name files of this tree, so that readers find them."""

import os
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "CONTRIBUTING.md"]
INSTALLED = {".git", ".venv", "node_modules", "build", "__pycache__"}
ENDINGS = "c|css|html|js|json|lua|md|py|sh|toml|yaml|yml"
PATH = re.compile(rf"[\w.-]+(?:/[\w.-]+)*\.(?:{ENDINGS})|[\w.-]+(?:/[\w.-]+)+")
CHOICE = re.compile(r"\{([^}]*)\}")  # one of several names, as a shell has it
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def paths_of_the_tree():
    """Return the paths of all files and folders here, except what was installed or built."""
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = [name for name in folders if name not in INSTALLED]
        for name in [*folders, *files]:
            yield Path(folder, name).relative_to(REPOSITORY)


def named_paths(text):
    """Return what stands in backticks and is a file's name or a path."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for quoted in re.findall(r"`([^`\n]+)`", prose):
        choice = CHOICE.search(quoted)
        names = choice[1].split(",") if choice else [""]
        for name in names:
            path = CHOICE.sub(name, quoted, count=1)
            if PATH.fullmatch(path):
                yield path


def anchor(heading):
    """Return the anchor that a heading gets on a rendered page."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    ends = {"/".join(path.parts[at:]) for path in paths_of_the_tree() for at in range(8)}
    assert [path for path in named_paths(page.read_text("utf-8")) if path not in ends] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, part = target.partition("#")
        led_to = page.parent / path if path else page
        assert led_to.exists(), target
        if part:
            headings = HEADING.findall(led_to.read_text("utf-8"))
            assert part in [anchor(heading) for heading in headings], target


@pytest.mark.parametrize("name", ["design.md", "media.md"])
def test_the_contents_list_every_section(name):
    text = (REPOSITORY / "docs" / name).read_text("utf-8")
    sections = re.findall(r"^##+ (.*)$", text, re.MULTILINE)
    assert [one for one in sections if one != "Contents" and f"(#{anchor(one)})" not in text] == []


def test_features_are_shown_by_tests_that_exist():
    named = set(re.findall(r"`(test_\w+)`", (REPOSITORY / "docs/features.md").read_text()))
    files = (REPOSITORY / "tests").rglob("test_*.py")
    defined = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert named
    assert named <= defined, sorted(named - defined)
