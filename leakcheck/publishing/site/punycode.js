// Punycode (RFC 3492): how a label of any script is written in ASCII.

const BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 0x80;
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

function adapted(delta, count, first) {
  delta = Math.floor(delta / (first ? DAMP : 2));
  delta += Math.floor(delta / count);
  let steps = 0;
  for (; delta > (BASE - T_MIN) * T_MAX / 2; steps += BASE) delta = Math.floor(delta / (BASE - T_MIN));
  return steps + Math.floor((BASE - T_MIN + 1) * delta / (delta + SKEW));
}

const threshold = (step, bias) => Math.min(Math.max(step - bias, T_MIN), T_MAX);

// `label`, which is not ASCII, without the `xn--` that goes before it.
export function encode(label) {
  const codes = [...label].map((mark) => mark.codePointAt(0)), basic = codes.filter((code) => code < FIRST);
  let out = String.fromCodePoint(...basic) + (basic.length ? "-" : "");
  let code = FIRST, delta = 0, bias = BIAS, done = basic.length;
  while (done < codes.length) {
    const next = Math.min(...codes.filter((each) => each >= code));
    delta += (next - code) * (done + 1);
    code = next;
    for (const each of codes) {
      if (each < code) delta++;
      if (each !== code) continue;
      let rest = delta;
      for (let step = BASE; ; step += BASE) {
        const limit = threshold(step, bias);
        if (rest < limit) break;
        out += DIGITS[limit + (rest - limit) % (BASE - limit)];
        rest = Math.floor((rest - limit) / (BASE - limit));
      }
      out += DIGITS[rest];
      bias = adapted(delta, done + 1, done === basic.length);
      delta = 0;
      done++;
    }
    delta++;
    code++;
  }
  return out;
}

// What `text`, in lower case and without `xn--`, stands for; null where it is no Punycode.
export function decode(text) {
  const border = text.lastIndexOf("-"), digits = text.slice(border + 1);
  if (border === 0) return null;
  const marks = border < 0 ? [] : [...text.slice(0, border)];
  let code = FIRST, place = 0, bias = BIAS;
  for (let at = 0; at < digits.length;) {
    const before = place;
    for (let weight = 1, step = BASE; ; step += BASE) {
      const value = at < digits.length ? DIGITS.indexOf(digits[at]) : -1;
      if (value < 0) return null;
      at++;
      place += value * weight;
      if (place > Number.MAX_SAFE_INTEGER) return null; // far beyond the last character
      const limit = threshold(step, bias);
      if (value < limit) break;
      weight *= BASE - limit;
    }
    const count = marks.length + 1;
    bias = adapted(place - before, count, before === 0);
    code += Math.floor(place / count);
    place %= count;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
    marks.splice(place++, 0, String.fromCodePoint(code));
  }
  return marks.join("");
}
