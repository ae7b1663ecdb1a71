/** Keys on the run sheet: they count while the focus is on a session's row, so that nobody presses one by accident. */

/**
 * @typedef {import("./runsheet_row.js").ControlName} ControlName
 * @typedef {import("./edit_model.js").EditKind} EditKind
 *
 * @typedef {object} Keyboard
 * @property {(session: string, name: ControlName) => boolean} press
 * @property {(session: string, kind: EditKind) => void} edit
 * @property {() => void} undo
 */

/** @type {Record<string, ControlName>} */
const CONTROLS = { s: "start", x: "end", e: "extend", d: "delay", k: "skip", r: "reopen", i: "guest" };
/** @type {Record<string, EditKind>} */
const EDITS = { m: "move", w: "swap", p: "speaker", b: "break", c: "cancel", g: "signal" };

/** @param {Keyboard} keyboard */
export function listenForKeys(keyboard) {
  document.addEventListener("keydown", (pressed) => {
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.defaultPrevented || pressed.repeat) return;
    const row = pressed.target instanceof Element ? pressed.target.closest("tr[data-session]") : null;
    if (row instanceof HTMLElement && act(keyboard, pressed.key, row)) pressed.preventDefault();
  });
}

/**
 * @param {Keyboard} keyboard
 * @param {string} key
 * @param {HTMLElement} row
 */
function act({ press, edit, undo }, key, row) {
  const session = row.dataset.session ?? "";
  const [control, kind] = [CONTROLS[key], EDITS[key]];
  if (key === "ArrowDown" || key === "ArrowUp") return goTo(row, key === "ArrowDown");
  if (control) return press(session, control);
  if (kind) edit(session, kind);
  else if (key === "u") undo();
  else return false;
  return true;
}

/**
 * @param {HTMLElement} row
 * @param {boolean} down
 */
function goTo(row, down) {
  const rows = [...document.querySelectorAll("tr[data-session]")];
  const link = rows[rows.indexOf(row) + (down ? 1 : -1)]?.querySelector("a");
  link?.focus();
  return Boolean(link);
}
