//! A terminal that does not show what is typed. `sts-blocking` has the same in its `terminal.rs`.
//!
//! # Design
//! To change a terminal takes calls of the system that are unsafe, or a crate that makes them; for the one code that this driver
//! asks for, `stty` does. Where there is none, such as on Windows, the code is shown, as Python's `getpass` does it, and the
//! prompt says so.

#[cfg(unix)]
use std::process::{Command, Stdio};

/// While it lives, the terminal that standard input is does not show what is typed, but for the end of the line.
///
/// A signal that ends the process leaves the terminal so; shells that edit lines show what is typed again by themselves.
pub(crate) struct Hidden {
    /// The terminal's settings before, as `stty` writes them.
    #[cfg(unix)]
    before: String,
}

impl Hidden {
    /// None where the terminal cannot be changed.
    #[cfg(unix)]
    pub(crate) fn begin() -> Option<Self> {
        let hidden = Self { before: stty(&["-g"])? };
        // The settings are put back even if this fails.
        stty(&["-echo", "echonl"]).map(|_| hidden)
    }

    #[cfg(not(unix))]
    pub(crate) fn begin() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = stty(&[self.before.trim()]);
    }
}

/// What it prints, if it succeeds. It works on its standard input, which is ours.
#[cfg(unix)]
fn stty(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("stty");
    let output = command.args(arguments).stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}
