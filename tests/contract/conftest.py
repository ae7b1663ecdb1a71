"""All brokers, for tests that every broker must pass. In Redis we are a user with few rights."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from showcaller.broker.base import Broker, EventLog
from showcaller.broker.connect import connect
from showcaller.testing.redis_cluster import RedisCluster
from showcaller.testing.redis_server import RedisServer, may_little


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "redis", "redis_cluster"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'showcaller.db'}"
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        return server.url.replace("//", f"//{may_little(server)}@")
    cluster: RedisCluster = request.getfixturevalue("redis_cluster")
    return cluster.url.replace("//", f"//{may_little(*cluster.servers)}@")


@pytest.fixture
async def broker(url: str) -> AsyncIterator[Broker]:
    broker = connect(url)
    yield broker
    await broker.close()


@pytest.fixture
async def other_broker(url: str, broker: Broker) -> AsyncIterator[Broker]:
    """A second node's broker, where there can be one."""
    if url.startswith("sqlite"):
        yield broker
        return
    other = connect(url)
    yield other
    await other.close()


@pytest.fixture
def event_id() -> str:
    return f"event-{secrets.token_hex(6)}"


@pytest.fixture
async def log(broker: Broker, event_id: str) -> EventLog:
    return await broker.open(event_id)


@pytest.fixture
async def other_log(other_broker: Broker, event_id: str, log: EventLog) -> EventLog:
    return await other_broker.open(event_id)
