import assert from "node:assert/strict";
import { test } from "node:test";

import { byName, paragraphs, talksOf, workOf } from "../../../../server/showcaller/web/assets/speaker_model.js";
import { session } from "../../testing/sessions.js";

test("a speaker's talks stand as they are expected to happen", () => {
  const talks = [session("late", 60, { speakers: ["ada", "bob"] }), session("early", 0, { speakers: ["ada"] }), session("other", 30)];
  const items = new Map(talks.map((talk) => [`session:${talk.id}`, talk]));
  assert.deepEqual(talksOf(items, "ada").map(({ id }) => id), ["early", "late"]);
  assert.deepEqual(talksOf(items, "eve"), []);
});

test("a biography's paragraphs are parted by empty lines", () => {
  assert.deepEqual(paragraphs("One.\nStill one.\n\n  \nTwo.\n"), ["One.\nStill one.", "Two."]);
  assert.deepEqual(paragraphs(""), []);
});

test("work is told as far as it is known", () => {
  assert.equal(workOf({ role: "Engineer", company: "Engine Ltd" }), "Engineer, Engine Ltd");
  assert.equal(workOf({ role: "", company: "Engine Ltd" }), "Engine Ltd");
});

test("speakers stand by their names, wherever they come from", () => {
  const named = (...names) => names.map((name) => ({ id: name, name, company: "", role: "" }));
  assert.deepEqual(byName(named("Żaneta", "Émile", "Ada", "Zoe")).map(({ name }) => name), ["Ada", "Émile", "Żaneta", "Zoe"]);
});
