// What the JavaScript clients share: the test card as RTP, the request, and a count each second.

import { readFileSync } from "node:fs";

const FRAMES_PER_S = 25;
const PAYLOAD_BYTES = 1_100;

/** The frames of an IVF file. */
export function frames(path) {
  const file = readFileSync(path);
  const found = [];
  for (let at = file.readUInt16LE(6); at < file.length; ) {
    const size = file.readUInt32LE(at);
    found.push(file.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return found;
}

/** Sends the card as VP8 (RFC 7741) and quiet Opus, until the process ends. */
export function play(card, { video, audio }) {
  const all = frames(card);
  const state = { video: { sequence: 1, time: 0 }, audio: { sequence: 1, time: 0 } };
  let sent = 0;
  const began = Date.now();
  setInterval(() => {
    for (; sent < ((Date.now() - began) * FRAMES_PER_S) / 1000; sent++) {
      const frame = all[sent % all.length];
      for (let at = 0; at < frame.length; at += PAYLOAD_BYTES) {
        const last = at + PAYLOAD_BYTES >= frame.length;
        const payload = Buffer.concat([Buffer.from([at === 0 ? 0x10 : 0]), frame.subarray(at, at + PAYLOAD_BYTES)]);
        video.send(packet(video, state.video, last, payload));
      }
      state.video.time += 90_000 / FRAMES_PER_S;
      for (let n = 0; n < 2; n++) {
        audio.send(packet(audio, state.audio, false, Buffer.from([0xf8, 0xff, 0xfe])));
        state.audio.time += 960;
      }
    }
  }, 10);
}

function packet({ type, ssrc }, state, marker, payload) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = type | (marker ? 0x80 : 0);
  header.writeUInt16BE(state.sequence++ & 0xffff, 2);
  header.writeUInt32BE(state.time >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

export async function post(url, token, offer) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
  const answer = await fetch(url, { method: "POST", headers, body: offer });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.text();
}

/** Prints what has come, each second. */
export function tell(counts, seconds) {
  setInterval(() => console.log(JSON.stringify(counts)), 1000);
  setTimeout(() => process.exit(0), seconds * 1000);
}
