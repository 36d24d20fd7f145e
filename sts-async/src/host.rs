//! What the machine does for flows: files, commands and a terminal. `sts-blocking` has the same in its `host.rs`; the
//! drivers do not know each other, and the core touches no file.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use sts_proto::step::{MfaPrompt, WriteFile};
use sts_proto::{Error, Secret, escape_controls};

use crate::terminal::Hidden;
use crate::transport::Transport;

pub(crate) mod command;
pub(crate) mod file;

/// How often one looks whether a command has ended, or a pipe has more.
const LOOK: Duration = Duration::from_millis(5);

/// The longest line that is taken for an MFA code.
const CODE_LINE: u16 = 256;

pub(crate) fn write(wanted: &WriteFile) -> io::Result<()> {
    let directory = wanted.path.parent().filter(|path| !path.as_os_str().is_empty());
    if let Some(directory) = directory {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    let name = wanted.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    // Another process may be at the same file: each writes one of its own, and the last to rename wins.
    let mut draft = name.to_os_string();
    draft.push(format!(".{:016x}.tmp", crate::client::seed()));
    let draft = Draft(wanted.path.with_file_name(draft));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft.0)?;
    file.write_all(wanted.contents.as_ref())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft.0, &wanted.path)
}

/// A file that is no use unless it gets its real name.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Renamed, it is there no more.
        let _ = fs::remove_file(&self.0);
    }
}

/// Asks on the terminal, where there is one: in a thread, for nobody knows when people answer. Nothing can take a thread's
/// read back: it goes on until there is a line, even if this future is dropped; but then what is typed is shown again at once.
pub(crate) async fn ask_terminal(transport: &impl Transport, prompt: MfaPrompt) -> Result<Secret, Error> {
    let failed = |error: io::Error| Error::credentials("MFA", "no code could be read").caused_by(error);
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Error::credentials(
            "MFA",
            "a code is needed and there is no terminal to ask for it; set `mfa_code`",
        ));
    }
    let hidden = Hidden::begin();
    let is_hidden = hidden.is_some();
    let asking = thread::Builder::new().spawn(move || ask(&prompt, is_hidden)).map_err(failed)?;
    while !asking.is_finished() {
        transport.sleep(LOOK).await;
    }
    drop(hidden);
    asking.join().unwrap_or_else(|_| Err(Error::credentials("MFA", "no code could be read")))
}

fn ask(prompt: &MfaPrompt, is_hidden: bool) -> Result<Secret, Error> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    let failed = |error: io::Error| Error::credentials("MFA", "no code could be read").caused_by(error);
    // What a profile names could hold control characters.
    let serial_number = escape_controls(prompt.serial_number.as_str());
    let warning = if is_hidden { "" } else { " (what is typed is shown)" };
    write!(stderr, "MFA code for {serial_number}{warning}: ").map_err(failed)?;
    stderr.flush().map_err(failed)?;
    let mut line = String::with_capacity(usize::from(CODE_LINE));
    let read = stdin.lock().take(u64::from(CODE_LINE)).read_line(&mut line);
    let line = Secret::from(line);
    read.map_err(failed)?;
    match line.expose().trim() {
        "" => Err(Error::credentials("MFA", "no code was given")),
        code => Ok(Secret::from(code)),
    }
}
