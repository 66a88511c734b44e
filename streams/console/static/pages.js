// The pages of an account, the rules and the system.
import { ago, ask, badge, el, link, money, number, pair, section, short, table, when, whom, words } from "./dom.js";
import { bars, flowGraph, flows, hours } from "./graph.js";
import { ID, OUTCOMES, TITLE } from "./queue.js";
import { storyList } from "./story.js";

const title = (...content) => el("h1", { tabindex: "-1" }, content);
const figure = (value, label) => el("div", { class: "figure" }, el("b", {}, value), el("span", {}, label));
const percent = (share) => (share === null ? "–" : `${Math.round(share * 100)} %`);

export async function accountPage(id) {
  const account = await ask(`/api/account/${encodeURIComponent(id)}`);
  const { profile } = account;
  return [el("a", { class: "back", href: "#/" }, "← Queue"), title("Account ", el("code", {}, id)),
    el("div", { class: "figures" }, figure(number(account.story_count), "stories"),
      ["release", "hold", "reject"].map((name) => figure(number(account.decisions[name] ?? 0), name)),
      profile && [figure(worth(profile.usual.deposit), "usual deposit"), figure(worth(profile.usual.withdrawal), "usual withdrawal")]),
    section("Profile", profile ? habits(profile) : el("p", { class: account.profile_trouble ? "trouble" : null },
      account.profile_trouble ?? "No worker has met this account.")),
    profile?.days.length > 0 && section("Value by day", flows(profile.days)),
    section("Stories", account.stories.length < account.story_count && el("p", {}, `The newest ${number(account.stories.length)} are shown.`),
      account.stories.length ? storyList(account.stories) : el("p", {}, "none in memory")),
    account.dispositions.length > 0 && section("Notes and decisions", el("ol", { class: "timeline" }, account.dispositions.map(saidOfStory))),
    account.graph.length > 0 && section("Accounts and addresses", flowGraph(account.graph, id)),
    profile && section("With whom, of the recent transfers", table("With whom", ["address", "deposits", "came in", "withdrawals", "went out", "last"],
      profile.addresses.map((one) => [el("code", {}, one.address), one.deposits, money(one.deposited), one.withdrawals, money(one.withdrawn), when(one.last_ms)]))),
    profile && section("Recent transfers", transfers(profile)),
    section("Verdicts", account.verdicts.length ? table("Verdicts", ["time", "withdrawal", "decision", "alerts", "rules that could not answer"],
      account.verdicts.map((one) => [when(one.at_ms), el("code", {}, one.event_id), el("span", { class: `decision ${one.decision}` }, one.decision),
        one.alert_ids.map((name) => [link("alert", name, name.slice(0, 8)), " "]), one.not_evaluated])) : el("p", {}, "none in memory"))];
}

const worth = (text) => (text === null ? "–" : money(text));
const saidOfStory = ({ story, said }) => el("li", {}, el("time", { datetime: said.at }, when(Date.parse(said.at))), " ", el("b", {}, said.author),
  ` ${words(said.outcome)}: `, link("alert", story[ID], story[TITLE]), said.note && el("p", { class: "note" }, said.note));

function habits(profile) {
  const assets = Object.entries(profile.assets).sort((a, b) => b[1] - a[1]).slice(0, 6).map(([name, count]) => `${name} (${count})`);
  return el("div", { class: "beside" }, el("dl", {}, pair("opened", profile.opened_ms === null ? "not told" : when(profile.opened_ms)),
    pair("first transfer", when(profile.first_ms)), pair("kind of account", profile.account_type || "not told"),
    pair("last used from", profile.ip_country || "not told"), pair("addresses and devices met", number(profile.contacts)),
    pair("assets", assets.join(", ") || "none lately")),
  el("div", {}, el("h3", {}, "Hours of recent transfers, UTC"), hours(profile.hours)));
}

function transfers(profile) {
  return [profile.forgotten_ms && el("p", { class: "small" }, `Those until ${when(profile.forgotten_ms)} are remembered as daily sums only.`),
    table("Recent transfers", ["time", "", "value", "amount", "with", "transfer"], profile.transfers.map((one) => [when(one.at_ms), one.kind, money(one.value_usd),
      `${one.amount} ${one.asset}`, el("code", {}, short(one.address, 24)), el("code", {}, one.event_id)]))];
}

export async function rulesPage(rules) {
  const all = await rules(true);
  return [title("Rules"), el("p", {}, `${number(all.length)} rules. Counts are of the stories in memory; days are counted back from the newest message.`),
    table("Rules", ["rule", "severity", "status", "stories", "last 14 days", "open", "confirmed", "false positives", "not evaluated"], all.map((one) => [
      [link("rule", one.id), el("div", { class: "small" }, one.title)], one.severity ? badge(one.severity) : "not of this rule set", one.status ?? "", number(one.stories),
      bars(one.days, `${one.days.join(", ")} stories a day`), number(one.outcomes.open ?? 0), number(one.outcomes.confirmed ?? 0),
      percent(one.false_positive_share), number(one.not_evaluated)]))];
}

export async function rulePage(id, rules) {
  const rule = (await rules(true)).find((one) => one.id === id);
  if (!rule) return [el("a", { class: "back", href: "#/rules" }, "← Rules"), title("No such rule"),
    el("p", {}, el("code", {}, id), " is neither in this console's rule files nor behind a story in memory.")];
  const list = (name, items) => items.length > 0 && section(name, el("ul", {}, items.map((one) => el("li", {}, one))));
  const week = rule.days.slice(-7).reduce((sum, count) => sum + count, 0);
  return [el("a", { class: "back", href: "#/rules" }, "← Rules"), title(rule.title), el("p", {}, el("code", {}, rule.id)),
    el("div", { class: "figures" }, figure(number(rule.stories), "stories in memory"), figure(number(rule.days.at(-1)), "in the last day"),
      figure(percent(rule.false_positive_share), "false positives of decided"),
      figure((week / 7).toLocaleString("en", { maximumFractionDigits: 1 }), "a day, over a week"),
      figure(number(rule.not_evaluated), "not evaluated")),
    section("What analysts said of its stories", table("What analysts said", OUTCOMES.map(words), [OUTCOMES.map((name) => number(rule.outcomes[name] ?? 0))])),
    section("Stories a day, the last 14", bars(rule.days, `${rule.days.join(", ")} stories a day`)),
    ...(rule.unknown ? [el("p", {}, "This console's rule files do not hold the rule.")] : [
      section("Why", el("p", {}, rule.question), el("p", {}, badge(rule.severity), ` ${rule.action}, ${rule.status}, version ${rule.version}`)),
      section("Triage", el("p", {}, rule.triage)), list("False positives", rule.false_positives), list("Blind spots", rule.blind_spots),
      rule.params.length > 0 && section("Thresholds", table("Thresholds", ["parameter", "for", "value", "source"],
        rule.params.map((one) => [words(one.name), one.table === "params" ? "all" : whom(one.table), one.value, one.source]))),
      list("Described in", rule.typology), list("References", rule.references.map(elsewhere))])];
}

const elsewhere = (text) => (/^https:\/\/\S+$/.test(text) ? el("a", { href: text, rel: "noreferrer", target: "_blank" }, text) : text);

export async function systemPage() {
  const system = await ask("/api/system");
  const troubles = Map.groupBy(Object.entries(system.topics).filter(([, one]) => one.trouble), ([, one]) => one.trouble);
  return [title("System"),
    [...troubles].map(([trouble, topics]) => el("p", { class: "trouble", role: "alert" }, `${topics.map(([topic]) => topic).join(", ")}: ${trouble}`)),
    el("div", { class: "figures" }, figure(system.verdicts_per_second.toFixed(1), "verdicts a second, last minute"),
      figure(number(system.stories), "stories in memory"), figure(waiting(system.backlog), "transfers not judged yet"),
      figure(system.lists?.age_seconds == null ? "–" : age(system.lists), "age of the oldest list"),
      figure(number(system.topics["lockgate.deadletters"].messages), "dead letters read"),
      figure(system.newest_event_ms === null ? "none" : when(system.newest_event_ms), "newest event alerted on (UTC)")),
    section("Topics", table("Topics", ["topic", "state", "newest message", "behind", "read", "not readable"], Object.entries(system.topics).map(([topic, one]) => [
      topic, one.trouble ?? "well", one.newest_ms === null ? "none" : `${ago(one.newest_ms)} ago`, one.behind === null ? "–" : number(one.behind), number(one.messages), number(one.unreadable)]))),
    el("p", { class: "small" }, "Behind is what the console has still to read."),
    section("What the workers have still to judge", system.backlog.trouble ? el("p", { class: "trouble" }, system.backlog.trouble)
      : table("Backlog", ["topic", "records"], Object.entries(system.backlog.waiting).map(([topic, count]) => [topic, number(count)]))),
    section("Lists", system.lists === null ? el("p", {}, "no verdict yet that names them") : el("dl", {}, pair("in force", el("code", {}, system.lists.hash ?? "none")),
      pair("oldest of them", system.lists.age_seconds === null ? "date not known" : `${age(system.lists)} old`), pair("by the verdict of", when(system.lists.at_ms)))),
    section("Decisions", table("Decisions", ["decision", "verdicts read"], Object.entries(system.decisions).map(([name, count]) => [name, number(count)]))),
    section("Rule sets behind the stories", table("Rule sets", ["hash", "stories"], Object.entries(system.rulesets).map(([hash, count]) => [
      [el("code", {}, hash.slice(0, 16)), hash === system.ruleset ? " (this console's)" : ""], number(count)]))),
    system.dropped > 0 && el("p", {}, `${number(system.dropped)} older stories are out of memory (console_stories is ${number(system.limit)}).`),
    section("Dead letters, the newest first", system.deadletters.length ? table("Dead letters", ["time", "reason", "field", "message", "begins with"],
      system.deadletters.map((one) => [when(one.at_ms), one.reason, one.field, `${one.source.topic} ${one.source.partition}:${one.source.offset}`, el("code", {}, beginning(one.original))]))
      : el("p", {}, "none"))];
}

const waiting = ({ waiting: topics, trouble }) => (trouble ? "–" : number(Object.values(topics).reduce((sum, count) => sum + count, 0)));
const age = ({ age_seconds: seconds, at_ms: at }) => ago(at - seconds * 1000);

function beginning(base64) {
  try {
    const bytes = Uint8Array.from(atob(base64.slice(0, 160)), (one) => one.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return base64.slice(0, 120);
  }
}
