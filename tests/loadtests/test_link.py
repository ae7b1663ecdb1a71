"""The link between a controller and its generators: who does not know the key says nothing."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from showcaller_load.link import (
    LinkError,
    Opener,
    Sealer,
    admit_controller,
    greet_agent,
)

KEY = b"k" * 32


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_messages_arrive_whole_however_they_are_cut(messages, size):
    sealer, opener = Sealer(KEY, "controller"), Opener(KEY, "controller")
    data = b"".join(sealer.seal(message) for message in messages)

    heard = []
    for at in range(0, len(data), size):
        heard += opener.feed(data[at : at + size])

    assert heard == messages


@given(st.data())
def test_any_changed_byte_is_noticed(data):
    frame = bytearray(Sealer(KEY, "controller").seal(b"cut all"))
    place = data.draw(st.integers(4, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(LinkError):
        list(Opener(KEY, "controller").feed(bytes(frame)))


def test_a_message_that_is_repeated_is_noticed():
    opener, frame = Opener(KEY, "controller"), Sealer(KEY, "controller").seal(b"once")
    assert list(opener.feed(frame)) == [b"once"]

    with pytest.raises(LinkError):
        list(opener.feed(frame))


def test_what_the_other_side_said_can_t_be_sent_back_to_it():
    with pytest.raises(LinkError):
        list(Opener(KEY, "generator").feed(Sealer(KEY, "controller").seal(b"hello")))


def test_a_message_of_absurd_size_is_refused_before_it_comes():
    with pytest.raises(LinkError):
        list(Opener(KEY, "generator").feed(b"\xff" * 64))


def handshake(agents_key, controllers_key):
    """Return what both sides make of it: a connection's key, or a `LinkError`."""
    ours, theirs = socket.socketpair()
    found = {}

    def side(name, work, sock, key):
        with sock:
            try:
                found[name] = work(sock, key)
            except LinkError as error:
                found[name] = error

    agent = threading.Thread(target=side, args=("agent", admit_controller, ours, agents_key))
    agent.start()
    side("controller", greet_agent, theirs, controllers_key)
    agent.join()
    return found["agent"], found["controller"]


def test_who_knows_the_key_is_admitted_with_a_key_for_this_connection():
    first, second = handshake(KEY, KEY), handshake(KEY, KEY)

    assert first[0] == first[1] and second[0] == second[1]
    assert first[0] != second[0]


def test_who_does_not_know_the_key_is_refused_by_both():
    agent, controller = handshake(KEY, b"x" * 32)

    assert isinstance(agent, LinkError) and isinstance(controller, LinkError)


@pytest.mark.parametrize("rubbish", [b"", b"GET / HTTP/1.1\r\n\r\n" * 8, bytes(range(64))])
def test_strangers_are_refused(rubbish):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(rubbish)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(LinkError):
            admit_controller(ours, KEY)
