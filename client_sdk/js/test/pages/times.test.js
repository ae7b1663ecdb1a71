import assert from "node:assert/strict";
import { test } from "node:test";

import * as times from "../../../../server/showcaller/web/assets/times.js";

const PT = "America/Los_Angeles";
const NINE = Date.UTC(2023, 11, 13, 17, 0); // 09:00 PST

test("times of day in a zone", () => {
  assert.equal(times.clockTime(NINE, PT).replace("\u202f", " "), "9:00 AM");
  assert.equal(times.clockTimeWithSeconds(NINE + 5000, PT).replace("\u202f", " "), "9:00:05 AM");
  assert.match(times.clockRange(NINE, NINE + 20 * 60_000, PT), /^9:00\s–\s9:20\sAM$/);
  assert.equal(times.longDay(NINE, PT), "Wednesday, December 13, 2023");
  assert.equal(times.zoneName(NINE, "Europe/Paris"), "GMT+1");
});

test("a countdown rounds up, so that it reaches zero at the moment", () => {
  const cases = [
    [0, "0:00"], [1, "0:01"], [1000, "0:01"], [1001, "0:02"], [61_000, "1:01"], [3_600_000, "1:00:00"],
    [3_661_000, "1:01:01"], [90_061_000, "1 d 1:01:01"], [-5000, "0:00"],
  ];
  for (const [ms, text] of cases) assert.equal(times.countdown(ms), text);
});

test("minutes and lateness in words", () => {
  assert.deepEqual([5, 60, 80, -10].map(times.minutesText), ["5 min", "1 h", "1 h 20 min", "10 min"]);
  assert.deepEqual([0, 99, 400, 180_000].map(times.lateness), ["on time", "on time", "+0.4 s", "+3 min"]);
});

test("a wall clock's time in a zone is an instant, and back", () => {
  assert.equal(times.zonedInstant(PT, "2023-12-13", "09:00"), NINE);
  assert.deepEqual(times.wallClock(PT, NINE), { day: "2023-12-13", time: "09:00" });
});

test("law: back and forth over a year with daylight saving, in several zones", () => {
  for (const zone of [PT, "Europe/Lisbon", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]) {
    for (let hour = 0; hour < 366 * 24; hour += 7) {
      const { day, time } = times.wallClock(zone, Date.UTC(2024, 0, 1) + hour * 3_600_000);
      const instant = times.zonedInstant(zone, day, time);
      assert.deepEqual(times.wallClock(zone, instant), { day, time }, zone);
    }
  }
});

test("in the hour that daylight saving skips there is still an instant", () => {
  const instant = times.zonedInstant(PT, "2024-03-10", "02:30");
  assert.ok(Math.abs(instant - Date.UTC(2024, 2, 10, 10, 30)) <= 3_600_000);
});

test("a formatter is made once for a zone, however many times it formats", () => {
  const { DateTimeFormat } = Intl;
  let made = 0;
  Intl.DateTimeFormat = function counted(...given) {
    made += 1;
    return new DateTimeFormat(...given);
  };
  try {
    for (let i = 0; i < 100; i += 1) {
      times.clockTime(NINE + i, "Asia/Tokyo");
      times.clockRange(NINE, NINE + i, "Asia/Tokyo");
      times.longDay(NINE + i, "Asia/Tokyo");
      times.isOwnZone("Asia/Tokyo", NINE + i);
    }
  } finally {
    Intl.DateTimeFormat = DateTimeFormat;
  }
  assert.ok(made <= 4, `${made} were made`);
});
