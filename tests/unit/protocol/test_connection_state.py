"""One connection's state on a clock of the test's own."""

import json

import msgpack
import pytest

from showcaller.protocol import frames, messages
from showcaller.protocol.connection_state import (
    AnswerPing,
    Beat,
    ConnectionState,
    Deadline,
    Drop,
    Hangup,
    Perform,
    Reason,
    Send,
)

HELLO = {"op": "hello", "token": "t"}
PROBE = {"op": "clock", "t1": 1.0}


class Client:
    """A connection state and the client that drives it."""

    def __init__(self, heartbeat_s=15.0):
        self.now_s = 100.0
        self.state = ConnectionState("json", heartbeat_s, self.now_s)

    def text(self, data):
        return self.state.receive(frames.Text(data), self.now_s)

    def send(self, value):
        return self.text(json.dumps(value).encode())

    def receive(self, event):
        return self.state.receive(event, self.now_s)

    def wait(self, seconds):
        self.now_s += seconds
        return self.state.tick(self.now_s)

    @property
    def deadline(self):
        return self.state.next_deadline()


@pytest.fixture
def stranger():
    return Client()


@pytest.fixture
def client(stranger):
    stranger.send(HELLO)
    stranger.state.welcome(stranger.now_s, expires_in_s=3600)
    return stranger


# Before the welcome


def test_hello_comes_first(stranger):
    assert stranger.send(HELLO) == Perform(messages.Hello(token="t"))


@pytest.mark.parametrize("first", [PROBE, {"op": "subscribe", "id": "1", "channel": "agenda"}])
def test_a_message_before_hello_closes_the_connection(stranger, first):
    assert stranger.send(first) == Hangup(4503, "hello_first")


def test_rubbish_before_hello_closes_at_once(stranger):
    assert stranger.text(b"{") == Hangup(4503, "bad_message")


def test_hello_must_come_in_time(stranger):
    assert stranger.deadline == Deadline(110.0, Reason.HELLO)
    assert stranger.wait(9.9) is None
    assert stranger.receive(frames.Ping(b"")) == AnswerPing(b"")  # is no hello
    assert stranger.wait(0.1) == Hangup(4502, "hello_timeout")


# Messages


def test_a_message_after_the_welcome_is_performed(client):
    assert client.send(PROBE) == Perform(messages.ClockProbe(t1=1.0))


def test_a_wrong_message_gets_an_error_and_one_with_an_id_a_reply(client):
    error = client.send({"op": "fly"})
    assert isinstance(error, Send)
    assert isinstance(error.message, messages.Error)
    reply = client.send({"op": "fly", "id": "5"}).message
    assert (reply.id, reply.ok, reply.error.code, reply.error.field) == (
        "5",
        False,
        "bad_input",
        "op",
    )


def test_hello_comes_only_once(client):
    assert client.send(HELLO).message.error.code == "bad_input"


def test_the_tenth_wrong_message_within_a_minute_closes(client):
    for _ in range(9):
        assert isinstance(client.text(b"{"), Send)
        client.now_s += 6.0
    assert client.text(b"{") == Hangup(4503, "bad_message")


def test_wrong_messages_are_forgiven_after_a_minute(client):
    for _ in range(30):
        assert isinstance(client.text(b"{"), Send)
        client.now_s += 6.7


def test_a_frame_of_the_other_format_closes_the_connection(client):
    assert client.receive(frames.Binary(msgpack.packb(PROBE))).code == 1003


def test_a_channel_beyond_the_limit_is_refused(client):
    client.state.channels.update(f"session/{n}" for n in range(32))
    asked = {"op": "subscribe", "id": "1", "channel": "agenda"}
    assert client.send(asked).message.error.code == "too_many"
    assert isinstance(client.send(asked | {"channel": "session/5"}), Perform)
    client.state.channels.discard("session/5")
    assert isinstance(client.send(asked), Perform)


@pytest.mark.parametrize("event", [frames.Ping(b""), frames.Pong(b""), frames.Fragment()])
def test_more_than_200_frames_a_second_close_the_connection(client, event):
    client.now_s += 1
    for _ in range(200):
        assert not isinstance(client.receive(event), Hangup)
    assert client.receive(event) == Hangup(4504, "flood")


def test_200_messages_a_second_are_served_for_as_long_as_they_come(client):
    client.now_s += 1
    for _ in range(5):
        assert all(isinstance(client.send(PROBE), Perform) for _ in range(200))
        client.now_s += 1


@pytest.mark.parametrize("per_second", [20, 200])
def test_frames_that_piled_up_while_we_did_not_read_are_no_flood(client, per_second):
    client.now_s += 5
    for _ in range(5 * per_second):
        effect = client.state.receive(frames.Ping(b""), client.now_s, stalled_s=5.0)
        assert effect == AnswerPing(b"")


def test_after_a_stall_a_flood_is_still_a_flood(client):
    client.now_s += 5
    effects = [client.state.receive(frames.Ping(b""), client.now_s, 5.0) for _ in range(1201)]
    assert effects[-1] == Hangup(4504, "flood")


def test_a_clients_close_is_answered_with_its_code(client):
    assert client.receive(frames.Close(1001, "bye")) == Hangup(1001, "")


# Time


def test_heartbeats_come_at_their_interval(client):
    for _ in range(5):
        assert client.wait(14.9) is None
        assert client.wait(0.1) == Beat(pings=False)
        client.receive(frames.Pong(b""))


def test_who_is_silent_for_two_heartbeats_is_pinged_and_closed_after_ten(client):
    assert [client.wait(15) for _ in range(9)] == [Beat(pings=False), *[Beat(pings=True)] * 8]
    assert client.deadline.reason is Reason.SILENCE
    assert client.wait(15) == Hangup(4001, "silent")


def test_any_frame_is_a_sign_of_life(client):
    client.wait(140)
    client.receive(frames.Fragment())
    assert client.wait(15) == Beat(pings=False)
    assert client.wait(20) == Beat(pings=True)


def alive_for(client, seconds):
    """The first close within that time of a client that answers every heartbeat."""
    until_s = client.now_s + seconds
    while client.now_s < until_s:
        effect = client.wait(5)
        if isinstance(effect, Hangup):
            return effect
        client.receive(frames.Pong(b""))
    return None


def test_a_minute_after_expiry_the_connection_ends(client):
    assert alive_for(client, 3655) is None
    assert alive_for(client, 10) == Hangup(4003, "token_expired")


def test_a_newer_token_moves_the_end(client):
    alive_for(client, 3000)
    client.state.refresh(client.now_s, expires_in_s=3600)
    assert alive_for(client, 3630) is None
    assert alive_for(client, 40) == Hangup(4003, "token_expired")


def test_a_peer_that_does_not_finish_closing_is_dropped(client):
    client.state.hang_up(client.now_s)
    assert client.deadline.reason is Reason.LINGER
    assert client.send(PROBE) is None
    assert client.wait(4.9) is None
    assert client.wait(0.1) == Drop()


def test_a_tick_before_the_deadline_does_nothing(client):
    assert client.state.tick(client.deadline.at_s - 0.001) is None
    assert client.state.tick(client.deadline.at_s) is not None
