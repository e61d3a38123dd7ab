//! SHA-256 of every 4,096-byte block of a buffer: the leaves and levels of an fs-verity tree.

use sha2::{Digest, Sha256};

const BLOCK: usize = 4096;
const HASH: usize = 32;

/// The digest of each block, packed; the last block is padded with zeros.
pub fn block_digests(data: &[u8]) -> Vec<u8> {
    let mut digests = Vec::with_capacity(data.len().div_ceil(BLOCK) * HASH);
    for block in data.chunks(BLOCK) {
        let mut hasher = Sha256::new();
        hasher.update(block);
        if block.len() < BLOCK {
            hasher.update(&[0; BLOCK][block.len()..]);
        }
        digests.extend_from_slice(&hasher.finalize());
    }
    digests
}
