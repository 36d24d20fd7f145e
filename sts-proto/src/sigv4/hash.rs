//! SHA-256 and HMAC for texts that come in small pieces, over the compression function of `sha2`, which uses the
//! processor's own instructions where it has them.
//!
//! The usual types of `sha2` and `hmac` hash a block at a time, and wipe byte after byte: for texts as short as those of a
//! signature that costs as much as the hashing. Here pieces are gathered, hashed by many blocks at once, and wiped at once.

use sha2::block_api::compress256;

use crate::wipe;

const BLOCK: usize = 64;

/// What the text of an ordinary request fits in, with its padding.
const ROOM: usize = 4 * BLOCK;

/// The last block has the length in its last bytes, and a one bit before.
const LENGTH: usize = 8;

/// FIPS 180-4, section 5.3.3.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

pub(super) type Digest = [u8; 32];

/// A SHA-256 in the making. It is wiped when it is dropped: a canonical request holds the session token.
pub(super) struct Sha256 {
    state: [u32; 8],
    /// Bytes that are in the state.
    hashed: u64,
    room: [u8; ROOM],
    filled: usize,
}

impl Sha256 {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self::from_state(START, 0)
    }

    #[inline(always)]
    fn from_state(state: [u32; 8], hashed: u64) -> Self {
        Self { state, hashed, room: [0; ROOM], filled: 0 }
    }

    #[inline]
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self.room.get_mut(self.filled..).and_then(|free| free.get_mut(..piece.len())) {
            Some(free) => {
                free.copy_from_slice(piece);
                self.filled += piece.len();
            }
            None => self.update_long(piece),
        }
    }

    /// For a piece that there is no room for.
    #[inline(never)]
    fn update_long(&mut self, piece: &[u8]) {
        // What is in the room comes first: filled up to whole blocks, it can be hashed.
        let missing = self.filled.next_multiple_of(BLOCK) - self.filled;
        let (first, rest) = piece.split_at_checked(missing).unwrap_or((piece, &[]));
        if let Some(free) = self.room.get_mut(self.filled..).and_then(|free| free.get_mut(..first.len())) {
            free.copy_from_slice(first);
        }
        self.filled += first.len();
        self.flush();
        let (blocks, rest) = rest.as_chunks();
        compress256(&mut self.state, blocks);
        self.hashed += (blocks.len() * BLOCK) as u64;
        if let Some(free) = self.room.get_mut(..rest.len()) {
            free.copy_from_slice(rest);
            self.filled = rest.len();
        }
    }

    /// Hashes the whole blocks in the room; none but whole ones must be in it.
    fn flush(&mut self) {
        let (blocks, _) = self.room.get(..self.filled).unwrap_or_default().as_chunks();
        compress256(&mut self.state, blocks);
        self.hashed += (blocks.len() * BLOCK) as u64;
        self.filled = 0;
    }

    /// FIPS 180-4, section 5.1.1: a one bit, zeros, and the number of bits before. It is of no more use then.
    pub(super) fn finish(&mut self) -> Digest {
        let bits = 8 * (self.hashed + self.filled as u64);
        let padded = (self.filled + 1 + LENGTH).next_multiple_of(BLOCK);
        if padded > ROOM {
            // So full that the padding needs a block more than there is.
            let (blocks, _) = self.room.as_chunks::<BLOCK>();
            let (whole, rest) = blocks.split_at(self.filled / BLOCK);
            compress256(&mut self.state, whole);
            let rest = rest.first().copied().unwrap_or([0; BLOCK]);
            self.filled %= BLOCK;
            if let Some(free) = self.room.get_mut(..BLOCK) {
                free.copy_from_slice(&rest);
            }
        }
        let padded = (self.filled + 1 + LENGTH).next_multiple_of(BLOCK);
        if let Some(padding) = self.room.get_mut(self.filled..padded) {
            padding.fill(0);
            if let Some(first) = padding.first_mut() {
                *first = 0x80;
            }
            if let Some(length) = padding.last_chunk_mut::<LENGTH>() {
                *length = bits.to_be_bytes();
            }
        }
        self.filled = padded;
        self.flush();
        digest(&self.state)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

fn digest(state: &[u32; 8]) -> Digest {
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// The last block of a text that has so many bytes in all, if what is left of it fits in.
#[inline(always)]
fn last_block(left: &[u8], length: usize) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    if left.len() + 1 + LENGTH > BLOCK {
        return None;
    }
    block.get_mut(..left.len())?.copy_from_slice(left);
    *block.get_mut(left.len())? = 0x80;
    *block.last_chunk_mut::<LENGTH>()? = (8 * length as u64).to_be_bytes();
    Some(block)
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        self.state = [0; 8];
        self.room = [0; ROOM];
        zeroize::optimization_barrier(self);
    }
}

/// A key of HMAC-SHA-256, as the two states that its pads lead to (RFC 2104): neither is hashed again for each use.
#[derive(Clone)]
pub(super) struct HmacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl HmacKey {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut pad = [0; BLOCK];
        match pad.get_mut(..key.len()) {
            Some(start) => start.copy_from_slice(key),
            None => {
                let mut digest = sha256(key);
                pad[..digest.len()].copy_from_slice(&digest);
                wipe::slice(&mut digest);
            }
        }
        let (mut inner, mut outer) = (START, START);
        pad.iter_mut().for_each(|b| *b ^= 0x36);
        compress256(&mut inner, &[pad]);
        pad.iter_mut().for_each(|b| *b ^= 0x36 ^ 0x5c);
        compress256(&mut outer, &[pad]);
        wipe::slice(&mut pad);
        Self { inner, outer }
    }

    /// The HMAC of what is put in.
    #[inline]
    pub(super) fn sign(&self, put: impl FnOnce(&mut Sha256)) -> Digest {
        let mut hash = Sha256::from_state(self.inner, BLOCK as u64);
        put(&mut hash);
        self.close(&hash.finish())
    }

    /// The HMAC of a text, which costs less where that is short.
    #[inline]
    pub(super) fn sign_text(&self, text: &[u8]) -> Digest {
        match last_block(text, BLOCK + text.len()) {
            Some(block) => {
                let mut state = self.inner;
                compress256(&mut state, &[block]);
                self.close(&digest(&state))
            }
            None => self.sign(|hash| hash.update(text)),
        }
    }

    fn close(&self, inner: &Digest) -> Digest {
        let mut state = self.outer;
        // A digest and its padding are one block.
        let mut block = last_block(inner, BLOCK + inner.len()).unwrap_or([0; BLOCK]);
        compress256(&mut state, &[block]);
        wipe::slice(&mut block);
        digest(&state)
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        (self.inner, self.outer) = ([0; 8], [0; 8]);
        zeroize::optimization_barrier(self);
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Digest as _;

    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn every_length_in_pieces_of_every_size() {
        let all = bytes(3 * ROOM);
        for length in 0..all.len() {
            let expected: [u8; 32] = sha2::Sha256::digest(&all[..length]).into();
            assert_eq!(sha256(&all[..length]), expected, "{length}");
            for size in [1, 7, 63, 64, 65, ROOM - 1, ROOM, ROOM + 1] {
                let mut hash = Sha256::new();
                all[..length].chunks(size).for_each(|piece| hash.update(piece));
                assert_eq!(hash.finish(), expected, "{length} in pieces of {size}");
            }
        }
    }

    #[test]
    fn long_and_short_pieces_in_turn() {
        let all = bytes(10 * ROOM);
        let (mut hash, mut rest, mut size) = (Sha256::new(), &all[..], 1);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            hash.update(piece);
            (rest, size) = (after, (size * 7 + 3) % 1000);
        }
        assert_eq!(hash.finish(), <[u8; 32]>::from(sha2::Sha256::digest(&all)));
    }

    #[test]
    fn keys_of_every_length() {
        let (key, data) = (bytes(200), bytes(201));
        for length in 0..key.len() {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key[..length]).unwrap();
            mac.update(&data[length..]);
            let ours = HmacKey::new(&key[..length]).sign(|hash| hash.update(&data[length..]));
            let expected = <[u8; 32]>::from(mac.finalize().into_bytes());
            assert_eq!(ours, expected, "{length}");
            assert_eq!(HmacKey::new(&key[..length]).sign_text(&data[length..]), expected, "{length}");
        }
    }
}
