// werift as a client: `werift_client.mjs publish|watch URL TOKEN SECONDS CARD`.

import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from "werift";

import { play, post, tell } from "./media.mjs";

const [role, url, token, seconds, card] = process.argv.slice(2);
const codecs = {
  video: [new RTCRtpCodecParameters({ mimeType: "video/VP8", clockRate: 90_000, payloadType: 96,
    rtcpFeedback: [{ type: "nack" }, { type: "nack", parameter: "pli" }] })],
  audio: [new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2, payloadType: 111 })],
};
const peer = new RTCPeerConnection({ codecs, bundlePolicy: "max-bundle", iceServers: [] });
const counts = { video: 0, audio: 0 };
const tracks = {};
for (const kind of ["audio", "video"]) {
  if (role === "publish") {
    tracks[kind] = new MediaStreamTrack({ kind });
    peer.addTransceiver(tracks[kind], { direction: "sendonly" });
  } else {
    peer.addTransceiver(kind, { direction: "recvonly" }).onTrack.subscribe((track, transceiver) => {
      track.onReceiveRtp.subscribe((rtp) => {
        counts[kind]++;
        if (kind === "video" && counts.video % 100 === 1) transceiver.receiver.sendRtcpPLI(rtp.header.ssrc);
      });
    });
  }
}
await peer.setLocalDescription(await peer.createOffer());
await peer.setRemoteDescription({ type: "answer", sdp: await post(url, token, peer.localDescription.sdp) });
if (role === "publish") {
  const sender = (kind, type, ssrc) => ({ type, ssrc, send: (data) => tracks[kind].writeRtp(data) });
  play(card, { video: sender("video", 96, 1), audio: sender("audio", 111, 2) });
}
tell(counts, Number(seconds));
