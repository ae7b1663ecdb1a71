"""Servers that speak WHIP and WHEP, or nearly: LiveKit and MediaMTX."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from itertools import count

import jwt
from media_swarm.loop import Loop
from media_swarm.show import Publishing
from media_swarm.viewers import Viewers

from showcaller.testing.free_ports import free_ports

from .. import installs
from .place import Place, started

KEY, SECRET = "bench", "a secret that only this benchmark uses"
ROOM = "talk"
# One UDP port, nothing that works against a swarm that sends no congestion feedback.
LIVEKIT = """
port: {http}
bind_addresses: ["127.0.0.1"]
log_level: error
rtc:
  udp_port: {udp}
  tcp_port: 0
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [lo]}}
  congestion_control: {{enabled: false}}
keys: {{{key}: {secret}}}
"""
# The answer waits until these are subscribed, under the names that its WHIP endpoint gives.
SUBSCRIBED = {
    "X-LiveKit-ClientInfo": '{"subscribedParticipantTrackNames":'
    ' {"speaker": ["synthesized-microphone", "synthesized-camera"]}}'
}
MEDIAMTX = """
logLevel: error
rtsp: no
rtmp: no
hls: no
srt: no
webrtc: yes
webrtcAddress: 127.0.0.1:{http}
webrtcLocalUDPAddress: 127.0.0.1:{udp}
webrtcIPsFromInterfaces: no
webrtcAdditionalHosts: [127.0.0.1]
paths: {{all_others: {{}}}}
"""


@contextlib.contextmanager
def livekit(slots: int) -> Iterator[Place]:
    """Everybody comes by its WHIP endpoint, which lets those who offer to receive subscribe, too."""
    command = installs.livekit()
    http, udp = free_ports(2)
    config = LIVEKIT.format(http=http, udp=udp, key=KEY, secret=SECRET)
    with started([*command, "--config", "config"], http, config={"config": config}) as pid:
        url = f"http://127.0.0.1:{http}/whip/v1"
        numbers, loop = count(), Loop()

        def tokens(many: int) -> list[str]:
            return [_token(f"viewer-{next(numbers)}", canPublish=False) for _ in range(many)]

        def publish(shape: str) -> Publishing:
            return Publishing(url, _token("speaker", canSubscribe=False), shape)

        viewers = Viewers(loop, url, slots, headers=SUBSCRIBED)
        place = Place(pid, loop, viewers, publish, tokens)
        try:
            yield place
        finally:
            place.close()


def _token(identity: str, **grants: bool) -> str:
    """Nobody is told of viewers who are hidden; that saves the server much."""
    video = {"room": ROOM, "roomJoin": True, "hidden": identity != "speaker", **grants}
    claims = {"iss": KEY, "sub": identity, "exp": int(time.time()) + 3600, "video": video}
    return jwt.encode(claims, SECRET, algorithm="HS256")


@contextlib.contextmanager
def mediamtx(slots: int) -> Iterator[Place]:
    command = installs.mediamtx()
    http, udp = free_ports(2)
    config = MEDIAMTX.format(http=http, udp=udp)
    with started([*command, "config.yml"], http, config={"config.yml": config}) as pid:
        base, loop = f"http://127.0.0.1:{http}/{ROOM}", Loop()
        place = Place(
            pid,
            loop,
            Viewers(loop, f"{base}/whep", slots),
            lambda shape: Publishing(f"{base}/whip", "", shape),
            lambda many: [""] * many,
        )
        try:
            yield place
        finally:
            place.close()
