//! A [`Provider`] for clients of the AWS SDK for Rust. Feature `aws-credential-types`.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), sts_async::Error> {
//! use aws_credential_types::provider::SharedCredentialsProvider;
//! use sts_async::operation::AssumeRole;
//! use sts_async::{AssumeRoleProvider, tokio::Client};
//!
//! let client = Client::from_env().await?;
//! let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42");
//! let provider = SharedCredentialsProvider::new(AssumeRoleProvider::new(&client, role).build()?);
//! // aws_sdk_s3::Config::builder().credentials_provider(provider)
//! # Ok(())
//! # }
//! ```
//!
//! The SDK keeps what it got until shortly before it expires, and gives a refresh 5 seconds; both are settings of its identity
//! cache. A refresh that it gives up is made by the next one who asks, and what is still good is served meanwhile.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result as SdkResult, future};
use sts_proto::source::Outcome;
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error, ErrorKind};

use crate::provider::Provider;
use crate::send_transport::SendTransport;

/// The name that the SDK shows for where its credentials are from.
const NAME: &str = "sts-async";

impl<T: SendTransport> ProvideCredentials for Provider<T> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = T::credentials(self).await.map_err(failure)?;
            SdkResult::Ok(to_sdk(&credentials))
        })
    }

    fn fallback_on_interrupt(&self) -> Option<SdkCredentials> {
        let status = self.status();
        status.credentials.filter(|_| !status.is_stale).map(|credentials| to_sdk(&credentials))
    }
}

/// Credentials as the SDK has them.
#[must_use]
pub fn to_sdk(credentials: &Credentials) -> SdkCredentials {
    let mut sdk = SdkCredentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key().expose())
        .provider_name(NAME);
    sdk.set_session_token(credentials.session_token().map(|token| token.expose().to_owned()));
    sdk.set_expiry(credentials.expiration().map(system_time));
    sdk.set_account_id(credentials.account_id().map(Into::into));
    sdk.build()
}

/// Credentials that the SDK has, to sign calls of STS with them.
///
/// # Errors
/// [`ErrorKind::InvalidInput`]: no request could be signed with them, such as a key with a newline at its end, or they expire
/// after the year 9999.
pub fn from_sdk(sdk: &SdkCredentials) -> Result<Credentials, Error> {
    let mut credentials = Credentials::new(sdk.access_key_id(), sdk.secret_access_key().to_owned())?;
    if let Some(token) = sdk.session_token() {
        credentials = credentials.with_session_token(token.to_owned())?;
    }
    if let Some(expiry) = sdk.expiry() {
        let rule = "must be in a year of at most four digits";
        let expiration = date(expiry).ok_or_else(|| Error::setting("Expiration", rule))?;
        credentials = credentials.with_expiration(expiration);
    }
    if let Some(account_id) = sdk.account_id() {
        credentials = credentials.with_account_id(account_id.as_str());
    }
    Ok(credentials)
}

/// The conversions of `time` panic outside of what the other type can hold.
fn date(time: SystemTime) -> Option<OffsetDateTime> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => OffsetDateTime::UNIX_EPOCH.checked_add(since.try_into().ok()?),
        Err(before) => OffsetDateTime::UNIX_EPOCH.checked_sub(before.duration().try_into().ok()?),
    }
}

/// A date that this platform's clock cannot have is one long ago: then nobody uses what has expired.
fn system_time(date: OffsetDateTime) -> SystemTime {
    let since = date - OffsetDateTime::UNIX_EPOCH;
    let time = match since.is_negative() {
        true => UNIX_EPOCH.checked_sub(since.unsigned_abs()),
        false => UNIX_EPOCH.checked_add(since.unsigned_abs()),
    };
    time.unwrap_or(UNIX_EPOCH)
}

/// Where this provider is one of several, the SDK asks the next one if nothing is set up here, and only then.
fn failure(error: Error) -> CredentialsError {
    let skipped = |report: &sts_proto::source::Report| {
        report.looks().iter().all(|look| matches!(look.outcome, Outcome::Skipped(_)))
    };
    match error.kind() {
        ErrorKind::Credentials if error.report().is_some_and(skipped) => CredentialsError::not_loaded(error),
        ErrorKind::InvalidInput => CredentialsError::invalid_configuration(error),
        _ => CredentialsError::provider_error(error),
    }
}
