"""The risks of a Redis that takes writes and may yet lose them: its settings, and its replicas."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .redis_shard import Shard

_NO_AOF = (
    "Redis has appendonly off: if it ends, the log, names and bans are gone, or as old as its last save."
    " Set appendonly yes"
)
_OF_FSYNC = {
    "no": "Redis has appendfsync no: some thirty seconds of acknowledged facts go with the machine's power."
    " Set appendfsync always, or everysec for one second",
    "": "Redis does not tell its appendfsync: with no, some thirty seconds of acknowledged facts go with the"
    " machine's power. The right +config|get lets this node look",
}
_REPLICAS_UNUSED = (
    "Redis has replicas and --replicas is 0: facts that were acknowledged a moment before a failover may get"
    " lost. Set --replicas 1"
)


async def risks(shard: Shard, info: dict[str, Any], replicas: int) -> list[str]:
    """Return the risks of a server with that `INFO`, where entries wait for so many `replicas`.

    Raises what redis-py raises.
    """
    found = []
    if not info.get("aof_enabled"):
        found.append(_NO_AOF)
    elif risk := _OF_FSYNC.get(await shard.run(_appendfsync)):
        found.append(risk)
    if int(info["connected_slaves"]) and not replicas:
        found.append(_REPLICAS_UNUSED)
    return found


async def _appendfsync(client: Redis) -> str:
    """Return Redis's setting; "" where it does not tell."""
    try:
        found = await client.config_get("appendfsync")
    except ResponseError:  # no right to ask, or no such command at this provider
        return ""
    return str(found.get("appendfsync", ""))


def replicas_in_step(info: dict[str, Any]) -> int:
    """Return how many replicas follow, by `INFO`; one that is only being made does not yet."""
    known = (info.get(f"slave{number}") for number in range(int(info["connected_slaves"])))
    return sum(isinstance(one, dict) and one.get("state") == "online" for one in known)
