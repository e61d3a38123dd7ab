// MD4 (RFC 1320) of bytes: browsers have none, and filters of NT hashes are made of it.

const ROUNDS = [
  [(x, y, z) => (x & y) | (~x & z), 0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [3, 7, 11, 19]],
  [(x, y, z) => (x & y) | (x & z) | (y & z), 0x5a827999, [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], [3, 5, 9, 13]],
  [(x, y, z) => x ^ y ^ z, 0x6ed9eba1, [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], [3, 9, 11, 15]],
];

export function md4(data) {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64), words = new DataView(padded.buffer);
  padded.set(data);
  padded[data.length] = 0x80;
  words.setBigUint64(padded.length - 8, BigInt(data.length) * 8n, true);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = state;
    for (const [mix, constant, order, shifts] of ROUNDS) {
      order.forEach((index, step) => {
        const sum = a + mix(b, c, d) + words.getUint32(block + 4 * index, true) + constant | 0, shift = shifts[step & 3];
        [a, b, c, d] = [d, sum << shift | sum >>> 32 - shift, b, c];
      });
    }
    [a, b, c, d].forEach((value, at) => { state[at] = state[at] + value | 0; });
  }
  const out = new DataView(new ArrayBuffer(16));
  state.forEach((value, at) => out.setInt32(4 * at, value, true));
  return new Uint8Array(out.buffer);
}
