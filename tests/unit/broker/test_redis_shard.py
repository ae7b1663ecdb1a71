from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisError,
    ResponseError,
)

from showcaller.broker.redis_shard import Servers, Shard, SlotRange
from showcaller.errors import ConfigError

DOWN = "127.0.0.1:1"  # where nothing listens


class Cluster(Servers):
    """Two halves of the slots, said by whoever is asked first; `refusing` servers say nothing."""

    def __init__(self, url: str, first_half: str, second_half: str) -> None:
        super().__init__(url)
        self.halves = [SlotRange(0, 8191, first_half), SlotRange(8192, 16383, second_half)]
        self.asked: list[str] = []
        self.refusing: set[str] = set()

    async def _layout_by(self, address: str) -> list[SlotRange]:
        self.asked.append(address)
        if address in self.refusing:
            raise ConnectionError("refused")
        return self.halves


def server_of(client: Redis) -> str:
    made_for = client.connection_pool.connection_kwargs
    return f"{made_for['host']}:{made_for['port']}"


@pytest.mark.parametrize(
    ("url", "address", "expected"),
    [
        ("redis://:secret@a:1,b:2/0", "c:3", {"host": "c", "port": 3, "password": "secret"}),
        ("redis://ada:secret@a", "a", {"host": "a", "username": "ada", "password": "secret"}),
        ("redis://a:1", "[::1]:2", {"host": "::1", "port": 2}),
        ("redis://a:1/5?client_name=n", "a:1", {"db": 5, "client_name": "n"}),
    ],
)
def test_every_server_is_spoken_to_as_the_url_says(
    url: str, address: str, expected: dict[str, Any]
) -> None:
    made_for = Servers(url).client(address).connection_pool.connection_kwargs
    assert expected.items() <= made_for.items()


@pytest.mark.parametrize("url", ["redis://a:port", "redis://:secret@a:1,b:port"])
def test_a_port_that_is_none_is_refused_and_no_secret_told(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Servers(url)
    assert "secret" not in str(refused.value)


async def test_a_shard_is_where_its_half_of_the_slots_is() -> None:
    servers = Cluster("redis://seed:1", "a:1", "b:2")
    assert server_of(await Shard(servers, "showcaller:{foo}").find()) == "b:2"  # slot 12182
    assert server_of(await Shard(servers, "showcaller:{bar}").find()) == "a:1"  # slot 5061


async def test_a_slot_is_looked_up_once_and_again_when_it_has_moved() -> None:
    servers = Cluster("redis://seed:1", "a:1", "b:2")
    shard = Shard(servers, "{foo}")
    client = await shard.find()
    assert await shard.find() is client and servers.asked == ["seed:1"]
    servers.halves[1] = SlotRange(8192, 16383, "c:3")
    shard.heed(client, MovedError("12182 c:3"))
    assert shard.has_left(client)
    assert server_of(await shard.find()) == "c:3"
    assert servers.asked[-1] == "b:2"  # who said so knows


async def test_others_are_asked_about_a_server_that_is_lost() -> None:
    servers = Cluster("redis://b:2,seed:1", "a:1", "b:2")
    servers.refusing.add("b:2")
    shard = Shard(servers, "{foo}")
    client = await shard.find()
    shard.heed(client, ConnectionError("reset"))
    servers.halves[1] = SlotRange(8192, 16383, "c:3")
    assert server_of(await shard.find()) == "c:3"
    assert servers.asked == ["b:2", "seed:1", "seed:1"]


@pytest.mark.parametrize("error", [AskError("12182 c:3"), ResponseError("ERR no")])
async def test_a_server_that_has_the_slot_still_is_kept(error: RedisError) -> None:
    shard = Shard(Cluster("redis://seed:1", "a:1", "b:2"), "{foo}")
    client = await shard.find()
    shard.heed(client, error)
    assert await shard.find() is client


async def test_an_old_error_says_nothing_about_the_server_that_was_found_since() -> None:
    servers = Cluster("redis://seed:1", "a:1", "b:2")
    shard = Shard(servers, "{foo}")
    old = await shard.find()
    servers.halves[1] = SlotRange(8192, 16383, "c:3")
    shard.heed(old, ConnectionError("reset"))
    new = await shard.find()
    shard.heed(old, ConnectionError("reset"))
    assert not shard.has_left(new)


async def test_a_slot_that_nobody_has_is_a_cluster_that_is_down() -> None:
    servers = Cluster("redis://seed:1", "a:1", "b:2")
    servers.halves.pop()
    with pytest.raises(ClusterDownError, match="slot 12182"):
        await Shard(servers, "{foo}").find()


async def test_the_first_server_that_was_lost_is_told_if_none_answers() -> None:
    servers = Servers(f"redis://{DOWN}")
    with pytest.raises(ConnectionError):
        await servers.layout()


async def test_a_command_is_given_again_to_where_the_slot_has_gone() -> None:
    servers = Cluster("redis://seed:1", "a:1", "b:2")
    given_to: list[str] = []

    async def command(client: Redis) -> str:
        given_to.append(server_of(client))
        if given_to == ["b:2"]:
            servers.halves[1] = SlotRange(8192, 16383, "c:3")
            raise MovedError("12182 c:3")
        return "done"

    assert await Shard(servers, "{foo}").run(command) == "done"
    assert given_to == ["b:2", "c:3"]


async def test_a_command_whose_fate_is_unknown_is_not_given_again() -> None:
    given_to: list[str] = []

    async def command(client: Redis) -> None:
        given_to.append(server_of(client))
        raise ConnectionError("reset")

    with pytest.raises(ConnectionError):
        await Shard(Cluster("redis://seed:1", "a:1", "b:2"), "{foo}").run(command)
    assert given_to == ["b:2"]
