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

test("in the hour that clocks skip, the time after the jump is taken; of two, the first", () => {
  assert.equal(times.zonedInstant(PT, "2024-03-10", "02:30"), Date.UTC(2024, 2, 10, 10, 30));
  assert.equal(times.zonedInstant(PT, "2024-11-03", "01:30"), Date.UTC(2024, 10, 3, 8, 30));
  assert.equal(times.zonedInstant("Europe/Berlin", "2026-10-25", "02:30"), Date.UTC(2026, 9, 25, 0, 30));
  assert.equal(times.zonedInstant("Europe/Berlin", "2026-03-29", "02:30"), Date.UTC(2026, 2, 29, 1, 30));
});

const plain = (/** @type {string} */ text) => text.replaceAll(/[\u2009\u202f]/g, " ");

test("around a change of clocks both ends are shown, with their offsets", () => {
  const at = (/** @type {number} */ hour, /** @type {number} */ minute) => Date.UTC(2026, 9, 25, hour, minute);
  const range = (/** @type {number} */ from, /** @type {number} */ to) => plain(times.clockRange(from, to, "Europe/Berlin"));
  assert.equal(range(at(0, 30), at(1, 30)), "2:30 AM GMT+2 – 2:30 AM GMT+1");
  assert.equal(range(at(1, 0), at(1, 30)), "2:00 AM GMT+1 – 2:30 AM GMT+1");
  assert.equal(range(at(2, 0), at(2, 30)), "3:00 – 3:30 AM");
  assert.equal(plain(times.clockTime(at(1, 30), "Europe/Berlin")), "2:30 AM GMT+1");
  assert.equal(plain(times.clockTimeWithSeconds(at(0, 30), "Europe/Berlin")), "2:30:00 AM GMT+2");
  assert.equal(plain(times.clockTime(at(2, 30), "Europe/Berlin")), "3:30 AM");
  assert.equal(range(Date.UTC(2026, 2, 29, 0, 30), Date.UTC(2026, 2, 29, 1, 30)), "1:30 AM GMT+1 – 3:30 AM GMT+2");
});

/** Clocks at UTC − 5 all winter, which older data does not know. */
const WINNIPEG = {
  time_zone: "America/Winnipeg",
  time_zone_label: "",
  starts_at_ms: Date.UTC(2026, 11, 10, 15),
  utc_offsets: [{ from_ms: Date.UTC(2025, 0, 1), until_ms: Date.UTC(2028, 0, 1), offset_s: -5 * 3600 }],
};

test("the server's offsets count, whatever the browser knows", () => {
  const ten = WINNIPEG.starts_at_ms;
  assert.equal(plain(times.clockTime(ten, WINNIPEG)), "10:00 AM");
  assert.equal(plain(times.clockRange(ten, ten + 1_800_000, WINNIPEG)), "10:00 – 10:30 AM");
  assert.equal(times.longDay(Date.UTC(2026, 11, 11, 4, 59), WINNIPEG), "Thursday, December 10, 2026");
  assert.equal(times.zonedInstant(WINNIPEG, "2026-12-10", "10:00"), ten);
  assert.deepEqual(times.wallClock(WINNIPEG, ten), { day: "2026-12-10", time: "10:00" });
});

test("a zone that the browser does not know has the server's offsets, else UTC", () => {
  const unknown = { ...WINNIPEG, time_zone: "Mars/Olympus" };
  assert.equal(plain(times.clockTime(WINNIPEG.starts_at_ms, unknown)), "10:00 AM");
  assert.equal(times.zoneLabel(unknown), "GMT-5");
  assert.equal(plain(times.clockTime(Date.UTC(2035, 0, 1, 12), unknown)), "12:00 PM");
  assert.equal(plain(times.clockTime(Date.UTC(2035, 0, 1, 12), "Mars/Olympus")), "12:00 PM");
  assert.equal(times.zoneName(Date.UTC(2035, 0, 1, 12), unknown), "UTC");
});

test("who is in the event's zone sees the event's times, whatever their browser knows", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  assert.ok(times.isOwnZone({ ...WINNIPEG, time_zone: own }, WINNIPEG.starts_at_ms));
  assert.ok(!times.isOwnZone({ ...WINNIPEG, time_zone: "Asia/Kathmandu" }, WINNIPEG.starts_at_ms));
});

test("a time on another day than the heading says which", () => {
  const night = Date.UTC(2027, 5, 11, 22, 30);
  assert.equal(plain(times.clockTimeBeside(night, "Europe/Berlin", "2027-06-11")), "Sat 12:30 AM");
  assert.equal(plain(times.clockTimeBeside(night, "Europe/Berlin", "2027-06-12")), "12:30 AM");
  assert.equal(plain(times.clockTimeBeside(night, "Europe/Berlin", null)), "12:30 AM");
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
