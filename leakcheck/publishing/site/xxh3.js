// XXH3-64, the checksum and the hash of the filter format, for the lengths that it needs:
// digests of 16 to 128 bytes, and pages of more than 240. Source: the xxHash specification,
// doc/xxhash_spec.md. BigInt throughout: a page takes a tenth of a millisecond, and one is read.

const MASK = (1n << 64n) - 1n;
const P32_1 = 0x9e3779b1n, P32_2 = 0x85ebca77n, P32_3 = 0xc2b2ae3dn;
const P64_1 = 0x9e3779b185ebca87n, P64_2 = 0xc2b2ae3d27d4eb4fn, P64_3 = 0x165667b19e3779f9n;
const P64_4 = 0x85ebca77c2b2ae63n, P64_5 = 0x27d4eb2f165667c5n;
const AVALANCHE = 0x165667919e3779f9n;

const SECRET = Uint8Array.from(
  ("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221" +
   "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
   "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb" +
   "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
    .match(/../g), (pair) => parseInt(pair, 16));

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const at = (data, offset) => data.getBigUint64(offset, true);

function fold(a, b) {
  const product = a * b;
  return (product & MASK) ^ (product >> 64n);
}

function avalanche(hash) {
  hash ^= hash >> 37n;
  hash = (hash * AVALANCHE) & MASK;
  return hash ^ (hash >> 32n);
}

function swap(value) {
  const turned = new DataView(new ArrayBuffer(8));
  turned.setBigUint64(0, value, true);
  return turned.getBigUint64(0, false);
}

function short(data, seed) { // 9 to 16 bytes
  const secret = view(SECRET), length = data.byteLength;
  const flip1 = ((at(secret, 24) ^ at(secret, 32)) + seed) & MASK;
  const flip2 = ((at(secret, 40) ^ at(secret, 48)) - seed) & MASK;
  const low = at(data, 0) ^ flip1, high = at(data, length - 8) ^ flip2;
  return avalanche((BigInt(length) + swap(low) + high + fold(low, high)) & MASK);
}

function medium(data, seed) { // 17 to 128 bytes
  const secret = view(SECRET), length = data.byteLength;
  const mix = (place, key) => fold(
    at(data, place) ^ ((at(secret, key) + seed) & MASK),
    at(data, place + 8) ^ ((at(secret, key + 8) - seed) & MASK));
  let sum = BigInt(length) * P64_1;
  for (let half = Math.ceil(length / 32) - 1; half >= 0; half--) {
    sum += mix(16 * half, 32 * half) + mix(length - 16 * (half + 1), 32 * half + 16);
  }
  return avalanche(sum & MASK);
}

function seeded(seed) {
  const made = new DataView(new ArrayBuffer(SECRET.length)), secret = view(SECRET);
  for (let place = 0; place < SECRET.length; place += 16) {
    made.setBigUint64(place, (at(secret, place) + seed) & MASK, true);
    made.setBigUint64(place + 8, (at(secret, place + 8) - seed) & MASK, true);
  }
  return made;
}

function long(data, seed) { // more than 240 bytes
  const secret = seeded(seed), length = data.byteLength;
  const sums = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1];
  const stripe = (place, key) => {
    for (let lane = 0; lane < 8; lane++) {
      const value = at(data, place + 8 * lane);
      const mixed = value ^ at(secret, key + 8 * lane);
      sums[lane ^ 1] = (sums[lane ^ 1] + value) & MASK;
      sums[lane] = (sums[lane] + (mixed & 0xffffffffn) * (mixed >> 32n)) & MASK;
    }
  };
  const last = length - 1, perBlock = 16;
  for (let place = 0, n = 0; place + 64 <= last; place += 64, n++) {
    stripe(place, 8 * (n % perBlock));
    if (n % perBlock === perBlock - 1 && place + 64 <= 1024 * Math.floor(last / 1024)) {
      for (let lane = 0; lane < 8; lane++) {
        const sum = sums[lane];
        sums[lane] = ((sum ^ (sum >> 47n) ^ at(secret, 128 + 8 * lane)) * P32_1) & MASK;
      }
    }
  }
  stripe(length - 64, 121);
  let hash = BigInt(length) * P64_1;
  for (let pair = 0; pair < 4; pair++) {
    hash += fold(
      sums[2 * pair] ^ at(secret, 11 + 16 * pair),
      sums[2 * pair + 1] ^ at(secret, 19 + 16 * pair));
  }
  return avalanche(hash & MASK);
}

// The XXH3-64 of bytes (Uint8Array) under a seed (BigInt), as a BigInt.
export function xxh3(bytes, seed = 0n) {
  const data = view(bytes), length = bytes.length;
  if (length >= 9 && length <= 16) return short(data, seed);
  if (length > 16 && length <= 128) return medium(data, seed);
  if (length > 240) return long(data, seed);
  throw new RangeError("no part of a filter has that length");
}
