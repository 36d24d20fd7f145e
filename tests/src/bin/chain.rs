//! Looks for credentials as `Client::from_env` does, in this process's environment, and prints which ones it found and
//! where, or why there are none, as one line of JSON. `tests/chain/run.sh` compares that with boto3.
//!
//!     chain [PROFILE]
//!
//! STS_TESTS_MFA_CODE is the code of every MFA device. With STS_TESTS_CACHE the sessions of roles are kept in the AWS CLI's
//! cache.

use std::env;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde_json::{Value, json};
use sts_blocking::{Client, Error, Secret, config_from_env};

fn main() -> io::Result<()> {
    let profile = env::args().nth(1);
    let said = found(profile.as_deref()).unwrap_or_else(|error| {
        let report = error.report().map(ToString::to_string);
        json!({ "error": error.to_string(), "report": report })
    });
    writeln!(io::stdout(), "{said}")
}

fn found(profile: Option<&str>) -> Result<Value, Error> {
    let config = config_from_env(profile)?.cache_roles(env::var_os("STS_TESTS_CACHE").is_some());
    let client = Client::builder()
        .config(Arc::new(config))
        .credentials_from_chain()
        .mfa_code(|_| match env::var("STS_TESTS_MFA_CODE") {
            Ok(code) => Ok(Secret::from(code)),
            Err(error) => Err(Error::credentials("MFA", "there is no code").caused_by(error)),
        })
        .build()?;
    let provider = client.provider().ok_or_else(|| Error::setting("Chain", "is missing"))?;
    let credentials = provider.credentials()?;
    Ok(json!({ "access_key_id": credentials.access_key_id(), "source": credentials.source() }))
}
