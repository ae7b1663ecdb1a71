import assert from "node:assert/strict";
import { test } from "node:test";

import { Rising } from "../../../../server/showcaller/web/assets/rising_model.js";

const KINDS = ["clap", "heart"];
const come = (rising, sums) => Object.fromEntries(rising.come(new Map(Object.entries(sums)), KINDS));

test("what was added since the last look rises", () => {
  const rising = new Rising();
  assert.deepEqual(come(rising, { clap: 1 }), { clap: 1 });
  assert.deepEqual(come(rising, { clap: 3, heart: 2 }), { clap: 2, heart: 2 });
});

test("sums that fall let nothing rise", () => {
  const rising = new Rising();
  come(rising, { clap: 4 });
  assert.deepEqual(come(rising, { clap: 1 }), {});
});

test("one's own rises once", () => {
  const rising = new Rising();
  rising.own("clap");
  assert.deepEqual(come(rising, { clap: 1 }), {});
  assert.deepEqual(come(rising, { clap: 2 }), { clap: 1 });
});

test("a crowd's applause stays a few", () => assert.deepEqual(come(new Rising(), { clap: 1_000 }), { clap: 4 }));

test("what was there before one came does not rise", () => {
  const rising = new Rising();
  rising.startFrom(new Map([["clap", 30]]));
  assert.deepEqual(come(rising, { clap: 31 }), { clap: 1 });
});
