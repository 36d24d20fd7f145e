//! Looking for bytes many at a time.

/// As many as two registers of the smallest vectors hold.
const LANES: usize = 32;

/// Whether there is such a byte.
#[inline(always)]
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let (lanes, _) = bytes.as_chunks::<LANES>();
    // What is left at the end is looked at together with what stands before it, which costs less than byte by byte.
    if let Some(last) = bytes.last_chunk::<LANES>() {
        lanes.iter().any(|lane| in_lane(lane, &is)) || in_lane(last, &is)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        in_lane(first, &is) | in_lane(last, &is)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        in_lane(first, &is) | in_lane(last, &is)
    } else {
        bytes.iter().any(|&byte| is(byte))
    }
}

#[inline(always)]
fn in_lane<const N: usize>(lane: &[u8; N], is: &impl Fn(u8) -> bool) -> bool {
    // Numbers and not truth values, of which a compiler makes a branch for each byte.
    lane.iter().fold(0, |found, &byte| found | u8::from(is(byte))) != 0
}

/// Whether all bytes are visible ASCII: neither white space nor control characters, nor part of other characters.
#[inline(never)]
pub(crate) fn all_visible(bytes: &[u8]) -> bool {
    let (lanes, _) = bytes.as_chunks::<LANES>();
    if let Some(last) = bytes.last_chunk::<LANES>() {
        // As in `any`, but to the end, for there almost never is another: a subtraction and a maximum for each register.
        let mut furthest = last.map(distance);
        for lane in lanes {
            for (most, byte) in furthest.iter_mut().zip(lane) {
                *most = u8::max(*most, distance(*byte));
            }
        }
        is_near(&furthest)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        is_near(&first.map(distance)) & is_near(&last.map(distance))
    } else {
        bytes.iter().all(u8::is_ascii_graphic)
    }
}

/// How far a byte is behind the first visible character; those before it are far behind all.
#[inline(always)]
fn distance(byte: u8) -> u8 {
    byte.wrapping_sub(b'!')
}

/// Whether no distance from the first visible character is beyond the last one.
#[inline(always)]
fn is_near<const N: usize>(distances: &[u8; N]) -> bool {
    distances.iter().fold(0, |furthest, &distance| u8::max(furthest, distance)) <= b'~' - b'!'
}

/// Whether a table holds all bytes. To the end, without a branch for each byte.
#[inline(always)]
pub(crate) fn all_in(bytes: &[u8], table: &[bool; 256]) -> bool {
    bytes.iter().fold(true, |all, &byte| all & table[usize::from(byte)])
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

    #[test]
    fn what_is_visible() {
        for length in 0..3 * LANES {
            let mut bytes = vec![b'a'; length];
            assert!(all_visible(&bytes), "{length}");
            for at in 0..length {
                for other in [b'!' - 1, b'!', b'~', b'~' + 1, 0, b'\n', 0x80, 0xa0, 0xff] {
                    bytes[at] = other;
                    assert_eq!(all_visible(&bytes), other.is_ascii_graphic(), "{other} at {at} of {length}");
                }
                bytes[at] = b'a';
            }
        }
    }

    #[test]
    fn all_of_them_wherever_the_other_stands() {
        let mut table = [false; 256];
        table[usize::from(b'a')] = true;
        for length in 0..4 * 8 {
            let mut bytes = vec![b'a'; length];
            assert!(all_in(&bytes, &table));
            for at in 0..length {
                bytes[at] = b'b';
                assert!(!all_in(&bytes, &table), "{at} of {length}");
                bytes[at] = b'a';
            }
        }
    }
}
