/** hls.js, for browsers that play no HLS by themselves: it comes when it is first needed, by a script element. */

const ADDRESS = "/assets/vendor/hls.min.js";

/** @typedef {typeof import("hls.js").default} HlsClass */

/** @type {{coming: Promise<HlsClass | null> | null}} */
const kept = { coming: null };

/** @returns {Promise<HlsClass | null>} null where the server has none, or this browser can't use it */
export function loadHlsJs() {
  kept.coming ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = ADDRESS;
    script.addEventListener("load", () => resolve(usable()));
    script.addEventListener("error", () => {
      kept.coming = null; // perhaps it was the network
      resolve(null);
    });
    document.head.append(script);
  });
  return kept.coming;
}

/** @returns {HlsClass | null} */
function usable() {
  const found = /** @type {{Hls?: HlsClass}} */ (globalThis).Hls;
  return found?.isSupported() ? found : null;
}
