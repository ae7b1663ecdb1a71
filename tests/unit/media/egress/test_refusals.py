"""Answers of the system to a send, in a process of its own where it answers as it is told."""

import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from showcaller.media.egress.build import compiler

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("refusing") / "refusing.so"
    command = [*compiler(), "-shared", "-fPIC", "-o", made, HERE / "refusing.c", "-ldl"]
    subprocess.run(command, check=True)
    return made


@pytest.fixture(params=["python", "native"])
def told(request, built, library):
    """Runs a story of this module in the other process; what it returns."""

    def run(story):
        done = subprocess.run(
            [sys.executable, __file__, request.param, story.__name__, library],
            env=os.environ | {"LD_PRELOAD": str(library), "PYTHONPATH": str(HERE)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


class Scene:
    """Three viewers of a group, and two batches: of two runs, and of one."""

    def __init__(self, name, library):
        from conftest import EGRESSES, Peer, batch, rtp

        self.refuse = ctypes.CDLL(library).refuse
        egress = EGRESSES[name]()
        self.port = Peer()
        self.group, self.peers, self.sinks = egress.group(), [Peer() for _ in range(3)], []
        for peer in self.peers:
            sink = egress.sink(peer.keys)
            sink.aim(self.port.socket.fileno(), peer.address)
            self.group.add(sink.stream(1))
            self.sinks.append(sink)
        self.first = batch(rtp(1), rtp(2), rtp(3, b"longer than those"))
        self.second = batch(rtp(4), rtp(5))
        self.streams = list(self.group.streams)

    def came(self):
        """Sequence numbers, for each viewer; all that came is authentic."""
        return [[packet[3] for packet in peer.packets()] for peer in self.peers]

    def counts(self):
        return [[stream.packets, stream.dropped] for stream in self.streams]


def blocked(scene):
    scene.refuse(errno.EAGAIN, 3, 2)  # the second viewer's second run
    places = [scene.group.send(scene.first), scene.group.send(scene.first, 1)]
    places.append(scene.group.send(scene.first, 1))
    return places, scene.came(), scene.counts()


def given_up(scene):
    scene.refuse(errno.EAGAIN, 3, 1)
    places = [scene.group.send(scene.first), scene.group.send(scene.second)]
    return places, scene.came(), scene.counts()


def discarded_while_blocked(scene):
    scene.refuse(errno.EAGAIN, 2, 1)
    place = scene.group.send(scene.first)
    scene.group.discard(scene.streams[place])
    places = [place, scene.group.send(scene.first, place), len(scene.group)]
    return places, scene.came(), scene.counts()


def closed_while_blocked(scene):
    scene.refuse(errno.EAGAIN, 2, 1)
    place = scene.group.send(scene.first)
    for sink in scene.sinks:
        sink.close()
    return [place, scene.group.send(scene.first, place)], scene.came(), scene.counts()


def blocked_alone(scene):
    scene.refuse(errno.EAGAIN, 1, 1)
    sent = [scene.streams[0].send_one(scene.first), scene.streams[0].send_one(scene.second)]
    return sent, scene.came(), scene.counts()


def segments_refused(scene):
    scene.refuse(errno.EIO, 2, 1)
    places = [scene.group.send(scene.first), scene.group.send(scene.second)]
    return places, scene.came(), scene.counts()


def unreachable(scene):
    scene.refuse(errno.EHOSTUNREACH, 2, 2)
    places = [scene.group.send(scene.first), scene.group.send(scene.second)]
    return places, scene.came(), scene.counts()


def test_a_blocked_socket_is_gone_on_with_where_it_stopped(told):
    assert told(blocked) == [[1, 1, 3], [[1, 2, 3]] * 3, [[3, 0]] * 3]


def test_who_does_not_go_on_has_missed_the_rest(told):
    places, came, _ = told(given_up)
    assert (places, came) == ([1, 3], [[1, 2, 3, 4, 5], [1, 2, 4, 5], [4, 5]])


def test_a_stream_that_goes_in_between_harms_nobody(told):
    places, came, _ = told(discarded_while_blocked)
    assert (places, came) == ([1, 2, 2], [[1, 2, 3], [], [1, 2, 3]])


def test_a_sink_closed_in_between_harms_nobody(told):
    assert told(closed_while_blocked) == [[1, 0], [[1, 2, 3], [], []], [[3, 0], [0, 0], [0, 0]]]


def test_a_batch_for_one_viewer_is_not_gone_on_with(told):
    sent, came, _ = told(blocked_alone)
    assert (sent, came) == ([False, True], [[1, 2, 4, 5], [], []])


def test_segments_that_one_viewer_s_way_refuses_go_to_it_one_by_one(told):
    assert told(segments_refused) == [[3, 3], [[1, 2, 3, 4, 5]] * 3, [[5, 0]] * 3]


def test_what_can_not_be_delivered_is_dropped(told):
    places, came, counts = told(unreachable)
    assert (places, came) == ([3, 3], [[1, 2, 3, 4, 5], [4, 5], [1, 2, 3, 4, 5]])
    assert counts == [[5, 0], [2, 3], [5, 0]]


if __name__ == "__main__":
    egress_name, story_name, preloaded = sys.argv[1:]
    print(json.dumps(globals()[story_name](Scene(egress_name, preloaded))))
