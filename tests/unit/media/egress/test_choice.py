"""The egress that an installation gets, and how the native one is built."""

import ctypes
import subprocess
import sys

import pytest

from showcaller.media.egress import build, choose


def test_the_native_one_is_preferred(built, monkeypatch):
    monkeypatch.delenv("SHOWCALLER_MEDIA_EGRESS", raising=False)
    assert choose().name == choose("native").name == "native"


def test_either_can_be_asked_for(built, monkeypatch):
    assert choose("python").name == "python"
    monkeypatch.setenv("SHOWCALLER_MEDIA_EGRESS", "python")
    assert choose().name == "python"
    assert choose("native").name == "native", "who asks by name gets that one"


def test_other_names_are_an_error(monkeypatch):
    with pytest.raises(ValueError, match="'rust'"):
        choose("rust")
    monkeypatch.setenv("SHOWCALLER_MEDIA_EGRESS", "fast")
    with pytest.raises(ValueError, match="'fast'"):
        choose()


def test_without_the_library_the_one_in_python_serves(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "libegress.so")
    assert choose().name == "python"
    with pytest.raises(RuntimeError, match="no C compiler"):
        choose("native")


def test_a_library_of_another_source_is_not_used(built, monkeypatch, tmp_path):
    changed = tmp_path / "egress.c"
    changed.write_text(build.SOURCE.read_text() + "/* newer */")
    monkeypatch.setattr(build, "SOURCE", changed)
    assert choose().name == "python"
    with pytest.raises(RuntimeError, match="make egress"):
        choose("native")


def test_a_library_that_can_not_be_loaded_is_not_used(monkeypatch, tmp_path):
    broken = tmp_path / "libegress.so"
    broken.write_bytes(b"\x7fELF and no more")
    monkeypatch.setattr(build, "LIBRARY", broken)
    assert choose().name == "python"


def test_it_is_built_without_a_warning(tmp_path):
    strict = [
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        "-O2",
        '-DDIGEST=""',
        "-shared",
        "-fPIC",
    ]
    target = ["-o", tmp_path / "strict.so", build.SOURCE]
    subprocess.run([*build.compiler(), *strict, *target], check=True)


def test_building_says_how_it_went(tmp_path):
    target = tmp_path / "new.so"
    assert build.build(target) == "media egress: built new.so"
    library = ctypes.PyDLL(str(target))
    library.egress_digest.restype = ctypes.c_char_p
    assert library.egress_digest().decode() == build.digest()
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("command", "said"), [("/no/such/cc", "no C compiler"), ("false", "failed")]
)
def test_no_library_is_left_where_building_fails(monkeypatch, tmp_path, command, said):
    target = tmp_path / "old.so"
    target.write_bytes(b"of an earlier release")
    monkeypatch.setenv("CC", command)
    assert said in build.build(target)
    assert list(tmp_path.iterdir()) == []


def test_the_installation_can_build_it_before_anything_else_is_there():
    run = "import runpy, sys; runpy.run_path(sys.argv[1])"
    subprocess.run([sys.executable, "-I", "-S", "-c", run, build.__file__], check=True)
