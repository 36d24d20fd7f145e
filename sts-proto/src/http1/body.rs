//! The body of a reply, by each of the three framings.

use zeroize::{Zeroize, Zeroizing};

use super::head::Framing;
use super::{Fault, MAX_CHUNK_FRAMING_BYTES, MAX_HEAD_BYTES};
use crate::reply::MAX_REPLY_BYTES;

/// What the buffer holds at first, where the length is not known.
const FIRST_BUFFER: usize = 4 << 10;

/// The longest line with the size of a chunk, extensions included.
const MAX_CHUNK_LINE: usize = 256;

/// A body in the making.
#[derive(Debug)]
pub(super) struct BodyReader {
    bytes: Zeroizing<Vec<u8>>,
    state: State,
    /// Bytes around chunks: every one that comes costs time, though none is kept.
    framing: usize,
    /// Bytes of trailers.
    trailers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes are still to come.
    Length(usize),
    Close,
    /// In the line with a chunk's size; nothing of it has come, or so much of it.
    Size {
        value: usize,
        digits: usize,
        length: usize,
        in_extension: bool,
    },
    /// After the carriage return of that line.
    SizeEnd(usize),
    /// So many bytes of the chunk are still to come.
    Chunk(usize),
    /// At the carriage return, then at the line feed, after a chunk.
    ChunkEnd {
        at_line_feed: bool,
    },
    /// In the trailers: at the beginning of a line, in a line, after a carriage return, after that of an empty line.
    Trailer(TrailerState),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrailerState {
    LineStart,
    Line,
    LineEnd,
    End,
}

const SIZE_LINE: State = State::Size { value: 0, digits: 0, length: 0, in_extension: false };

impl BodyReader {
    pub(super) fn new(framing: Framing) -> Self {
        let (state, room) = match framing {
            Framing::Length(0) => (State::Done, 0),
            Framing::Length(length) => (State::Length(length), length),
            Framing::Chunked => (SIZE_LINE, FIRST_BUFFER),
            Framing::Close => (State::Close, FIRST_BUFFER),
        };
        Self { bytes: Zeroizing::new(Vec::with_capacity(room)), state, framing: 0, trailers: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) fn ends_with_the_connection(&self) -> bool {
        self.state == State::Close
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn take(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.bytes)
    }

    /// Takes bytes up to the end of the body, and tells how many.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let mut rest = input;
        while !rest.is_empty() && !self.is_done() {
            let taken = match self.state {
                State::Length(left) | State::Chunk(left) => {
                    let (piece, _) = rest.split_at(left.min(rest.len()));
                    self.push(piece)?;
                    self.state = match (self.state, left - piece.len()) {
                        (State::Length(_), 0) => State::Done,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::ChunkEnd { at_line_feed: false },
                        (_, left) => State::Chunk(left),
                    };
                    piece.len()
                }
                State::Close => {
                    self.push(rest)?;
                    rest.len()
                }
                _ => {
                    self.state = self.after(rest[0])?;
                    1
                }
            };
            rest = &rest[taken..];
        }
        Ok(input.len() - rest.len())
    }

    /// The state after one byte of what frames chunks. RFC 9112, section 7.1.
    fn after(&mut self, byte: u8) -> Result<State, Fault> {
        if !matches!(self.state, State::Trailer(_)) {
            self.framing += 1;
            if self.framing > MAX_CHUNK_FRAMING_BYTES {
                return Err(Fault::FramingTooLarge);
            }
        }
        Ok(match (self.state, byte) {
            (State::Size { value, digits, length, in_extension }, _) => {
                return self.after_size(byte, value, digits, length, in_extension);
            }
            (State::SizeEnd(0), b'\n') => State::Trailer(TrailerState::LineStart),
            (State::SizeEnd(size), b'\n') => State::Chunk(size),
            (State::ChunkEnd { at_line_feed: false }, b'\r') => State::ChunkEnd { at_line_feed: true },
            (State::ChunkEnd { at_line_feed: true }, b'\n') => SIZE_LINE,
            (State::Trailer(trailer), _) => {
                self.trailers += 1;
                if self.trailers > MAX_HEAD_BYTES {
                    return Err(Fault::HeadTooLarge);
                }
                match (trailer, byte) {
                    (TrailerState::LineStart, b'\r') => State::Trailer(TrailerState::End),
                    (TrailerState::LineStart, b' ' | b'\t') => return Err(Fault::Folded),
                    (TrailerState::Line, b'\r') => State::Trailer(TrailerState::LineEnd),
                    (TrailerState::LineEnd, b'\n') => State::Trailer(TrailerState::LineStart),
                    (TrailerState::End, b'\n') => State::Done,
                    (TrailerState::LineEnd | TrailerState::End, _) | (_, b'\n') => {
                        return Err(Fault::LineEnd);
                    }
                    _ => State::Trailer(TrailerState::Line),
                }
            }
            _ => return Err(Fault::Chunk),
        })
    }

    fn after_size(
        &mut self,
        byte: u8,
        value: usize,
        digits: usize,
        length: usize,
        in_extension: bool,
    ) -> Result<State, Fault> {
        if length == MAX_CHUNK_LINE {
            return Err(Fault::Chunk);
        }
        let length = length + 1;
        let digit = char::from(byte).to_digit(16).filter(|_| !in_extension);
        Ok(match (byte, digit) {
            (_, Some(digit)) => {
                let value = value * 16 + digit as usize;
                if self.bytes.len() + value > MAX_REPLY_BYTES {
                    return Err(Fault::BodyTooLarge);
                }
                State::Size { value, digits: digits + 1, length, in_extension }
            }
            _ if digits == 0 => return Err(Fault::Chunk),
            (b'\r', None) => State::SizeEnd(value),
            (b';', None) => State::Size { value, digits, length, in_extension: true },
            (b' '..=b'~' | b'\t', None) if in_extension => {
                State::Size { value, digits, length, in_extension }
            }
            _ => return Err(Fault::Chunk),
        })
    }

    /// Grows without leaving a copy of the contents behind.
    fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        let needed = self.bytes.len() + piece.len();
        if needed > MAX_REPLY_BYTES {
            return Err(Fault::BodyTooLarge);
        }
        if needed > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(needed.max(2 * self.bytes.capacity()).min(MAX_REPLY_BYTES));
            larger.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            *self.bytes = larger;
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}
