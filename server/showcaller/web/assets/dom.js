/** Elements from data. Text is always text: nothing here, or anywhere, parses HTML. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with properties, `on…` listeners, attributes and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [props] null, undefined and false leave a property out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProperty(element, name, value);
  element.append(...children.filter(isShown).map(toNode));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** @param {Child} child */
function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

/** @param {Child} child */
function toNode(child) {
  return child instanceof Node ? child : String(child);
}

/**
 * The element with this id, which the page has.
 *
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!element || (kind && !(element instanceof kind))) throw new Error(`the page has no #${id}`);
  return /** @type {Kind} */ (element);
}

/**
 * Sets the text, if it is another: a live region would announce the same words again.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows or hides it. What has the focus hands it on to what is nearest.
 *
 * @param {HTMLElement} element
 * @param {boolean} shown
 */
export function show(element, shown) {
  if (element.hidden !== shown) return;
  if (!shown && element.contains(document.activeElement)) handFocusOn(element, [element.parentElement]);
  element.hidden = !shown;
}

const FOCUSABLE = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex='0']";

/**
 * Moves the focus, once the rest of the page is rendered too: keys would be lost with what goes.
 *
 * @param {Element} gone that has the focus
 * @param {(Element | null)[]} near the first that is still there is looked in first, then what is around it
 */
function handFocusOn(gone, near) {
  queueMicrotask(() => {
    const { activeElement } = document;
    if (activeElement !== document.body && !gone.contains(activeElement)) return;
    if (gone.isConnected && gone.checkVisibility()) return;
    const box = near.find((one) => one?.isConnected) ?? null;
    for (let around = box; around && around !== document.body; around = around.parentElement) {
      const next = [...around.querySelectorAll(FOCUSABLE)].find((one) => one.checkVisibility() && !gone.contains(one));
      if (next instanceof HTMLElement) return next.focus({ preventScroll: true });
    }
  });
}

/**
 * Sets an attribute, or removes it for null.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @type {WeakMap<Element, Map<string, HTMLElement>>} */
const keptNodes = new WeakMap();

/**
 * Makes the container's children one per item, in order, keeping the element of each key, its focus
 * and what somebody is typing in it.
 *
 * @template Item
 * @template {HTMLElement} Kind
 * @param {Element} container
 * @param {Iterable<Item>} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => Kind} create
 * @param {(element: Kind, item: Item) => void} [update] called for new and kept ones
 */
export function keyed(container, items, keyOf, create, update = () => {}) {
  const before = keptNodes.get(container) ?? new Map();
  /** @type {Map<string, HTMLElement>} */
  const after = new Map();
  const focused = document.activeElement;
  for (const item of items) {
    const key = keyOf(item);
    const element = /** @type {Kind} */ (before.get(key) ?? create(item));
    update(element, item);
    after.set(key, element);
  }
  for (const [key, element] of before) {
    if (after.has(key)) continue;
    if (element.contains(focused)) handFocusOn(element, [element.nextElementSibling, element.previousElementSibling, container]);
    element.remove();
  }
  placeInOrder(container, [...after.values()]);
  keptNodes.set(container, after);
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true });
  }
}

/**
 * @param {Element} container
 * @param {HTMLElement[]} elements
 */
function placeInOrder(container, elements) {
  let here = container.firstElementChild;
  for (const element of elements) {
    if (element === here) here = here.nextElementSibling;
    else container.insertBefore(element, here);
  }
}

/**
 * Runs `render` once before the next frame, however often it is asked to.
 *
 * @param {() => void} render
 * @returns {() => void}
 */
export function eachFrame(render) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    queueFrame(() => {
      asked = false;
      render();
    });
  };
}

/** @param {() => void} run before the next frame; a hidden page gets none, but its state must stay right */
export function queueFrame(run) {
  if (document.visibilityState === "visible") requestAnimationFrame(run);
  else setTimeout(run);
}

/**
 * Closes a menu by a click anywhere else, or by Escape.
 *
 * @param {HTMLDetailsElement} menu
 */
export function closeOutside(menu) {
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !menu.contains(target)) menu.open = false;
  });
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
