//! The caches of AWS's tools: JSON files that they write and we share.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::source::json::Json;
use crate::source::token_source::unreadable;
use crate::step::{Ask, ReadFile, WriteFile};

/// The largest file in a cache. A token has some hundred bytes, a client's registration a few thousand.
const MAX_BYTES: usize = 64 << 10;

/// The waits before a file that is no JSON is read again: the AWS CLI does not write it at once.
const READ_WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];

/// Why there is nothing in a cache.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is no file.
    Missing(Error),
    /// It cannot be read, or is none of these files.
    Unusable(Error),
}

/// Reads a file of a cache.
pub(super) async fn read(ask: &Ask, path: &Path, source: &'static str) -> Result<Json, Fault> {
    let mut waits = READ_WAITS.iter();
    loop {
        let fault = match ask.read(ReadFile::new(path, MAX_BYTES)).await {
            Ok(contents) => match Json::read(contents.as_ref()) {
                Ok(json) => return Ok(json),
                Err(fault) => fault,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Fault::Missing(unreadable(source, path, error)));
            }
            Err(error) => return Err(Fault::Unusable(unreadable(source, path, error))),
        };
        match waits.next() {
            Some(wait) => ask.wait(*wait).await,
            None => {
                let words = format!("`{}` {fault}", path.display());
                return Err(Fault::Unusable(Error::credentials(source, words)));
            }
        }
    }
}

/// What a refresh gave and no file could take, such as in a home that is read-only. A refresh token is good once: who lost
/// the next one would have to sign in again. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwritten(Arc<Mutex<Option<Kept>>>);

#[derive(Debug)]
struct Kept {
    /// What the file held, and should no longer.
    old: Json,
    fresh: Json,
    why: String,
}

impl Unwritten {
    /// What counts where the file holds `found`: what could not be written in its place. Once somebody else has written the
    /// file, it counts again.
    pub(super) fn or(&self, found: &Json) -> Json {
        let mut kept = self.lock();
        kept.take_if(|kept| kept.old != *found);
        kept.as_ref().map_or(found, |kept| &kept.fresh).clone()
    }

    /// Writes `fresh` over a file that holds `old`, or keeps it.
    pub(super) async fn write(&self, ask: &Ask, path: PathBuf, old: Json, fresh: Json) {
        let written = ask.write(WriteFile::new(&path, fresh.to_body())).await;
        *self.lock() = written.err().map(|error| {
            let why =
                format!("what was refreshed before could not be written to `{}`: {error}", path.display());
            Kept { old, fresh, why }
        });
    }

    /// The error, with what went wrong before it.
    pub(super) fn explain(&self, error: Error) -> Error {
        match &*self.lock() {
            Some(kept) => error.with_note(&kept.why),
            None => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
