"""A certificate that is renewed on the disk while a node serves."""

import asyncio
import os
import signal
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from showcaller.errors import ConfigError
from showcaller.testing.certificates import make_pair
from showcaller.testing.redis_server import RedisServer
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until
from showcaller.tls import tls_context

PATIENCE_S = 20.0


async def connected(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection("127.0.0.1", server.port, ssl=context)


def certificate_of(writer):
    return writer.get_extra_info("ssl_object").getpeercert(binary_form=True)


async def served(server):
    _, writer = await connected(server)
    writer.transport.abort()
    return certificate_of(writer)


async def answers(reader, writer):
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        return (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")


def tls(folder):
    return ("--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))


async def hang_up(server, action):
    before = len(server.log_lines(action))
    os.kill(server.pid, signal.SIGHUP)
    await until(lambda: len(server.log_lines(action)) > before, PATIENCE_S)
    return server.log_lines(action)[-1]


async def test_a_renewed_certificate_is_served_after_sighup(schedule_path, tmp_path):
    old = make_pair(tmp_path)
    data, options = tmp_path / "data", ("--media-workers", "0", *tls(tmp_path))
    async with ServeProcess(schedule_path, *options, data=data) as server:
        earlier = await connected(server)
        new = make_pair(tmp_path)
        assert await served(server) == old
        await hang_up(server, "certificate.renewed")
        assert await served(server) == new
        assert certificate_of(earlier[1]) == old
        assert await answers(*earlier)  # who is connected stays so
        earlier[1].transport.abort()


@pytest.mark.parametrize("broken", ["cert.pem", "key.pem"])
async def test_a_broken_pair_leaves_the_one_before(schedule_path, tmp_path, broken):
    old = make_pair(tmp_path)
    data, options = tmp_path / "data", ("--media-workers", "0", *tls(tmp_path))
    async with ServeProcess(schedule_path, *options, data=data) as server:
        kept = (tmp_path / broken).read_bytes()
        make_pair(tmp_path)
        (tmp_path / broken).write_bytes(kept)  # as if a renewal stopped half way
        said = await hang_up(server, "certificate.kept")
        assert said["level"] == "error"
        assert "--tls-cert" in said["message"]
        assert await served(server) == old
        (tmp_path / broken).unlink()
        await hang_up(server, "certificate.kept")
        assert await served(server) == old
        new = make_pair(tmp_path)
        await hang_up(server, "certificate.renewed")
        assert await served(server) == new


async def test_sighup_does_no_harm_to_a_node_without_a_certificate(schedule_path, tmp_path):
    async with ServeProcess(schedule_path, "--media-workers", "0", data=tmp_path) as server:
        await hang_up(server, "certificate.none")
        assert await server.stop() == 0
        assert server.log_lines("serve.stopped")


async def test_workers_that_are_replaced_serve_the_renewed_certificate(schedule_path, tmp_path):
    old = make_pair(tmp_path)
    async with RedisServer() as redis:
        options = ("--broker", redis.url, "--workers", "2", "--media-workers", "0", *tls(tmp_path))
        async with ServeProcess(schedule_path, *options, data=tmp_path / "data") as server:
            assert await served(server) == old
            (tmp_path / "key.pem").write_text("rubbish")
            assert await server.roll() == "workers.roll_given_up"
            assert "--tls-key" in server.log_lines("worker.failed")[-1]["message"]
            assert await served(server) == old
            new = make_pair(tmp_path)
            assert await server.roll() == "workers.rolled"
            assert [await served(server) for _ in range(4)] == [new] * 4


def test_a_key_with_a_passphrase_is_refused_instead_of_asked_for(tmp_path):
    make_pair(tmp_path, encryption=BestAvailableEncryption(b"word"))
    with pytest.raises(ConfigError, match="passphrase"):
        tls_context(tmp_path / "cert.pem", tmp_path / "key.pem")
