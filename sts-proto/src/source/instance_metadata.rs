use std::time::Duration;

use http::{Response, StatusCode};

use super::document::{self, METADATA};
use super::fetch::{self, Attempts};
use super::json::Json;
use crate::body::Body;
use crate::config::{Config, IpVersion};
use crate::credentials::Secret;
use crate::endpoint;
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::error::{Error, TransportKind};
use crate::hint::{Cause, Hint};
use crate::source::{Context, Found, Looking, Source};
use crate::step::Ask;

use session::{Away, Session, word};

mod session;

const NAME: &str = "instance metadata";

const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const REGION_PATH: &str = "/latest/meta-data/placement/region";

const PAUSE: Duration = Duration::from_millis(200);

/// The role of an EC2 instance, from the instance metadata service, version 2 of it.
///
/// It is looked at last in most chains, because it takes a request to learn whether one is on an instance. A service that
/// cannot be reached, or has no role, is not set up; it is an error once it is [`required`](Self::required) or has an
/// [`endpoint`](Self::endpoint) of its own. Requests never go through a proxy. Credentials that the service cannot renew
/// are given as they are, expired or not, because AWS accepts them for longer then. The [refresh](crate::refresh) refuses
/// expired ones as a failure of the service, and goes on with those that it has.
///
/// AWS: [IMDS credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceMetadata {
    // A URL that is not checked yet may hold a password.
    endpoint: Option<Secret>,
    ipv6: bool,
    disabled: bool,
    v1_fallback: bool,
    required: bool,
    timeout: Duration,
    attempts: Option<u32>,
}

impl InstanceMetadata {
    /// Over IPv4, with a second and three attempts for each request, without version 1.
    #[must_use]
    pub fn new() -> Self {
        Self {
            endpoint: None,
            ipv6: false,
            disabled: false,
            v1_fallback: false,
            required: false,
            timeout: Duration::from_secs(1),
            attempts: None,
        }
    }

    /// As the environment and the profile say; see [`Config::imds`].
    ///
    /// # Errors
    /// As those of [`Config::imds`].
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let imds = config.imds()?;
        Ok(Self {
            endpoint: imds.endpoint.map(|endpoint| endpoint.value),
            ipv6: imds.mode.value == IpVersion::V6,
            disabled: imds.disabled.value,
            v1_fallback: !imds.v1_disabled.value,
            timeout: imds.timeout.value,
            attempts: imds.attempts.map(|attempts| attempts.value),
            ..Self::new()
        })
    }

    /// A URL of the service instead of its own: `AWS_EC2_METADATA_SERVICE_ENDPOINT`. `http` or `https`; `https` for AWS's own
    /// hosts.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<Secret>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Whether its IPv6 address is used: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`. Off by default; means nothing with an
    /// endpoint of one's own.
    #[must_use]
    pub fn ipv6(mut self, on: bool) -> Self {
        self.ipv6 = on;
        self
    }

    /// Whether it is not asked at all: `AWS_EC2_METADATA_DISABLED`. Off by default.
    #[must_use]
    pub fn disabled(mut self, on: bool) -> Self {
        self.disabled = on;
        self
    }

    /// Whether version 1, which any process that can be made to fetch a URL can read, is used where there are no tokens.
    /// Off by default, unlike `AWS_EC2_METADATA_V1_DISABLED` in AWS's SDKs.
    #[must_use]
    pub fn v1_fallback(mut self, on: bool) -> Self {
        self.v1_fallback = on;
        self
    }

    /// Whether it was asked for by name, such as with `credential_source = Ec2InstanceMetadata`: then it is an error if
    /// there are no credentials. Off by default.
    #[must_use]
    pub fn required(mut self, on: bool) -> Self {
        self.required = on;
        self
    }

    /// How long each request may take: `AWS_METADATA_SERVICE_TIMEOUT`. One second by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often each request is sent at most: `AWS_METADATA_SERVICE_NUM_ATTEMPTS`; zero counts as one. Three by default,
    /// except that a service that nobody asked for by name, and that has not answered yet, is asked once: elsewhere than on
    /// EC2 everybody would have to wait.
    #[must_use]
    pub fn attempts(mut self, number: u32) -> Self {
        self.attempts = Some(number);
        self
    }

    /// The region of the instance; `None` where the service is disabled, out of reach or does not know.
    ///
    /// # Errors
    /// The service answers with something else, or is out of reach although it was asked for by name.
    pub async fn region(&self, ask: &Ask) -> Result<Option<String>, Error> {
        let mut session = match self.open(ask).await? {
            Ok(session) => session,
            Err(away) => return self.absent(away).map(|_| None),
        };
        let reply = match session.get(REGION_PATH).await? {
            Ok(reply) => reply,
            Err(away) => return self.absent(away).map(|_| None),
        };
        match reply.status() {
            StatusCode::OK => {
                let region = word(&reply).filter(|region| endpoint::is_host_label(region));
                let none = || Error::credentials(NAME, "the region that it names cannot be one");
                region.map(|region| Some(region.to_owned())).ok_or_else(none)
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(&reply, session.token.as_ref())),
        }
    }

    async fn find(&self, ask: &Ask) -> Result<Found, Error> {
        let mut session = match self.open(ask).await? {
            Ok(session) => session,
            Err(away) => return self.absent(away),
        };
        let reply = match session.get(ROLE_PATH).await? {
            Ok(reply) => reply,
            Err(away) => return self.absent(away),
        };
        let role = match reply.status() {
            StatusCode::OK if reply.body().as_ref().trim_ascii().is_empty() => None,
            StatusCode::OK => Some(
                word(&reply)
                    .filter(|role| is_role_name(role))
                    .ok_or_else(|| Error::credentials(NAME, "the role that it names cannot be one"))?,
            ),
            StatusCode::NOT_FOUND => None,
            _ => return Err(refused(&reply, session.token.as_ref())),
        };
        let Some(role) = role else { return self.absent(Away::new("the instance has no role")) };
        let reply = match session.get(&format!("{ROLE_PATH}{role}")).await? {
            Ok(reply) => reply,
            Err(away) => return Err(away.into_error()),
        };
        if reply.status() != StatusCode::OK {
            return Err(refused(&reply, session.token.as_ref()));
        }
        let json = Json::read(reply.body().as_ref())
            .map_err(|fault| Error::credentials(NAME, format!("its answer {fault}")))?;
        check_code(&json, session.token.as_ref())?;
        document::credentials(&json, &METADATA, NAME).map(Found::Credentials)
    }

    /// Gets a token, if there is a service that gives one.
    async fn open<'a>(&'a self, ask: &'a Ask) -> Result<Result<Session<'a>, Away>, Error> {
        if self.disabled {
            return Ok(Err(Away::new("it is disabled: `AWS_EC2_METADATA_DISABLED` is true")));
        }
        let mut session = Session { metadata: self, ask, base: self.base()?, token: None, is_renewed: false };
        let reply = match session.token(false).await {
            Ok(reply) => reply,
            Err(error) if self.v1_fallback && error.is_timeout() => return Ok(Ok(session)),
            Err(error) => return Ok(Err(self.out_of_reach(error))),
        };
        match reply.status().as_u16() {
            200 => session.take(&reply)?,
            403..=405 if self.v1_fallback => {}
            403 => {
                return Ok(Err(Away::new(
                    "it refuses to give a token (status 403): it is switched off for the instance",
                )));
            }
            404 | 405 => {
                let words =
                    "it knows no tokens: it is not the service of EC2, or an old one with version 1 only";
                return Ok(Err(Away::new(words)));
            }
            _ => return Err(refused(&reply, None)),
        }
        Ok(Ok(session))
    }

    fn base(&self) -> Result<ServiceUrl, Error> {
        let url = self.endpoint.as_ref().map_or(if self.ipv6 { IPV6 } else { IPV4 }, Secret::expose);
        ServiceUrl::parse(url, Policy::METADATA)
    }

    /// Whether somebody asked for it by name.
    fn is_wanted(&self) -> bool {
        self.required || self.endpoint.is_some()
    }

    /// `is_there` where it has answered before.
    fn attempts_of(&self, is_there: bool) -> Attempts {
        let default = if is_there || self.is_wanted() { 3 } else { 1 };
        Attempts { timeout: self.timeout, number: self.attempts.unwrap_or(default), pause: PAUSE }
    }

    fn out_of_reach(&self, error: Error) -> Away {
        if error.is_timeout() {
            let seconds = self.timeout.as_secs_f32();
            Away { is_late: true, ..Away::new(format!("it gave no token within {seconds} s")) }
        } else {
            let kind = error.transport_kind().unwrap_or(TransportKind::Other);
            Away { cause: Some(error), ..Away::new(format!("it is out of reach: {kind}")) }
        }
    }

    /// There are no credentials, for that reason.
    fn absent(&self, away: Away) -> Result<Found, Error> {
        if self.is_wanted() { Err(away.into_error()) } else { Ok(Found::nothing(away.into_words())) }
    }
}

impl Default for InstanceMetadata {
    fn default() -> Self {
        Self::new()
    }
}

impl Source for InstanceMetadata {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context.ask()))
    }
}

/// AWS: letters, digits and `+=,.@_-`. It becomes a segment of a URL.
fn is_role_name(name: &str) -> bool {
    !matches!(name, "." | "..") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

fn refused(reply: &Response<Body>, token: Option<&Secret>) -> Error {
    Error::credentials(NAME, fetch::refusal("it", reply, token.as_slice()))
}

/// A failure can come with the status 200.
fn check_code(json: &Json, token: Option<&Secret>) -> Result<(), Error> {
    let code = match json.any_text(&["Code"]) {
        None | Some("Success") => return Ok(()),
        Some(code) => code,
    };
    let message = json.any_text(&["Message"]).unwrap_or("there is no message");
    let [said, message] = [code, message].map(|text| fetch::shown(text, token.as_slice()));
    let words = format!("it failed: {said}: {message}");
    let hint = match code {
        "AssumeRoleUnauthorizedAccess" => Hint::told(
            Cause::TrustPolicy,
            "the trust policy of the instance's role must allow `ec2.amazonaws.com` to assume it",
        ),
        _ => None,
    };
    Err(Error::credentials(NAME, words).with_hint(hint))
}

#[cfg(test)]
mod tests;
