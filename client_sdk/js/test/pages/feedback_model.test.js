import assert from "node:assert/strict";
import { test } from "node:test";

import { headline, newestFirst, ownText, takesRatings, tallyOf } from "../../../../server/showcaller/web/assets/feedback_model.js";

test("a talk is rated once it is over, where the event wants it", () => {
  assert.equal(takesRatings({ feedback: true, state: "ended" }), true);
  for (const session of [{ feedback: true, state: "live" }, { feedback: true, state: "skipped" }, { state: "ended" }]) {
    assert.equal(takesRatings(session), false);
  }
});

test("ratings are counted, with their mean in words", () => {
  const tally = tallyOf(new Map([["5", 2], ["2", 1]]));
  assert.deepEqual(tally.map(({ count }) => count), [2, 0, 0, 1, 0]);
  assert.equal(headline(tally), "4.0 of 5, from 3 ratings");
  assert.equal(headline(tallyOf(new Map([["1", 1]]))), "1.0 of 5, from one rating");
  assert.equal(headline(tallyOf(new Map())), "Nobody has rated it yet.");
});

test("one's own rating is told back, and comments stand the newest first", () => {
  assert.equal(ownText({ stars: 4, comment: "" }), "You gave 4 of 5 stars.");
  assert.equal(ownText({ stars: 4, comment: "Fine" }), "You gave 4 of 5 stars, and wrote a comment.");
  const comments = [{ id: "b", said_ms: 1 }, { id: "a", said_ms: 1 }, { id: "c", said_ms: 2 }];
  assert.deepEqual(newestFirst(comments).map(({ id }) => id), ["c", "a", "b"]);
});
