/** The schedule's rule of catching up: what it would do, and its switch. */

import { asShowcallerError } from "/sdk/index.js";

import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { PreviewBox } from "./preview_box.js";
import { minutesText } from "./times.js";
import { say } from "./words.js";

/**
 * @param {import("./page.js").EventPage} page
 * @param {import("/sdk/types.js").CatchUp} rule
 * @param {(done: string) => void} onDone
 */
export function openCatchUp(page, rule, onDone) {
  const dialog = byId("catch-up-dialog", HTMLDialogElement);
  const preview = new PreviewBox(page);
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary", type: "button", onclick: () => void switchIt() }, rule.on ? say("Switch it off") : say("Switch it on"));
  const switchIt = async () => {
    try {
      await page.client?.produce.catchUp(!rule.on);
      dialog.close();
      onDone(rule.on ? say("Talks keep their lengths.") : say("Late talks give time."));
    } catch (failed) {
      setText(error, errorText(failed));
    }
  };
  dialog.replaceChildren(
    h(
      "div",
      { class: "stack" },
      h("h2", { id: "catch-up-title" }, rule.on ? say("Catching up is on") : say("Catching up is off")),
      h("p", { class: "quiet small" }, ruleText(rule)),
      h("p", {}, rule.on ? say("Switched off, this would move:") : say("Switched on, this would move:")),
      preview.element,
      error,
      h("div", { class: "row" }, button, h("button", { type: "button", onclick: () => dialog.close() }, say("Leave it"))),
    ),
  );
  dialog.showModal();
  preview.ask({ command: "catch_up.set", args: { on: !rule.on } }).catch((failed) => setText(error, errorText(asShowcallerError(failed))));
}

/** @param {import("/sdk/types.js").CatchUp} rule */
function ruleText({ talks_give_min, talks_keep_min }) {
  return say("Gaps and breaks give what they can first. Then each late talk gives up to {gives} of its questions, and keeps {keeps} at least.", { gives: minutesText(talks_give_min), keeps: minutesText(talks_keep_min) });
}
