//! Digests, packed into one buffer as they come; short messages are hashed several at once.

#[cfg(target_arch = "x86_64")]
use crate::sha_pair;
use md4::{Digest, Md4};
use sha1::Sha1;
use std::cell::Cell;

const START: [u32; 5] = [
    0x6745_2301,
    0xEFCD_AB89,
    0x98BA_DCFE,
    0x1032_5476,
    0xC3D2_E1F0,
];
/// The longest message that fits in one block with its padding.
pub const SHORT: usize = 55;
const LANES: usize = 16;

/// A window on it keeps the first bytes of a block and clears the rest.
static KEEP: [u8; 128] = {
    let mut keep = [0; 128];
    let mut at = 0;
    while at < 64 {
        keep[at] = 0xff;
        at += 1;
    }
    keep
};

thread_local! {
    /// Memory for the digests of a chunk, kept from one to the next: fresh memory costs more
    /// than the digests.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// More than the digests of a chunk need is given back to the system.
const KEPT: usize = 4 << 20;

/// Keep the memory of `digests`, which were copied, for this thread's next chunk.
pub fn keep(digests: Vec<u8>) {
    if digests.capacity() <= KEPT {
        SPARE.set(digests);
    }
}

/// SHA-1 or NT hashes in the order in which they are asked for.
pub struct Digests {
    out: Vec<u8>,
    waiting: [[u8; 64]; LANES],
    count: usize,
}

impl Digests {
    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = SPARE.take();
        out.clear();
        out.reserve(bytes);
        Self {
            out,
            waiting: [[0; 64]; LANES],
            count: 0,
        }
    }

    /// Append the SHA-1 of `parts` end to end.
    pub fn sha1(&mut self, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > SHORT {
            self.flush();
            let mut hasher = Sha1::new();
            parts.iter().for_each(|part| hasher.update(part));
            self.out.extend_from_slice(&hasher.finalize());
            return;
        }
        let block = &mut self.waiting[self.count];
        let mut at = 0;
        for part in parts {
            block[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.finish_block(length);
    }

    /// Append the SHA-1 of `data[start..end]` in lower case.
    pub fn sha1_lower(&mut self, data: &[u8], start: usize, end: usize) {
        let length = end - start;
        if length > SHORT {
            return self.sha1(&[&data[start..end].to_ascii_lowercase()]);
        }
        let Some(bytes) = data[start..].first_chunk::<64>() else {
            return self.sha1(&[&data[start..end].to_ascii_lowercase()]);
        };
        let keep: &[u8; 64] = KEEP[64 - length..].first_chunk().unwrap_or(&[0; 64]);
        let block = &mut self.waiting[self.count];
        for place in 0..64 {
            let byte = bytes[place];
            let lower = byte | u8::from(byte.wrapping_sub(b'A') < 26) << 5;
            block[place] = lower & keep[place];
        }
        self.pad(length);
    }

    /// Append the SHA-1 of `data[start..end]`.
    #[inline]
    pub fn sha1_of(&mut self, data: &[u8], start: usize, end: usize) {
        let length = end - start;
        match data[start..].first_chunk::<64>() {
            Some(bytes) if length <= SHORT => {
                let keep: &[u8; 64] = KEEP[64 - length..].first_chunk().unwrap_or(&[0; 64]);
                let block = &mut self.waiting[self.count];
                for place in 0..64 {
                    block[place] = bytes[place] & keep[place];
                }
                self.pad(length);
            }
            _ => self.sha1(&[&data[start..end]]),
        }
    }

    /// Append the NT hash of a password: MD4 of its UTF-16LE form.
    pub fn nt_hash(&mut self, text: &str) {
        let mut hasher = Md4::new();
        let mut wide = [0; 64];
        let mut at = 0;
        for unit in text.encode_utf16() {
            wide[at..at + 2].copy_from_slice(&unit.to_le_bytes());
            at += 2;
            if at == wide.len() {
                hasher.update(wide);
                at = 0;
            }
        }
        hasher.update(&wide[..at]);
        self.out.extend_from_slice(&hasher.finalize());
    }

    /// Append a digest that is already one.
    pub fn raw(&mut self, digest: &[u8]) {
        self.out.extend_from_slice(digest);
    }

    /// Append the digest that `text` writes in hex; false, and nothing appended, where it is not hex.
    /// WIDE: as for `hex::decode_on`.
    #[inline(always)]
    pub fn hex<const WIDE: bool>(&mut self, text: &[u8]) -> bool {
        // Of a length that the compiler knows it makes a few instructions.
        if let Ok(text) = text.try_into() {
            return self.digits::<WIDE, 40, 20>(text);
        }
        if let Ok(text) = text.try_into() {
            return self.digits::<WIDE, 32, 16>(text);
        }
        let length = self.out.len();
        self.out.resize(length + text.len() / 2, 0);
        let sound = crate::hex::decode(text, &mut self.out[length..]);
        if !sound {
            self.out.truncate(length);
        }
        sound
    }

    #[inline(always)]
    fn digits<const WIDE: bool, const DIGITS: usize, const BYTES: usize>(
        &mut self,
        text: &[u8; DIGITS],
    ) -> bool {
        let mut digest = [0; BYTES];
        let sound = crate::hex::decode_on::<WIDE>(text, &mut digest);
        if sound {
            self.out.extend_from_slice(&digest);
        }
        sound
    }

    /// Take back the last digest, of `bytes` bytes, that came from hex.
    pub fn drop_last(&mut self, bytes: usize) {
        self.out.truncate(self.out.len() - bytes);
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }

    /// Clear what follows the message in the next waiting block, and pad it (RFC 3174, 4).
    fn finish_block(&mut self, length: usize) {
        let block = &mut self.waiting[self.count];
        block[length..].fill(0);
        self.pad(length);
    }

    /// Pad the message of `length` bytes in the next waiting block, the rest of which is zeros.
    #[inline]
    fn pad(&mut self, length: usize) {
        let block = &mut self.waiting[self.count];
        block[length] = 0x80;
        block[56..].copy_from_slice(&(length as u64 * 8).to_be_bytes());
        self.count += 1;
        if self.count == LANES {
            self.flush();
        }
    }

    #[inline(never)]
    fn flush(&mut self) {
        let rest = &self.waiting[..self.count];
        #[cfg(target_arch = "x86_64")]
        let rest = if sha_pair::is_there() {
            let (pairs, odd) = rest.as_chunks();
            for [one, other] in pairs {
                // SAFETY: the processor has the instructions.
                let sums = unsafe { sha_pair::pair([one, other]) };
                self.out.extend_from_slice(sums.as_flattened());
            }
            odd
        } else {
            rest
        };
        for block in rest {
            let mut state = START;
            sha1::block_api::compress(&mut state, std::slice::from_ref(block));
            for word in state {
                self.out.extend_from_slice(&word.to_be_bytes());
            }
        }
        self.count = 0;
    }
}
