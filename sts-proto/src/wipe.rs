//! Wiping memory, a block at a time.
//!
//! `zeroize` writes byte after byte, so that no compiler takes the writes away. That costs as much as parsing what is
//! wiped. Here the writes are ordinary ones, and zeroize's barrier makes the compiler believe that somebody reads them.

use zeroize::optimization_barrier;

/// Overwrites all that the buffer has room for with zeros, and empties it.
pub(crate) fn bytes(buffer: &mut Vec<u8>) {
    buffer.clear();
    // Exactly the room that there is: nothing moves.
    buffer.resize(buffer.capacity(), 0);
    optimization_barrier(buffer.as_slice());
    buffer.clear();
}

/// The same for a text.
pub(crate) fn text(text: &mut String) {
    bytes(&mut std::mem::take(text).into_bytes());
}

/// The same for a buffer that stays where it is.
pub(crate) fn slice(buffer: &mut [u8]) {
    buffer.fill(0);
    optimization_barrier(buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_room_is_overwritten_and_nothing_moves() {
        let mut buffer = Vec::with_capacity(100);
        buffer.extend_from_slice(b"secret");
        buffer.truncate(2);
        let (address, room) = (buffer.as_ptr(), buffer.capacity());
        bytes(&mut buffer);
        assert_eq!((buffer.as_ptr(), buffer.capacity(), buffer.len()), (address, room, 0));
        let mut some = *b"secret";
        slice(&mut some);
        assert_eq!(some, [0; 6]);
        let mut word = String::from("secret");
        text(&mut word);
        assert_eq!(word, "");
    }
}
