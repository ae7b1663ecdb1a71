"""Tokens on open sockets: refreshed without a break, ended within two seconds by a ban."""

import asyncio
import time

import pytest

from showcaller_client import Client, register
from showcaller_client.errors import Terminal

EVENT = "systems-scale-winter-2023"
WITHIN_S = 2.0


@pytest.mark.parametrize("how", ["ban", "revoke"])
async def test_a_person_shut_out_is_cut_off(server, how):
    token = server.token(EVENT, "attendee", person="p_rude", token="t_rude")
    async with (
        Client(server.url, event=EVENT, token=server.token(EVENT, "producer")) as producer,
        Client(server.url, event=EVENT, token=token) as rude,
    ):
        agenda = await rude.follow("agenda")
        ended = asyncio.create_task(read_to_the_end(agenda))
        began_s = time.monotonic()
        if how == "ban":
            await producer.command("person.ban", {"person": "p_rude"})
        else:
            await producer.command("token.revoke", {"token": "t_rude"})
        with pytest.raises(Terminal):
            async with asyncio.timeout(WITHIN_S):
                await ended
        assert time.monotonic() - began_s < WITHIN_S
    with pytest.raises(Terminal):
        async with asyncio.timeout(5), Client(server.url, event=EVENT, token=token):
            pass


async def read_to_the_end(followed):
    async for _ in followed:
        pass


async def test_a_token_is_refreshed_on_the_open_socket(server):
    short = server.token(EVENT, "attendee", person="p_long", ttl_s=60)
    async with Client(server.url, event=EVENT, token=short) as client:
        await client.refresh(server.token(EVENT, "attendee", person="p_long", ttl_s=3600))
        assert client.connections == 1
        with pytest.raises(Exception, match=r"bad_token|forbidden|bad_input"):
            await client.refresh(server.token(EVENT, "attendee", person="p_other"))


async def test_registering_gives_a_token_that_works(server):
    registered = await register(server.url, EVENT, "Ada")
    async with Client(server.url, event=EVENT, token=registered.token) as client:
        assert client.welcome["roles"] == ["attendee"]
        assert client.welcome["name"] == "Ada"
