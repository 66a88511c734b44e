// Making elements. Whatever comes from outside becomes text, never markup: nothing here takes HTML.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(2)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const $ = (id) => document.getElementById(id);

export const link = (page, id, text = id) => el("a", { href: `#/${page}/${encodeURIComponent(id)}`, class: text === id ? "id" : null }, text);
export const badge = (severity) => el("span", { class: `badge ${severity}` }, severity);
export const section = (title, ...content) => el("section", { "data-name": title }, el("h2", {}, title), content);
export const pair = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
export const words = (name) => String(name).replaceAll("_", " ");
export const short = (text, most = 18) => (text.length <= most ? text : `${text.slice(0, most - 7)}…${text.slice(-6)}`);
export const number = (value) => Number(value).toLocaleString("en");
export const counted = (many, one, more) => `${number(many)} ${Number(many) === 1 ? one : more}`;
export const whom = (table) => words(table.replace(/^by_/, "").replace(".", " ")); // a rule's table of thresholds

export function when(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "never";
  return new Date(milliseconds).toISOString().replace("T", " ").slice(0, 19);
}

export function ago(milliseconds, now = Date.now()) {
  const seconds = Math.max(0, (now - milliseconds) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export const money = (text) => `$${Number(text).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

const KEPT = 12; // letters of a cell that are not broken into lines
const kept = (cell) => String(cell).length <= KEPT || /^\d{4}-\d\d-\d\d /.test(cell);

export function table(caption, heads, rows) {
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", { class: kept(cell) ? "keep" : null }, cell)))))));
}

const key = (node) => node.id || node.dataset?.name || node.nodeName;

// Makes the children of a node like fresh ones and leaves alone what is alike. Children are told apart by id, name (data-name) or
// tag; what is marked data-own looks after itself.
export function renew(node, fresh) {
  let rest = [...node.childNodes];
  const children = fresh.map((one) => {
    const at = rest.findIndex((old) => key(old) === key(one));
    if (at < 0) return one;
    const old = rest[at];
    rest = rest.slice(at + 1);
    if (!old.isEqualNode(one) && old.dataset?.own === undefined) become(old, one);
    return old;
  });
  for (const old of [...node.childNodes]) if (!children.includes(old)) old.remove();
  children.forEach((one, at) => { if (node.childNodes[at] !== one) node.insertBefore(one, node.childNodes[at] ?? null); });
}

function become(old, fresh) {
  if (!(old instanceof Element)) { old.data = fresh.data; return; }
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) old.setAttribute(name, fresh.getAttribute(name));
  renew(old, [...fresh.childNodes]);
}

export async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (answer.status === 401) location.replace("/");
  if (!answer.ok) throw new Error((await answer.text()).trim() || `${answer.status}`);
  return answer.json();
}
