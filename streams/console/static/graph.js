// Two small pictures: who is joined with whom, and when it happened.
import { counted, el, money, short, svg, when } from "./dom.js";

const ROW = 34;
const MOST = 24; // edges that streams/console/answers.py sends at most
const WIDTH = 560; // of a strip
const WIDE = { box: 190, between: 172, letters: 24 };
const NARROW = { box: 150, between: 62, letters: 18 }; // on a phone, where letters keep their size

export function flowGraph(edges, subject) {
  const accounts = [...new Set(edges.map((edge) => edge.account))];
  const middle = (address) => { // of the accounts it is joined with: few lines cross when addresses stand beside them
    const ends = edges.filter((edge) => edge.address === address).map((edge) => accounts.indexOf(edge.account));
    return ends.reduce((sum, one) => sum + one, 0) / ends.length;
  };
  const addresses = [...new Set(edges.map((edge) => edge.address))].sort((a, b) => middle(a) - middle(b));
  const { box: breadth, between, letters } = matchMedia("(max-width: 899px)").matches ? NARROW : WIDE;
  const right = 4 + breadth + between;
  const rows = Math.max(accounts.length, addresses.length);
  const height = rows * ROW + 12;
  const y = (names, name) => 6 + (names.indexOf(name) + 0.5) * ((height - 12) / names.length);
  const box = (names, name, x, page) => {
    const top = y(names, name);
    const shape = svg("g", { class: name === subject ? "node subject" : "node" }, svg("title", {}, name),
      svg("rect", { x, y: top - 13, width: breadth, height: 26, rx: 6 }), svg("text", { x: x + breadth / 2, y: top + 4, "text-anchor": "middle" }, short(name, letters)));
    return page ? svg("a", { href: `#/${page}/${encodeURIComponent(name)}`, "aria-label": `account ${name}` }, shape) : shape;
  };
  const lines = edges.map((edge) => {
    const [from, to] = [y(accounts, edge.account), y(addresses, edge.address)];
    return svg("path", { class: `edge ${edge.severity}`, d: `M${4 + breadth} ${from} C${right - between / 2} ${from} ${right - between / 2} ${to} ${right} ${to}`, "stroke-width": Math.min(5, 1 + edge.stories) },
      svg("title", {}, `${edge.account} and ${edge.address}: ${counted(edge.stories, "story", "stories")}`));
  });
  const picture = svg("svg", { class: "graph", viewBox: `0 0 ${right + breadth + 4} ${height}`, role: "group",
    "aria-label": `${counted(accounts.length, "account", "accounts")} and ${counted(addresses.length, "address", "addresses")}` },
  lines, accounts.map((name) => box(accounts, name, 4, "account")), addresses.map((name) => box(addresses, name, right, null)));
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Accounts and addresses" }, picture,
    edges.length >= MOST && el("p", { class: "small" }, `The first ${MOST} are shown.`));
}

export function timeStrip(evidence) {
  const times = evidence.map((one) => Date.parse(one.occurred_at));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const most = Math.max(...evidence.map((one) => Number(one.value_usd)), 1);
  const x = (time) => (last === first ? WIDTH / 2 : 20 + ((time - first) / (last - first)) * (WIDTH - 40));
  return svg("svg", { class: "strip", viewBox: `0 0 ${WIDTH} 52`, role: "img",
    "aria-label": `${evidence.length} transfers from ${when(first)} to ${when(last)}` },
  svg("line", { x1: 8, x2: WIDTH - 8, y1: 26, y2: 26 }),
  evidence.map((one, index) => svg("circle", { cx: x(times[index]), cy: 26, r: 4 + 12 * Math.sqrt(Number(one.value_usd) / most) },
    svg("title", {}, `${when(times[index])}  ${money(one.value_usd)}  ${one.shows}`))));
}

export function bars(counts, label) {
  const most = Math.max(...counts, 1);
  return svg("svg", { class: "bars", viewBox: `0 0 ${counts.length * 8} 24`, role: "img", "aria-label": label },
    counts.map((count, index) => svg("rect", { x: index * 8, width: 6, y: 24 - (count ? 3 + (21 * count) / most : 1), height: 24 })));
}

// Value in (up) and out (down) by day; the taller of the two sides sets the scale of both.
export function flows(days) {
  const [most, middle, step] = [Math.max(...days.flatMap((day) => [Number(day.deposited), Number(day.withdrawn)]), 1), 50, 6];
  const height = (value) => (Number(value) ? Math.max(1, (44 * Number(value)) / most) : 0);
  const [first, last] = [when(days[0].at_ms).slice(0, 10), when(days.at(-1).at_ms).slice(0, 10)];
  const bar = (day, index) => {
    const [into, out] = [height(day.deposited), height(day.withdrawn)];
    const words = `${when(day.at_ms).slice(0, 10)}: in ${money(day.deposited)} (${day.deposits}), out ${money(day.withdrawn)} (${day.withdrawals})`;
    return svg("g", {}, svg("title", {}, words), svg("rect", { class: "in", x: index * step, width: step - 1, y: middle - into, height: into }),
      svg("rect", { class: "out", x: index * step, width: step - 1, y: middle + 1, height: out }));
  };
  return el("figure", {}, svg("svg", { class: "flows", viewBox: `0 0 ${days.length * step} 101`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Value in and out by day, ${first} to ${last}, at most ${money(most)} a day` },
  svg("line", { x1: 0, x2: days.length * step, y1: middle + 0.5, y2: middle + 0.5 }), days.map(bar)),
  el("figcaption", { class: "small ends" }, el("span", {}, first), el("span", {}, `in above, out below; at most ${money(most)} a day`), el("span", {}, last)));
}

export function hours(counts) {
  const most = Math.max(...counts, 1);
  return el("figure", {}, svg("svg", { class: "hours", viewBox: "0 0 240 44", role: "img",
    "aria-label": `Recent transfers by hour of the day: ${counts.map((count, hour) => (count ? `${hour} h ${count}` : "")).filter(Boolean).join(", ")}` },
  counts.map((count, hour) => svg("rect", { x: hour * 10 + 1, width: 8, y: 44 - (count ? 3 + (41 * count) / most : 1), height: 44 },
    svg("title", {}, `${hour}:00 to ${hour + 1}:00: ${count}`)))),
  el("figcaption", { class: "small ends" }, ["0 h", "6", "12", "18", "24 h"].map((text) => el("span", {}, text))));
}
