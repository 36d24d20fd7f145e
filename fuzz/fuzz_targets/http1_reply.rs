//! A reply from bytes, sliced in any way: the same outcome as from the whole, within the limits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_proto::http::Method;
use sts_proto::http1::{MAX_HEAD_BYTES, Progress, ReplyReader};
use sts_proto::reply::MAX_REPLY_BYTES;
use sts_proto::{ErrorKind, TransportKind};

/// What a reply comes to. Of an error its kind counts: how much had come depends on the slicing.
type Outcome = Result<(u16, Vec<(String, Vec<u8>)>, Vec<u8>, bool), TransportKind>;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (slices, bytes) = input;
    let method = if slices.len() % 16 == 15 { Method::HEAD } else { Method::POST };
    let whole = read(&method, bytes, std::iter::repeat(usize::MAX));
    let sizes = slices.iter().map(|size| usize::from(*size).max(1)).chain(std::iter::repeat(1));
    assert_eq!(whole, read(&method, bytes, sizes));
});

fn read(method: &Method, bytes: &[u8], sizes: impl Iterator<Item = usize>) -> Outcome {
    let mut reader = ReplyReader::new(method);
    let mut rest = bytes;
    for size in sizes {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        match reader.feed(piece) {
            Ok(Progress::More) => assert!(reader.received() <= MAX_HEAD_BYTES + MAX_REPLY_BYTES),
            // What comes after the end is refused, in the same piece as in the next.
            Ok(Progress::Done(_)) if !rest.is_empty() => return Err(TransportKind::Protocol),
            Ok(Progress::Done(done)) => return Ok(plain(done)),
            Err(error) => return Err(kind(&error)),
        }
    }
    reader.end().map(plain).map_err(|error| kind(&error))
}

fn plain(done: sts_proto::http1::Finished) -> (u16, Vec<(String, Vec<u8>)>, Vec<u8>, bool) {
    let (parts, body) = done.response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    (parts.status.as_u16(), headers.collect(), body.into_vec(), done.keep_alive)
}

fn kind(error: &sts_proto::Error) -> TransportKind {
    assert_eq!(error.kind(), ErrorKind::Transport);
    error.transport_kind().expect("a kind")
}
