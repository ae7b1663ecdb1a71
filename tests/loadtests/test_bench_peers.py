"""The benchmark of peers: how it speaks to them and counts; with one of them for real."""

import socket

import pytest
from bench_peers import Copies, Load, Result, add_ratios
from peers import installs
from peers.contestants import Running, websockets
from peers.dialects import CentrifugeSwarm, SocketIoSwarm
from rig import Figures
from showcaller_load.swarm import Client

CHANNELS = ("agenda", "announcements")


@pytest.fixture
def wire():
    """A client's socket, and the server's end of it."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def sent(theirs):
    """The messages that the server was sent. Their masks are zero, and they are short."""
    data, messages = theirs.recv(65536), []
    while data:
        end = 6 + (data[1] & 0x7F)
        messages.append(data[6:end])
        data = data[end:]
    return messages


def test_a_client_of_centrifugo_is_whole_when_it_follows_every_channel(wire):
    swarm, client = CentrifugeSwarm(1, ""), Client(wire[0], "ada", CHANNELS)
    commands = swarm.first_words(client)
    assert b'"token": "ada"' in commands and commands.count(b"\n") == 2

    swarm.opening(client, b'{"id":1,"connect":{}}\n{"id":2,"subscribe":{"recoverable":true}}')
    assert not client.whole_s
    swarm.opening(client, b'{"id":3,"subscribe":{"recoverable":true}}')

    assert client.whole_s and swarm.whole == 1


def test_a_refusal_of_centrifugo_is_no_success(wire):
    client = Client(wire[0], "ada", CHANNELS)
    with pytest.raises(RuntimeError, match="permission denied"):
        CentrifugeSwarm(1, "").opening(
            client, b'{"id":2,"error":{"code":103,"message":"permission denied"}}'
        )


def test_a_client_of_socketio_subscribes_when_it_is_connected(wire):
    swarm, client = SocketIoSwarm(1, ""), Client(wire[0], "ada", CHANNELS)

    swarm.opening(client, b'0{"sid":"x"}')
    swarm.opening(client, b'40{"sid":"y"}')
    assert sent(wire[1]) == [
        b"40",
        b'420["subscribe","agenda"]',
        b'421["subscribe","announcements"]',
    ]
    swarm.opening(client, b"430[]")
    swarm.opening(client, b"2")  # a ping in between
    assert sent(wire[1]) == [b"3"] and not client.whole_s
    swarm.opening(client, b"431[]")

    assert client.whole_s


def test_several_messages_in_a_frame_are_counted_and_a_ping_among_them_is_answered(wire):
    swarm, client = CentrifugeSwarm(1, ""), Client(wire[0], "ada", ())
    copies = Copies(Running(0, swarm, lambda _: [], lambda _: None, lambda: None))
    message = b'{"push":{"pub":{"data":{"text":"sent at %020d to everybody"}}}}' % 1

    swarm.on_message(client, message + b"\n{}\n" + message)

    assert len(copies.delays_ms) == 2
    assert sent(wire[1]) == [b"{}"]


async def test_what_websockets_broadcasts_reaches_everybody_once():
    async with websockets() as running:
        running.swarm.join(running.tokens(5), CHANNELS)
        copies = Copies(running)
        for _ in range(3):
            copies.publish()
        copies.await_all(15)
        running.swarm.run_for(0.05)

    assert len(copies.delays_ms) == 15
    assert all(0 < delay_ms < 5_000 for delay_ms in copies.delays_ms)
    assert 180 < copies.bytes < 230


def test_a_peer_that_is_not_installed_is_absent_for_a_reason(monkeypatch):
    monkeypatch.setenv("PATH", "")
    for install in (installs.centrifuge, installs.centrifugo, installs.socketio):
        with pytest.raises(installs.Absent, match="is not installed"):
            install()


def result(deliveries, memory_kib):
    load = Load(deliveries, 1.0, 2.0, 200, 0.5)
    return Result(load, load, memory_kib)


def shown(capsys, results):
    figures = Figures()
    add_ratios(figures, results)
    capsys.readouterr()
    figures.show()
    lines = capsys.readouterr().out.splitlines()
    return {line.partition(":")[0]: line.split()[1] for line in lines}


def test_ratios_are_to_centrifugo_itself_where_it_is_installed(capsys):
    results = {
        "showcaller_sqlite": result(90.0, 3.0),
        "centrifuge_memory": result(60.0, 30.0),
        "centrifugo_memory": result(45.0, 60.0),
    }
    ratios = shown(capsys, results)
    assert ratios["deliveries_per_cpu_s_ratio_to_centrifugo_memory"] == "2.00"
    assert ratios["memory_ratio_to_centrifugo"] == "0.05"

    del results["centrifugo_memory"]
    ratios = shown(capsys, results)
    assert ratios["deliveries_per_cpu_s_ratio_to_centrifugo_memory"] == "1.50"
    assert ratios["deliveries_per_cpu_s_ratio_to_centrifugo_memory_50_per_s"] == "1.50"
    assert "deliveries_per_cpu_s_ratio_to_centrifugo_redis" not in ratios
