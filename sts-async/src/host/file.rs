//! Reads a file: the one door for configuration, tokens, caches and CA bundles. `sts-blocking` has the same in its
//! `host/file.rs`.
//!
//! # Design
//! Devices, sockets and directories are refused. A pipe is accepted, since the process substitution `<(…)` of a shell is
//! one, and has [`TIME`] to deliver everything. Opening and reading do not block: a pipe that has no writer, and files of
//! `/proc` that wait for events, would hold the caller for ever. A file on a network file system that does not answer still
//! does; no system can tell it from a slow one. So does `/dev/fd/63` where opening it only duplicates a descriptor (macOS).

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::mem;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sts_proto::Body;
use sts_proto::step::ReadFile;

use super::LOOK;
use crate::transport::Transport;

/// How long the contents may take to arrive: enough for a process substitution that asks a server.
const TIME: Duration = Duration::from_secs(10);

/// Reads a regular file, which blocks for as long as a local disk takes, or a pipe, whose writer is waited for without
/// blocking.
pub(crate) async fn read_async(transport: &impl Transport, wanted: &ReadFile) -> io::Result<Body> {
    let mut reading = Reading::open(wanted, TIME)?;
    loop {
        if let Some(contents) = reading.poll()? {
            return Ok(contents);
        }
        transport.sleep(LOOK).await;
    }
}

/// Reads a file where nothing can be awaited. The writer of a pipe is waited for, for ten seconds at most.
pub(crate) fn read(wanted: &ReadFile) -> io::Result<Body> {
    read_within(wanted, TIME)
}

fn read_within(wanted: &ReadFile, time: Duration) -> io::Result<Body> {
    let mut reading = Reading::open(wanted, time)?;
    loop {
        if let Some(contents) = reading.poll()? {
            return Ok(contents);
        }
        thread::sleep(LOOK);
    }
}

/// A file that is being read.
struct Reading {
    file: File,
    is_pipe: bool,
    buffer: Vec<u8>,
    filled: usize,
    limit: usize,
    started: Instant,
    time: Duration,
}

impl Reading {
    fn open(wanted: &ReadFile, time: Duration) -> io::Result<Self> {
        let started = Instant::now();
        // Looked at before as well: to open some devices has an effect already.
        check(&fs::metadata(&wanted.path)?)?;
        let file = open(&wanted.path)?;
        let metadata = file.metadata()?;
        check(&metadata)?;
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        let limit = wanted.limit;
        // One byte more, to see the end of the file without a larger buffer.
        let buffer = vec![0; size.clamp(64, limit.max(64)).saturating_add(1)];
        Ok(Self { file, is_pipe: is_pipe(&metadata), buffer, filled: 0, limit, started, time })
    }

    /// Returns the contents, or `None` if more is to come.
    fn poll(&mut self) -> io::Result<Option<Body>> {
        loop {
            if self.filled > self.limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if self.filled == self.buffer.len() {
                let larger = self.filled.saturating_mul(2).min(self.limit.saturating_add(1));
                let mut larger = vec![0; larger];
                larger[..self.filled].copy_from_slice(&self.buffer);
                wipe(mem::replace(&mut self.buffer, larger));
            }
            match self.file.read(&mut self.buffer[self.filled..]) {
                // Nobody has opened the pipe to write yet.
                Ok(0) if self.is_pipe && self.filled == 0 => break,
                Ok(0) => {
                    self.buffer.truncate(self.filled);
                    return Ok(Some(Body::from(mem::take(&mut self.buffer))));
                }
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        if self.started.elapsed() >= self.time {
            let what = if self.is_pipe { "is a pipe that was not written and closed" } else { "did not end" };
            let sentence = format!("it {what} within {} s", self.time.as_secs_f32());
            return Err(io::Error::new(io::ErrorKind::TimedOut, sentence));
        }
        Ok(None)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        wipe(mem::take(&mut self.buffer));
    }
}

fn wipe(bytes: Vec<u8>) {
    drop(Body::from(bytes));
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path) {
        // Another process has a lease on the file, which it gives back within the system's own limit.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => File::open(path),
        result => result,
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

/// Refuses what is neither a file nor a pipe. `/dev/null` is a way to say that there is no file.
fn check(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    #[cfg(not(unix))]
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        if kind.is_dir() {
            // With the number that users of the AWS CLI know.
            return Err(io::Error::from_raw_os_error(libc::EISDIR));
        }
        let refused = |words| Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        if kind.is_socket() {
            return refused("it is a socket, not a file");
        }
        let is_null = || fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
        if kind.is_block_device() || (kind.is_char_device() && !is_null()) {
            return refused("it is a device, not a file");
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    fn pipe(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sts-async-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        path
    }

    #[test]
    fn pipe_without_a_writer_or_whose_writer_is_silent_times_out() {
        let path = pipe("silent");
        let wanted = ReadFile::new(&path, 100);
        let kind = || read_within(&wanted, SHORT).unwrap_err().kind();
        assert_eq!(kind(), io::ErrorKind::TimedOut);
        // Opened for both, it does not wait for a reader.
        let mut writer = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        assert_eq!(kind(), io::ErrorKind::TimedOut);
        writer.write_all(b"not the end").unwrap();
        assert_eq!(kind(), io::ErrorKind::TimedOut);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn pipe_is_read_to_its_end_and_up_to_its_limit() {
        let path = pipe("written");
        for (limit, expected) in [(1 << 20, Ok(300_000)), (299_999, Err(io::ErrorKind::FileTooLarge))] {
            let to = path.clone();
            let writer = thread::spawn(move || {
                let mut pipe = OpenOptions::new().write(true).open(to).unwrap();
                let _ = pipe.write_all(&vec![b'x'; 150_000]);
                thread::sleep(SHORT);
                let _ = pipe.write_all(&vec![b'x'; 150_000]);
            });
            let contents = read(&ReadFile::new(&path, limit));
            writer.join().unwrap();
            assert_eq!(contents.map(|contents| contents.len()).map_err(|error| error.kind()), expected);
        }
        fs::remove_file(path).unwrap();
    }
}
