//! What the machine does for flows: files, commands and a terminal. `sts-async` has the same in its `host.rs`; the drivers
//! do not know each other, and the core touches no file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sts_proto::step::{CommandOutput, MfaPrompt, ReadFile, RunCommand, WriteFile};
use sts_proto::{Body, Error, Secret, escape_controls};

/// How often one looks whether a command has ended.
const LOOK: Duration = Duration::from_millis(5);

/// How long what a command wrote may take to arrive once it has ended. A child that it left behind can hold the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// The longest line that is taken for an MFA code.
const CODE_LINE: u16 = 256;

/// How much is read at once where nobody knows how much there is: more than most answers have.
const PIECE: usize = 8 << 10;

pub(crate) fn read(wanted: &ReadFile) -> io::Result<Body> {
    let file = File::open(regular(&wanted.path)?)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    // One more, which shows that it is the end.
    whole(file, wanted.limit, size.saturating_add(1))
}

/// A pipe without a writer, or a terminal, would keep us waiting for ever. `/dev/null` is a way to say that there is no
/// file.
fn regular(path: &Path) -> io::Result<&Path> {
    let metadata = fs::metadata(path)?;
    let kind = metadata.file_type();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        if kind.is_fifo() || kind.is_socket() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a socket, not a file"));
        }
        let is_null = || fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
        if kind.is_char_device() && !is_null() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, not a file"));
        }
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(path)
}

/// Everything up to the end, if that is not more than `limit`. There may be about `likely` bytes; a buffer that proves too
/// small is wiped, and not just freed.
fn whole(mut from: impl Read, limit: usize, likely: usize) -> io::Result<Body> {
    let most = limit.saturating_add(1);
    let mut buffer = vec![0; likely.clamp(1, most)];
    let mut filled = 0;
    let result = loop {
        if filled == buffer.len() {
            if filled == most {
                break Err(io::ErrorKind::FileTooLarge.into());
            }
            let mut larger = vec![0; filled.saturating_mul(2).min(most)];
            larger[..filled].copy_from_slice(&buffer);
            drop(Body::from(mem::replace(&mut buffer, larger)));
        }
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    buffer.truncate(filled);
    let body = Body::from(buffer);
    result.map(|()| body)
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

pub(crate) fn run(wanted: &RunCommand) -> io::Result<CommandOutput> {
    let mut running = Running::start(wanted)?;
    loop {
        if let Some(output) = running.poll()? {
            return Ok(output);
        }
        thread::sleep(LOOK);
    }
}

/// A command that has been started. Dropped, it is ended: itself, not what it has started. To end these as well needs a
/// process group of their own, and in one of these a command could neither ask on the terminal nor be interrupted there.
struct Running {
    child: Child,
    code: Option<Option<i32>>,
    stdout: Option<JoinHandle<io::Result<Body>>>,
    /// What was written, once `stdout` has given it.
    output: Option<Body>,
    stderr: Option<JoinHandle<()>>,
    messages: Arc<Messages>,
    began: Instant,
    limit: Duration,
}

impl Running {
    fn start(wanted: &RunCommand) -> io::Result<Self> {
        let began = Instant::now();
        let child = Command::new(&wanted.program)
            .args(wanted.arguments.iter().map(Secret::expose))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let messages = Arc::new(Messages::new(wanted.limit));
        let (stdout, output, stderr) = (None, None, None);
        // From here on it is ended when there is no thread to be had.
        let mut running =
            Self { child, code: None, stdout, output, stderr, messages, began, limit: wanted.timeout };
        let limit = wanted.limit;
        // Two pipes can only be emptied at once by two threads, which end with the command.
        if let Some(pipe) = running.child.stdout.take() {
            running.stdout = Some(thread::Builder::new().spawn(move || whole(pipe, limit, PIECE))?);
        }
        if let Some(pipe) = running.child.stderr.take() {
            let messages = Arc::clone(&running.messages);
            running.stderr = Some(thread::Builder::new().spawn(move || messages.take_from(pipe))?);
        }
        Ok(running)
    }

    fn poll(&mut self) -> io::Result<Option<CommandOutput>> {
        if self.code.is_none()
            && let Some(status) = self.child.try_wait()?
        {
            self.code = Some(status.code());
            self.limit = self.limit.min(self.began.elapsed().saturating_add(DRAIN));
        }
        // What writes too much is not waited for.
        if let Some(stdout) = self.stdout.take_if(|stdout| stdout.is_finished()) {
            // A command closes its output a moment before it has ended.
            let failed = |_| Err(io::Error::other("reading what the command wrote failed"));
            self.output = Some(stdout.join().unwrap_or_else(failed)?);
        }
        let is_late = self.began.elapsed() >= self.limit;
        // Messages that are late, because what the command left behind holds their pipe, are no reason to lose its output.
        let has_messages = is_late || self.stderr.as_ref().is_none_or(JoinHandle::is_finished);
        match (self.code, &mut self.output) {
            (Some(code), Some(output)) if has_messages => {
                let stdout = mem::take(output);
                Ok(Some(CommandOutput { code, stdout, stderr: self.messages.give() }))
            }
            _ if is_late => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(None),
        }
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

/// What a command has written to its standard error up to now.
struct Messages(Mutex<Kept>);

struct Kept {
    bytes: Vec<u8>,
    /// How many bytes more are kept.
    room: usize,
}

impl Messages {
    fn new(limit: usize) -> Self {
        Self(Mutex::new(Kept { bytes: Vec::new(), room: limit }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the first bytes, and the rest is read and dropped: a full pipe would stop the command.
    fn take_from(&self, mut pipe: impl Read) {
        let mut piece = vec![0; PIECE];
        loop {
            match pipe.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    let mut kept = self.kept();
                    let count = count.min(kept.room);
                    let length = kept.bytes.len() + count;
                    if length > kept.bytes.capacity() {
                        let mut larger = Vec::with_capacity(length.saturating_mul(2));
                        larger.extend_from_slice(&kept.bytes);
                        drop(Body::from(mem::replace(&mut kept.bytes, larger)));
                    }
                    kept.bytes.extend_from_slice(&piece[..count]);
                    kept.room -= count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What there is of them is better than nothing.
                Err(_) => break,
            }
        }
        drop(Body::from(piece));
    }

    /// What there is. Nothing more is kept.
    fn give(&self) -> Body {
        let mut kept = self.kept();
        kept.room = 0;
        Body::from(mem::take(&mut kept.bytes))
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        // That wipes them.
        self.give();
    }
}

/// Asks on the terminal, where there is one.
pub(crate) fn ask_terminal(prompt: &MfaPrompt) -> Result<Secret, Error> {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !(stdin.is_terminal() && stderr.is_terminal()) {
        return Err(Error::credentials(
            "MFA",
            "a code is needed and there is no terminal to ask for it; set `mfa_code`",
        ));
    }
    let failed = |error: io::Error| Error::credentials("MFA", "no code could be read").caused_by(error);
    // What a profile names could hold control characters.
    write!(stderr, "MFA code for {}: ", escape_controls(prompt.serial_number.as_str())).map_err(failed)?;
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
