"""Janus with its streaming plugin, which plain RTP feeds: Janus offers, and thin viewers answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from media_swarm.http import Http, Response
from media_swarm.loop import Loop
from media_swarm.offers import AUDIO, VIDEO, Credentials, read_answer
from media_swarm.peer import Peer
from media_swarm.show import Publishing
from media_swarm.viewers import Viewer, Viewers

from showcaller.testing.free_ports import free_ports

from .. import installs
from .answers import answer
from .place import Place, started

WITHIN_S = 20.0
MOUNTPOINT = 1
# One event loop for all viewers: with a thread for each, one core has more to switch between.
JANUS = """
general: {{
  configs_folder = "{{folder}}"
  plugins_folder = "{plugins}/plugins"
  transports_folder = "{plugins}/transports"
  events_folder = "{{folder}}"
  loggers_folder = "{{folder}}"
  debug_level = 2
  event_loops = 1
}}
nat: {{ ice_lite = true }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "{other_transports}" }}
"""
HTTP = """
general: {{ http = true, port = {http}, https = false, json = "compact", ip = "127.0.0.1" }}
admin: {{ admin_http = false }}
"""
STREAMING = """
talk: {{
  type = "rtp", id = {id}
  audio = true, audioport = {audio}, audiopt = {audio_type}, audiocodec = "opus"
  video = true, videoport = {video}, videopt = {video_type}, videocodec = "vp8"
}}
"""


@contextlib.contextmanager
def janus(slots: int) -> Iterator[Place]:
    command, plugins = installs.janus(), installs.janus_plugins()
    http, audio, video = free_ports(3)
    others = sorted(file.name for file in (plugins / "plugins").glob("*.so"))
    transports = sorted(file.name for file in (plugins / "transports").glob("*.so"))
    config = {
        "janus.jcfg": JANUS.format(
            plugins=plugins,
            others=",".join(name for name in others if "streaming" not in name),
            other_transports=",".join(name for name in transports if "http" not in name),
        ),
        "janus.transport.http.jcfg": HTTP.format(http=http),
        "janus.plugin.streaming.jcfg": STREAMING.format(
            id=MOUNTPOINT, audio=audio, video=video, audio_type=AUDIO, video_type=VIDEO
        ),
    }
    with started([*command, "-F", "{folder}"], http, config=config) as pid:
        loop = Loop()
        place = Place(
            pid,
            loop,
            JanusViewers(loop, f"http://127.0.0.1:{http}/janus", slots),
            lambda shape: Publishing(
                str(audio), str(video), shape, program="peers.media.plain_publisher"
            ),
            lambda many: [""] * many,
        )
        try:
            yield place
        finally:
            place.close()


class JanusViewers(Viewers):
    """All are handles of one session, whose events one long request after the other brings."""

    def __init__(self, loop: Loop, endpoint: str, slots: int) -> None:
        super().__init__(loop, endpoint, slots)
        self._waiting: dict[int, Viewer] = {}  # by handle: for an offer
        self._events = Http(loop, endpoint, 1)
        made: list[Any] = []
        self._tell(endpoint, {"janus": "create"}, made.append)
        loop.run_until(lambda: bool(made), WITHIN_S, "a session")
        self._session = f"{endpoint}/{made[0]['data']['id']}"
        self._listen()

    def begin(self, token: str) -> Viewer:
        viewer = Viewer(self._free.pop(), Peer(Credentials.random()), token)
        self._joining[viewer.slot] = viewer
        attach = {"janus": "attach", "plugin": "janus.plugin.streaming"}
        self._tell(self._session, attach, lambda reply: self._watch(viewer, reply))
        return viewer

    def leave(self, viewers: Sequence[Viewer], within_s: float = 60) -> None:
        for viewer in viewers:
            self._tell(viewer.resource, {"janus": "detach"}, lambda reply: None)
        self._loop.run_until(lambda: not self._http.waiting, within_s, "leaving")
        self.drop(viewers)

    def close(self) -> None:
        super().close()
        self._events.close()

    def _watch(self, viewer: Viewer, reply: dict[str, Any]) -> None:
        handle = reply["data"]["id"]
        viewer.resource = f"{self._session}/{handle}"
        self._waiting[handle] = viewer
        body = {"request": "watch", "id": MOUNTPOINT}
        self._tell(viewer.resource, {"janus": "message", "body": body}, lambda reply: None)

    def _on_events(self, response: Response) -> None:
        events = json.loads(response.body)
        for event in events if isinstance(events, list) else [events]:
            offer = event.get("jsep", {}).get("sdp")
            viewer = self._waiting.pop(event.get("sender"), None) if offer else None
            if viewer is not None and viewer.slot in self._joining:
                self._accept(viewer, offer)
        self._listen()

    def _accept(self, viewer: Viewer, offer: str) -> None:
        self._loop.watch(viewer.peer.sock.fileno(), lambda: self._read(viewer))
        jsep = {"type": "answer", "sdp": answer(offer, viewer.peer.own)}
        message = {"janus": "message", "body": {"request": "start"}, "jsep": jsep}
        self._tell(viewer.resource, message, lambda reply: None)
        viewer.peer.connect(read_answer(offer))

    def _listen(self) -> None:
        self._events.ask("GET", f"{self._session}?maxev=50", self._on_events)

    def _tell(
        self, url: str, message: dict[str, Any], then: Callable[[dict[str, Any]], None]
    ) -> None:
        body = json.dumps({**message, "transaction": "swarm"}).encode()
        self._http.ask("POST", url, lambda response: then(json.loads(response.body)), body=body)
