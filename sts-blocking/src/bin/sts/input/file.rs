//! Values that stand in files: `file://`, `fileb://`, and `-` for standard input.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use sts_blocking::read_file;
use sts_blocking::step::ReadFile;

use crate::failure::Failure;
use crate::stdio;

/// What a value refers to, if it does. `-` is standard input for secrets only: elsewhere it is a value like any other.
pub(crate) fn load(value: &str, option: &str, is_secret: bool) -> Result<Option<String>, Failure> {
    if value == "-" && is_secret {
        return stdin(option).map(Some);
    }
    let Some(path) = value.strip_prefix("file://").or_else(|| value.strip_prefix("fileb://")) else {
        return Ok(None);
    };
    let path = expand(path);
    let contents = read_file(&ReadFile::new(&path, stdio::MAX_INPUT_BYTES)).map_err(|error| {
        let reason = reason(&error, &path.to_string_lossy());
        Failure::parameter(format!(
            "Error parsing parameter '--{option}': Unable to load paramfile {value}: {reason}"
        ))
    })?;
    String::from_utf8(contents.into_vec()).map(Some).map_err(|_| {
        let path = path.display();
        Failure::parameter(format!(
            "Error parsing parameter '--{option}': Unable to load paramfile ({path}), its contents are not UTF-8."
        ))
    })
}

/// Without the newline that an editor or `echo` leaves at the end.
fn stdin(option: &str) -> Result<String, Failure> {
    let stdin = io::stdin();
    let failure =
        |sentence: String| Failure::parameter(format!("Error parsing parameter '--{option}': {sentence}"));
    if stdin.is_terminal() {
        return Err(failure("`-` is standard input, and a terminal would show what is typed".to_owned()));
    }
    // It can be read once: a second option would get an empty text in silence.
    static IS_READ: AtomicBool = AtomicBool::new(false);
    if IS_READ.swap(true, Ordering::Relaxed) {
        return Err(failure("`-` is standard input, which another option has read already".to_owned()));
    }
    let bytes = stdio::read_all(stdin.lock())
        .map_err(|error| failure(format!("standard input cannot be read: {error}")))?;
    let mut text = String::from_utf8(bytes).map_err(|_| failure("standard input is not UTF-8".to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn expand(path: &str) -> PathBuf {
    match path.strip_prefix("~/").zip(std::env::var_os("HOME")) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => PathBuf::from(path),
    }
}

/// As Python has it, where it is one of the usual reasons.
fn reason(error: &io::Error, path: &str) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "No such file or directory",
        io::ErrorKind::PermissionDenied => "Permission denied",
        io::ErrorKind::IsADirectory => "Is a directory",
        io::ErrorKind::FileTooLarge => return stdio::too_large(),
        _ => return error.to_string(),
    };
    match error.raw_os_error() {
        Some(number) => format!("[Errno {number}] {words}: {}", super::python::quoted(path)),
        None => words.to_owned(),
    }
}
