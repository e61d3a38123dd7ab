// A file on a web server, read in pieces: by range requests and, where the host does not serve
// those as they should be, from the chunks that were published beside it.
//
// Rule 1: a request carries nothing that tells one visitor from another, and is as long as any
// other. Rule 2: a body that is not exactly the piece asked for is no answer. Rule 3: no file is
// downloaded whole, but one that is no larger than a chunk.

export const CHUNK = 1 << 20; // bytes
const PATIENCE = 15_000, CHUNK_PATIENCE = 60_000, PAUSE = 500; // milliseconds

// `reason` is one of those in texts/*.json; late: whether time has ended it.
export class Unreachable extends Error {
  constructor(reason, late = false) {
    super(reason);
    this.reason = reason;
    this.late = late;
  }
}

const QUIET = {
  credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", redirect: "error", mode: "cors",
};

// One request, {response, end, isLate}: what came, what ends it whether or not its body was read, and
// whether time has ended it. A host that is down or busy is asked once more. patience: milliseconds, for the body too.
async function request(url, headers, patience = PATIENCE) {
  for (let again = true; ; again = false) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), patience);
    const end = () => {
      clearTimeout(timer);
      stop.abort();
    };
    try {
      const response = await fetch(url, { ...QUIET, headers, signal: stop.signal });
      if (!(again && (response.status === 429 || response.status >= 500))) return { response, end, isLate: () => stop.signal.aborted };
    } catch {
      if (!again || stop.signal.aborted) throw new Unreachable("network", stop.signal.aborted);
    }
    end();
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

// At most `most` bytes of a body; null where it has more, or breaks off.
async function bodyOf(response, most) {
  const pieces = [], reader = response.body.getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > most) return null;
      pieces.push(value);
    }
  } catch {
    return null;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

// All of a small file, of `most` bytes at most.
export async function fetchWhole(url, most, patience = PATIENCE) {
  const { response, end } = await request(url, {}, patience);
  try {
    const body = response.status === 200 ? await bodyOf(response, most) : null;
    if (!body) throw new Unreachable("network");
    return body;
  } finally {
    end();
  }
}

// A file of `size` bytes at a URL. chunked: whether chunks of it were published; byRange: whether
// the host is thought to serve ranges, until it proves that it does not.
export class RemoteFile {
  constructor(url, size, chunked, byRange = true) {
    this.url = url;
    this.size = size;
    this.chunked = chunked;
    this.byRange = byRange;
    this.chunks = new Map(); // the last one, by number
    this.whole = null;
  }

  // `count` bytes from `first`, both as they stand in the file. Throws Unreachable.
  async read(first, count) {
    if (this.whole) return this.whole.slice(first, first + count);
    if (!this.byRange) return this.fromChunks(first, count);
    const found = await this.range(first, count);
    if (found) return found;
    const other = await this.fromChunks(first, count);
    this.byRange = false;
    return other;
  }

  // Whether what was read by ranges turned out unsound, and chunks may have it right.
  distrustRanges() {
    const other = this.byRange && this.chunked && !this.whole;
    this.byRange = this.byRange && !other;
    return other;
  }

  // null where the host does not serve the range as it should, and chunks may do.
  async range(first, count) {
    const width = String(this.size).length, place = (number) => String(number).padStart(width, "0");
    let asked;
    try {
      asked = await request(this.url, { Range: `bytes=${place(first)}-${place(first + count - 1)}` });
    } catch (error) {
      if (!this.chunked || error.late) throw error;
      return null; // such as a range that was compressed by itself, which browsers refuse
    }
    const { response, end, isLate } = asked;
    try {
      const told = response.headers.get("Content-Range"); // another origin may not show it
      const right = told === null || told === `bytes ${first}-${first + count - 1}/${this.size}`;
      if (response.status === 206 && right) {
        const body = await bodyOf(response, count);
        if (body?.length === count) return body;
      } else if (response.status === 200 && this.size <= CHUNK) {
        const body = await bodyOf(response, this.size);
        if (body?.length === this.size) {
          this.whole = body;
          return body.slice(first, first + count);
        }
      }
      if (isLate() || (!this.chunked && response.status >= 400)) throw new Unreachable("network");
      return null;
    } finally {
      end();
    }
  }

  async fromChunks(first, count) {
    if (!this.chunked) throw new Unreachable("host");
    if (first === 0 && count === 4096) return this.chunk("head", 4096);
    const number = Math.floor(first / CHUNK), start = number * CHUNK;
    if (first + count > start + CHUNK) {
      const here = start + CHUNK - first;
      const [front, rest] = [await this.fromChunks(first, here), await this.fromChunks(first + here, count - here)];
      return Uint8Array.from([...front, ...rest]);
    }
    if (!this.chunks.has(number)) {
      this.chunks = new Map([[number, this.chunk(number, Math.min(CHUNK, this.size - start))]]);
      this.chunks.get(number).catch(() => this.chunks.delete(number));
    }
    return (await this.chunks.get(number)).slice(first - start, first - start + count);
  }

  async chunk(name, size) {
    const body = await fetchWhole(`${this.url}.chunks/${name}.bin`, size, CHUNK_PATIENCE);
    if (body.length !== size) throw new Unreachable("damaged");
    return body;
  }
}
