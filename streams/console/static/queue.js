// The queue: all stories in memory, filtered in one pass, and only the rows that can be seen in the page.
import { $, ago, counted, el, number, short, words } from "./dom.js";

// The columns of a row, as streams/console/stories.py sends them, and last the text that is searched.
export const [ID, SEVERITY, RULE, TITLE, ACCOUNT, COUNTERPARTY, STATUS, OUTCOME, DETECTED, ALERTS, LISTED, NOTES, TEXT] =
  Array(13).keys();
const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const RANK = Object.fromEntries(SEVERITIES.map((severity, rank) => [severity, rank]));
const STATUSES = ["new", "update", "closed"];
export const OUTCOMES = ["open", "investigating", "escalated", "confirmed", "false_positive"];
const HEIGHT = 58; // of a row in pixels, as in style.css
const SPARE = 6; // rows drawn beyond the edges

const searched = (row) =>
  [row[ID], row[TITLE], row[RULE], row[ACCOUNT], row[COUNTERPARTY] ?? "", row[LISTED] ?? ""].join("\n").toLowerCase();
const newest = (a, b) => b[DETECTED] - a[DETECTED];
const gravest = (a, b) => RANK[a[SEVERITY]] - RANK[b[SEVERITY]] || newest(a, b);

export class Queue {
  constructor(open) {
    this.open = open;
    this.byId = new Map();
    this.all = [];
    this.shown = [];
    this.limit = Infinity;
    this.at = -1;
    this.atId = null;
    this.off = new Set(); // severities not shown
    this.pool = [];
    this.list = $("list");
    this.list.addEventListener("scroll", () => this.draw(), { passive: true });
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.select(Number(option.dataset.index), true);
    });
    new ResizeObserver(() => this.draw()).observe(this.list);
    this.buildFilters();
  }

  buildFilters() {
    this.chips = new Map(SEVERITIES.map((severity) => {
      const count = el("b", {}, "0");
      const chip = el("button", { type: "button", class: `chip ${severity}`, "aria-pressed": "true", click: () => {
        if (this.off.has(severity)) this.off.delete(severity);
        else this.off.add(severity);
        chip.setAttribute("aria-pressed", String(!this.off.has(severity)));
        this.filter(true);
      } }, severity, " ", count);
      $("severities").append(chip);
      return [severity, count];
    }));
    const options = (all, names) => [el("option", { value: "" }, all), ...names.map((name) => el("option", { value: name }, words(name)))];
    $("status").append(...options("Any status", STATUSES));
    $("outcome").append(...options("Any decision", OUTCOMES));
    $("rule").append(...options("All rules", []));
    this.rules = new Set();
    for (const id of ["rule", "status", "outcome", "order"]) $(id).addEventListener("change", () => this.filter(true));
    $("text").addEventListener("input", () => this.filter(true));
    $("filters").addEventListener("submit", (event) => event.preventDefault());
  }

  load(rows, limit) {
    this.limit = limit;
    this.byId.clear();
    this.all = [];
    this.take(rows);
  }

  take(rows) {
    for (const row of rows) {
      row[TEXT] = searched(row);
      this.byId.set(row[ID], row);
      this.offerRule(row[RULE]);
    }
    this.all = [...this.byId.values()].sort(newest);
    for (const row of this.all.splice(this.limit)) this.byId.delete(row[ID]);
    this.filter();
  }

  offerRule(rule) {
    if (this.rules.has(rule)) return;
    this.rules.add(rule);
    const options = [...$("rule").options].slice(1);
    const before = options.find((option) => option.value > rule);
    $("rule").insertBefore(el("option", { value: rule }, rule), before ?? null);
  }

  filter(byHand = false) {
    const began = performance.now();
    const anchor = byHand || this.list.scrollTop === 0 ? null : this.shown[Math.floor(this.list.scrollTop / HEIGHT)];
    const [rule, status, outcome] = [$("rule").value, $("status").value, $("outcome").value];
    const parts = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]));
    const shown = [];
    for (const row of this.all) {
      if (rule && row[RULE] !== rule) continue;
      if (status && row[STATUS] !== status) continue;
      if (outcome && row[OUTCOME] !== outcome) continue;
      if (parts.length && !parts.every((part) => row[TEXT].includes(part))) continue;
      counts[row[SEVERITY]] += 1;
      if (!this.off.has(row[SEVERITY])) shown.push(row);
    }
    if ($("order").value === "severity") shown.sort(gravest);
    this.shown = shown;
    for (const [severity, count] of this.chips) count.textContent = number(counts[severity]);
    $("count").textContent = `${number(shown.length)} of ${number(this.all.length)} stories`;
    $("space").style.height = `${shown.length * HEIGHT}px`;
    this.at = this.atId === null ? -1 : shown.indexOf(this.byId.get(this.atId));
    if (byHand) this.list.scrollTop = 0;
    else if (anchor) {
      const now = shown.indexOf(this.byId.get(anchor[ID]));
      if (now >= 0) this.list.scrollTop = now * HEIGHT + (this.list.scrollTop % HEIGHT);
    }
    this.draw();
    performance.measure("filter", { start: began, end: performance.now() });
  }

  draw() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / HEIGHT) + SPARE);
    while (this.pool.length < last - first) this.pool.push(makeOption($("space")));
    this.pool.forEach((option, place) => {
      const index = first + place;
      option.node.hidden = index >= last;
      if (index < last) this.show(option, index);
    });
    const current = this.at >= first && this.at < last ? `row-${this.at}` : null;
    if (current) this.list.setAttribute("aria-activedescendant", current);
    else this.list.removeAttribute("aria-activedescendant");
  }

  show(option, index) {
    const row = this.shown[index];
    const { node } = option;
    node.id = `row-${index}`;
    node.dataset.index = index;
    node.style.transform = `translateY(${index * HEIGHT}px)`;
    node.setAttribute("aria-posinset", index + 1);
    node.setAttribute("aria-setsize", this.shown.length);
    node.setAttribute("aria-selected", String(index === this.at));
    option.severity.className = `badge ${row[SEVERITY]}`;
    option.severity.textContent = row[SEVERITY];
    option.title.textContent = row[TITLE];
    option.subject.textContent = row[ACCOUNT] + (row[COUNTERPARTY] ? ` → ${short(row[COUNTERPARTY])}` : "") + ` · ${row[RULE]}`;
    const marks = [row[STATUS] === "new" ? null : row[STATUS], row[OUTCOME] === "open" ? null : words(row[OUTCOME]),
      row[ALERTS] > 1 ? `${row[ALERTS]} alerts` : null, row[NOTES] ? counted(row[NOTES], "note", "notes") : null];
    option.marks.textContent = marks.filter(Boolean).join(" · ");
    option.time.textContent = ago(row[DETECTED]);
  }

  mark(id) {
    if (this.atId === id || !this.byId.has(id)) return;
    this.atId = id;
    this.at = this.shown.indexOf(this.byId.get(id));
    this.draw();
  }

  select(index, open = false) {
    if (!this.shown.length) return;
    this.at = Math.max(0, Math.min(index, this.shown.length - 1));
    this.atId = this.shown[this.at][ID];
    const top = this.at * HEIGHT;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + HEIGHT > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + HEIGHT - this.list.clientHeight;
    this.draw();
    if (open) this.open(this.atId);
  }
}

function makeOption(space) {
  const [severity, title, subject, marks, time] = ["badge", "title", "subject", "marks", "time"].map((name) => el("span", { class: name }));
  const node = el("div", { role: "option", class: "row" }, severity, el("span", { class: "what" }, title, subject),
    el("span", { class: "how" }, time, marks));
  space.append(node);
  return { node, severity, title, subject, marks, time };
}
