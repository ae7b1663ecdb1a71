"""The image, as far as it can be built without an engine: the Dockerfile's own steps, carried out here."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"
IGNORED = ROOT / "deploy/Dockerfile.dockerignore"


def stages():
    """The instructions of each stage, as (word, rest) in order; the base image is that of FROM."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.M))
    found = []
    for line in filter(None, text.splitlines()):
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def is_left_out(path, rules):
    """The last rule that matches a path, or a folder that it is in, decides; `!` takes it back in."""
    left_out = False
    places = [path, *list(path.parents)[:-1]]
    for rule in rules:
        pattern = rule.lstrip("!")
        forms = (pattern, pattern.removeprefix("**/"))
        if any(
            fnmatch.fnmatch(str(place), form) or fnmatch.fnmatch(place.name, forms[1])
            if pattern.startswith("**/")
            else str(place) == pattern or pattern == "*"
            for place in places
            for form in forms
        ):
            left_out = not rule.startswith("!")
    return left_out


def copy(source, into, rules):
    """Return the files of `source` for the builder. Fails, as it would, where that is nothing."""
    files = (
        [source]
        if (ROOT / source).is_file()
        else [path.relative_to(ROOT) for path in (ROOT / source).rglob("*") if path.is_file()]
    )
    sent = [path for path in files if not is_left_out(path, rules)]
    assert sent, f"COPY {source}: the ignore file leaves it out"
    for path in sent:
        below = path.name if path == source else path.relative_to(source)
        (into / below).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, into / below)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel that the first stage builds, but for what it fetches of others."""
    folder = tmp_path_factory.mktemp("image")
    source, wheels = folder / "src", folder / "wheels"
    rules = [line for line in IGNORED.read_text().splitlines() if line and line[0] != "#"]
    for word, rest in stages()[0]:
        if word == "COPY":
            *copied, into = rest.split()
            for one in copied:
                copy(Path(one), source / into, rules)
        elif word == "RUN":
            command = rest.replace("/wheels", str(wheels)).replace(
                "pip wheel", "pip wheel --no-deps"
            )
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            env = os.environ | {"PATH": path}
            done = subprocess.run(
                command, shell=True, cwd=source, env=env, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            assert word in ("FROM", "WORKDIR"), f"this test does not know {word}"
    [built] = wheels.glob("showcaller-*.whl")
    return built


def names(wheel):
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_all_that_a_server_serves(wheel):
    held = names(wheel)
    for name in (
        "showcaller/web/pages/agenda.html",
        "showcaller/web/assets/base.css",
        "showcaller/web/assets/vendor/hls.min.js",
        "showcaller/web/assets/vendor/hls.min.js.LICENSE.txt",
        "showcaller/web/sdk/index.js",
        "showcaller/schedules/systems-scale-winter-2023.yaml",
        "showcaller/broker/append.lua",
        "showcaller_load/scenarios/doors_open.yaml",
    ):
        assert name in held
    of_sdk = {path.name for path in (ROOT / "client_sdk/js/src").iterdir()}
    assert {Path(name).name for name in held if name.startswith("showcaller/web/sdk/")} == of_sdk


def test_the_wheel_holds_the_native_media_kernel(wheel):
    assert [name for name in names(wheel) if name.endswith(".so")]
    assert not wheel.name.endswith("-none-any.whl")  # it is for this platform


def test_the_stage_that_builds_it_has_a_compiler():
    """The slim images have none, and installation goes on without."""
    image = stages()[0][0][1].split()[0]
    assert image.startswith("python:")
    assert "slim" not in image


def test_the_wheel_holds_nothing_for_tests(wheel):
    unwanted = ("showcaller/testing", "tests/", "__pycache__")
    assert [name for name in names(wheel) if any(part in name for part in unwanted)] == []


def test_what_is_installed_needs_nothing_that_was_left_out(wheel, tmp_path):
    """Every module can be imported, and both programs answer, from the wheel alone."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    modules = [
        ".".join(Path(name).with_suffix("").parts)
        for name in names(wheel)
        if name.endswith(".py")
        and Path(name).name not in ("__init__.py", "__main__.py")
        and not name.startswith("showcaller/demo/")  # needs the Python SDK, and says so
    ]
    script = (
        "import importlib, json, sys\n"
        "for name in json.load(sys.stdin): importlib.import_module(name)\n"
        "import showcaller.api.pages as pages; print(pages.__file__)\n"
        "pages.Pages(pages.WEB, pages.SDK_FOLDERS[0])\n"
    )
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(modules),
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def test_the_second_stage_installs_the_wheel_and_serves_as_nobody():
    said = dict(stages()[1])
    assert "--no-index --find-links /wheels 'showcaller[s3]'" in " ".join(
        rest for word, rest in stages()[1] if word == "RUN"
    )
    assert said["ENTRYPOINT"] == '["showcaller"]'
    assert said["USER"] == "10001:10001"
