import assert from "node:assert/strict";
import { test } from "node:test";

import { FILES, attendanceLines, openLinks, roleLines } from "../../../../server/showcaller/web/assets/organise_model.js";

const link = { token: "t", person: "p_mo", name: "Mo", roles: ["moderator"], sessions: [], stages: [], seen_ms: 0, expires_at_ms: 100, revoked: false };

test("each role says what it may do and who has a link that is good", () => {
  const sam = { ...link, name: "Sam", roles: ["stage_manager"], stages: ["quay"] };
  const gone = { ...link, name: "Gone", revoked: true };
  const old = { ...link, name: "Old", expires_at_ms: 10 };
  const lines = roleLines([link, { ...link, token: "t2" }, sam, gone, old], 50);
  const holders = Object.fromEntries(lines.map(({ role, holders }) => [role, holders]));
  assert.equal(holders["Moderators"], "Mo");
  assert.equal(holders["Stage managers"], "Sam (quay)");
  assert.equal(holders["Producers"], "");
  assert.ok(lines.every(({ may }) => may));
});

test("links for everybody hold no secret, and one for each stage", () => {
  const event = /** @type {any} */ ({ id: "conf", stages: [{ id: "a", title: "A" }, { id: "b", title: "B" }] });
  const links = openLinks(event);
  assert.equal(links.length, 5);
  assert.ok(links.every(({ path }) => !path.includes("#")));
  assert.equal(links.at(-1)?.path, "/e/conf/on-air/b");
});

test("attendance begins with the whole event", () => {
  const line = { session: "", title: "", peak: 1200, average: 800.5, minutes: 9, people: 1100 };
  const [whole, talk] = attendanceLines([line, { ...line, session: "gone" }]);
  assert.deepEqual(whole, { what: "The whole event", people: "1,100", peak: "1,200", average: "800.5" });
  assert.equal(talk?.what, "gone");
});

test("each file is offered once", () => {
  assert.equal(new Set(FILES.map(([name]) => name)).size, FILES.length);
});
