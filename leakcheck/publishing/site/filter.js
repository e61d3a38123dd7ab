// A filter's header and pages: bytes in, answers out, no request is made here.
// Normative: docs/format.md. What is not understood throws a FilterError, whose message is a
// reason; a page that cannot answer is "unknown", never "absent".

import { xxh3 } from "./xxh3.js";

export const PAGE_BYTES = 4096;
const BODY_BYTES = 4088, BITS = 32704n;
const MASK = (1n << 64n) - 1n, GOLDEN = 0x9e3779b97f4a7c15n;
const MAGIC = [0x89, 0x42, 0x4c, 0x4f, 0x4f, 0x4d, 0x0d, 0x0a];
const MEMBERS = ["about", "digest_bytes", "first", "fpr", "hashes", "held", "id", "keys", "pages"];
const MOST_PAGES = 2 ** 48;

export class FilterError extends Error {}

const be64 = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, false);

function sealed(page, seed) {
  const stored = new DataView(page.buffer, page.byteOffset, PAGE_BYTES).getBigUint64(BODY_BYTES, true);
  return xxh3(page.subarray(0, BODY_BYTES), seed) === stored;
}

// The header in a filter's first 4,096 bytes (Uint8Array).
export function parseHeader(page) {
  if (page.length < MAGIC.length || MAGIC.some((byte, at) => page[at] !== byte)) {
    throw new FilterError("it is no filter");
  }
  if (page.length !== PAGE_BYTES) throw new FilterError("it is cut short");
  if (!sealed(page, MASK)) throw new FilterError("its header is damaged");
  const numbers = new DataView(page.buffer, page.byteOffset);
  if (numbers.getUint32(8, true) !== 1) throw new FilterError("its format is newer than this page");
  const length = numbers.getUint32(12, true);
  if (length > BODY_BYTES - 16 || page.subarray(16 + length, BODY_BYTES).some((byte) => byte)) {
    throw new FilterError("its header has the wrong length");
  }
  let header;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    header = JSON.parse(text.decode(page.subarray(16, 16 + length)));
  } catch {
    throw new FilterError("its header is no JSON");
  }
  check(header);
  return header;
}

function check(header) {
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isObject(header) || Object.keys(header).sort().join() !== MEMBERS.join()) {
    throw new FilterError("its header has other members than version 1");
  }
  const whole = (name, least, most) => {
    const value = header[name];
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new FilterError(`its ${name} is out of bounds`);
    }
  };
  whole("pages", 1, MOST_PAGES);
  whole("first", 0, MOST_PAGES);
  whole("held", 1, MOST_PAGES - header.first);
  whole("hashes", 1, 64);
  whole("keys", 1, 2 ** 48 - 1);
  whole("digest_bytes", 16, 64);
  if (header.first + header.held > header.pages) throw new FilterError("it holds more than all pages");
  if (BigInt(header.pages) > 1n + BigInt(header.keys) * 128n / BITS) {
    throw new FilterError("it has more pages than its keys need");
  }
  if (typeof header.fpr !== "number" || !(header.fpr >= 0 && header.fpr <= 1)) {
    throw new FilterError("its fpr is out of bounds");
  }
  if (typeof header.id !== "string" || !/^[0-9a-f]{16}$/.test(header.id)) {
    throw new FilterError("its id is none");
  }
  if (!isObject(header.about)) throw new FilterError("its about is no object");
}

// The number of the page that would answer for a digest (Uint8Array).
export function pageOf(header, digest) {
  if (digest.length !== header.digest_bytes) throw new FilterError("the digest has another length");
  return Number(be64(digest) * BigInt(header.pages) >> 64n);
}

// Whether the file, which may be a slice, holds a page.
export const holds = (header, number) => number >= header.first && number < header.first + header.held;

// The first byte of a page in the file.
export const offsetOf = (header, number) => PAGE_BYTES * (1 + number - header.first);

// Whether a page is the one with that number of this very filter, undamaged.
export function isSound(header, number, page) {
  return page.length === PAGE_BYTES && sealed(page, BigInt("0x" + header.id) ^ BigInt(number));
}

// "present", "absent" or "unknown", and for "present" the probability of a false alarm.
export function lookUp(header, number, page, digest) {
  if (!isSound(header, number, page) || pageOf(header, digest) !== number) return { answer: "unknown" };
  let word = xxh3(digest);
  for (let turn = 0; turn < header.hashes; turn++) {
    const bit = Number((word >> 32n) * BITS >> 32n);
    if (!(page[bit >> 3] & (1 << (bit & 7)))) return { answer: "absent" };
    word = word * GOLDEN & MASK;
  }
  let set = 0;
  for (const byte of page.subarray(0, BODY_BYTES)) for (let rest = byte; rest; rest &= rest - 1) set++;
  return { answer: "present", falseAlarm: (set / Number(BITS)) ** header.hashes };
}
