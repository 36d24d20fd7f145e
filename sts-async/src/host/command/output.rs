//! Collects what a command writes to one of its pipes.
//!
//! # Design
//! A thread reads the pipe, since a full pipe would stop the command. The end of the pipe cannot end the thread: a process
//! that the command left behind may hold the pipe open for ever. So the parent keeps a writing end as well, and writes a
//! random mark when nothing more is wanted. Bytes in a pipe keep their order: what comes before the mark is all that the
//! command had written until then, and at the mark the thread ends.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use sts_proto::Body;

/// How much is read at once: more than most commands write.
const PIECE: usize = 8 << 10;

const MARK_LENGTH: usize = 16;

/// The output of a command up to now, and the thread that reads it. The thread ends when this is dropped.
pub(super) struct Output {
    kept: Arc<Mutex<Kept>>,
    mark: [u8; MARK_LENGTH],
    /// Until the thread has it.
    reader: Option<PipeReader>,
    writer: PipeWriter,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    /// A pipe of whose contents `limit` bytes are kept, and its writing end for the command.
    pub(super) fn new(limit: usize) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let for_command = writer.try_clone()?;
        let kept = Arc::new(Mutex::new(Kept { bytes: Vec::new(), room: limit, is_too_large: false }));
        let mut mark = [0; MARK_LENGTH];
        for half in mark.chunks_exact_mut(MARK_LENGTH / 2) {
            half.copy_from_slice(&crate::client::seed().to_ne_bytes());
        }
        Ok((Self { kept, mark, reader: Some(reader), writer, thread: None }, for_command))
    }

    /// Starts to read.
    pub(super) fn start(&mut self) -> io::Result<()> {
        if let Some(reader) = self.reader.take() {
            let (kept, mark) = (Arc::clone(&self.kept), self.mark);
            self.thread = Some(thread::Builder::new().spawn(move || read(reader, &mark, &kept))?);
        }
        Ok(())
    }

    /// Whether more was written than is kept.
    pub(super) fn is_too_large(&self) -> bool {
        lock(&self.kept).is_too_large
    }

    /// Ends the thread, and returns what had been written until then.
    pub(super) fn finish(&mut self) -> Body {
        if let Some(thread) = self.thread.take() {
            // The thread reads until it finds the mark, so that there always is room in the pipe again.
            if self.writer.write_all(&self.mark).is_ok() {
                let _ = thread.join();
            }
        }
        Body::from(mem::take(&mut lock(&self.kept).bytes))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // What it returns is wiped.
        self.finish();
    }
}

struct Kept {
    bytes: Vec<u8>,
    /// How many bytes more are kept.
    room: usize,
    is_too_large: bool,
}

impl Kept {
    /// Keeps the first bytes and drops the rest. A buffer that proves too small is wiped, and not just freed.
    fn push(&mut self, piece: &[u8]) {
        let count = piece.len().min(self.room);
        self.is_too_large |= count < piece.len();
        let length = self.bytes.len() + count;
        if length > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(length.saturating_mul(2));
            larger.extend_from_slice(&self.bytes);
            drop(Body::from(mem::replace(&mut self.bytes, larger)));
        }
        self.bytes.extend_from_slice(&piece[..count]);
        self.room -= count;
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(mut pipe: impl Read, mark: &[u8; MARK_LENGTH], kept: &Mutex<Kept>) {
    let mut piece = vec![0; PIECE];
    // The last bytes read, which may be the first ones of the mark.
    let mut held = 0;
    loop {
        match pipe.read(&mut piece[held..]) {
            Ok(0) => {
                lock(kept).push(&piece[..held]);
                break;
            }
            Ok(count) => {
                let filled = held + count;
                if let Some(end) = piece[..filled].windows(MARK_LENGTH).position(|bytes| bytes == mark) {
                    lock(kept).push(&piece[..end]);
                    break;
                }
                let end = filled.saturating_sub(MARK_LENGTH - 1);
                lock(kept).push(&piece[..end]);
                piece.copy_within(end..filled, 0);
                held = filled - end;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What there is of it is better than nothing.
            Err(_) => break,
        }
    }
    drop(Body::from(piece));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_that_arrives_in_any_two_pieces_ends_the_output() {
        let mark: [u8; MARK_LENGTH] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        // A part of the mark belongs to the output.
        let output = [&b"out"[..], &mark[..9], &b"put"[..]].concat();
        let bytes = [&output[..], &mark, b"of an orphan"].concat();
        for at in 0..=bytes.len() {
            let kept = Mutex::new(Kept { bytes: Vec::new(), room: 100, is_too_large: false });
            let (first, second) = bytes.split_at(at);
            read(first.chain(second), &mark, &kept);
            assert_eq!(lock(&kept).bytes, output, "{at}");
        }
    }

    #[test]
    fn output_above_the_limit_is_dropped_and_does_not_stop_its_writer() {
        let (mut output, mut writer) = Output::new(5).unwrap();
        output.start().unwrap();
        writer.write_all(&vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(output.finish().as_ref(), b"xxxxx");
        assert!(output.is_too_large());
    }
}
