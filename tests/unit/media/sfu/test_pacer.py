"""In which order batches leave, on real sockets: nobody misses one, nobody gets one twice."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showcaller.media.egress import Batch, Keys, choose
from showcaller.media.egress.keys import GCM
from showcaller.media.sfu import pacer as pacers
from showcaller.media.sfu.pacer import Pacer
from showcaller.testing.media_by_hand import Clock

EGRESSES = ("python", "native")
KEYS = Keys(GCM, bytes(16), bytes(12))


class Viewer:
    """One of a group. `got`: the sequence numbers that arrived, in order."""

    def __init__(self, egress, sender, ssrc):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.sink = egress.sink(KEYS)
        self.sink.aim(sender.fileno(), self.socket.getsockname())
        self.stream = self.sink.stream(ssrc)
        self._got = []

    @property
    def got(self):
        try:
            while True:
                self._got.append(struct.unpack_from("!H", self.socket.recv(2_000), 2)[0])
        except BlockingIOError:
            return self._got

    def close(self):
        self.sink.close()
        self.socket.close()


class Room:
    """A group whose batches go to two viewers a turn of the loop."""

    def __init__(self, egress, viewers=5):
        self.egress = choose(egress)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.bind(("127.0.0.1", 0))
        self.sender.setblocking(False)
        self.waiting, self.clock = [], Clock()
        self.pacer = Pacer(self.waiting.append, self.clock)
        self.viewers = []
        self.group, self.sound = self.egress.group(), self.egress.group()
        for _ in range(viewers):
            self.join(self.group)

    def join(self, group):
        viewer = Viewer(self.egress, self.sender, 100 + len(self.viewers))
        self.viewers.append(viewer)
        group.add(viewer.stream)
        return viewer

    def send(self, sequence, *, packets=1):
        self.pacer.send(self.group, batch(sequence, packets), sound=False)

    def close(self):
        for viewer in self.viewers:
            viewer.close()
        self.sender.close()


def batch(sequence, packets=1):
    """Packets of 20 bytes, with numbers from `sequence` on."""
    made = [
        struct.pack("!BBHII", 0x80, 96, sequence + place, 0, 0) + bytes(8)
        for place in range(packets)
    ]
    return Batch(b"".join(made), (20,) * packets)


async def turn():
    await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def two_a_turn(monkeypatch):
    monkeypatch.setattr(pacers, "CHUNK_PACKETS", 2)
    monkeypatch.setattr(pacers, "TURN_S", -1.0)


@pytest.fixture(params=EGRESSES)
def room(request):
    room = Room(request.param)
    yield room
    room.close()


async def test_a_large_group_is_served_turn_by_turn(room):
    room.send(1)
    assert [len(viewer.got) for viewer in room.viewers] == [1, 1, 0, 0, 0]
    for _ in range(2):
        await turn()
    assert [viewer.got for viewer in room.viewers] == [[1]] * 5


async def test_who_leaves_in_between_costs_nobody_else_a_packet(room):
    room.send(1)
    room.group.discard(room.viewers[0].stream)  # it has the batch; the last one takes its place
    for _ in range(3):
        await turn()
    assert [viewer.got for viewer in room.viewers] == [[1]] * 5


async def test_sound_goes_before_pictures_that_wait(room):
    listener = room.join(room.sound)
    room.send(1)
    room.pacer.send(room.sound, batch(7), sound=True)
    await turn()
    assert listener.got == [7]
    assert not room.viewers[4].got


async def test_pictures_that_waited_too_long_are_dropped_and_counted(room, monkeypatch):
    room.send(1, packets=2)  # one viewer a turn
    room.send(3, packets=2)
    room.clock.now_s += pacers.OVERDUE_S + 0.1
    await turn()
    assert room.pacer.packets_dropped == 4 * 2 + 5 * 2
    monkeypatch.undo()
    room.send(5)
    assert [viewer.got for viewer in room.viewers] == [[1, 2, 5]] + [[5]] * 4


async def test_what_the_port_does_not_take_goes_on_when_it_does(room, monkeypatch):
    sends = []

    def blocked_once(batch, start=0, count=0):
        sends.append(start)
        return start if len(sends) == 1 else send(batch, start, count)

    send = room.group.send
    monkeypatch.setattr(room.group, "send", blocked_once)
    room.send(1)
    await turn()
    assert [viewer.got for viewer in room.viewers] == [[]] * 5
    [again] = room.waiting
    again()
    for _ in range(2):
        await turn()
    assert [viewer.got for viewer in room.viewers] == [[1]] * 5


actions = st.one_of(
    st.just(("send", 0)),
    st.just(("turn", 0)),
    st.just(("join", 0)),
    st.tuples(st.just("leave"), st.integers(0, 9)),
)


@pytest.mark.parametrize("egress", EGRESSES)
@settings(max_examples=60, deadline=None)
@given(story=st.lists(actions, max_size=25))
def test_nobody_misses_a_batch_or_gets_one_twice(egress, story):
    async def tell():
        sent, left = 0, set()
        joined = dict.fromkeys(range(5), 0)
        for action, number in story:
            if action == "send":
                sent += 1
                room.send(sent)
            elif action == "turn":
                await turn()
            elif action == "join":
                joined[len(room.viewers)] = sent
                room.join(room.group)
            elif number < len(room.viewers):
                left.add(number)
                room.group.discard(room.viewers[number].stream)
        for _ in range(sent * (len(room.viewers) // 2 + 2)):
            await turn()
        everything = list(range(1, sent + 1))
        for number, viewer in enumerate(room.viewers):
            begin = viewer.got[0] if viewer.got else sent + 1
            assert viewer.got == everything[begin - 1 : begin - 1 + len(viewer.got)]  # no hole
            if number not in left:  # all that was sent while it was there
                assert begin <= joined[number] + 1
                assert begin + len(viewer.got) == sent + 1

    room = Room(egress)
    try:
        asyncio.run(tell())
    finally:
        room.close()
