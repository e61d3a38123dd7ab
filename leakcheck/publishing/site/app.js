// The page: a form, an answer, what to do. All that decides is in leakcheck.js.
//
// Rule 1: what is typed goes into no address, storage or request. Rule 2: text is set as text, as
// names and notes come from filters. Rule 3: framed, the page does nothing: what surrounds it could
// pass for us.

import { check, open, openSaved } from "./leakcheck.js";

const language = document.documentElement.lang;
const at = (id) => document.getElementById(id);
const [form, answer, todo] = [at("form"), at("answer"), at("todo")];
const KINDS = { address: ["email"], password: ["password", "ntlm"], pair: ["credential"] };
const REFUSED = ["address", "password", "credential"]; // what was typed cannot be asked
let texts, about, mode;

// A text, with what stands in its braces.
function say(template, values = {}) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const paragraph = (text, style = "") => element("p", text, style ? { class: style } : {});
const number = (value, digits = 2) => new Intl.NumberFormat(language, { maximumSignificantDigits: digits }).format(value);
const listed = (items) => new Intl.ListFormat(language).format(items);

function date(text) {
  const found = new Date(text);
  return Number.isNaN(found.getTime()) ? text : new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(found);
}

const odds = (chance) => (chance < 1e-12 ? texts.practicallyNone : say(texts.oneIn, { number: number(1 / chance) }));

// What the sentences of a mode are called in texts/*.json.
const inMode = (name) => texts[name + { address: "", password: "Password", pair: "Pair" }[mode]];

function reasonOf({ reason, why }) {
  return say(texts.reasons[reason] ?? texts.reasons.network, { why: why ?? "" });
}

// The answer to show, all of it in the element with role=status.
function show(found) {
  const shown = [], values = { title: about.title, contact: about.contact };
  const hits = found.sources.filter((source) => source.verdict === "exposed");
  const open = found.sources.filter((source) => source.verdict === "unknown");
  if (found.verdict === "exposed") {
    shown.push(paragraph(say(inMode("exposed"), values), "verdict"));
    for (const hit of hits.filter((each) => each.matched)) shown.push(paragraph(say(texts.matched, { spelling: hit.matched })));
    shown.push(paragraph(say(texts.doubt, { odds: odds(Math.min(...hits.map((hit) => hit.falseAlarm))) })));
    if (mode !== "password" && about.data.length) {
      shown.push(paragraph(say(texts.leaked, { data: listed(about.data.map((each) => texts.kinds[each])) })));
    }
    for (const hit of hits) if (hit.note) shown.push(paragraph(hit.note));
  } else if (found.verdict === "clean") {
    shown.push(paragraph(say(inMode("clean"), values), "verdict"), paragraph(inMode("cleanMeans")));
  } else {
    const reason = reasonOf(open[0] ?? found);
    shown.push(paragraph(say(texts.unknown, { reason }), "verdict"));
    if (!REFUSED.includes(found.reason)) shown.push(paragraph(say(texts.unknownMeans, values)));
  }
  if (found.sources.length) {
    const list = element("ul", "");
    for (const source of found.sources) {
      const more = source.verdict === "unknown" ? ` (${reasonOf(source)})` : "";
      const dated = source.date ? `, ${date(source.date)}` : "";
      list.append(element("li", `${source.name}${dated}: ${texts.verdicts[source.verdict]}${more}`));
    }
    shown.push(list);
  }
  const told = Math.max(0, ...found.sources.map((source) => source.bits ?? 0));
  if (told >= 1) {
    shown.push(paragraph(say(texts.bits, { bits: number(told), people: number(2 ** told) }), "small"));
  }
  const signed = found.sources.find((source) => source.signed)?.signed;
  if (signed) shown.push(paragraph(say(texts.signed, { ...signed, date: date(signed.issued) }), "small"));
  else if (!about.keys.length) shown.push(paragraph(texts.unsigned, "small"));
  answer.replaceChildren(...shown);
  answer.dataset.verdict = found.verdict;
  todo.hidden = found.verdict !== "exposed";
  const leaked = mode === "password" ? ["password"] : about.data;
  at("actions").replaceChildren(...leaked.map((each) => element("li", texts.actions[each])));
  at("help").replaceChildren(...texts.help.map(({ text, name, url }) => {
    const item = element("li", `${text}${texts.colon} `);
    item.append(element("a", name, { href: url, rel: "noreferrer noopener" }));
    return item;
  }));
}

// Show the fields of a mode, and buttons for the others.
function choose(next, modes) {
  mode = next;
  at("address-field").hidden = mode === "password";
  at("password-field").hidden = mode === "address";
  at("password").value = "";
  at("modes").replaceChildren(...modes.filter((each) => each !== mode).map((each) => {
    const name = { address: "askAddress", password: "askPassword", pair: "askPair" }[each];
    const button = element("button", texts[name], { type: "button", "data-mode": each });
    button.addEventListener("click", () => {
      choose(each, modes);
      at(each === "password" ? "password" : "address").focus();
    });
    return button;
  }));
  clear();
}

function clear() {
  answer.replaceChildren();
  delete answer.dataset.verdict;
  todo.hidden = true;
}

async function submit(event) {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-disabled")) return;
  const address = at("address").value, password = at("password").value;
  clear();
  answer.append(paragraph(texts.checking));
  button.setAttribute("aria-disabled", "true");
  const kinds = KINDS[mode].filter((kind) => about.filters.some((filter) => filter.kind === kind));
  const subject = { address, password, pair: { address, password } }[mode];
  const found = await Promise.all(kinds.map((kind) => check(subject, { kind })));
  const verdicts = found.map((each) => each.verdict);
  const verdict = ["exposed", "unknown", "clean"].find((each) => verdicts.includes(each)) ?? "unknown";
  show({ ...found.find((each) => each.verdict === verdict), verdict, sources: found.flatMap((each) => each.sources) });
  at("password").value = "";
  button.removeAttribute("aria-disabled");
  const field = at(mode === "password" ? "password" : "address");
  const refused = found.some((each) => REFUSED.includes(each.reason));
  field.setAttribute("aria-invalid", String(refused));
  if (refused) field.focus();
  answer.scrollIntoView({ block: "nearest" });
}

// From the page that speaks no language in particular to the one that the visitor reads.
function moveOn() {
  const known = [...document.querySelectorAll("nav a")].map((link) => link.hreflang);
  const wanted = navigator.languages.map((each) => each.split("-")[0]).find((each) => known.includes(each));
  if (!document.documentElement.hasAttribute("data-auto") || !wanted || wanted === language) return false;
  location.replace(`${wanted}.html`);
  return true;
}

async function start() {
  if (globalThis.top !== globalThis.self || moveOn()) return;
  const saved = at("saved") && JSON.parse(at("saved").textContent);
  if (saved) openSaved(saved);
  const quiet = { credentials: "omit", referrerPolicy: "no-referrer" };
  const texted = saved?.texts ?? fetch(`texts/${language}.json`, quiet).then((response) => response.json());
  const site = await open();
  [texts, about] = [await texted, site.about];
  const modes = Object.keys(KINDS).filter((each) => about.filters.some((filter) => KINDS[each].includes(filter.kind)));
  choose(modes[0], modes);
  form.addEventListener("submit", submit);
  form.addEventListener("input", clear);
  form.hidden = false;
  at("without").hidden = true;
}

start().catch(() => {
  at("without").hidden = true;
  at("failed").hidden = false;
});
