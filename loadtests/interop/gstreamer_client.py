"""GStreamer's webrtcbin as a client, by the system's Python: `… publish|watch URL TOKEN SECONDS CARD`."""

import json
import sys
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

SEND = """
    webrtcbin name=peer bundle-policy=max-bundle
    videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=25/1
      ! vp8enc deadline=1 keyframe-max-dist=25 target-bitrate=300000
      ! rtpvp8pay pt=96 picture-id-mode=2 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
    audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111
      ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.
"""
CAPS = {
    "video": "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
    "audio": "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000",
}
role, url, token, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
both = GstWebRTC.WebRTCRTPTransceiverDirection
direction = both.SENDONLY if role == "publish" else both.RECVONLY
counts = {"video": 0, "audio": 0}
posted = []


def count(pad, kind):
    def passed(pad, info):
        counts[kind] += 1
        return Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER, passed)


def on_pad(peer, pad):
    sink = Gst.ElementFactory.make("fakesink", None)
    sink.set_property("sync", False)
    pipeline.add(sink)
    sink.sync_state_with_parent()
    kind = pad.get_current_caps().get_structure(0).get_string("media")
    count(pad, kind)
    pad.link(sink.get_static_pad("sink"))


def on_gathered(peer, _):
    done = peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE
    if not done or posted:
        return
    posted.append(True)
    offer = peer.get_property("local-description").sdp.as_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    with urllib.request.urlopen(urllib.request.Request(url, offer.encode(), headers)) as answer:
        _, sdp = GstSdp.SDPMessage.new_from_text(answer.read().decode())
    kind = GstWebRTC.WebRTCSDPType.ANSWER
    answered = GstWebRTC.WebRTCSessionDescription.new(kind, sdp)
    peer.emit("set-remote-description", answered, Gst.Promise.new())


def negotiate(peer):
    def made(promise):
        # The offer is a part of the reply, and is gone when the reply is.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        peer.emit("set-local-description", offer, Gst.Promise.new())

    for number in range(2):
        transceiver = peer.emit("get-transceiver", number)
        transceiver.set_property("direction", direction)
        transceiver.set_property("do-nack", True)
    peer.emit("create-offer", None, Gst.Promise.new_with_change_func(made))


def second():
    if role == "watch":
        print(json.dumps(counts), flush=True)
    return True


Gst.init(None)
if role == "publish":
    pipeline = Gst.parse_launch(SEND)
    peer = pipeline.get_by_name("peer")
else:
    pipeline, peer = Gst.Pipeline.new(), Gst.ElementFactory.make("webrtcbin")
    peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(peer)
    for caps in CAPS.values():
        peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
    peer.connect("pad-added", on_pad)
peer.connect("notify::ice-gathering-state", on_gathered)
peer.connect("on-negotiation-needed", negotiate)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add_seconds(1, second)
loop = GLib.MainLoop()
GLib.timeout_add(int(1000 * seconds), loop.quit)
loop.run()
pipeline.set_state(Gst.State.NULL)
