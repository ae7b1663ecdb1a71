/** A test card with a tone: a picture and sound that need no camera and no microphone. */

import { say } from "./words.js";

const WIDTH = 1280;
const HEIGHT = 720;
const FRAMES_PER_S = 25;
const TONE_HZ = 440;
const TONE_GAIN = 0.08;

/**
 * @typedef {object} TestCard
 * @property {MediaStream} stream
 * @property {() => void} stop
 *
 * @param {string} title
 * @param {() => string} clock what its clock shows
 * @returns {TestCard}
 */
export function makeTestCard(title, clock) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let frame = 0;
  const timer = setInterval(() => draw(context, frame++, title, clock()), 1000 / FRAMES_PER_S);
  draw(context, frame, title, clock());
  const tone = startTone();
  const stream = canvas.captureStream(FRAMES_PER_S);
  stream.addTrack(tone.track);
  return {
    stream,
    stop() {
      clearInterval(timer);
      tone.stop();
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} frame
 * @param {string} title
 * @param {string} clock
 */
function draw(context, frame, title, clock) {
  context.fillStyle = "#0d2a2d";
  context.fillRect(0, 0, WIDTH, HEIGHT);
  drawGreys(context);
  drawSweep(context, frame);
  context.textAlign = "center";
  context.fillStyle = "#f1f1ee";
  context.font = "300 150px system-ui, sans-serif";
  context.fillText(clock, WIDTH / 2, 350);
  context.font = "600 40px system-ui, sans-serif";
  context.fillText(title, WIDTH / 2, 440, WIDTH - 160);
  context.fillStyle = "#8fd3d5";
  context.font = "500 28px system-ui, sans-serif";
  context.fillText(say("Test card, frame {frame}", { frame }), WIDTH / 2, 500);
}

/** @param {CanvasRenderingContext2D} context steps from black to white, to judge the picture by */
function drawGreys(context) {
  const steps = 12;
  for (let i = 0; i < steps; i++) {
    const grey = Math.round((255 * i) / (steps - 1));
    context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
    context.fillRect((WIDTH * i) / steps, HEIGHT - 90, WIDTH / steps + 1, 90);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} frame something always moves, so that a frozen picture shows
 */
function drawSweep(context, frame) {
  const angle = ((frame % (FRAMES_PER_S * 2)) / (FRAMES_PER_S * 2)) * 2 * Math.PI - Math.PI / 2;
  context.lineWidth = 10;
  context.strokeStyle = "#1c4c50";
  context.beginPath();
  context.arc(WIDTH / 2, 110, 56, 0, 2 * Math.PI);
  context.stroke();
  context.strokeStyle = "#8fd3d5";
  context.beginPath();
  context.arc(WIDTH / 2, 110, 56, angle - 0.9, angle);
  context.stroke();
}

/** A tone that beats once a second. */
function startTone() {
  const audio = new AudioContext();
  const oscillator = new OscillatorNode(audio, { frequency: TONE_HZ });
  const gain = new GainNode(audio, { gain: TONE_GAIN });
  const beat = new OscillatorNode(audio, { frequency: 1 });
  const depth = new GainNode(audio, { gain: TONE_GAIN / 2 });
  const out = new MediaStreamAudioDestinationNode(audio);
  oscillator.connect(gain).connect(out);
  beat.connect(depth).connect(gain.gain);
  oscillator.start();
  beat.start();
  const [track] = /** @type {[MediaStreamTrack]} */ (out.stream.getAudioTracks());
  return { track, stop: () => void audio.close() };
}
