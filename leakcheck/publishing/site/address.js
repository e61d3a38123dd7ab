// From what a person types to the forms in which a dump may hold it, and their digests.
// Normative: docs/address.md, whose steps have their numbers here. What cannot be asked throws a
// SubjectError; what this browser is too old to answer for is marked, and is never "clean".

import { read } from "./tables.js";
import { decode, encode, fromLatin, utf16, windows } from "./bytes.js";
import * as punycode from "./punycode.js";

export class SubjectError extends Error {}

const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]+";
const EDGES = new RegExp(`^${BLANK}|${BLANK}$`, "g");
const QUOTES = ['""', "''", "“”", "‘’", "„“", "«»", "‹›", "``"];
const STOP = /[.。．｡]/u;
const AT = /@|%40|\\{1,4}(?:u00|x)40|&#(?:0{0,3}64|[xX]0{0,2}40);/g;
const AFTER_AT = 2036, HOST_BYTES = 1024, HOST_CHARACTERS = 254, LONGEST = 253, LABEL = 63, WRITTEN = 59;
const OLDEST = "0", NEWER = "9999";
const ASCII = /^[\x00-\x7f]*$/;

const strip = (text) => text.replace(EDGES, "");
const lower = (text) => text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
const refuse = (why) => { throw new SubjectError(why); };

// Step 1.
function bare(text) {
  for (let before = null; text !== before;) {
    before = text;
    text = strip(text);
    if (text.endsWith(">") && text.includes("<")) text = strip(text.slice(text.lastIndexOf("<") + 1, -1));
    const marks = [...text];
    if (marks.length > 1 && QUOTES.includes(marks[0] + marks.at(-1))) text = strip(text.slice(1, -1));
    if (/^mailto:/i.test(text)) text = text.slice(7).split("?", 1)[0];
    if (STOP.test(text.slice(-1))) text = text.slice(0, -1);
  }
  return text;
}

// Step 3: `text` with each escape read once, in bytes, as a byte may be written by itself.
function unescaped(text) {
  const out = [];
  const push = (code) => out.push(...(code >= 0xd800 && code < 0xe000 ? [63] : encode(String.fromCodePoint(code))));
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 24);
    let found;
    if ((found = /^%([0-9a-fA-F]{2})/.exec(rest))) out.push(parseInt(found[1], 16));
    else if ((found = /^\\{1,4}u([dD][89abAB][0-9a-fA-F]{2})\\{1,4}u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(rest))) {
      push(0x10000 + ((parseInt(found[1], 16) & 0x3ff) << 10) + (parseInt(found[2], 16) & 0x3ff));
    } else if ((found = /^\\{1,4}(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|')/.exec(rest))) {
      push(parseInt(found[1] ?? found[2] ?? "27", 16));
    } else if ((found = /^&(?:#([0-9]{1,5})|#[xX]([0-9a-fA-F]{1,4})|apos);/.exec(rest))) {
      push(found[1] ? Number(found[1]) : parseInt(found[2] ?? "27", 16));
    } else {
      found = [String.fromCodePoint(text.codePointAt(at))];
      out.push(...encode(found[0]));
    }
    at += found[0].length;
  }
  return decode(Uint8Array.from(out));
}

// Step 4.
function localPart(text) {
  if (!text || text.length > 64) refuse("there are 1 to 64 characters before the @");
  if (!/^[A-Za-z0-9_+.'-]+$/.test(text) || /^\.|\.$|\.\./.test(text) || /(?<![A-Za-z])'|'(?![A-Za-z])/.test(text)) {
    refuse("what is before the @ cannot be part of an address");
  }
  return lower(text);
}

// Steps 5 to 7 and the second form, over tables.
class Domains {
  constructor(tables) {
    this.tables = tables;
    this.tooNew = false; // whether a character is newer than this browser
  }

  // One or two forms of a domain; throws where it has none.
  forms(text) {
    if (encode(text).length > HOST_BYTES) refuse("the domain is too long");
    const marks = [...fromLatin(text)];
    if (marks.length > HOST_CHARACTERS || !marks.every((mark) => /[A-Za-z0-9.-]/.test(mark) || STOP.test(mark) ||
        (mark > "\x7f" && this.tables.fate(mark)))) {
      refuse("the domain has characters that no domain has, or too many");
    }
    const labels = marks.join("").split(STOP);
    const found = [false, true].map((transitional) => this.joined(labels, transitional)).filter(Boolean);
    if (!found.length) refuse("the domain is not well formed, or its end is no top-level domain");
    return [...new Set(found)];
  }

  // Step 7; null where the domain is none.
  joined(labels, transitional) {
    const made = labels.map((label) => this.aLabel(label, transitional));
    const sound = (label) => label !== null && label.length <= LABEL && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label);
    if (made.length < 2 || !made.every(sound) || !this.tables.tlds.has(made.at(-1))) return null;
    const whole = made.join(".");
    return whole.length <= LONGEST ? whole : null;
  }

  // Step 6; null where there is none.
  aLabel(label, transitional) {
    if (!ASCII.test(label)) {
      label = this.mapped(label);
      if (label === null || !ASCII.test(label)) return label === null ? null : this.written(label, transitional);
    }
    label = lower(label);
    if (transitional && label.startsWith("xn--")) {
      const meant = punycode.decode(label.slice(4));
      if (meant !== null && [...meant].some((mark) => this.deviation(mark) !== undefined)) {
        const mapped = this.mapped(meant);
        return (mapped === null ? null : this.written(mapped, true)) ?? label;
      }
    }
    return label;
  }

  // Steps 6.1 and 6.2; null where a character is in no domain.
  mapped(label) {
    let out = "";
    for (const mark of label) {
      if (mark < "\x80") {
        out += lower(mark);
        continue;
      }
      const fate = this.tables.fate(mark);
      if (!fate) return null;
      this.look(mark);
      out += fate.target;
    }
    return this.composed(out);
  }

  // Steps 6.4 and 6.5.
  written(label, transitional) {
    if (label.startsWith("xn--")) return null;
    if (transitional) label = this.composed([...label].map((mark) => this.deviation(mark) ?? mark).join(""));
    if (ASCII.test(label)) return label;
    const made = [...label].length <= WRITTEN ? punycode.encode(label) : "";
    return made && made.length <= WRITTEN ? "xn--" + made : null;
  }

  deviation(mark) {
    return mark < "\x80" ? undefined : this.tables.fate(mark)?.transitional;
  }

  composed(text) {
    this.look(text);
    return text.normalize("NFC");
  }

  look(text) {
    this.tooNew ||= isTooNew(text);
  }

  // The versions of the tables that take the domain `text` in each of its spellings.
  needed(text, form) {
    const run = [];
    for (const mark of [...fromLatin(text)].slice(0, HOST_CHARACTERS)) {
      if (!/[A-Za-z0-9.-]/.test(mark) && !STOP.test(mark) && !(mark > "\x7f" && this.tables.fate(mark))) break;
      run.push(mark);
    }
    let unicode = OLDEST;
    for (const label of [...run, ".", form].join("").split(".")) {
      const meant = /^xn--/i.test(label) ? punycode.decode(label.slice(4).toLowerCase()) : label;
      for (const mark of meant ?? "") {
        if (mark < "\x80" || STOP.test(mark)) continue;
        const since = this.tables.fate(mark)?.since ?? NEWER;
        if (compare(since, unicode) > 0) unicode = since;
      }
    }
    return { tlds: this.tables.tlds.get(form.split(".").at(-1)), unicode };
  }
}

// Whether this browser has not heard of a character: its normalization may be another then.
const isTooNew = (text) => /\P{Assigned}/u.test(text);

// Below 0 where version `one` is older than `other`.
export function compare(one, other) {
  const parts = (version) => (/^\d{1,9}([.-]\d{1,9}){0,3}$/.test(version) ? version : OLDEST).split(/[.-]/).map(Number);
  const [a, b] = [parts(one), parts(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? -1) - (b[at] ?? -1);
    if (difference) return difference;
  }
  return 0;
}

// Why a builder that had the tables `about.tables` may have passed over a subject; null where it
// cannot have.
export function doubt(needed, had, tables) {
  if (!needed) return null;
  const version = (value) => (typeof value === "string" && compare(value, OLDEST) > 0 ? value : OLDEST);
  const [tlds, unicode] = [version(had?.tlds), version(had?.unicode)];
  if (compare(needed.tlds, tlds) > 0 || compare(needed.unicode, unicode) > 0) return "tables";
  return needed.unicode !== OLDEST && compare(unicode, tables.unicode) > 0 ? "newer" : null;
}

// Steps 1 to 8: the forms of an address, the canonical one first.
function address(text, domains) {
  const inside = bare(text), signs = [...inside.matchAll(AT)];
  if (signs.length !== 1) refuse("an address has one @");
  const [sign] = signs, end = sign.index + sign[0].length;
  if (encode(inside.slice(end)).length > AFTER_AT) refuse("it is too long");
  const local = localPart(unescaped(inside.slice(0, sign.index))), host = unescaped(inside.slice(end));
  return { forms: domains.forms(host).map((form) => `${local}@${form}`), host };
}

// The bytes of a password, and what else a dump may hold in its place.
function password(text) {
  const whole = encode(text);
  if (!plain(whole).length) refuse("it is empty");
  if (whole.includes(0)) refuse("it holds a zero byte");
  const found = new Map();
  const add = (bytes) => { if (bytes.length && !found.has(bytes.join())) found.set(bytes.join(), bytes); };
  for (const bytes of [whole, encode(strip(text))]) {
    add(bytes);
    add(plain(bytes));
  }
  let tooNew = false;
  for (const bytes of [...found.values()]) {
    let read = decode(bytes);
    if (/[\udc80-\udcff]/.test(read.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""))) {
      read = windows(bytes);
      add(encode(read));
    }
    tooNew ||= isTooNew(read);
    add(encode(read.normalize("NFC")));
    add(encode(read.normalize("NFD")));
  }
  return { forms: [...found.values()], tooNew };
}

// What $HEX[...] stands for; other bytes as they are.
function plain(bytes) {
  const [, digits] = /^\$[Hh][Ee][Xx]\[((?:[0-9A-Fa-f]{2})*)\]$/.exec(String.fromCharCode(...bytes.slice(0, 65536))) ?? [];
  return digits === undefined ? bytes : Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// The subject `text` (a string, or bytes) of `kind`, ready to be asked: its forms (Uint8Array), the
// tables that a builder must have had to take it in each spelling (null for passwords), and whether
// a character of it is newer than this browser, which may then not know all of its forms.
export function question(kind, text, tables) {
  if (text instanceof Uint8Array) text = decode(text);
  const domains = new Domains(tables), utf8 = (forms) => forms.map(encode);
  const done = (forms, host, form) => ({
    kind, forms, needs: host === undefined ? null : domains.needed(host, form), tooNew: domains.tooNew,
  });
  if (kind === "email") {
    const { forms, host } = address(text, domains);
    return done(utf8(forms), host, forms[0].split("@")[1]);
  }
  if (kind === "domain") {
    const host = unescaped(bare(text).replace(/^@/, "")), forms = domains.forms(host);
    return done(utf8(forms), host, forms[0]);
  }
  if (kind === "credential") {
    const sign = new RegExp(AT.source).exec(text), start = sign ? sign.index + sign[0].length : 0;
    const at = text.slice(start).search(/[:;|\t,]/);
    if (at < 0) refuse("it is no address and password");
    const { forms, host } = address(text.slice(0, start + at), domains);
    const { forms: secrets, tooNew } = password(text.slice(start + at + 1));
    const pairs = forms.flatMap((form) => secrets.map((secret) => Uint8Array.from([...encode(form), 0, ...secret])));
    const found = done(pairs, host, forms[0].split("@")[1]);
    return { ...found, tooNew: found.tooNew || tooNew };
  }
  const { forms, tooNew } = password(text);
  return { ...done(kind === "ntlm" ? unique(forms.map(utf16)) : forms), tooNew };
}

const unique = (forms) => [...new Map(forms.map((form) => [form.join(), form])).values()];

// The digest of one form of a subject of `kind`, as filters without an identity have it.
export async function digest(kind, form) {
  if (kind === "ntlm") return (await import("./md4.js")).md4(form);
  return new Uint8Array(await crypto.subtle.digest("SHA-1", form));
}

export { read };
