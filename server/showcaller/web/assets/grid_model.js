/** The places of sessions in a grid of parallel stages: a column for each stage, a line for each time at which something begins or ends. Pure. */

/**
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} Cell
 * @property {Session} session
 * @property {number} row the first of its lines, from 1
 * @property {number} rows how many it takes
 * @property {number} column from 1
 *
 * @typedef {object} Grid
 * @property {{stage: string, column: number, columns: number}[]} stages those that have sessions, in the event's order
 * @property {{ms: number, row: number}[]} times at which sessions begin
 * @property {Cell[]} cells by their beginnings, and stages
 * @property {number} columns
 */

/**
 * @param {Session[]} sessions of a day, in their order
 * @param {readonly {id: string}[]} stages
 * @returns {Grid}
 */
export function gridOf(sessions, stages) {
  const spans = new Map(sessions.map((session) => [session, spanOf(session)]));
  const lines = [...new Set([...spans.values()].flat())].sort((a, b) => a - b);
  const rowOf = new Map(lines.map((ms, i) => [ms, i + 1]));
  /** @type {Grid["stages"]} */
  const placed = [];
  /** @type {Cell[]} */
  const cells = [];
  let column = 1;
  for (const { id } of stages) {
    const lanes = lanesOf(sessions.filter((session) => session.stage === id), spans);
    if (lanes.length === 0) continue;
    placed.push({ stage: id, column, columns: lanes.length });
    for (const lane of lanes) {
      for (const session of lane) cells.push({ session, column, ...rowsOf(spans.get(session) ?? [0, 0], rowOf) });
      column += 1;
    }
  }
  cells.sort((a, b) => a.row - b.row || a.column - b.column);
  const starts = [...new Set(sessions.map((session) => (spans.get(session) ?? [0])[0]))];
  return { stages: placed, cells, columns: column - 1, times: starts.map((ms) => ({ ms, row: rowOf.get(ms) ?? 1 })) };
}

/**
 * @param {Session} session
 * @returns {[number, number]} in whole minutes, so that a second's delay makes no line of its own
 */
function spanOf({ actual, expected }) {
  const minute = (/** @type {number} */ ms) => Math.floor(ms / 60_000) * 60_000;
  const start = minute(actual.start_ms ?? expected.start_ms);
  return [start, Math.max(start + 60_000, minute(actual.end_ms ?? expected.end_ms))];
}

/**
 * @param {[number, number]} span
 * @param {Map<number, number>} rowOf
 */
function rowsOf([start, end], rowOf) {
  const row = rowOf.get(start) ?? 1;
  return { row, rows: (rowOf.get(end) ?? row + 1) - row };
}

/**
 * Sessions of one stage side by side where they overlap, else below one another.
 *
 * @param {Session[]} sessions
 * @param {Map<Session, [number, number]>} spans
 */
function lanesOf(sessions, spans) {
  /** @type {Session[][]} */
  const lanes = [];
  for (const session of [...sessions].sort((a, b) => startOf(spans, a) - startOf(spans, b))) {
    const free = lanes.find((lane) => lane.every((other) => !overlap(spans.get(other), spans.get(session))));
    if (free) free.push(session);
    else lanes.push([session]);
  }
  return lanes;
}

/**
 * @param {Map<Session, [number, number]>} spans
 * @param {Session} session
 */
const startOf = (spans, session) => (spans.get(session) ?? [0])[0];

/**
 * @param {[number, number] | undefined} one
 * @param {[number, number] | undefined} other
 */
function overlap(one, other) {
  return one !== undefined && other !== undefined && one[0] < other[1] && other[0] < one[1];
}
