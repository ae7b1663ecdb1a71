/** A speaker's picture and sound: devices or the test card, with preview and level. */

import { byId, setText, show } from "./dom.js";
import { meterLevel } from "./level_meter.js";
import { makeTestCard } from "./test_card.js";
import { say } from "./words.js";

const HEARD_LEVEL = 20; // a voice at a usual distance is well above it

/** @type {Record<string, string>} */
const DEVICE_ERRORS = {
  NotAllowedError: say("The browser was not allowed to use camera and microphone. Allow it in the address bar, then choose again."),
  NotFoundError: say("No camera or microphone was found. Plug one in, or use the test card."),
  NotReadableError: say("Camera or microphone is in use by another program."),
  OverconstrainedError: say("The chosen device is gone. Choose another."),
};

export class Sources {
  /** The stream that is sent: always the same one, its tracks change. */
  outgoing = new MediaStream();
  /** True when any sound has been heard. */
  heard = false;
  /** `devices`, `card`, or empty before one is chosen. */
  kind = "";

  #title;
  #clock;
  #onChange;
  #stopSource = () => {};
  #stopMeter = () => {};

  /**
   * @param {() => string} title on the test card
   * @param {() => string} clock on the test card
   * @param {() => void} onChange other tracks are in `outgoing`
   */
  constructor(title, clock, onChange) {
    this.#title = title;
    this.#clock = clock;
    this.#onChange = onChange;
    byId("sources").addEventListener("change", () => void this.#choose());
    for (const id of ["camera", "microphone"]) byId(id).addEventListener("change", () => void this.#choose());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.kind === "devices" && void this.#listDevices());
  }

  /** Ends it all: devices are off. */
  stop() {
    this.#stopMeter();
    this.#stopSource();
    this.#use(new MediaStream());
  }

  async #choose() {
    const kind = byId("sources").querySelector("input:checked")?.getAttribute("value") ?? "";
    setText(byId("source-error"), "");
    this.#stopSource();
    try {
      if (kind === "card") this.#useCard();
      else await this.#useDevices();
      this.kind = kind;
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      setText(byId("source-error"), DEVICE_ERRORS[name] ?? String(error));
      this.kind = "";
      this.#use(new MediaStream());
    }
    show(byId("devices"), this.kind === "devices");
    this.#onChange();
  }

  #useCard() {
    const card = makeTestCard(this.#title(), this.#clock);
    this.#stopSource = card.stop;
    this.#use(card.stream);
  }

  async #useDevices() {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { ...chosen("camera"), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
      audio: { ...chosen("microphone"), echoCancellation: true, noiseSuppression: true },
    });
    this.#stopSource = () => stream.getTracks().forEach((track) => track.stop());
    this.#use(stream);
    await this.#listDevices();
  }

  /** @param {MediaStream} stream */
  #use(stream) {
    for (const track of this.outgoing.getTracks()) this.outgoing.removeTrack(track);
    for (const track of stream.getTracks()) this.outgoing.addTrack(track);
    const preview = byId("preview", HTMLVideoElement);
    preview.srcObject = stream;
    preview.classList.toggle("mirrored", this.kind === "devices");
    show(byId("preview-empty"), stream.getTracks().length === 0);
    this.heard = false;
    this.#stopMeter();
    this.#stopMeter = meterLevel(stream, (level) => this.#showLevel(level));
  }

  /** @param {number} level */
  #showLevel(level) {
    if (level >= HEARD_LEVEL) this.heard = true;
    byId("level-bar").style.setProperty("--level", `${level}%`);
    byId("level").setAttribute("aria-valuenow", String(level));
  }

  async #listDevices() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const [video] = this.outgoing.getVideoTracks();
    const [audio] = this.outgoing.getAudioTracks();
    fill("camera", devices.filter(({ kind }) => kind === "videoinput"), video);
    fill("microphone", devices.filter(({ kind }) => kind === "audioinput"), audio);
  }
}

/**
 * @param {string} id of the select
 * @returns {{deviceId?: ConstrainDOMString}}
 */
function chosen(id) {
  const { value } = byId(id, HTMLSelectElement);
  return value ? { deviceId: { exact: value } } : {};
}

/**
 * @param {string} id of the select
 * @param {MediaDeviceInfo[]} devices
 * @param {MediaStreamTrack | undefined} track the one in use
 */
function fill(id, devices, track) {
  const used = track?.getSettings().deviceId;
  const options = devices.map(({ deviceId, label }, i) => new Option(label || say("Device {number}", { number: i + 1 }), deviceId, false, deviceId === used));
  byId(id, HTMLSelectElement).replaceChildren(...options);
}
