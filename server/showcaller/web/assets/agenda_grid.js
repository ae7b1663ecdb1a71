/** The agenda of a day with its stages side by side. */

import { isOn, statusOf } from "./agenda_model.js";
import { h, keyed, setAttribute, setText, show } from "./dom.js";
import { showStar, starButton } from "./favourites.js";
import { gridOf } from "./grid_model.js";
import { address } from "./place.js";
import { clockRange, clockTime } from "./times.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("./session_row.js").RowContext} RowContext
 * @typedef {import("./grid_model.js").Cell} Cell
 */

const HEAD_ROWS = 1;

/**
 * @param {HTMLElement} container
 * @param {Session[]} sessions of one day
 * @param {RowContext} context
 */
export function showGrid(container, sessions, context) {
  const { stages, times, cells, columns } = gridOf(sessions, context.event.stages);
  container.style.setProperty("--columns", String(columns));
  keyed(
    container,
    [...stages.map((head) => ({ head, key: `head:${head.stage}` })), ...times.map((time) => ({ time, key: `time:${time.row}` })), ...cells.map((cell) => ({ cell, key: cell.session.id }))],
    ({ key }) => key,
    (one) => ("cell" in one ? newCell(one.cell.session, context) : h("li", { class: "head" in one ? "grid-stage" : "grid-time times", "aria-hidden": "true" })),
    (element, one) => {
      if ("head" in one) updateHead(element, one.head, context);
      else if ("time" in one) updateTime(element, one.time, context);
      else updateCell(element, one.cell, context);
    },
  );
}

/**
 * @param {HTMLElement} element
 * @param {{stage: string, column: number, columns: number}} head
 * @param {RowContext} context
 */
function updateHead(element, { stage, column, columns }, { event }) {
  setText(element, event.stages.find(({ id }) => id === stage)?.title ?? stage);
  element.style.gridRow = "1";
  element.style.gridColumn = `${column + 1} / span ${columns}`;
}

/**
 * @param {HTMLElement} element
 * @param {{ms: number, row: number}} time
 * @param {RowContext} context
 */
function updateTime(element, { ms, row }, { zone }) {
  setText(element, clockTime(ms, zone));
  element.style.gridRow = String(row + HEAD_ROWS);
  element.style.gridColumn = "1";
}

/**
 * @param {Session} session
 * @param {RowContext} context
 */
function newCell({ id }, { star }) {
  return h(
    "li",
    { class: "grid-cell", "data-session": id },
    h("p", { class: "row small" }, h("span", { class: "quiet times" }), h("span", { class: "pill" }), starButton(() => star(id))),
    h("h3", {}, h("a", {})),
    h("p", { class: "small quiet" }, h("span", { class: "visually-hidden" }), h("span", {})),
  );
}

/**
 * @param {HTMLElement} element
 * @param {Cell} cell
 * @param {RowContext} context
 */
function updateCell(element, { session, row, rows, column }, { event, items, eventId, zone, favourites }) {
  const [top, heading, about] = /** @type {HTMLElement[]} */ ([...element.children]);
  const [when, pill, star] = /** @type {HTMLElement[]} */ ([...(top?.children ?? [])]);
  const link = heading?.firstElementChild;
  const [where, who] = about?.children ?? [];
  if (!when || !pill || !link || !about || !where || !who || !(star instanceof HTMLButtonElement)) return;
  const status = statusOf(session, items);
  const theme = event.themes.findIndex(({ id }) => id === session.theme);
  const stage = event.stages.find(({ id }) => id === session.stage)?.title ?? session.stage;
  element.style.gridRow = `${row + HEAD_ROWS} / span ${rows}`;
  element.style.gridColumn = String(column + 1);
  element.dataset.state = session.state;
  element.dataset.kind = session.kind;
  element.dataset.on = String(isOn(session) && session.kind !== "break");
  setAttribute(element, "data-hue", theme < 0 ? null : String(theme % 6));
  setText(when, clockRange(session.actual.start_ms ?? session.expected.start_ms, session.actual.end_ms ?? session.expected.end_ms, zone));
  setText(pill, status.text);
  pill.dataset.tone = status.tone;
  show(pill, status.text !== "");
  showStar(star, favourites(), session);
  setText(link, session.title);
  setAttribute(link, "href", session.kind === "break" ? null : address(eventId, "watch", session.id));
  const names = session.speakers.flatMap((id) => event.speakers.find((speaker) => speaker.id === id)?.name ?? []);
  // The column's head says it to the eye.
  setText(where, names.length > 0 ? `${stage}: ` : stage);
  setText(who, names.join(", "));
}
