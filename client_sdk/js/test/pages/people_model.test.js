import assert from "node:assert/strict";
import { test } from "node:test";

import { namesIn } from "../../../../server/showcaller/web/assets/people_model.js";

test("names stand by the alphabet, namesakes once, and the others are counted", () => {
  const { names, more } = namesIn(new Map([["Zoë", 1], ["ada", 2], ["Émile", 1]]), 7);
  assert.deepEqual(names, ["ada (2)", "Émile", "Zoë"]);
  assert.equal(more, 3);
  assert.deepEqual(namesIn(new Map([["Ada", 1]]), 0), { names: ["Ada"], more: 0 });
});
