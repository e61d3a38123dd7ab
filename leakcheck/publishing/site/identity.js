// Hardened and sealed digests: what a filter's keys are made of where its header has an `identity`
// (docs/format.md, docs/sealing.md; in Python leakcheck/subject/identity.py and sources/oracle.py).
//
//     const found = await digests(about.identity, kind, plain, ask);
//
// plain: the plain digests (SHA-1, 20 bytes) of a subject's forms, Uint8Arrays; found: those to look
// up, in the same order. ask: (url, length) to the body of a GET, `length` bytes. Throws IdentityError
// where the identity is not understood, OracleError where the oracle's answer is none; and what `ask`
// throws. Rule 1: one slow hash and one question to the oracle answer for all filters of an identity.
// Rule 2: what the oracle is sent is blinded anew each time, and of one of three lengths. Rule 3: no
// answer counts without its proof under the key that the (signed) header names.

export class IdentityError extends Error {}
export class OracleError extends Error {}

const SUITE = "ristretto255-SHA512", SIZES = [2, 10, 100], POINT = 32, PROOF = 64;
const PHC = /^\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]?),p=1\$([A-Za-z0-9+/]{11,64})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const KINDS = ["email", "domain", "credential"];
const MOST_MEMORY = 64 << 10, MOST_PASSES = 16, MOST_WORK = 256 << 10; // KiB, passes, KiB times passes
const KEPT = 64;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const members = (value) => Object.keys(value).sort().join();
const unpacked = (text) => Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0));
const packed = (bytes) => btoa(String.fromCharCode(...bytes));

// {harden: {memory, passes, salt} or null, seal: {key, url} or null} of such an object.
export function parseIdentity(value, kind) {
  if (!KINDS.includes(kind)) throw new IdentityError("filters of this kind have no identity");
  if (!isObject(value) || !["harden", "seal", "harden,seal"].includes(members(value))) {
    throw new IdentityError("the identity is of a scheme that is not known");
  }
  return {
    harden: "harden" in value ? parseHarden(value.harden) : null,
    seal: "seal" in value ? parseSeal(value.seal) : null,
  };
}

function parseHarden(text) {
  const found = typeof text === "string" && PHC.exec(text);
  if (!found) throw new IdentityError("harden is no PHC string of Argon2id");
  const memory = Number(found[1]), passes = Number(found[2]), padded = found[3] + "=".repeat(-found[3].length & 3);
  if (!BASE64.test(padded)) throw new IdentityError("the salt is no base64");
  const salt = unpacked(padded);
  if (packed(salt) !== padded || salt.length < 8 || salt.length > 48) throw new IdentityError("the salt is none");
  if (memory < 8 || memory > MOST_MEMORY || passes > MOST_PASSES || memory * passes > MOST_WORK) {
    throw new IdentityError("harden asks for too much, or too little");
  }
  return { memory, passes, salt };
}

function parseSeal(value) {
  if (!isObject(value) || members(value) !== "key,suite,url" || value.suite !== SUITE) {
    throw new IdentityError("the seal is of a suite that is not known");
  }
  const { key: text, url } = value;
  const key = typeof text === "string" && BASE64.test(text) ? unpacked(text) : [];
  if (key.length !== POINT) throw new IdentityError("the seal's key is none");
  return { key, url: oracleUrl(url) };
}

// An oracle's URL: https, or http on this machine; a path that ends in a slash and nothing else.
function oracleUrl(text) {
  let url = null;
  try {
    url = typeof text === "string" ? new URL(text) : null;
  } catch {
    // it is refused below
  }
  const here = url && (/(^|\.)localhost$/.test(url.hostname) || /^(127(\.\d+){3}|\[::1\])$/.test(url.hostname));
  const safe = url && (url.protocol === "https:" || (url.protocol === "http:" && here));
  if (!safe || url.username || url.password || /[?#]/.test(text) || !url.pathname.endsWith("/")) {
    throw new IdentityError("the oracle's URL is none");
  }
  return url.href;
}

export async function digests(value, kind, plain, ask) {
  const { harden, seal } = parseIdentity(value, kind);
  if (!plain.every((each) => each.length === 20)) throw new TypeError("plain digests have 20 bytes");
  const inputs = harden ? await once(value.harden, plain, () => hardened(harden, plain)) : plain;
  return seal ? once(JSON.stringify(value.seal), inputs, () => sealed(seal, inputs, ask)) : inputs;
}

const kept = new Map(); // for this visit, in memory alone

function once(scheme, inputs, compute) {
  const name = [scheme, ...inputs.map(packed)].join();
  if (!kept.has(name)) {
    kept.set(name, compute());
    kept.get(name).catch(() => kept.delete(name));
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(name);
}

async function hardened({ memory, passes, salt }, plain) {
  const { argon2idAsync } = await import("./vendor/noble-hashes.argon2.js");
  const made = [];
  for (const each of plain) made.push(await argon2idAsync(each, salt, { m: memory, t: passes, p: 1, dkLen: 32 }));
  return made;
}

async function sealed(seal, inputs, ask) {
  const made = [], most = SIZES.at(-1);
  for (let at = 0; at < inputs.length; at += most) made.push(...await sealedBatch(seal, inputs.slice(at, at + most), ask));
  return made;
}

async function sealedBatch({ key, url }, inputs, ask) {
  const { ristretto255_oprf: { voprf } } = await import("./vendor/noble-curves.ed25519.js");
  const size = SIZES.find((each) => each >= inputs.length);
  const padding = Array.from({ length: size - inputs.length }, () => crypto.getRandomValues(new Uint8Array(POINT)));
  const items = [...inputs, ...padding].map((input) => ({ input, ...voprf.blind(input) }));
  const points = packed(items.flatMap(({ blinded }) => [...blinded])).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const body = await ask(`${url}seal?points=${points}`, size * POINT + PROOF);
  if (body.length !== size * POINT + PROOF) throw new OracleError("the oracle's answer has another length");
  items.forEach((item, at) => { item.evaluated = body.slice(at * POINT, (at + 1) * POINT); });
  try {
    return voprf.finalizeBatch(items, key, body.slice(size * POINT)).slice(0, inputs.length);
  } catch {
    throw new OracleError("the oracle's proof is wrong: it does not answer with the key that the filter names");
  }
}
