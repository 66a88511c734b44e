// A story's page: what happened, what the rule says about it, and what analysts said.
import { ask, badge, counted, el, link, money, number, pair, section, table, when, whom, words } from "./dom.js";
import { flowGraph, timeStrip } from "./graph.js";
import { ACCOUNT, ALERTS, COUNTERPARTY, DETECTED, ID, OUTCOME, OUTCOMES, RULE, SEVERITY, STATUS, TITLE } from "./queue.js";

export async function storyPage(id, rules) {
  const story = await ask(`/api/alert/${encodeURIComponent(id)}`);
  const rule = (await rules()).find((one) => one.id === story.row[RULE]);
  const last = story.alerts.at(-1);
  return [
    heading(story, last),
    rule?.question && el("p", { class: "why" }, rule.question),
    last.list && listEntry(last.list),
    section("Evidence", ...evidence(story)),
    section("Facts and thresholds", factsTable(last, rule)),
    last.related.length > 0 && section("Related findings", related(last.related)),
    story.alerts.length > 1 && section("How the story went", history(story.alerts)),
    story.graph.length > 0 && section("Accounts and addresses", flowGraph(story.graph, story.row[ACCOUNT])),
    rule && !rule.unknown && section("What to do", el("p", {}, rule.triage), el("h3", {}, "False positives"),
      el("ul", {}, rule.false_positives.map((one) => el("li", {}, one))), el("p", {}, "More about the rule: ", link("rule", rule.id))),
    section("Notes and decisions", said(story.dispositions)), decide(story),
    story.neighbours.length > 0 && section("Other stories of the account or address", storyList(story.neighbours)),
    section("Where it stands", el("dl", { class: "small" }, pair("alert", last.alert_id), pair("rule version", last.rule_version),
      pair("rule set", last.ruleset), pair("message", `${last.source.topic} ${last.source.partition}:${last.source.offset}`),
      last.retroactive && pair("found", "in stored history, after a list had changed"), pair("described in", last.typology.join("; ")))),
  ];
}


function heading({ row }, last) {
  return el("div", { class: "head" }, el("a", { class: "back", href: "#/" }, "← Queue"),
    el("h1", { tabindex: "-1" }, badge(row[SEVERITY]), " ", row[TITLE]),
    el("dl", {}, pair("account", link("account", row[ACCOUNT])), row[COUNTERPARTY] && pair("counterparty", el("code", {}, row[COUNTERPARTY])),
      pair("rule", link("rule", row[RULE])), pair("recommended", last.action), pair("status", row[STATUS] + (row[ALERTS] > 1 ? `, ${row[ALERTS]} alerts` : "")),
      pair("decision", words(row[OUTCOME])), pair("detected", when(row[DETECTED]))));
}

function listEntry(entry) {
  return section("List entry", el("dl", {}, pair("list", entry.name), pair("published", entry.published ?? "date not known"),
    pair("entry", `${entry.entry_name} (${entry.entry_id})`), pair("matched", el("code", {}, entry.matched))));
}

function evidence({ alerts, verdicts }) {
  const told = new Map(alerts.flatMap((alert) => alert.evidence).map((one) => [one.event_id, one]));
  const all = [...told.values()].sort((a, b) => Date.parse(a.occurred_at) - Date.parse(b.occurred_at));
  if (!all.length) return [el("p", {}, "none")];
  const decision = new Map(verdicts.map((one) => [one.event_id, one.decision]));
  return [all.length > 1 && timeStrip(all), el("ol", { class: "timeline" }, all.map((one) => el("li", {},
    el("time", { datetime: one.occurred_at }, when(Date.parse(one.occurred_at))), " ",
    el("b", {}, money(one.value_usd)), ` ${one.amount} ${one.asset} `,
    decision.has(one.event_id) && el("span", { class: `decision ${decision.get(one.event_id)}` }, decision.get(one.event_id)),
    el("div", {}, one.shows), el("code", { class: "small" }, one.event_id))))];
}

function shown(value) {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([name, one]) => `${words(name)}: ${shown(one)}`).join("; ");
  return typeof value === "number" ? number(value) : String(value);
}

function factsTable(alert, rule) {
  const facts = Object.entries(alert.facts).map(([name, value]) => [words(name), shown(value)]);
  const thresholds = (rule?.params ?? []).map((one) => [words(one.name) + (one.table === "params" ? "" : ` (${whom(one.table)})`), one.value, one.source]);
  return el("div", { class: "beside" }, table("Facts", ["fact", "value"], facts),
    thresholds.length > 0 && table("Thresholds", ["threshold", "value", "source"], thresholds));
}

function related(findings) {
  return el("ul", { class: "plain" }, findings.map((one) => el("li", {}, badge(one.severity), " ", one.title, " ", link("rule", one.rule_id),
    el("div", { class: "small" }, Object.entries(one.facts).map(([name, value]) => `${words(name)} ${shown(value)}`).join(" · ")))));
}

function history(alerts) {
  return el("ol", { class: "timeline" }, alerts.map((one) => el("li", {}, el("time", { datetime: one.detected_at }, when(Date.parse(one.detected_at))), " ",
    el("b", {}, one.status), ` ${one.severity}, ${counted(one.evidence.length, "transfer", "transfers")} `, el("code", { class: "small" }, one.alert_id))));
}

function said(dispositions) {
  if (!dispositions.length) return el("p", {}, "nothing yet");
  return el("ol", { class: "timeline", id: "said" }, dispositions.map((one) => el("li", {}, el("time", { datetime: one.at }, when(Date.parse(one.at))), " ",
    el("b", {}, one.author), ` ${words(one.outcome)}`, one.note && el("p", { class: "note" }, one.note))));
}

const drafts = new Map(); // notes not saved, by story

function decide({ row }) {
  const outcome = el("select", { id: "decision" }, el("option", { value: "" }, "as it is"),
    OUTCOMES.map((name) => el("option", { value: name }, words(name))));
  const note = el("textarea", { id: "note", rows: "3", maxlength: "4000", input: () => drafts.set(row[ID], note.value) });
  note.value = drafts.get(row[ID]) ?? "";
  const button = el("button", {}, "Save");
  const answer = el("p", { role: "status" });
  const save = async (event) => {
    event.preventDefault();
    answer.textContent = "saving";
    button.setAttribute("aria-disabled", "true");
    const body = JSON.stringify({ alert_id: row[ID], outcome: outcome.value || null, note: note.value });
    try {
      await ask("/api/dispositions", { method: "POST", headers: { "content-type": "application/json" }, body });
      answer.textContent = "saved";
      outcome.value = note.value = "";
      drafts.delete(row[ID]);
    } catch (error) {
      answer.textContent = `not saved: ${error.message}`;
    }
    button.removeAttribute("aria-disabled");
  };
  const once = (event) => (button.hasAttribute("aria-disabled") ? event.preventDefault() : save(event));
  return el("form", { id: "decide", class: "decide", "data-story": row[ID], "data-own": true, submit: once }, el("label", { for: "decision" }, "Decision"), outcome,
    el("label", { for: "note" }, "Note"), note, button, answer);
}

export function storyList(rows) {
  return el("ul", { class: "plain" }, rows.map((row) => el("li", {}, badge(row[SEVERITY]), " ", link("alert", row[ID], row[TITLE]), " ",
    el("span", { class: "small" }, `${row[ACCOUNT]}${row[COUNTERPARTY] ? ` → ${row[COUNTERPARTY]}` : ""}, ${when(row[DETECTED])}`))));
}
