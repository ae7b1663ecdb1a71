"""A file is as it was left only if nobody has touched it since."""

import shutil

import pytest

from showcaller.broker.sqlite_left import is_as_left, leave


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.sqlite3"
    path.write_bytes(b"a log")
    leave(path)
    return path


def test_a_file_that_nobody_touched_is_as_it_was_left_once(path):
    path.read_bytes()
    assert is_as_left(path)
    assert not is_as_left(path)  # whoever asked is writing to it now


def test_a_file_is_not_as_it_was_left_if_it_was_written_to(path):
    path.write_bytes(b"A log")
    assert not is_as_left(path)


def test_a_copy_that_was_put_back_is_not_as_it_was_left(path, tmp_path):
    kept = tmp_path / "kept"
    shutil.copytree(path.parent, kept, ignore=lambda *_: ["kept"])
    path.unlink()
    (tmp_path / "log.sqlite3-left").unlink()
    for one in kept.iterdir():
        shutil.copy2(one, tmp_path)
    assert not is_as_left(path)


def test_without_a_note_or_with_rubbish_in_it_no_file_is_as_it_was_left(path):
    note = path.with_name("log.sqlite3-left")
    note.write_bytes(b"\xff\xfe")
    assert not is_as_left(path)
    note.unlink(missing_ok=True)
    assert not is_as_left(path)
