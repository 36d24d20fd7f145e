//! Short pieces on their way to a hash.
//!
//! A canonical request comes in pieces of a few bytes, and each would cost a hash as much as a block. Here they are
//! gathered, and handed on many blocks at a time.

use sha2::digest::Update;

use crate::wipe;

/// What a hash is yet to get. It is wiped when it is dropped: a canonical request holds the session token.
pub(super) struct Gather<'h, H: Update, const ROOM: usize> {
    hash: &'h mut H,
    room: [u8; ROOM],
    filled: usize,
}

impl<'h, H: Update, const ROOM: usize> Gather<'h, H, ROOM> {
    #[inline(always)]
    pub(super) fn new(hash: &'h mut H) -> Self {
        Self { hash, room: [0; ROOM], filled: 0 }
    }

    #[inline]
    pub(super) fn put(&mut self, piece: &[u8]) {
        match self.room.get_mut(self.filled..).and_then(|free| free.get_mut(..piece.len())) {
            Some(free) => {
                free.copy_from_slice(piece);
                self.filled += piece.len();
            }
            None => self.put_long(piece),
        }
    }

    /// For a piece that there is no room for.
    #[inline(never)]
    fn put_long(&mut self, piece: &[u8]) {
        self.flush();
        self.hash.update(piece);
    }

    fn flush(&mut self) {
        self.hash.update(self.room.get(..self.filled).unwrap_or_default());
        self.filled = 0;
    }
}

/// The end of the text.
impl<H: Update, const ROOM: usize> Drop for Gather<'_, H, ROOM> {
    fn drop(&mut self) {
        self.flush();
        wipe::slice(&mut self.room);
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const ROOM: usize = 256;

    #[test]
    fn pieces_of_every_size_are_hashed_in_order() {
        let all: Vec<u8> = (0..3 * ROOM).map(|i| (i % 251) as u8).collect();
        for length in 0..all.len() {
            let expected = Sha256::digest(&all[..length]);
            for size in [1, 7, 63, 64, 65, ROOM - 1, ROOM, ROOM + 1] {
                let mut hash = Sha256::new();
                let mut gather = Gather::<_, ROOM>::new(&mut hash);
                all[..length].chunks(size).for_each(|piece| gather.put(piece));
                drop(gather);
                assert_eq!(hash.finalize(), expected, "{length} in pieces of {size}");
            }
        }
    }

    #[test]
    fn long_and_short_pieces_in_turn() {
        let all: Vec<u8> = (0..10 * ROOM).map(|i| (i % 251) as u8).collect();
        let (mut hash, mut rest, mut size) = (Sha256::new(), &all[..], 1);
        let mut gather = Gather::<_, ROOM>::new(&mut hash);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            gather.put(piece);
            (rest, size) = (after, (size * 7 + 3) % 1000);
        }
        drop(gather);
        assert_eq!(hash.finalize(), Sha256::digest(&all));
    }
}
