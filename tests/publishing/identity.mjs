// Answers questions on stdin, a JSON object a line, by the page's identity.js and its libraries.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const site = pathToFileURL(process.argv[2] + "/");
const { digests, parseIdentity } = await import(new URL("identity.js", site));
const { argon2id } = await import(new URL("vendor/noble-hashes.argon2.js", site));
const { ristretto255_oprf: suite } = await import(new URL("vendor/noble-curves.ed25519.js", site));
const page = await import(new URL("leakcheck.js", site));
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
const hex = (data) => Buffer.from(data).toString("hex");
const ask = async (url, length) => {
  const reply = await fetch(url);
  asked.push(url);
  if (reply.status !== 200) throw new Error(`status ${reply.status}`);
  return new Uint8Array(await reply.arrayBuffer()).slice(0, length + 1);
};
let asked = [];

const ops = {
  argon2id: ({ input, salt, secret, data, memory, passes, lanes }) => hex(argon2id(bytes(input), bytes(salt), {
    m: memory, t: passes, p: lanes, dkLen: 32, key: bytes(secret), personalization: bytes(data),
  })),
  // Both modes: by who has the key, and mode 0 also from the oracle's answer.
  rfc9497({ mode, private: key, inputs, blinds, evaluated }) {
    const part = mode ? suite.voprf : suite.oprf, given = inputs.map(bytes);
    const direct = given.map((input) => hex(part.evaluate(bytes(key), input)));
    if (mode) return { direct };
    return { direct, asked: given.map((each, at) => hex(part.finalize(each, bytes(blinds[at]), bytes(evaluated[at])))) };
  },
  finalize({ public: open, inputs, blinds, blinded, evaluated, proof }) {
    const items = inputs.map((input, at) => ({
      input: bytes(input), blind: bytes(blinds[at]), blinded: bytes(blinded[at]), evaluated: bytes(evaluated[at]),
    }));
    return suite.voprf.finalizeBatch(items, bytes(open), bytes(proof)).map(hex);
  },
  evaluate({ private: key, public: open, points }) {
    const { evaluated, proof } = suite.voprf.blindEvaluateBatch(bytes(key), bytes(open), points.map(bytes));
    return { evaluated: evaluated.map(hex), proof: hex(proof) };
  },
  async check({ site: place, subjects }) {
    const found = [];
    for (const subject of subjects) {
      const { sources } = await page.check(subject, { site: place });
      found.push(sources.map(({ name, verdict, reason }) => [name, verdict, reason ?? null]));
    }
    return found;
  },
  parse: ({ identity, kind }) => parseIdentity(identity, kind) && "understood",
  async digests({ identity, kind, plain, times = 1 }) {
    asked = [];
    let found;
    for (let turn = 0; turn < times; turn++) found = await digests(identity, kind, plain.map(bytes), ask);
    return { found: found.map(hex), asked };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { answer: await ops[question.op](question) };
  } catch (error) {
    answer = { error: error.message, name: error.constructor.name };
  }
  console.log(JSON.stringify(answer));
}
