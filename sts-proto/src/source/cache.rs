//! The caches of AWS's tools: JSON files that they write and we share.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::source::json::Json;
use crate::source::token_source::unreadable;
use crate::step::{Ask, ReadFile};

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
