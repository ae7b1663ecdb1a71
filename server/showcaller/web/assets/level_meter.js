/** The loudness of a stream, ten times a second, from 0 (silence) to 100 (as loud as it gets). */

const EVERY_MS = 100;
const FLOOR_DB = -60;

/**
 * @param {MediaStream} stream
 * @param {(level: number) => void} onLevel
 * @returns {() => void} to stop it
 */
export function meterLevel(stream, onLevel) {
  if (stream.getAudioTracks().length === 0) {
    onLevel(0);
    return () => {};
  }
  const audio = new AudioContext();
  const analyser = new AnalyserNode(audio, { fftSize: 2048 });
  new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    void audio.close();
  };
}

/**
 * @param {Float32Array} samples
 * @returns {number}
 */
export function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const db = power > 0 ? 10 * Math.log10(power) : -Infinity;
  return Math.round(100 * Math.min(1, Math.max(0, 1 - db / FLOOR_DB)));
}
