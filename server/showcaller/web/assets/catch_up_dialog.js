/** The schedule's rule of catching up: what it would do, and its switch. */

import { asShowcallerError } from "/sdk/index.js";

import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { PreviewBox } from "./preview_box.js";
import { minutesText } from "./times.js";

/**
 * @param {import("./page.js").EventPage} page
 * @param {import("/sdk/types.js").CatchUp} rule
 * @param {(done: string) => void} onDone
 */
export function openCatchUp(page, rule, onDone) {
  const dialog = byId("catch-up-dialog", HTMLDialogElement);
  const preview = new PreviewBox(page);
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary", type: "button", onclick: () => void switchIt() }, rule.on ? "Switch it off" : "Switch it on");
  const switchIt = async () => {
    try {
      await page.client?.produce.catchUp(!rule.on);
      dialog.close();
      onDone(rule.on ? "Talks keep their lengths." : "Late talks give time.");
    } catch (failed) {
      setText(error, errorText(failed));
    }
  };
  dialog.replaceChildren(
    h(
      "div",
      { class: "stack" },
      h("h2", { id: "catch-up-title" }, `Catching up is ${rule.on ? "on" : "off"}`),
      h("p", { class: "quiet small" }, ruleText(rule)),
      h("p", {}, rule.on ? "Switched off, this would move:" : "Switched on, this would move:"),
      preview.element,
      error,
      h("div", { class: "row" }, button, h("button", { type: "button", onclick: () => dialog.close() }, "Leave it")),
    ),
  );
  dialog.showModal();
  preview.ask({ command: "catch_up.set", args: { on: !rule.on } }).catch((failed) => setText(error, errorText(asShowcallerError(failed))));
}

/** @param {import("/sdk/types.js").CatchUp} rule */
function ruleText({ talks_give_min, talks_keep_min }) {
  return `Gaps and breaks give what they can first. Then each late talk gives up to ${minutesText(talks_give_min)} of its questions, and keeps ${minutesText(talks_keep_min)} at least.`;
}
