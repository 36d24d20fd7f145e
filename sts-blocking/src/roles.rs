use std::path::PathBuf;

use sts_proto::operation::{AssumeRole, AssumeRoleWithWebIdentity};
use sts_proto::refresh::RefreshPolicy;
use sts_proto::source::{AssumedRole, Chain, Given, TokenSource, WebIdentity};
use sts_proto::{Credentials, Error};

use crate::client::Client;
use crate::provider::Provider;
use crate::signer::Signer;

/// Makes a [`Provider`] of the credentials of a role, which is assumed anew before they expire.
///
/// ```no_run
/// use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
/// use sts_blocking::{AssumeRoleProvider, Client, Error};
///
/// let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
/// let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42");
/// let client = client.with_provider(AssumeRoleProvider::new(&client, role).build()?);
/// println!("I am {}", client.send(GetCallerIdentity::new())?.arn); // today, and tomorrow
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a provider is made by `build`"]
pub struct AssumeRoleProvider {
    client: Client,
    operation: AssumeRole,
    base: Signer,
    policy: RefreshPolicy,
}

impl AssumeRoleProvider {
    /// That role, assumed with the client's credentials: fixed ones, or those of its provider, so that roles can be
    /// chained.
    pub fn new(client: &Client, operation: AssumeRole) -> Self {
        let base = client.signer.clone();
        Self { client: client.clone(), operation, base, policy: RefreshPolicy::default() }
    }

    /// Assumes it with these credentials instead.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.base = Signer::from(Some(credentials));
        self
    }

    /// Assumes it with the credentials of that provider instead. It must be over the same client, or over one that was made
    /// of it by `with_credentials` or `with_provider`: the base is refreshed on the way, by this client's transport and
    /// at its endpoint, where a token that is meant for another one does not belong.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.base = Signer::from(provider.into());
        self
    }

    /// Other windows.
    pub fn policy(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The provider. Nothing is sent before it is asked for credentials.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): there are no credentials to assume the role with, or
    /// they are those of a provider over another client.
    pub fn build(self) -> Result<Provider, Error> {
        let role = match self.base {
            Signer::Fixed(base) => AssumedRole::new(Given::new((*base).clone()), self.operation),
            Signer::Provider(base) if !base.provider().is_over(&self.client) => {
                return Err(Error::setting(
                    "Provider",
                    "must be over the same client as the role: another one may have another transport and endpoint",
                ));
            }
            Signer::Provider(base) => AssumedRole::new(base.provider().cached().clone(), self.operation),
            Signer::Nothing => {
                return Err(Error::setting(
                    "Credentials",
                    "are required to assume a role, and the client has none",
                ));
            }
        };
        let chain = Chain::new().with(role);
        Ok(Provider::with_policy(&self.client, chain, self.policy))
    }
}

/// Makes a [`Provider`] of the credentials of a role that a web identity token is traded in for: on EKS and wherever
/// else something renews the token in a file, which is read for every refresh.
///
/// ```no_run
/// use sts_blocking::operation::AssumeRoleWithWebIdentity;
/// use sts_blocking::{Client, Error, WebIdentityProvider};
///
/// let client = Client::builder().region("eu-west-1").build()?;
/// let role = AssumeRoleWithWebIdentity::new("arn:aws:iam::123456789012:role/Pod", "pod-7", "");
/// let provider = WebIdentityProvider::new(&client, role, "/var/run/secrets/token").build();
/// let client = client.with_provider(provider);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a provider is made by `build`"]
pub struct WebIdentityProvider {
    client: Client,
    source: WebIdentity,
    policy: RefreshPolicy,
}

impl WebIdentityProvider {
    /// That role, with the token in that file instead of the operation's own.
    pub fn new(
        client: &Client,
        operation: AssumeRoleWithWebIdentity,
        token_file: impl Into<PathBuf>,
    ) -> Self {
        let token = TokenSource::file(token_file);
        let source = WebIdentity::new("", token).with(|_| operation);
        Self { client: client.clone(), source, policy: RefreshPolicy::default() }
    }

    /// Other windows.
    pub fn policy(mut self, policy: RefreshPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The provider. Nothing is read or sent before it is asked for credentials.
    #[must_use]
    pub fn build(self) -> Provider {
        Provider::with_policy(&self.client, Chain::new().with(self.source), self.policy)
    }
}
