from __future__ import annotations

from pathlib import Path

import pytest

from showcaller.broker.connect import connect
from showcaller.broker.redis import RedisBroker
from showcaller.broker.sqlite import SqliteBroker
from showcaller.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:1/0",
        "rediss://:secret@example.org:6380/1",
        "redis://:secret@10.0.0.1:7000,10.0.0.2:7000,10.0.0.3",
    ],
)
async def test_redis_urls_connect_later(url: str) -> None:
    broker = connect(url, replicas=2)
    assert isinstance(broker, RedisBroker)
    await broker.close()


@pytest.mark.parametrize("form", ["sqlite:{}", "sqlite://{}"])
async def test_sqlite_urls_name_a_file_whose_folder_is_made(tmp_path: Path, form: str) -> None:
    path = tmp_path / "data" / "showcaller.db"
    broker = connect(form.format(path))
    assert isinstance(broker, SqliteBroker)
    await broker.close()
    assert path.exists() and path.stat().st_mode & 0o777 == 0o600


async def test_two_brokers_in_memory_have_nothing_in_common() -> None:
    first, second = connect("sqlite::memory:"), connect("sqlite::memory:")
    await (await first.open("event")).append("k", b"")
    assert (await (await second.open("event")).head()).offset == 0
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    "url",
    ["", "sqlite", "sqlite:", "sqlite://host/x.db", "redis:6379", "redis://h:port", "amqp://h"],
)
def test_other_urls_are_refused_with_the_forms_that_work(url: str) -> None:
    with pytest.raises(ConfigError, match="redis://"):
        connect(url)


def test_sqlite_has_no_replicas() -> None:
    with pytest.raises(ConfigError, match="replicas"):
        connect("sqlite::memory:", replicas=1)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't use"):
        connect(f"sqlite:{tmp_path}")


def test_a_secret_in_a_url_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        connect("redis://:secret@host:port")
    assert "secret" not in str(refused.value)
