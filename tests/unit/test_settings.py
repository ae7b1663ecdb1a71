"""Settings: combinations that can't work are refused with what to set; the secret is kept safely."""

import stat
from pathlib import Path

import pytest

from showcaller.errors import ConfigError
from showcaller.settings import Settings, resolve_other_secret, resolve_secret


def settings(**more):
    return Settings(schedules=(), **more)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tls_cert": Path("x")}, "--tls-key"),
        ({"rate": 0, "rehearse_from": "-1m"}, "--rate"),
        ({"rate": 601, "rehearse_from": "-1m"}, "--rate"),
        ({"rate": 60}, "--rehearse-from"),
        ({"registration": "invite"}, "--invite-code"),
        ({"also_until": "2026-12-13T18:00Z"}, "--also-secret-file"),
        ({"also_secret_file": Path("x")}, "--also-until"),
        ({"port": 99_999}, "--port"),
        ({"port": -1}, "--port"),
        ({"media_workers": -1}, "--media-workers"),
        ({"max_connections": 0}, "--max-connections"),
        ({"drain_timeout_s": -1.0}, "--drain-timeout"),
        ({"drain_timeout_s": float("nan")}, "--drain-timeout"),
        ({"public_url": "live.example.org"}, "--public-url"),
        ({"public_url": "https://example.org/live"}, "a host name of its own"),
        ({"public_url": "https://example.org/live/"}, "a host name of its own"),
        ({"public_url": "https://example.org/?a=b"}, "--public-url"),
        ({"public_url": "https://me:secret@example.org"}, "--public-url"),
        ({"ice_servers": ("stun:a\nb",)}, "--ice-server"),
        ({"ice_servers": ("stun.example.org",)}, "--ice-server"),
        ({"ice_servers": ("turn:17:guest:password@turn.example.org",)}, "%3A"),
    ],
)
def test_what_does_not_go_together(wrong, says):
    with pytest.raises(ConfigError, match=says):
        settings(**wrong).check()


def test_embedded_makes_a_secret_once_and_keeps_it_private(tmp_path):
    first = resolve_secret(settings(data=tmp_path / "data"))
    assert first.created == tmp_path / "data" / "secret"
    assert stat.S_IMODE(first.created.stat().st_mode) == 0o600
    again = resolve_secret(settings(data=tmp_path / "data"))
    assert again.text == first.text
    assert again.created is None


def test_with_redis_a_missing_secret_is_a_start_up_error(tmp_path):
    with pytest.raises(ConfigError, match="share one secret"):
        resolve_secret(settings(broker="redis://127.0.0.1:1", data=tmp_path))


def test_a_secret_file_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="can't read"):
        resolve_secret(settings(secret_file=tmp_path / "nothing"))


@pytest.mark.parametrize("until", ["tomorrow", "2026-12-13", "2026-12-13T18:00"])
def test_until_when_a_second_secret_is_good_needs_an_offset(until, tmp_path):
    file = tmp_path / "old"
    file.write_text("old " * 10)
    with pytest.raises(ConfigError, match="--also-until"):
        resolve_other_secret(settings(also_secret_file=file, also_until=until))


def test_a_second_secret_is_good_until_an_instant(tmp_path):
    file = tmp_path / "old"
    file.write_text("old " * 10 + "\n")
    found = resolve_other_secret(
        settings(also_secret_file=file, also_until="2026-12-13T18:00+01:00")
    )
    assert found == (("old " * 10).strip(), 1_797_181_200_000)
    assert resolve_other_secret(settings()) is None


def test_a_data_folder_that_cant_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--data"):
        resolve_secret(settings(data=tmp_path / "file" / "data"))
