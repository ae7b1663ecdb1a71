import assert from "node:assert/strict";
import { test } from "node:test";

import { checkGroups, checksIn, checksText, rowChecksText, tickedText } from "../../../../server/showcaller/web/assets/check_list_model.js";
import { session } from "../../testing/sessions.js";

const check = (/** @type {string} */ id, /** @type {number} */ place, fields = {}) => ({ id, text: id, session: null, place, typed: false, ticked: null, ...fields });
const ticked = { by: "Pia", at_ms: 1000 };
const radios = check("radios", 0);
const slides = check("slides", 1, { session: "a", ticked });
const water = check("water", 1_000_001, { session: "a" });
const sessions = [session("b", 0), session("a", 20)];

test("items stand in the order that the server tells, whatever order they came in", () => {
  const items = new Map([["check:water", water], ["cue:a/started", {}], ["check:radios", radios], ["check:slides", slides]]);
  assert.deepEqual(checksIn(items), [radios, slides, water]);
});

test("what is for all comes first, then sessions with items; what is done may be left out", () => {
  const groups = checkGroups([radios, slides, water], sessions, false);
  assert.deepEqual(groups.map(({ key, items }) => [key, items.length]), [["", 1], ["a", 2]]);
  const open = checkGroups([radios, slides, water], sessions, true);
  assert.deepEqual(open.map(({ items }) => items.map(({ id }) => id)), [["radios"], ["water"]]);
});

test("it says how far one is, and each row what is left", () => {
  assert.equal(checksText([radios, slides, water]), "1 of 3 done");
  assert.equal(checksText([slides]), "All 1 done");
  assert.equal(checksText([]), "");
  assert.equal(rowChecksText([radios, slides, water], "a"), "1 to check");
  assert.equal(rowChecksText([slides], "a"), "");
});

test("a tick says who and when, also where the name is gone", () => {
  assert.equal(tickedText(slides, () => "9:05"), "Pia, 9:05");
  assert.equal(tickedText({ ...slides, ticked: { by: "", at_ms: 0 } }, () => "9:05"), "9:05");
  assert.equal(tickedText(radios, () => "9:05"), "");
});
