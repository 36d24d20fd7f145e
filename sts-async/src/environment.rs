//! The configuration of the machine: the process's environment, and the two files of AWS's tools.

use sts_proto::Error;
use sts_proto::config::{self, Config, Environment, Platform};
#[cfg(feature = "sources")]
use sts_proto::source::InstanceMetadata;
use sts_proto::step::{Resume, Seq, Step};
use sts_proto::time::OffsetDateTime;

#[cfg(feature = "sources")]
use crate::driver::{Io, drive};
use crate::host;
#[cfg(feature = "sources")]
use crate::transport::Transport;

/// What names the two files.
const FILES: [&str; 2] = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

/// What leads to them otherwise.
const HOME: &str = "HOME";

/// What this process's environment and the shared config and credentials files say, by the profile of that name, or else
/// the one that the environment chooses, or else `default`. [`Config::profile_warning`] is written to the log.
///
/// For [`ClientBuilder::config`](crate::ClientBuilder::config). Two small files are read, which blocks for as long as a local disk takes.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a file exists and cannot be read, or breaks a rule, the
/// variable that leads to a file is not UTF-8, or the profile does not exist.
pub fn config_from_env(profile: Option<&str>) -> Result<Config, Error> {
    check_names()?;
    // What is not UTF-8 is kept all the same: a value that cannot be used must be an error, and not the same as none.
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let environment = Environment::new(Platform::default(), variables);
    let profile = profile.map(str::to_owned);
    let mut step = Seq::start(OffsetDateTime::now_utc(), |ask| config::load(ask, environment, profile));
    loop {
        step = match step {
            Step::Read(file, then) => {
                let contents = host::file::read(&file);
                then.resume(OffsetDateTime::now_utc(), contents)
            }
            Step::Done(config) => {
                if let Some(warning) = config.as_ref().ok().and_then(Config::profile_warning) {
                    log::warn!("{warning}");
                }
                return config;
            }
            _ => return Err(Error::setting("Config", "asks for more than files")),
        }
    }
}

/// What is not UTF-8 would name another file, which does not exist: then it would look as if nothing were set up.
fn check_names() -> Result<(), Error> {
    let variables = FILES.map(|name| (name, std::env::var_os(name)));
    let are_named = variables.iter().all(|(_, value)| value.is_some());
    // Where the files' own names are set, the directory decides on nothing.
    let home = (!are_named).then(|| (HOME, std::env::var_os(HOME)));
    for (name, value) in variables.into_iter().chain(home) {
        if let Some(value) = value.filter(|value| value.to_str().is_none()) {
            let sentence = format!("must be UTF-8, and is {} bytes of something else", value.len());
            return Err(Error::setting(name, sentence));
        }
    }
    Ok(())
}

/// The region that this instance is in, for a configuration that names none.
#[cfg(feature = "sources")]
pub(crate) async fn instance_region<T: Transport>(config: &Config, transport: T) -> Result<String, Error> {
    let metadata = InstanceMetadata::from_config(config)?;
    let step = Seq::start(OffsetDateTime::now_utc(), |ask| async move { metadata.region(&ask).await });
    let io = Io { transport, mfa_code: None };
    let why = match drive(&io, step).await {
        Ok(Some(region)) => return Ok(region),
        Ok(None) if config.imds()?.disabled.value => {
            "instance metadata is not asked, as `AWS_EC2_METADATA_DISABLED` says".to_owned()
        }
        Ok(None) => "instance metadata does not tell one".to_owned(),
        Err(error) => error.to_string(),
    };
    let places = "is required, and `AWS_REGION`, `AWS_DEFAULT_REGION` and the profile's `region` are not set";
    Err(Error::setting("Region", format!("{places}; {why}")))
}
