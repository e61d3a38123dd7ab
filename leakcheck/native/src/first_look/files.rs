//! Reading files for the look: regular ones up to a size, and no links.

use std::path::PathBuf;

/// Bytes of files handed to Python at a time, after which it gets them.
const MOST_KEPT: usize = 8 << 20;

/// A buffer that has grown larger than this is given back.
const LARGEST_BUFFER: usize = 8 << 20;

/// A file that Python is to read: its number, and its bytes where they were read.
pub type Kept = (usize, Option<Vec<u8>>);

/// Read files until enough of them hold something: the number of the next, and those.
///
/// kinds: of each 0 for one to leave alone, 1 for text, 2 for source code; holds_nothing: whether
/// bytes do, and whether they are source code.
pub fn read_some(
    before: &std::path::Path,
    names: &[PathBuf],
    kinds: &[u8],
    first: usize,
    limit: u64,
    holds_nothing: impl Fn(&[u8], bool) -> bool,
) -> (usize, Vec<Kept>) {
    let (mut left, mut kept) = (Vec::new(), 0);
    let mut buffer = Vec::new();
    for (number, name) in names.iter().enumerate().skip(first) {
        let data = match kinds[number] {
            0 => None,
            _ => read_whole(&mut buffer, before.join(name), limit),
        };
        match data {
            None => left.push((number, None)),
            Some(data) if holds_nothing(data, kinds[number] == 2) => (),
            Some(data) => {
                kept += data.len();
                left.push((number, Some(data.to_vec())));
            }
        }
        if buffer.len() > LARGEST_BUFFER {
            buffer = Vec::new();
        }
        if kept > MOST_KEPT {
            return (number + 1, left);
        }
    }
    (names.len(), left)
}

/// The bytes of a regular file; None for whatever else is there, and where it is too long.
#[cfg(unix)]
fn read_whole(buffer: &mut Vec<u8>, path: PathBuf, limit: u64) -> Option<&[u8]> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .ok()?;
    let status = file.metadata().ok()?;
    if !status.is_file() || status.len() > limit {
        return None;
    }
    let size = usize::try_from(status.len()).ok()?;
    if buffer.len() <= size {
        buffer.resize((size + 1).next_power_of_two(), 0);
    }
    let mut length = 0;
    loop {
        let count = match file.read(&mut buffer[length..=size]) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.ok()?,
        };
        length += count;
        // one that grows, or whose size is not told, is left to Python
        if length > size {
            return None;
        }
        if count == 0 || length == size {
            return Some(&buffer[..length]);
        }
    }
}

#[cfg(not(unix))]
fn read_whole(_: &mut Vec<u8>, _: PathBuf, _: u64) -> Option<&'static [u8]> {
    None
}
