// The other pages that are asked for, so that the one that matters is one of several.
//
// The space of digests is cut into 256 cells by the leading byte, and the cells are sorted into
// groups by what is public: the site's name. Whatever is asked for in one cell is asked for at the
// same place in every cell of its group, so that a group asks for the same pages whichever of them
// matters, at every visit and from everybody. A secret, as the command line tool has one, would
// have to be stored on the visitor's device.

const CELLS = 256, SHIFT = 56n, MOST = 255;

// Numbers of the pages to ask for: those of `digests`, and at least `decoys` others for each.
export async function places(digests, decoys, site, header) {
  const real = digests.map((digest) => new DataView(digest.buffer, digest.byteOffset, 8).getBigUint64(0, false));
  const number = (place) => Number(place * BigInt(header.pages) >> 64n);
  const size = 2 ** Math.ceil(Math.log2(Math.min(MOST, decoys) + 1)), order = await sorted(site), asked = new Set();
  for (const place of real) {
    const first = Math.floor(order.indexOf(Number(place >> SHIFT)) / size) * size;
    const inside = place & ((1n << SHIFT) - 1n);
    for (const cell of order.slice(first, first + size)) asked.add(number(BigInt(cell) << SHIFT | inside));
  }
  return [...asked];
}

async function sorted(site) {
  const drawn = await Promise.all(Array.from({ length: CELLS }, async (_, cell) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${site} ${cell}`));
    return [Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join(""), cell];
  }));
  return drawn.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, cell]) => cell);
}
