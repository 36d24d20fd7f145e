use std::path::PathBuf;

use sts_proto::call::Caller;
use sts_proto::endpoint::{EndpointOptions, EndpointRule};
use sts_proto::source::environment;
use sts_proto::{Credentials, Encoder, Error, RetryPolicy, Secret, UserAgent, Validation};

use crate::client::{Client, zero};
use crate::network::{Network, ProxyChoice, RootsChoice, Variables};
#[cfg(doc)]
use crate::proxy::ProxySettings;
use crate::transport::{Timeouts, Transport};

/// A [`Client`] in the making.
#[derive(Default)]
#[must_use = "a client is made by `build`"]
pub struct ClientBuilder {
    endpoint: EndpointOptions,
    credentials: Source,
    timeouts: Timeouts,
    user_agent: UserAgent,
    app_id: Option<String>,
    validation: Validation,
    retry: RetryPolicy,
    skew: Skew,
    transport: Option<Box<dyn Transport>>,
    network: Network,
    variables: Variables,
}

/// What is done about a clock that is off.
#[derive(Clone, Copy, Default)]
enum Skew {
    #[default]
    Learned,
    Fixed(sts_proto::time::Duration),
}

#[derive(Default)]
enum Source {
    #[default]
    None,
    Given(Credentials),
    Environment,
}

impl ClientBuilder {
    /// The region, such as `eu-west-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.region(region);
        self
    }

    /// A URL of one's own instead of AWS's, such as `http://localhost:4566`.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.url(url);
        self
    }

    /// All that decides on the endpoint at once: FIPS, dual-stack, legacy global, signing region and name.
    pub fn endpoint(mut self, options: EndpointOptions) -> Self {
        self.endpoint = options;
        self
    }

    /// The credentials that calls are signed with. AssumeRoleWithSAML and AssumeRoleWithWebIdentity need none.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Source::Given(credentials);
        self
    }

    /// The credentials in the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    pub fn credentials_from_env(mut self) -> Self {
        self.credentials = Source::Environment;
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Words at the end of the `user-agent` header: `my-program/1.0`.
    pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
        self.user_agent = self.user_agent.suffix(suffix);
        self
    }

    /// The application's id in the `user-agent` header, instead of the environment's `AWS_SDK_UA_APP_ID`. 50 characters
    /// of it are sent.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = Some(id.into());
        self
    }

    /// Which rules are checked before a request is sent.
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// When a call is tried again. By default up to three attempts in all, as AWS's SDKs have it.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// What the server's clock is ahead by, instead of what its replies say. Zero switches the correction off.
    pub fn clock_skew(mut self, skew: sts_proto::time::Duration) -> Self {
        self.skew = Skew::Fixed(skew);
        self
    }

    /// That proxy, whatever the environment says: `http://user:password@host:port`.
    ///
    /// Without this setting and [`no_proxy`](Self::no_proxy) the proxy is the one that the environment names for the
    /// endpoint, if any; see [`ProxySettings::from_variables`].
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.network.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.network.proxy = ProxyChoice::None;
        self
    }

    /// A file of certificates in PEM form, which are trusted instead of the built-in roots. Without this setting,
    /// `AWS_CA_BUNDLE` may name one.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.network.roots = RootsChoice::File(path.into());
        self
    }

    /// Certificates in PEM form, which are trusted instead of the built-in roots.
    pub fn ca_bundle_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.roots = RootsChoice::Pem(pem.into());
        self
    }

    /// The roots that the platform trusts, whatever the environment says.
    #[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
    pub fn platform_roots(mut self) -> Self {
        self.network.roots = RootsChoice::Platform;
        self
    }

    /// Where environment variables are read from, instead of the process. `lookup` gives a variable's value.
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.variables = Variables(Box::new(lookup));
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
        let endpoint = self.endpoint.resolve()?;
        let timeouts = self.timeouts.bounded();
        let Timeouts { connect, attempt, total } = timeouts;
        for (name, timeout) in
            [("Timeouts.connect", connect), ("Timeouts.attempt", attempt), ("Timeouts.total", total)]
        {
            if timeout.is_zero() {
                return Err(zero(name));
            }
        }
        let mut user_agent = self.user_agent.driver(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        user_agent = user_agent.retry_mode("standard").feature("E");
        if let Some(id) = self.app_id.or_else(|| self.variables.get("AWS_SDK_UA_APP_ID")) {
            user_agent = user_agent.app_id(&id);
        }
        if let Some(name) = self.variables.get("AWS_EXECUTION_ENV") {
            user_agent = user_agent.execution_environment(&name);
        }
        if endpoint.rule() == EndpointRule::Custom {
            user_agent = user_agent.feature("N");
        }
        let credentials =
            match self.credentials {
                Source::None => None,
                Source::Given(credentials) => {
                    user_agent = user_agent.feature("e");
                    Some(credentials)
                }
                Source::Environment => {
                    user_agent = user_agent.feature("g");
                    let found = environment::credentials(|name| self.variables.get(name))?;
                    Some(found.ok_or_else(|| {
                        Error::setting("AWS_ACCESS_KEY_ID", "is not set in the environment")
                    })?)
                }
            };
        let transport = match self.transport {
            Some(transport) => {
                self.network.refuse_settings()?;
                transport
            }
            None => self.network.transport(endpoint.url(), timeouts, &self.variables)?,
        };
        let encoder = Encoder::new(endpoint).user_agent(&user_agent).validation(self.validation);
        let caller = Caller::new(encoder, self.retry);
        let caller = match self.skew {
            Skew::Learned => caller,
            Skew::Fixed(skew) => {
                let caller = caller.corrects_skew(false);
                caller.set_skew(skew);
                caller
            }
        };
        Ok(Client::from_parts(caller, transport, timeouts, credentials))
    }
}
