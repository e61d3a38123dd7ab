// Answers questions on stdin, a JSON object a line, by the page's own modules.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const site = pathToFileURL(process.argv[2] + "/");
const [{ xxh3 }, filters, trees, notes, addresses] = await Promise.all(
  ["xxh3.js", "filter.js", "verity.js", "note.js", "address.js"].map((name) => import(new URL(name, site))));
const tables = addresses.read(readFileSync(new URL("tables.txt", site), "utf8"));
const hex = (data) => Buffer.from(data).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const page = (file, number) => file.slice(4096 * number, 4096 * (number + 1));
const ed25519 = async (signature, message, raw) => {
  const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
};

const ops = {
  xxh3: ({ data, seed }) => xxh3(bytes(data), BigInt(seed)).toString(),
  lookup({ file, digests }) {
    const whole = bytes(file), header = filters.parseHeader(page(whole, 0));
    if (whole.length !== 4096 * (1 + header.held)) throw new Error("the file has another size");
    return digests.map((digits) => {
      const digest = new Uint8Array(Buffer.from(digits, "hex"));
      const number = filters.pageOf(header, digest);
      if (!filters.holds(header, number)) return "unknown";
      const at = filters.offsetOf(header, number);
      return filters.lookUp(header, number, whole.slice(at, at + 4096), digest).answer;
    });
  },
  async question({ kind, text, raw }) {
    const found = addresses.question(kind, raw === undefined ? text : new Uint8Array(Buffer.from(raw, "hex")), tables);
    const digests = await Promise.all(found.forms.map((form) => addresses.digest(kind, form)));
    return { forms: found.forms.map(hex), digests: digests.map(hex), needs: found.needs, tooNew: found.tooNew };
  },
  fates: ({ codes }) => codes.map((code) => {
    const mark = String.fromCodePoint(code), found = tables.fate(mark);
    if (/\P{Assigned}/u.test(mark)) return "too new";
    return found ? [found.target.normalize("NFC"), found.transitional ?? null, found.since] : null;
  }),
  tlds: ({ names }) => [names.map((name) => tables.tlds.get(name) ?? null), tables.tlds.size],
  doubt: ({ needed, had }) => addresses.doubt(needed, had, tables),
  async prove({ size, digest, block, data, tree }) {
    const held = new Map(Object.entries(tree).map(([number, body]) => [Number(number), bytes(body)]));
    await trees.checkBlock(size, bytes(digest), block, bytes(data), held);
    return "proved";
  },
  async note({ raw, keys }) {
    const known = await Promise.all(keys.map(notes.parseKey));
    const { text } = await notes.verify(bytes(raw), known, ed25519);
    const edition = notes.parseEdition(text);
    return [edition.origin, edition.serial, [...edition.filters.keys()], [...edition.withdrawn.values()]];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { answer: await ops[question.op](question) };
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
}
