// Text and bytes, so that nothing is lost between them: a byte that is not part of valid UTF-8 is
// the half of a surrogate pair U+DC80 to U+DCFF, as in Python's "surrogateescape".

const utf8 = new TextEncoder(), strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Bytes to text.
export function decode(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length;) {
      const size = [1, 2, 3, 4].find((count) => at + count <= bytes.length && isCharacter(bytes.subarray(at, at + count)));
      text += size ? strict.decode(bytes.subarray(at, at + size)) : String.fromCharCode(0xdc00 + bytes[at]);
      at += size ?? 1;
    }
    return text;
  }
}

function isCharacter(bytes) {
  try {
    return [...strict.decode(bytes)].length === 1;
  } catch {
    return false;
  }
}

// Text to bytes; a lone half of a pair that stands for no byte is written as if it were a character.
export function encode(text) {
  if (!/[\ud800-\udfff]/.test(text)) return utf8.encode(text);
  const marks = [...text], codes = marks.map((mark) => mark.codePointAt(0));
  const isLone = (code) => code >= 0xd800 && code < 0xe000, isByte = (code) => code >= 0xdc80 && code < 0xdd00;
  const escaped = codes.every((code) => !isLone(code) || isByte(code));
  return Uint8Array.from(codes.flatMap((code, at) => {
    if (!isLone(code)) return [...utf8.encode(marks[at])];
    return escaped ? [code - 0xdc00] : [0xe0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63];
  }));
}

// Such a half as the character of that number (Latin-1), for domains.
export const fromLatin = (text) => [...text].map((mark) => {
  const code = mark.codePointAt(0);
  return code >= 0xdc80 && code < 0xdd00 ? String.fromCharCode(code - 0xdc00) : mark;
}).join("");

// Bytes as Windows-1252; its five unassigned bytes are the controls of Latin-1. (The decoder of that
// name is Latin-1 in some versions of Node.js.)
const WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
export const windows = (bytes) => Array.from(bytes, (byte) =>
  byte >= 0x80 && byte < 0xa0 ? WINDOWS[byte - 0x80] : String.fromCharCode(byte)).join("");

// UTF-16, little-endian, of bytes: the form that an NT hash is taken of.
export function utf16(bytes) {
  let text;
  try {
    text = strict.decode(bytes);
  } catch {
    text = windows(bytes);
  }
  const out = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) out.setUint16(2 * at, text.charCodeAt(at), true);
  return new Uint8Array(out.buffer);
}
