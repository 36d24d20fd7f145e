//! Looking for bytes many at a time.

/// As many as two registers of the smallest vectors hold.
const LANES: usize = 32;

/// Whether there is such a byte.
#[inline(always)]
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let (lanes, rest) = bytes.as_chunks::<LANES>();
    // Numbers and not truth values, of which a compiler makes a branch for each byte.
    let count = |lane: &[u8; LANES]| lane.iter().fold(0, |found, &byte| found | u8::from(is(byte)));
    lanes.iter().any(|lane| count(lane) != 0) || rest.iter().any(|&byte| is(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_it_stands() {
        for length in 0..4 * LANES {
            let mut bytes = vec![b'a'; length];
            assert!(!any(&bytes, |b| b == b'b'));
            for at in 0..length {
                bytes[at] = b'b';
                assert!(any(&bytes, |b| b == b'b'), "{at} of {length}");
                bytes[at] = b'a';
            }
        }
    }
}
