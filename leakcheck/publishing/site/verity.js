// The Merkle tree of a file as Linux's fs-verity has it: SHA-256, blocks of 4,096 bytes, no salt.
// The sidecar NAME.bloom.verity is the tree, levels from the root down. docs/format.md has it all.

const BLOCK = 4096, HASH = 32, FANOUT = BLOCK / HASH;

export class ProofError extends Error {}

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

// Blocks in each level of the tree of a file of `size` bytes, from the root down.
export function levelsOf(size) {
  const levels = [];
  for (let count = Math.ceil(size / BLOCK); count > 1;) {
    count = Math.ceil(count / FANOUT);
    levels.unshift(count);
  }
  return levels;
}

// What proves a block of the file: [tree block, place of the hash in it], root first.
export function pathOf(size, block) {
  const levels = levelsOf(size), steps = [];
  let first = levels.reduce((sum, count) => sum + count, 0), below = block;
  for (const count of [...levels].reverse()) {
    first -= count;
    steps.unshift([first + Math.floor(below / FANOUT), below % FANOUT]);
    below = Math.floor(below / FANOUT);
  }
  return steps;
}

// The digest that fs-verity gives a file of `size` bytes whose tree has this root.
async function fileDigest(size, root) {
  const descriptor = new Uint8Array(256), numbers = new DataView(descriptor.buffer);
  descriptor.set([1, 1, 12, 0]);
  numbers.setBigUint64(8, BigInt(size), true);
  descriptor.set(root, 16);
  return sha256(descriptor);
}

// Prove that block `block` of the file with `digest` is `data`; tree: a Map of tree blocks by
// number. Throws ProofError with the reason where it is not.
export async function checkBlock(size, digest, block, data, tree) {
  let expected = null;
  const judge = async (found, what) => {
    const right = expected === null
      ? equal(await fileDigest(size, found), digest)
      : equal(found, expected);
    if (!right) throw new ProofError(`${what} is not the one that was signed`);
  };
  for (const [number, place] of pathOf(size, block)) {
    const held = tree.get(number);
    if (!held || held.length !== BLOCK) throw new ProofError("a block of the tree is missing");
    await judge(await sha256(held), "a block of the tree");
    expected = held.subarray(HASH * place, HASH * (place + 1));
  }
  if (data.length !== Math.min(BLOCK, size - BLOCK * block)) {
    throw new ProofError("the page has the wrong length");
  }
  const padded = new Uint8Array(BLOCK);
  padded.set(data);
  await judge(await sha256(padded), "the page");
}
