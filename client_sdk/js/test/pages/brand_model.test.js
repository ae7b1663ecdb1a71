import assert from "node:assert/strict";
import { test } from "node:test";

import { brandColours, inkOn } from "../../../../server/showcaller/web/assets/brand_model.js";

test("an accent is written on in what is read best", () => {
  assert.equal(inkOn("#0d5c63"), "#ffffff");
  assert.equal(inkOn("#7fd0d3"), "#000000");
});

test("a theme without a colour, or with none that is one, keeps the pages' own", () => {
  assert.deepEqual(brandColours({ light: "#0d5c63", dark: "" }), { "--brand-light": "#0d5c63", "--on-brand-light": "#ffffff" });
  assert.deepEqual(brandColours({ light: "red; --ink: red" }), {});
  assert.deepEqual(brandColours({}), {});
});
