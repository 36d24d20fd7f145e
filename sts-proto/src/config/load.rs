use std::io;

use crate::body::Body;
use crate::config::profile::{self, ProfileSet};
use crate::config::{Config, Environment, Files};
use crate::error::Error;
use crate::step::{Ask, ReadFile};

/// Reads the two files where the environment says that they are, and makes a [`Config`] of both and the profile.
///
/// A flow for [`Seq::start`](crate::step::Seq::start). A file that does not exist is an empty one.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a file exists and cannot be read, or breaks a rule, or the
/// profile does not exist.
pub async fn load(ask: Ask, environment: Environment, profile: Option<String>) -> Result<Config, Error> {
    let files = Files::locate(&environment)?;
    let config = read(&ask, "AWS_CONFIG_FILE", files.config.as_deref()).await?;
    let credentials = read(&ask, "AWS_SHARED_CREDENTIALS_FILE", files.credentials.as_deref()).await?;
    let profiles =
        ProfileSet::parse(&files, config.as_ref().map(Body::as_ref), credentials.as_ref().map(Body::as_ref))?;
    Config::new(environment, profiles, profile.as_deref())
}

async fn read(ask: &Ask, setting: &'static str, path: Option<&str>) -> Result<Option<Body>, Error> {
    let Some(path) = path else { return Ok(None) };
    match ask.read(ReadFile::new(path, profile::MAX_FILE_BYTES)).await {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::setting(setting, format!("is `{path}`, which cannot be read: {error}"))),
    }
}
