//! What is printed: the one door to standard output and standard error.
//!
//! A terminal gets nothing that steers it, and a pipe or a file gets standard output as it is. Standard error is for people
//! and logs, so what steers is always escaped there. A reader that has gone away is no error: nobody is left to be told.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Read, Write};

use sts_blocking::Body;
use sts_proto::escape_controls;

use crate::escape;
use crate::failure::Failure;

/// The most that is read from standard input or from a file: more than any request of STS can have.
pub(crate) const MAX_INPUT_BYTES: usize = 1 << 20;

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(escape::for_stdout(text).as_bytes())
}

/// Prints what this program has coloured, and whose values are escaped for the terminal already.
pub(crate) fn print_coloured(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Prints what is wiped afterwards.
pub(crate) fn print_secret(text: &Body) -> Result<(), Failure> {
    // Secrets are texts, and those that a terminal would obey are rare: only then is there a copy, which is wiped too.
    let is_terminal = io::stdout().is_terminal();
    match std::str::from_utf8(text.as_ref()).ok().filter(|_| is_terminal).map(escape::visible) {
        Some(Cow::Owned(text)) => print_bytes(Body::from(text.into_bytes()).as_ref()),
        _ => print_bytes(text.as_ref()),
    }
}

fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::general(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error, with all in it escaped that would steer a terminal or add a line.
pub(crate) fn complain(line: &str) {
    let line = line.strip_suffix('\n').unwrap_or(line);
    complain_as_is(&format!("{}\n", escape_controls(line)));
}

/// Prints what is escaped already to standard error, where nothing can be done about a failure.
pub(crate) fn complain_as_is(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Reads all of something, up to [`MAX_INPUT_BYTES`].
pub(crate) fn read_all(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_INPUT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_INPUT_BYTES {
        return Err(io::Error::other(too_large()));
    }
    Ok(bytes)
}

/// What is wrong with more.
pub(crate) fn too_large() -> String {
    format!("more than {MAX_INPUT_BYTES} bytes")
}
