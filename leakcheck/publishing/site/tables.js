// The tables that say what a domain may be: site/tables.txt, whose format and making are explained
// in scripts/make_page_tables.py.

const FIRST = 0x80;

// The tables in a text: top-level domains by name, with the edition in which each was new; what
// becomes of a character (undefined where no domain has it); the newest version of Unicode in it.
export function read(text) {
  const tlds = new Map(), ranges = [], mapped = new Map(), deviations = new Map();
  let unicode = "0", name, since;
  for (const line of text.split("\n")) {
    if (line.startsWith("= ")) {
      [, name, since] = line.split(" ");
      if (name !== "tlds") unicode = since;
      continue;
    }
    if (!line || line.startsWith("#")) continue;
    const words = line.split(" ");
    if (name === "tlds") {
      readNames(line, since, tlds);
    } else if (name === "mapped") {
      for (const word of words) readRow(word, mapped);
    } else if (name === "deviations") {
      const found = new Map();
      for (const word of words) readRow(word, found);
      for (const [code, transitional] of found) deviations.set(code, { target: String.fromCodePoint(code), transitional, since });
    } else if (name === "allowed" || name === "ignored") {
      readRanges(words, name === "ignored", since, ranges);
    }
  }
  ranges.sort((one, other) => one.first - other.first);
  return { tlds, unicode, fate: (mark) => fate(mark, ranges, mapped, deviations) };
}

function readNames(line, since, into) {
  let before = "";
  for (const [, shared, rest] of line.matchAll(/([A-Z])([a-z0-9-]*)/g)) {
    before = before.slice(0, shared.charCodeAt(0) - 65) + rest;
    if (!into.has(before)) into.set(before, since);
  }
}

function readRow(word, into) {
  const [span, target] = word.split("=");
  const [first, last = first] = span.split("-").map((digits) => parseInt(digits, 16));
  const codes = target ? target.split(".").map((digits) => parseInt(digits, 16)) : [];
  for (let code = first; code <= last; code++) {
    into.set(code, String.fromCodePoint(...(codes.length === 1 ? [codes[0] + code - first] : codes)));
  }
}

function readRanges(words, ignored, since, into) {
  let after = FIRST;
  for (const word of words) {
    const [gap, more] = word.split(".").map((digits) => parseInt(digits, 36));
    const first = after + gap, last = first + (more ?? 0);
    into.push({ first, last, ignored, since });
    after = last + 1;
  }
}

// What becomes of a character, not ASCII: {target, transitional, since}.
function fate(mark, ranges, mapped, deviations) {
  const code = mark.codePointAt(0);
  if (deviations.has(code)) return deviations.get(code);
  let low = 0, high = ranges.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (ranges[middle].last < code) low = middle + 1; else high = middle;
  }
  const range = ranges[low];
  if (!range || code < range.first) return undefined;
  if (range.ignored) return { target: "", since: range.since };
  const target = mapped.get(code) ?? mark.normalize("NFKC").toLowerCase().normalize("NFKC");
  return { target, since: range.since };
}
