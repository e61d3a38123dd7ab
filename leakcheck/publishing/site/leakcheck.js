// Whether an address or a password is in a published breach, answered in the browser.
//
//     import { check } from "https://filters.example.org/acme/leakcheck.js";
//     const answer = await check("alice@example.org");            // or (secret, {kind: "password"})
//     answer.verdict                                              // "exposed", "clean" or "unknown"
//
// The server learns only the numbers of pages. docs/first-day.md shows how to publish.
//
// Rule 1: an answer that nothing proves is "unknown", never "clean". Rule 2: the requests depend
// only on the places of the subject's digests, not on the answer. Rule 3: where the site has a
// key, header and pages count only where the chain signature → list → digest → tree → page holds.

import { SubjectError, digest as digestOf, doubt, question, read } from "./address.js";
import { decode, encode } from "./bytes.js";
import { FilterError, PAGE_BYTES, holds, isSound, lookUp, offsetOf, pageOf, parseHeader } from "./filter.js";
import { NoteError, entryOf, parseEdition, parseKey, verify } from "./note.js";
import { RemoteFile, Unreachable, fetchWhole } from "./remote.js";
import { ProofError, checkBlock, levelsOf, pathOf } from "./verity.js";

const DIGEST_BYTES = { email: 20, domain: 20, password: 20, credential: 20, ntlm: 16 };
const MOST_BITS = 22, REST = 60_000, LARGEST_NOTE = 1 << 20;
const HERE = new URL("./", import.meta.url).href;

// Why there is no answer: `reason` as in texts/*.json, `why` in the publisher's words.
class NoAnswer extends Error {
  constructor(reason, why) {
    super(reason);
    this.reason = reason;
    this.why = why;
  }
}

const sites = new Map();

// What is published at `site`, a URL: opened once. Throws Unreachable where it cannot be.
export function open(site = HERE) {
  if (!sites.has(site)) {
    const opened = Site.open(new URL(site, HERE).href);
    sites.set(site, opened);
    opened.catch(() => sites.delete(site));
  }
  return sites.get(site);
}

// The same for a page that was saved as one file: what it holds instead, and where it came from.
export function openSaved({ base, about, tables }) {
  sites.set(HERE, Promise.resolve(new Site(base, about, read(tables))));
}

// The answer to a question about `subject`: an address, a password or domain by `kind`, or for
// kind "credential" {address, password}.
//
//     verdict     "exposed", "clean" or "unknown"
//     reason      of an "unknown" as a whole: a name in texts/*.json
//     sources     one a filter: name, date, note, url, verdict, reason, why; falseAlarm (of an
//                 exposed: the probability that it is none); matched (the other spelling that was
//                 found); bits (of the digest, told to the server); signed {origin, serial, issued}
export async function check(subject, { kind = "email", site = HERE, decoys } = {}) {
  try {
    return await (await open(site)).check(subject, { kind, decoys });
  } catch (error) {
    return { verdict: "unknown", reason: reasonOf(error), sources: [] };
  }
}

// Never the message itself: it may have come from anywhere.
function reasonOf(error) {
  if (error instanceof NoAnswer || error instanceof Unreachable) return error.reason;
  if (error instanceof FilterError) return error.message.includes("newer") ? "newer" : "damaged";
  if (error instanceof ProofError || error instanceof NoteError) return "proof";
  return "network";
}

class Site {
  // about: what site.json says; tables: of domains.
  constructor(base, about, tables) {
    this.about = about;
    this.tables = tables;
    this.bases = [base, ...about.mirrors];
    this.editions = new Map();
    this.filters = about.filters.map((entry) => new PublishedFilter(this, entry));
    this.warm = Promise.allSettled(this.filters.map((filter) => filter.open()));
  }

  static async open(base) {
    const get = (name, most) => fetchWhole(new URL(name, base).href, most);
    const [raw, tables] = await Promise.all([get("site.json", 1 << 16), get("tables.txt", 1 << 18)]);
    const about = JSON.parse(decode(raw));
    // Half a table would give another digest, which no filter has.
    if (crypto.subtle && await sha256(tables) !== about.tables) throw new Unreachable("network");
    return new Site(base, about, read(decode(tables)));
  }

  // The signed list at a base, no older than what was seen; null where the site has no key.
  edition(base) {
    if (!this.about.keys.length) return null;
    if (!this.editions.has(base)) this.editions.set(base, this.verified(base));
    return this.editions.get(base);
  }

  async verified(base) {
    try {
      const raw = await fetchWhole(new URL("filters.note", base).href, LARGEST_NOTE);
      const keys = await Promise.all(this.about.keys.map(parseKey));
      const { text, signed } = await verify(raw, keys, ed25519);
      const edition = parseEdition(text);
      if (!signed.some((key) => key.name === edition.origin)) throw new NoteError("it is another's list");
      if (edition.serial < this.about.serial) throw new NoAnswer("old");
      this.about.serial = edition.serial;
      return edition;
    } catch (error) {
      this.editions.delete(base);
      throw error;
    }
  }

  async check(subject, { kind, decoys = this.about.decoys }) {
    if (!globalThis.crypto?.subtle) throw new NoAnswer("insecure");
    let asked;
    try {
      asked = this.question(subject, kind);
    } catch (error) {
      if (error instanceof SubjectError) throw new NoAnswer(kind === "email" || kind === "domain" ? "address" : kind);
      throw error;
    }
    await this.warm;
    const sources = this.filters.filter((filter) => filter.kind === kind);
    if (!sources.length) throw new NoAnswer("none");
    const answers = await Promise.all(sources.map((filter) => filter.answer(asked, decoys)));
    const verdicts = answers.map((answer) => answer.verdict);
    const verdict = ["exposed", "unknown", "clean"].find((each) => verdicts.includes(each));
    return { verdict, sources: answers };
  }

  question(subject, kind) {
    if (kind !== "credential") return question(kind, subject, this.tables);
    question("email", subject.address, this.tables); // by itself: no separator in it parts the pair
    return question(kind, `${subject.address}:${subject.password}`, this.tables);
  }
}

class PublishedFilter {
  // entry: of site.json: name, kind, size and digest of the file, whether there are chunks.
  constructor(site, { name, kind, size, digest, chunks }) {
    this.site = site;
    this.name = name;
    this.kind = kind;
    this.size = size;
    this.digest = digest;
    this.chunks = chunks;
    this.state = null;
    this.pages = new Map();
    this.failed = 0; // when a page of it was first found wanting
  }

  // Its header, once it is proved: from the first base that has it right.
  open() {
    this.state ??= this.opened().catch((error) => {
      this.state = null;
      throw error;
    });
    return this.state;
  }

  async opened() {
    let failure = null;
    for (const base of this.site.bases) {
      for (const byRange of this.chunks ? [true, false] : [true]) {
        try {
          return await this.openAt(base, byRange);
        } catch (error) {
          failure ??= error;
          if (error instanceof Unreachable) break; // chunks were tried, or are out of reach as well
        }
      }
    }
    throw failure;
  }

  async openAt(base, byRange) {
    const url = new URL(encodeURIComponent(this.name), base).href;
    const file = new RemoteFile(url, this.size, this.chunks, byRange);
    const [edition, first] = await Promise.all([this.site.edition(base), file.read(0, PAGE_BYTES)]);
    const state = { file, edition, upper: new Map(), entry: null, header: null };
    if (edition) {
      if (edition.withdrawn.has(this.digest)) throw new NoAnswer("withdrawn", edition.withdrawn.get(this.digest));
      state.entry = entryOf(edition, this.name);
      if (state.entry.size !== this.size) throw new NoAnswer("newer");
      state.sidecar = new RemoteFile(`${url}.verity`, PAGE_BYTES * sum(levelsOf(this.size)), this.chunks, byRange);
      await this.readUpper(state);
      await this.prove(state, 0, first);
    }
    state.header = parseHeader(first);
    const { about, digest_bytes: bytes, held, pages } = state.header;
    if (about.kind !== this.kind || (about.identity === undefined && bytes !== DIGEST_BYTES[this.kind])) {
      throw new NoAnswer("newer");
    }
    if (this.size !== PAGE_BYTES * (1 + held)) throw new NoAnswer("damaged");
    if (Math.log2(pages) > MOST_BITS) throw new NoAnswer("bits");
    return state;
  }

  // The tree above its lowest level, at once: which part of it a page needs is nobody's business.
  async readUpper(state) {
    const count = sum(levelsOf(this.size).slice(0, -1));
    const blocks = count ? await state.sidecar.read(0, PAGE_BYTES * count) : [];
    for (let at = 0; at < count; at++) state.upper.set(at, blocks.slice(PAGE_BYTES * at, PAGE_BYTES * (at + 1)));
  }

  // Prove that block `number` of the file is `data`, by one block of the tree, always asked for: the
  // number of requests must not depend on the page.
  async prove(state, number, data) {
    const lowest = pathOf(this.size, number).at(-1)[0];
    const leaf = await state.sidecar.read(PAGE_BYTES * lowest, PAGE_BYTES);
    await checkBlock(this.size, state.entry.digest, number, data, new Map([...state.upper, [lowest, leaf]]));
  }

  // Whether `asked` is in it, as `check` documents it.
  async answer(asked, decoys) {
    const found = { name: this.name, verdict: "unknown" };
    try {
      if (this.failed && Date.now() - this.failed > REST) this.forget();
      const state = await this.open();
      const { header, edition } = state, { about } = header;
      const text = (name) => (typeof about[name] === "string" && about[name] ? about[name] : undefined);
      Object.assign(found, { name: text("name") ?? this.name, date: text("date"), note: text("note"), url: text("url") });
      if (edition) found.signed = { origin: edition.origin, serial: edition.serial, issued: edition.issued };
      const digests = await this.digests(about.identity, asked);
      found.bits = Math.log2(header.pages);
      const answers = await this.lookUpAll(state, digests, decoys);
      const hit = answers.findIndex(({ answer }) => answer === "present");
      if (hit >= 0) {
        const falseAlarm = Math.min(...answers.filter((each) => each.falseAlarm !== undefined).map((each) => each.falseAlarm));
        const spelled = hit > 0 && asked.kind === "email" ? decode(asked.forms[hit]) : undefined;
        return { ...found, verdict: "exposed", falseAlarm, matched: spelled };
      }
      const failed = answers.find(({ answer }) => answer === "unknown");
      if (failed) throw failed.error ?? new NoAnswer("damaged");
      if (about.incomplete !== undefined && about.incomplete !== null && about.incomplete !== false) {
        throw new NoAnswer("incomplete");
      }
      const doubted = doubt(asked.needs, about.tables, this.site.tables) ?? (asked.tooNew ? "browser" : null);
      if (doubted) throw new NoAnswer(doubted);
      return { ...found, verdict: "clean" };
    } catch (error) {
      return { ...found, reason: reasonOf(error), why: error.why };
    }
  }

  async digests(identity, asked) {
    const plain = await Promise.all(asked.forms.map((form) => digestOf(asked.kind, form)));
    if (identity === undefined) return plain;
    const slow = await import("./identity.js").catch(() => {
      throw new NoAnswer("newer"); // a page saved as one file has not all
    });
    try {
      return await slow.digests(identity, asked.kind, plain, fetchWhole);
    } catch (error) {
      if (error instanceof slow.IdentityError) throw new NoAnswer("newer");
      if (error instanceof slow.OracleError || error instanceof Unreachable) throw new NoAnswer("oracle");
      throw error;
    }
  }

  // The numbers of the pages to ask for.
  async numbers(header, digests, decoys) {
    if (!decoys) return [...new Set(digests.map((digest) => pageOf(header, digest)))];
    const { places } = await import("./decoys.js");
    return places(digests, decoys, this.site.about.origin ?? "", header);
  }

  // For each digest {answer, falseAlarm} or {answer: "unknown", error}.
  async lookUpAll(state, digests, decoys) {
    const { header } = state;
    const numbers = shuffled(await this.numbers(header, digests, decoys));
    const failures = new Map();
    await Promise.all(numbers.filter((number) => holds(header, number)).map(async (number) => {
      try {
        this.pages.set(number, await this.page(state, number));
      } catch (error) {
        failures.set(number, error);
      }
    }));
    return digests.map((digest) => {
      const number = pageOf(header, digest), page = this.pages.get(number);
      if (page) return lookUp(header, number, page, digest);
      return { answer: "unknown", error: failures.get(number) ?? new NoAnswer("damaged") };
    });
  }

  // A page that is sound and proved; one that is held is asked for no more.
  async page(state, number) {
    if (this.pages.has(number)) return this.pages.get(number);
    const { header, file, sidecar } = state, at = offsetOf(header, number);
    for (;;) {
      try {
        const page = await file.read(at, PAGE_BYTES);
        if (state.entry) await this.prove(state, at / PAGE_BYTES, page);
        if (!isSound(header, number, page)) throw new NoAnswer("damaged");
        return page;
      } catch (error) {
        if (error instanceof Unreachable) throw error;
        // What the host's ranges have wrong, its chunks may have right.
        if ([file, sidecar].filter((each) => each?.distrustRanges()).length) continue;
        this.failed ||= Date.now();
        throw error;
      }
    }
  }

  // Where the file was replaced, all is read anew after a while: at once would tell more of a digest,
  // as the new one may have another number of pages.
  forget() {
    this.failed = 0;
    this.state = null;
    this.pages.clear();
    this.site.editions.clear();
  }
}

// The same numbers, in an order that says nothing.
function shuffled(numbers) {
  const found = [...numbers];
  for (let at = found.length - 1; at > 0; at--) {
    const [draw] = crypto.getRandomValues(new Uint32Array(1)), other = draw % (at + 1);
    [found[at], found[other]] = [found[other], found[at]];
  }
  return found;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);

// Whether a signature is of a key: by the browser, or where it knows no Ed25519 by a library.
async function ed25519(signature, message, raw) {
  let key;
  try {
    key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  } catch {
    const { verifyAsync } = await import("./vendor/noble-ed25519.js").catch(() => {
      throw new NoAnswer("browser");
    });
    return verifyAsync(signature, message, raw, { zip215: false }).catch(() => false);
  }
  return crypto.subtle.verify("Ed25519", key, signature, message);
}
