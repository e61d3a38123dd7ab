//! Keys of passwords, one a line; the rules are in leakcheck/subject/digests.py.

use crate::digest::Digests;
use crate::escapes::hex;
use crate::lines::{lines, Account, Status, LONGEST_PASSWORD};
use std::borrow::Cow;

/// Keys of one password a line.
pub fn passwords(data: &[u8], ntlm: bool) -> (Vec<u8>, Account) {
    fields(lines(data), ntlm, data.len())
}

/// Keys of passwords that are already apart; `bytes`: about how many in all.
pub fn fields<'a>(
    fields: impl Iterator<Item = &'a [u8]>,
    ntlm: bool,
    bytes: usize,
) -> (Vec<u8>, Account) {
    let mut digests = Digests::with_capacity(bytes * 2);
    let mut account = Account::default();
    for field in fields {
        let (status, password) = checked(field, Status::Empty);
        if status == Status::Accepted {
            digest(&mut digests, &password, ntlm);
        }
        account.line(status);
    }
    (digests.finish(), account)
}

/// The status of a password as it stands in the dump, and what it stands for.
pub fn checked(field: &[u8], empty: Status) -> (Status, Cow<'_, [u8]>) {
    if field.len() > LONGEST_PASSWORD {
        return (Status::TooLong, Cow::Borrowed(&[]));
    }
    let password = plain(field);
    let status = if password.is_empty() {
        empty
    } else {
        Status::Accepted
    };
    (status, password)
}

/// `field`, or what it holds where it is written `$HEX[...]`.
pub fn plain(field: &[u8]) -> Cow<'_, [u8]> {
    if field.first() != Some(&b'$') {
        return Cow::Borrowed(field);
    }
    let digits = field
        .strip_prefix(b"$HEX[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    let Some(digits) = digits.filter(|digits| digits.len() % 2 == 0) else {
        return Cow::Borrowed(field);
    };
    let pairs = digits.chunks_exact(2);
    let bytes = pairs.map(|pair| Some((hex(pair[0])? << 4 | hex(pair[1])?) as u8));
    bytes
        .collect::<Option<Vec<u8>>>()
        .map_or(Cow::Borrowed(field), Cow::Owned)
}

/// Append the keys of one password.
pub fn digest(digests: &mut Digests, password: &[u8], ntlm: bool) {
    match (std::str::from_utf8(password), ntlm) {
        (Ok(text), true) => digests.nt_hash(text),
        (Err(_), true) => digests.nt_hash(&windows_1252(password)),
        (Ok(_), false) => digests.sha1(&[password]),
        (Err(_), false) => {
            digests.sha1(&[password]);
            digests.sha1(&[windows_1252(password).as_bytes()]);
        }
    }
}

/// The bytes that a password may stand for.
pub fn readings(password: &[u8]) -> Vec<Cow<'_, [u8]>> {
    match std::str::from_utf8(password) {
        Ok(_) => vec![Cow::Borrowed(password)],
        Err(_) => {
            let other = windows_1252(password).into_bytes();
            vec![Cow::Borrowed(password), Cow::Owned(other)]
        }
    }
}

/// Windows-1252 as text; its five unassigned bytes become the controls of Latin-1.
fn windows_1252(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let read = |&byte: &u8| match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    bytes.iter().map(read).collect()
}
