//! Where the records of TLS end.

/// The length of a record's header, whose last two bytes are the length of what follows. RFC 8446, section 5.1.
const HEADER_BYTES: u8 = 5;

/// Follows the records of TLS in the bytes that a connection hands to its TLS library.
///
/// Such libraries keep the beginning of a record until its end comes, and do not say so. A connection that waits for its next
/// request with a part of a record in it is not silent: what the record holds is an answer that nobody asked for, and would
/// be taken for the next reply. RFC 9112, section 9.2.
///
/// ```
/// use sts_proto::http1::TlsRecords;
///
/// let mut records = TlsRecords::default();
/// records.pass(b"\x17\x03\x03\x00\x03abc\x17\x03");
/// assert!(records.is_amid_record());
/// records.pass(b"\x03\x00\x01d");
/// assert!(!records.is_amid_record());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsRecords {
    /// How much of a header has come.
    header: u8,
    /// The length in it, as far as it has come.
    length: u16,
    /// How much of the record is still to come.
    left: u16,
}

impl TlsRecords {
    /// Takes note of bytes that came from the peer, in pieces of any size.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left != 0 {
                let (passed, rest) = bytes.split_at(bytes.len().min(self.left.into()));
                // No more than is left.
                self.left -= u16::try_from(passed.len()).unwrap_or(self.left);
                bytes = rest;
                continue;
            }
            self.length = self.length << 8 | u16::from(first);
            self.header += 1;
            if self.header == HEADER_BYTES {
                *self = Self { left: self.length, ..Self::default() };
            }
            bytes = rest;
        }
    }

    /// Whether a part of a record has come, and the rest has not.
    #[must_use]
    pub fn is_amid_record(&self) -> bool {
        self.header != 0 || self.left != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_their_headers_say() {
        let lengths = [0, 1, 255, 256, 16_640, u16::MAX];
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        for length in lengths {
            bytes.extend([23, 3, 3]);
            bytes.extend(length.to_be_bytes());
            bytes.resize(bytes.len() + usize::from(length), 0xff);
            ends.push(bytes.len());
        }
        for step in [1, 3, 4096, bytes.len()] {
            let (mut records, mut passed) = (TlsRecords::default(), 0);
            for piece in bytes.chunks(step) {
                records.pass(piece);
                passed += piece.len();
                assert_eq!(records.is_amid_record(), !ends.contains(&passed), "{step}, {passed}");
            }
        }
    }
}
