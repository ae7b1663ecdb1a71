/** A button that has to be pressed twice, for what a slip of the finger must not do. */

import { setText } from "./dom.js";

const ARMED_MS = 4_000;

/**
 * @param {HTMLButtonElement} button
 * @param {string | (() => string)} question its text after the first press
 * @param {() => void} act on the second press
 * @param {() => boolean} [needed] false: the first press does it
 */
export function armButton(button, question, act, needed = () => true) {
  const label = button.textContent ?? "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const disarm = () => {
    clearTimeout(timer);
    delete button.dataset.armed;
    setText(button, label);
  };
  button.addEventListener("click", () => {
    if ("armed" in button.dataset || !needed()) {
      disarm();
      act();
    } else {
      button.dataset.armed = "";
      setText(button, typeof question === "string" ? question : question());
      timer = setTimeout(disarm, ARMED_MS);
    }
  });
  button.addEventListener("blur", disarm);
}
