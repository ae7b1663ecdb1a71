"""The rights that the Redis user must have, tried as that user before they are needed."""

from __future__ import annotations

from redis.asyncio import Redis

from .redis_scripts import Script

_RIGHTS = Script("rights.lua")
_NAMED = 3  # of those that are missing

# With * for the prefix of all keys and channels. SCRIPT LOAD and EVALSHA are needed to ask.
_COMMANDS = """
    GET *:epoch
    SET *:epoch x
    GET *:epochs
    SET *:epochs x
    LLEN *:log
    LINDEX *:log 0
    LRANGE *:log 0 0
    RPUSH *:log x
    LSET *:log 0 x
    HGET *:keys x
    HSET *:keys x x
    HMGET *:records:person x
    HDEL *:records:person x
    DEL *:snapshots
    INCR *:counter:x
    PEXPIRE *:counter:x 1
    PTTL *:counter:x
    SPUBLISH *:tail x
    SSUBSCRIBE *:tail
    SUNSUBSCRIBE *:tail
    TIME
    PING
    INFO
    WAIT 0 0
"""
COMMANDS = tuple(line.strip() for line in _COMMANDS.strip().splitlines())


async def missing_rights(client: Redis, prefix: str) -> str:
    """Return what this user may not do with keys that begin with `prefix`; "" if there is nothing.

    Raises what redis-py raises, `NoPermissionError` if it may not even ask.
    """
    asked = (command.replace("*", prefix) for command in COMMANDS)
    missing = [line.decode().split() for line in await _RIGHTS.run(client, [], *asked)]
    named = ", ".join(" ".join(words[:2]) for words in missing[:_NAMED])
    more = len(missing) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
