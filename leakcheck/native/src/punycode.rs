//! Punycode (RFC 3492): how a label of any script is written in ASCII.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const BIAS: u32 = 72;
const FIRST: u32 = 0x80;
/// A label that is longer once encoded is none.
pub const LONGEST: usize = 59;

fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / count;
    let mut steps = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        steps += BASE;
    }
    steps + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn threshold(step: u32, bias: u32) -> u32 {
    step.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// `label`, at most LONGEST characters; None where it takes more than LONGEST.
pub fn encode(label: &[char]) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(LONGEST);
    out.extend(
        label
            .iter()
            .filter(|mark| mark.is_ascii())
            .map(|mark| *mark as u8),
    );
    let basic = out.len() as u32;
    if basic > 0 {
        out.push(b'-');
    }
    // At most 60 * 0x110000: no sum here comes near to 2^32.
    let (mut code, mut delta, mut bias, mut done) = (FIRST, 0, BIAS, basic);
    while (done as usize) < label.len() {
        let next = label
            .iter()
            .map(|mark| *mark as u32)
            .filter(|mark| *mark >= code)
            .min()?;
        delta += (next - code) * (done + 1);
        code = next;
        for mark in label.iter().map(|mark| *mark as u32) {
            if mark < code {
                delta += 1;
            } else if mark == code {
                write(delta, bias, &mut out);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        if out.len() > LONGEST {
            return None;
        }
        delta += 1;
        code += 1;
    }
    (out.len() <= LONGEST).then_some(out)
}

/// Append `delta` as a number of variable length.
fn write(delta: u32, bias: u32, out: &mut Vec<u8>) {
    let digit = |value: u32| (value as u8) + if value < 26 { b'a' } else { b'0' - 26 };
    let (mut rest, mut step) = (delta, BASE);
    loop {
        let threshold = threshold(step, bias);
        if rest < threshold {
            return out.push(digit(rest));
        }
        out.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
        rest = (rest - threshold) / (BASE - threshold);
        step += BASE;
    }
}

/// What `text`, in lower case, stands for; None where it is no Punycode.
pub fn decode(text: &[u8]) -> Option<Vec<char>> {
    let (basic, digits) = match text.iter().rposition(|byte| *byte == b'-') {
        Some(0) => return None,
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (&text[..0], text),
    };
    let mut marks: Vec<char> = basic.iter().map(|byte| char::from(*byte)).collect();
    let (mut code, mut place, mut bias) = (u64::from(FIRST), 0u64, BIAS);
    let mut rest = digits.iter();
    while !rest.as_slice().is_empty() {
        let (before, mut weight, mut step) = (place, 1u64, BASE);
        loop {
            let value = match *rest.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            place = place.checked_add(weight.checked_mul(u64::from(value))?)?;
            let threshold = threshold(step, bias);
            if value < threshold {
                break;
            }
            weight = weight.checked_mul(u64::from(BASE - threshold))?;
            step += BASE;
        }
        let count = marks.len() as u64 + 1;
        code += place / count;
        let mark = char::from_u32(u32::try_from(code).ok()?)?;
        // `code` is a character: what was added is below 2^31.
        bias = adapt((place - before) as u32, count as u32, before == 0);
        place %= count;
        marks.insert(place as usize, mark);
        place += 1;
    }
    Some(marks)
}
