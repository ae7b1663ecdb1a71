// node-datachannel (libdatachannel, which OBS uses) as a client: `… publish|watch URL TOKEN SECONDS CARD`.

import nodeDataChannel from "node-datachannel";

import { play, post, tell } from "./media.mjs";

const [role, url, token, seconds, card] = process.argv.slice(2);
const direction = role === "publish" ? "SendOnly" : "RecvOnly";
const peer = new nodeDataChannel.PeerConnection("client", { iceServers: [], forceMediaTransport: true });
const counts = { video: 0, audio: 0 };
const video = new nodeDataChannel.Video("video", direction);
video.addVP8Codec(96);
const audio = new nodeDataChannel.Audio("audio", direction);
audio.addOpusCodec(111);
if (role === "publish") {
  video.addSSRC(1, "card", "stream", "picture");
  audio.addSSRC(2, "card", "stream", "sound");
}
const tracks = { video: peer.addTrack(video), audio: peer.addTrack(audio) };
for (const kind of ["video", "audio"]) {
  // Nothing that got lost is sent again unless a handler for it is set.
  const handler = role === "publish" ? nodeDataChannel.RtcpNackResponder : nodeDataChannel.RtcpReceivingSession;
  tracks[kind].setMediaHandler(new handler());
  tracks[kind].onMessage(() => counts[kind]++);
}
const offer = await new Promise((resolve) => {
  peer.onGatheringStateChange((state) => state === "complete" && resolve(peer.localDescription().sdp));
  peer.setLocalDescription();
});
peer.setRemoteDescription(await post(url, token, offer), "answer");
if (role === "publish") {
  await new Promise((open) => tracks.video.onOpen(open));
  const sender = (kind, type, ssrc) => ({ type, ssrc, send: (data) => tracks[kind].sendMessageBinary(data) });
  play(card, { video: sender("video", 96, 1), audio: sender("audio", 111, 2) });
}
tell(counts, Number(seconds));
