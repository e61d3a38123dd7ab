// Signed notes (C2SP signed-note, Ed25519) and the list of filters inside: docs/format.md.
// Only what `verify` returned may be read.

const SIGNATURE = /^— ([^\s+\x00-\x1f\x7f]{1,200}) ([A-Za-z0-9+/]+={0,2})$/u;
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f]/;
const LARGEST = 1 << 20, MOST_SIGNATURES = 100;

export class NoteError extends Error {}

const utf8 = new TextEncoder();
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));

function unbase64(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new NoteError("it is no signed note: a signature is malformed");
  }
}

// A public key, as NAME+HASH+BASE64: its name, hash and 32 bytes.
export async function parseKey(text) {
  const [, name, digits, code] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim()) ?? [];
  const raw = code ? unbase64(code) : new Uint8Array();
  if (raw.length !== 33 || raw[0] !== 1) throw new NoteError("this is no key");
  const named = utf8.encode(name + "\n");
  const whole = new Uint8Array(named.length + 33);
  whole.set(named);
  whole.set(raw, named.length);
  const hash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)).subarray(0, 4));
  if (hash !== digits) throw new NoteError("the key does not fit the hash in its name");
  return { name, hash, bytes: raw.subarray(1) };
}

// The text of a note (Uint8Array) that at least one of `keys` signed; a wrong signature in the
// name of one of them makes it worthless. ed25519: (signature, message, key) → Promise<boolean>.
export async function verify(raw, keys, ed25519) {
  if (raw.length > LARGEST) throw new NoteError("it is too large for a signed note");
  let whole;
  try {
    whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new NoteError("it is no signed note: it is not UTF-8");
  }
  const border = whole.lastIndexOf("\n\n");
  if (CONTROL.test(whole) || border < 0 || !whole.endsWith("\n")) throw new NoteError("it is no signed note");
  const text = whole.slice(0, border + 1), lines = whole.slice(border + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw new NoteError("it has too many signatures");
  const signed = [];
  for (const line of lines) {
    const [, name, code] = SIGNATURE.exec(line) ?? [];
    if (!name) throw new NoteError("it is no signed note: a signature is malformed");
    const signature = unbase64(code);
    if (signature.length < 5) throw new NoteError("it is no signed note: a signature is malformed");
    const hash = hex(signature.subarray(0, 4));
    const key = keys.find((one) => one.name === name && one.hash === hash);
    if (!key || signed.includes(key)) continue;
    if (!await ed25519(signature.subarray(4), utf8.encode(text), key.bytes)) {
      throw new NoteError(`the signature of ${name} is wrong`);
    }
    signed.push(key);
  }
  if (!signed.length) throw new NoteError("nobody who is trusted has signed it");
  return { text, signed };
}

// The list of filters in a note's text.
export function parseEdition(text) {
  const [first, origin, stated, ...lines] = text.replace(/\n$/, "").split("\n");
  if (first !== "leakcheck.filters/v1") throw new NoteError("it is no list of filters");
  const [, serial, issued] = /^([1-9][0-9]{0,14}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(stated ?? "") ?? [];
  if (!serial) throw new NoteError("the list of filters has no serial and date");
  const filters = new Map(), withdrawn = new Map();
  for (const line of lines) {
    const held = /^sha256:([0-9a-f]{64}) ([1-9][0-9]{0,14}) (\S.{0,250})$/u.exec(line);
    const gone = /^withdrawn sha256:([0-9a-f]{64}) (\S.{0,500})$/u.exec(line);
    if (held && !filters.has(held[3]) && !/^\.|[/\\]/.test(held[3])) {
      filters.set(held[3], { digest: unhex(held[1]), size: Number(held[2]) });
    } else if (gone) {
      withdrawn.set(gone[1], gone[2]);
    } else {
      throw new NoteError("the list of filters has a line that this page cannot read");
    }
  }
  return { origin, serial: Number(serial), issued, filters, withdrawn };
}

// The entry of a filter in an edition; throws where it is not offered, or was withdrawn.
export function entryOf(edition, name) {
  const entry = edition.filters.get(name);
  if (!entry) throw new NoteError(`the list of ${edition.origin} does not name ${name}`);
  const reason = edition.withdrawn.get(hex(entry.digest));
  if (reason !== undefined) throw new NoteError(`${edition.origin} has withdrawn it: ${reason}`);
  return entry;
}
