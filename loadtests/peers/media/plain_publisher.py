"""A thin publisher of plain RTP: `python -m peers.media.plain_publisher AUDIO_PORT VIDEO_PORT SHAPE`.

As `media_swarm.publisher` otherwise: the same packets, and it answers lines of its input.
"""

from __future__ import annotations

import socket
import sys

from media_swarm.offers import AUDIO
from media_swarm.publisher import Publisher
from media_swarm.shape import SHAPES


class PlainPeer:
    """A peer for `Publisher`, without encryption and without anybody who answers."""

    connected = True
    receiving = None

    def __init__(self, audio_port: int, video_port: int) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self._ports = audio_port, video_port
        self.sending = self

    def protect(self, packet: bytes, roc: int) -> bytes:
        return packet

    def send(self, packet: bytes) -> None:
        audio, video = self._ports
        port = audio if packet[1] & 0x7F == AUDIO else video
        self.sock.sendto(packet, ("127.0.0.1", port))

    def send_rtcp(self, packet: bytes) -> None:
        """Mountpoints are told nothing."""

    def check_consent(self) -> None:
        """Nobody asks for it."""


def main() -> None:
    audio_port, video_port, name = sys.argv[1:]
    peer = PlainPeer(int(audio_port), int(video_port))
    publisher = Publisher("", "", SHAPES[name], peer=peer)
    print("live", flush=True)
    publisher.run()


if __name__ == "__main__":
    main()
