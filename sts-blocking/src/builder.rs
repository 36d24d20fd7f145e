use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::config::Config;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::observe::Observer;
use sts_proto::settings::{Roots, Settings, Timeouts};
use sts_proto::source::Chain;
use sts_proto::step::MfaPrompt;
use sts_proto::{Credentials, Error, RetryPolicy, Secret, Validation};

use crate::client::{Client, Provide};
use crate::driver::MfaCode;
use crate::network;
use crate::provider::Provider;
#[cfg(doc)]
use crate::proxy::ProxySettings;
use crate::transport::Transport;

/// A [`Client`] in the making.
#[derive(Default)]
#[must_use = "a client is made by `build`"]
pub struct ClientBuilder {
    settings: Settings,
    transport: Option<Box<dyn Transport>>,
    mfa_code: Option<Box<MfaCode>>,
    /// Set by whatever sets a chain: what refreshes is linked for those who have one.
    provide: Option<Provide>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The region, such as `eu-west-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings = self.settings.region(region);
        self
    }

    /// A URL of one's own instead of AWS's, such as `http://localhost:4566`.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.settings = self.settings.endpoint_url(url);
        self
    }

    /// All that decides on the endpoint at once: FIPS, dual-stack, legacy global, signing region and name.
    pub fn endpoint(mut self, options: EndpointOptions) -> Self {
        self.settings = self.settings.endpoint(options);
        self
    }

    /// The credentials that calls are signed with. AssumeRoleWithSAML and AssumeRoleWithWebIdentity need none.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.settings = self.settings.credentials(credentials);
        self
    }

    /// Sources that are looked at one after the other for the credentials that calls are signed with, when the first one
    /// needs some. They are kept, and refreshed in time: see [`Provider`].
    pub fn chain(mut self, chain: Chain) -> Self {
        self.settings = self.settings.chain(chain);
        self.provide = Some(with_chain);
        self
    }

    /// The sources of AWS's order, as the [`config`](Self::config) has them: environment, web identity, profile, container,
    /// instance. See [`Chain::of_config`].
    #[cfg(feature = "sources")]
    pub fn credentials_from_chain(mut self) -> Self {
        self.settings = self.settings.credentials_from_chain();
        self.provide = Some(with_chain);
        self
    }

    /// The credentials in the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    pub fn credentials_from_env(mut self) -> Self {
        self.settings = self.settings.credentials_from_env();
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings = self.settings.timeouts(timeouts);
        self
    }

    /// Words at the end of the `user-agent` header: `my-program/1.0`.
    pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
        self.settings = self.settings.user_agent_suffix(suffix);
        self
    }

    /// The application's id in the `user-agent` header, instead of the environment's `AWS_SDK_UA_APP_ID`. 50 characters
    /// of it are sent.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.settings = self.settings.app_id(id);
        self
    }

    /// Who is told what happens in the calls, besides the log: see [`observe`](crate::observe). Can be called several
    /// times; they are told in that order.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings = self.settings.observer(observer);
        self
    }

    /// Which broken rules keep a request from being sent, instead of [`Validation::default`].
    pub fn validation(mut self, validation: Validation) -> Self {
        self.settings = self.settings.validation(validation);
        self
    }

    /// When a call is tried again. By default up to three attempts in all, as AWS's SDKs have it;
    /// [`RetryPolicy::adaptive`] also limits how often a client sends that was throttled.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings = self.settings.retry(policy);
        self
    }

    /// For how long from its beginning a call that assumes a role asks again when access is denied, as it is for some
    /// seconds after a role or its trust policy was made. Bounded by the total time, not by the policy's attempts. Zero,
    /// the default, takes the first answer.
    pub fn retry_access_denied_for(mut self, time: Duration) -> Self {
        self.settings = self.settings.retry_access_denied_for(time);
        self
    }

    /// Whether a call that assumes a role for longer than the role, or a chain of roles, allows asks again for a shorter
    /// session: the result tells, in [`Metadata::lowered_duration`](crate::Metadata::lowered_duration). Off by
    /// default.
    pub fn lower_duration(mut self, on: bool) -> Self {
        self.settings = self.settings.lower_duration(on);
        self
    }

    /// What the server's clock is ahead by, instead of what its replies say. Zero switches the correction off.
    pub fn clock_skew(mut self, skew: sts_proto::time::Duration) -> Self {
        self.settings = self.settings.clock_skew(skew);
        self
    }

    /// That proxy, whatever the environment says: `http://user:password@host:port`.
    ///
    /// Without this setting and [`no_proxy`](Self::no_proxy) the proxy is the one that the environment names for the
    /// endpoint, if any; see [`ProxySettings::from_variables`].
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.settings = self.settings.proxy(url);
        self
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.settings = self.settings.no_proxy();
        self
    }

    /// A file of certificates in PEM form, which are trusted instead of the built-in roots. Without this setting,
    /// `AWS_CA_BUNDLE` may name one.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings = self.settings.roots(Roots::File { setting: "CaBundle", path: path.into() });
        self
    }

    /// Certificates in PEM form, which are trusted instead of the built-in roots.
    pub fn ca_bundle_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings = self.settings.roots(Roots::Pem(pem.into()));
        self
    }

    /// The roots that the platform trusts, whatever the environment says.
    #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
    pub fn platform_roots(mut self) -> Self {
        self.settings = self.settings.roots(Roots::Platform);
        self
    }

    /// Where environment variables are read from, instead of the process. `lookup` gives a variable's value. This and
    /// [`config`](Self::config) replace each other.
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.settings = self.settings.variables(lookup);
        self
    }

    /// Who is asked for the code of an MFA device. Without this, people are asked on the terminal, where there is one,
    /// and where there is none, it is an error.
    pub fn mfa_code(
        mut self,
        ask: impl Fn(&MfaPrompt) -> Result<Secret, Error> + Send + Sync + 'static,
    ) -> Self {
        self.mfa_code = Some(Box::new(ask));
        self
    }

    /// What decides on everything that is not set here: an environment and a profile, with their region, endpoint URL,
    /// retries, CA bundle and so on. Nothing else of the process is read then; credentials of the environment if
    /// [`credentials_from_env`](Self::credentials_from_env) asks for them, those of all sources if
    /// `credentials_from_chain` does.
    pub fn config(mut self, config: Arc<Config>) -> Self {
        self.settings = self.settings.config(config);
        self
    }

    /// Another way to send requests than ureq as it is set up here: proxy and certificates are its own affair, and
    /// neither settings nor the environment decide on them.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the endpoint cannot be resolved, the environment
    /// has no usable credentials although they were asked for, a timeout is zero, there is no transport, the proxy or
    /// the CA bundle cannot be used, or they were set together with a transport of one's own.
    pub fn build(self) -> Result<Client, Error> {
        let Self { settings, transport, mfa_code, provide } = self;
        let transport = match transport {
            Some(transport) => {
                settings.refuse_network()?;
                transport
            }
            None => network::transport(settings.way(network::variable)?)?,
        };
        let resolved =
            settings.resolve(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), network::variable)?;
        Ok(Client::from_parts(resolved, transport, mfa_code, provide))
    }
}

fn with_chain(client: &Client, chain: Chain) -> Client {
    client.with_provider(Provider::new(client, chain))
}
