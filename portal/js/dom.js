// Makes elements. Text only ever becomes text: nothing that a runner sends is read as HTML.

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "circle", "path", "rect", "line", "g", "text"]);

/** An element with attributes and children; a false, null or undefined attribute is left out. */
export function h(tag, attributes = {}, ...children) {
  const element = DRAWN.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Does something when the page has nothing else to do. */
export const idle = (act) => (globalThis.requestIdleCallback ?? setTimeout)(() => Promise.resolve(act()).catch(() => {}));

/** Lets the browser paint and answer its reader before a long piece of work goes on. */
export const breath = () => globalThis.scheduler?.yield?.() ?? new Promise((resume) => setTimeout(resume));

/** Changes the text of an element only where it differs, so that nothing is announced twice. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Puts `key`ed content into a place; the same key again keeps what is there, and with it focus and scroll. */
export function show(place, key, make) {
  if (place.dataset.shown === key) return place.firstElementChild;
  place.dataset.shown = key;
  place.replaceChildren(make());
  return place.firstElementChild;
}
