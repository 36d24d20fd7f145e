//! What the machine does for flows: files, commands and a terminal. `sts-blocking` has the same in its `host.rs`; the
//! drivers do not know each other, and the core touches no file. Reading a file blocks for as long as a local disk takes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sts_proto::step::{CommandOutput, MfaPrompt, ReadFile, RunCommand, WriteFile};
use sts_proto::{Body, Error, Secret};

use crate::transport::Transport;

/// How often one looks whether a command has ended.
const LOOK: Duration = Duration::from_millis(5);

/// How long what a command wrote may take to arrive once it has ended. A child that it left behind can hold the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// The longest line that is taken for an MFA code.
const CODE_LINE: u64 = 256;

pub(crate) fn read(wanted: &ReadFile) -> io::Result<Body> {
    let file = File::open(regular(&wanted.path)?)?;
    whole(file, wanted.limit)
}

/// A pipe without a writer would keep us waiting for ever.
fn regular(path: &Path) -> io::Result<&Path> {
    let kind = fs::metadata(path)?.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() || kind.is_socket() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a socket, not a file"));
        }
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(path)
}

/// Everything up to the end, if that is not more than `limit`.
fn whole(from: impl Read, limit: usize) -> io::Result<Body> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let result = from.take(most.saturating_add(1)).read_to_end(&mut bytes);
    let body = Body::from(bytes);
    result?;
    if body.len() > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(body) }
}

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

pub(crate) async fn run(transport: &impl Transport, wanted: &RunCommand) -> io::Result<CommandOutput> {
    let mut running = Running::start(wanted)?;
    loop {
        if let Some(output) = running.poll()? {
            return Ok(output);
        }
        transport.sleep(LOOK).await;
    }
}

/// A command that has been started. Dropped, it is ended.
struct Running {
    child: Child,
    code: Option<Option<i32>>,
    stdout: Option<JoinHandle<io::Result<Body>>>,
    /// What was written, once `stdout` has given it.
    output: Option<Body>,
    stderr: Option<JoinHandle<io::Result<Body>>>,
    deadline: Instant,
}

impl Running {
    fn start(wanted: &RunCommand) -> io::Result<Self> {
        let deadline = Instant::now() + wanted.timeout.min(sts_proto::settings::Timeouts::LONGEST);
        let mut child = Command::new(&wanted.program)
            .args(&wanted.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let limit = wanted.limit;
        // Two pipes can only be emptied at once by two threads, which end with the command.
        let stdout = child.stdout.take().map(|pipe| thread::spawn(move || whole(pipe, limit)));
        let stderr = child.stderr.take().map(|pipe| thread::spawn(move || beginning(pipe, limit)));
        Ok(Self { child, code: None, stdout, output: None, stderr, deadline })
    }

    fn poll(&mut self) -> io::Result<Option<CommandOutput>> {
        if self.code.is_none()
            && let Some(status) = self.child.try_wait()?
        {
            self.code = Some(status.code());
            self.deadline = self.deadline.min(Instant::now() + DRAIN);
        }
        // What writes too much is not waited for.
        let is_over = |pipe: &Option<JoinHandle<_>>| pipe.as_ref().is_none_or(JoinHandle::is_finished);
        if self.code.is_some() && is_over(&self.stdout) && is_over(&self.stderr) {
            let code = self.code.flatten();
            let stdout = match self.output.take() {
                Some(output) => output,
                None => join(self.stdout.take())?,
            };
            let stderr = join(self.stderr.take())?;
            return Ok(Some(CommandOutput { code, stdout, stderr }));
        }
        if self.code.is_none() && self.stdout.as_ref().is_some_and(JoinHandle::is_finished) {
            // A command closes its output a moment before it has ended.
            self.output = Some(join(self.stdout.take())?);
        }
        if Instant::now() < self.deadline { Ok(None) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.code.is_none() {
            // It may just have ended by itself.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The first bytes, and the rest is read and dropped: a full pipe would stop the command.
fn beginning(mut from: impl Read, limit: usize) -> io::Result<Body> {
    let mut kept = Vec::new();
    from.by_ref().take(u64::try_from(limit).unwrap_or(u64::MAX)).read_to_end(&mut kept)?;
    io::copy(&mut from, &mut io::sink())?;
    Ok(Body::from(kept))
}

fn join(pipe: Option<JoinHandle<io::Result<Body>>>) -> io::Result<Body> {
    match pipe.map(JoinHandle::join) {
        None => Ok(Body::default()),
        Some(Ok(result)) => result,
        Some(Err(_)) => Err(io::Error::other("reading what the command wrote failed")),
    }
}

/// Asks on the terminal, where there is one: in a thread, for nobody knows when people answer.
pub(crate) async fn ask_terminal(transport: &impl Transport, prompt: MfaPrompt) -> Result<Secret, Error> {
    let asking = thread::spawn(move || ask(&prompt));
    while !asking.is_finished() {
        transport.sleep(LOOK).await;
    }
    asking.join().unwrap_or_else(|_| Err(Error::credentials("MFA", "no code could be read")))
}

fn ask(prompt: &MfaPrompt) -> Result<Secret, Error> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !(stdin.is_terminal() && stderr.is_terminal()) {
        return Err(Error::credentials(
            "MFA",
            "a code is needed and there is no terminal to ask for it; set `mfa_code`",
        ));
    }
    let failed = |error: io::Error| Error::credentials("MFA", "no code could be read").caused_by(error);
    // What a profile names could hold control characters.
    write!(stderr, "MFA code for {}: ", prompt.serial_number.escape_debug()).map_err(failed)?;
    stderr.flush().map_err(failed)?;
    let mut line = String::new();
    let read = stdin.lock().take(CODE_LINE).read_line(&mut line);
    let line = Secret::from(line);
    read.map_err(failed)?;
    match line.expose().trim() {
        "" => Err(Error::credentials("MFA", "no code was given")),
        code => Ok(Secret::from(code)),
    }
}
