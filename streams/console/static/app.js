// Puts the page together: what is shown where, changes as they come, and keys.
import { $, ask, counted, el, number, renew } from "./dom.js";
import { accountPage, rulePage, rulesPage, systemPage } from "./pages.js";
import { ACCOUNT, ID, Queue } from "./queue.js";
import { storyPage } from "./story.js";

const pane = $("pane");
const queue = new Queue((id) => go("alert", id));
let known = null; // the rules, as last asked for
let stream = null;
let pulse = null; // what the server said last of the topics
let visited = null; // the address of the page in the pane, or on its way there
let visits = 0; // a page that arrives after its successor was asked for is not shown
let arriving = null; // the promise of a page on its way
let stale = false; // whether the page changed while it was on its way

async function rules(anew = false) {
  if (anew || known === null) known = await ask("/api/rules");
  return known;
}

function go(page, id) {
  location.hash = `#/${page}${id === undefined ? "" : `/${encodeURIComponent(id)}`}`;
  visit();
}

function place() {
  const [page = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { page, id: decodeURIComponent(rest.join("/")) };
}

const PAGES = { alert: (id) => storyPage(id, rules), account: accountPage, rule: (id) => rulePage(id, rules), rules: () => rulesPage(rules), system: systemPage };

// Shows the page of the address. Its title gets the focus, unless the reader moved it while the page was on its way.
function visit() {
  if (location.hash === visited) return;
  visited = location.hash;
  stale = false;
  const mine = ++visits;
  const before = document.activeElement;
  arriving = show(mine).then((arrived) => {
    if (!arrived) return;
    arriving = null;
    const moved = document.activeElement !== before && document.activeElement !== document.body;
    pane.scrollTop = 0;
    if (!moved) takeFocus();
    if (stale) refresh();
  });
}

function takeFocus() {
  if (document.body.dataset.page !== "queue") pane.querySelector("h1")?.focus({ preventScroll: true });
  else if (matchMedia("(min-width: 900px)").matches) queue.list.focus({ preventScroll: true });
}

// Puts a page into the pane; false when another was asked for meanwhile.
async function show(mine) {
  const { page, id } = place();
  const make = PAGES[page];
  document.body.dataset.page = make ? page : "queue";
  for (const one of document.querySelectorAll("nav a")) {
    const here = one.dataset.page === (make && page !== "alert" && page !== "account" ? page.replace(/^rule$/, "rules") : "queue");
    if (here) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  const content = make ? await made(make, id) : welcome();
  if (mine !== visits) return false;
  if (page === "alert") queue.mark(id);
  pane.replaceChildren(...content);
  return true;
}

function welcome() {
  if (queue.all.length) return [el("p", { class: "empty" }, "Choose an alert: j and k move, Enter opens, ? shows all keys.")];
  const read = (topic, one, more) => counted(pulse?.topics[topic].messages ?? 0, one, more);
  return [el("p", { class: "empty" }, `No alerts yet. ${read("lockgate.verdicts", "verdict", "verdicts")} and ${read("lockgate.deadletters", "dead letter", "dead letters")} were read.`),
    el("p", { class: "empty" }, "Dead letters with their reasons, and whether everything runs: ", el("a", { href: "#/system" }, "System"), ".")];
}

async function made(make, id) {
  try {
    return (await make(id)).flat(2).filter(Boolean);
  } catch (error) {
    return [el("a", { class: "back", href: "#/" }, "← Queue"), el("h1", { tabindex: "-1" }, "Not to be shown"), el("p", {}, el("code", {}, id), " ", error.message)];
  }
}

// A page that changed under its reader: only what is different is touched, so that focus, scrolling and words half written stay.
async function refresh() {
  stale = arriving !== null;
  if (stale) return;
  const mine = visits;
  const { page, id } = place();
  const content = PAGES[page] ? await made(PAGES[page], id) : welcome();
  if (mine === visits) renew(pane, content);
}

async function load() {
  const { rows, epoch, seq, who, can_leave: canLeave, limit } = await ask("/api/queue");
  $("who").textContent = who;
  $("leave").hidden = !canLeave;
  queue.load(rows, limit);
  listen(`${epoch}-${seq}`);
}

function listen(after) {
  stream?.close();
  stream = new EventSource(`/api/stream?after=${encodeURIComponent(after)}`);
  let waiting = [];
  const take = () => {
    const rows = waiting;
    waiting = [];
    queue.take(rows);
    const { page, id } = place();
    if (page === "account" && rows.some((row) => row[ACCOUNT] === id)) refresh();
    if (page === "alert" && rows.some((row) => row[ID] === $("decide")?.dataset.story)) refresh();
  };
  stream.addEventListener("rows", (event) => {
    if (!waiting.length) setTimeout(take, 100);
    waiting.push(...JSON.parse(event.data));
  });
  stream.addEventListener("pulse", (event) => {
    pulse = JSON.parse(event.data);
    const trouble = Object.values(pulse.topics).some((one) => one.trouble);
    live(trouble ? "trouble: see System" : `live, ${pulse.verdicts_per_second.toFixed(1)} verdicts/s`, trouble);
    if (place().page === "system" || document.body.dataset.page === "queue") refresh();
  });
  stream.addEventListener("reset", () => { stream.close(); load(); });
  stream.addEventListener("error", () => live("connecting", true));
}

function live(text, trouble) {
  if ($("live").textContent !== text) $("live").textContent = text;
  $("live").classList.toggle("bad", trouble);
}

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  PageDown: () => move(10),
  PageUp: () => move(-10),
  Home: () => queue.select(0),
  End: () => queue.select(Infinity),
  Enter: () => queue.at >= 0 && queue.select(queue.at, true),
  "/": () => { if (getComputedStyle($("queue")).display === "none") go("", undefined); $("text").focus(); },
  "?": () => $("keys").showModal(),
  n: async () => {
    writing = true;
    await arriving; // else the note of the page before would have it, and lose it again
    writing = false;
    $("note")?.focus();
  },
  Escape: () => { go("", undefined); queue.list.focus(); },
};
const ON_LIST = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Enter"]);
let wentG = false;
let writing = false; // n was pressed, and the note is on its way: what is typed meanwhile is no command

function move(by) {
  queue.select(queue.at < 0 ? 0 : queue.at + by);
  if (place().page === "alert" && matchMedia("(min-width: 900px)").matches) queue.open(queue.atId);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open || writing) return;
  const typing = event.target.matches("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") queue.list.focus();
    if (event.key === "Enter" && event.target === $("text")) { queue.list.focus(); queue.select(0); }
    return;
  }
  if (wentG) {
    wentG = false;
    const to = { q: "", r: "rules", s: "system" }[event.key];
    if (to !== undefined) { go(to, undefined); event.preventDefault(); return; }
  }
  if (event.key === "g") { wentG = true; return; }
  const inList = event.target === queue.list || event.target === document.body;
  if (ON_LIST.has(event.key) && !inList) return;
  if (Object.hasOwn(KEYS, event.key)) { event.preventDefault(); KEYS[event.key](); }
});

$("help").addEventListener("click", () => $("keys").showModal());
$("leave").addEventListener("click", async () => {
  await ask("/logout", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  location.replace("/");
});
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
addEventListener("hashchange", visit);
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
await load();
visit();
await arriving;
document.body.dataset.ready = number(queue.all.length);
