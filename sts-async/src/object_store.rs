//! A [`Provider`] for the S3 stores of the crate object_store. Feature `object_store`.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use object_store::aws::AmazonS3Builder;
//! use sts_async::operation::AssumeRole;
//! use sts_async::{AssumeRoleProvider, tokio::Client};
//!
//! let client = Client::from_env().await?;
//! let role = AssumeRole::new("arn:aws:iam::123456789012:role/Reader", "report-7");
//! let provider = AssumeRoleProvider::new(&client, role).build()?;
//! let builder = AmazonS3Builder::new().with_bucket_name("reports").with_region("eu-west-1");
//! let builder = builder.with_credentials(Arc::new(provider)); // with an HTTP client by features of object_store: `.build()?`
//! # Ok(())
//! # }
//! ```
//!
//! A store asks for credentials with every request, so that they are refreshed in time. It does not wipe its copies of secrets.

use std::pin::Pin;
use std::sync::Arc;

use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use sts_proto::Credentials;

use crate::provider::Provider;
use crate::send_transport::SendTransport;

impl<T: SendTransport> CredentialProvider for Provider<T> {
    type Credential = AwsCredential;

    // What the macro async-trait makes of `async fn get_credential(&self)`, without the macro.
    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async {
            let failure = |error| object_store::Error::Generic { store: "STS", source: Box::new(error) };
            let credentials = T::credentials(self).await.map_err(failure)?;
            Ok(Arc::new(to_object_store(&credentials)))
        })
    }
}

/// Credentials as object_store has them: without their expiry.
#[must_use]
pub fn to_object_store(credentials: &Credentials) -> AwsCredential {
    AwsCredential {
        key_id: credentials.access_key_id().to_owned(),
        secret_key: credentials.secret_access_key().expose().to_owned(),
        token: credentials.session_token().map(|token| token.expose().to_owned()),
    }
}
