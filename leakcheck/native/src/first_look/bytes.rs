//! Bytes and runs of them, as the patterns of the readers have them.

/// Whether `word`, in lower case, stands in `data`, whatever the case there.
pub fn holds(data: &[u8], word: &[u8]) -> bool {
    data.windows(word.len())
        .any(|here| here.eq_ignore_ascii_case(word))
}

pub fn starts(data: &[u8], word: &[u8]) -> bool {
    data.get(..word.len())
        .is_some_and(|here| here.eq_ignore_ascii_case(word))
}

pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// As Python's `\s` has it.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// How many bytes of `data` from `at` on are such.
pub fn run(data: &[u8], at: usize, such: impl Fn(u8) -> bool) -> usize {
    let rest = data.get(at..).unwrap_or(&[]);
    rest.iter().take_while(|byte| such(**byte)).count()
}
