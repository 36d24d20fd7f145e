use std::borrow::Cow;
use std::time::Duration;

use http::{Request, Response, StatusCode, Uri};

use super::document::{self, METADATA};
use super::fetch::{self, Attempts};
use super::json::Json;
use crate::body::Body;
use crate::config::{Config, IpVersion, Origin};
use crate::credentials::Secret;
use crate::endpoint;
use crate::error::{Error, TransportKind};
use crate::hint::{Cause, Hint};
use crate::source::{Context, Found, Looking, Source};
use crate::step::{Answer, Ask, Direct};

const NAME: &str = "instance metadata";

const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const REGION_PATH: &str = "/latest/meta-data/placement/region";

/// How long a token is good, in seconds: as long as can be.
const TOKEN_TTL: &str = "21600";

/// The longest token, name of a role or name of a region that is taken for one. Tokens have 56 characters.
const MAX_WORD: usize = 1024;

const PAUSE: Duration = Duration::from_millis(200);

/// The role of an EC2 instance, from the instance metadata service, version 2 of it.
///
/// It is looked at last in most chains, because it takes a request to learn whether one is on an instance. A service that
/// cannot be reached, or has no role, is not set up; it is an error once it is [`required`](Self::required) or has an
/// [`endpoint`](Self::endpoint) of its own. Requests never go through a proxy. Credentials that the service cannot renew
/// are given as they are, expired or not: AWS accepts them for longer then.
///
/// AWS: [IMDS credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceMetadata {
    endpoint: Option<String>,
    ipv6: bool,
    disabled: bool,
    v1_fallback: bool,
    required: bool,
    timeout: Duration,
    attempts: u32,
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
            attempts: 3,
        }
    }

    /// As the environment and the profile say; see [`Config::imds`].
    ///
    /// # Errors
    /// As those of [`Config::imds`].
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let imds = config.imds()?;
        let new = Self::new();
        let attempts = match imds.attempts.origin {
            Origin::Default => new.attempts,
            _ => imds.attempts.value,
        };
        Ok(Self {
            endpoint: imds.endpoint.map(|endpoint| endpoint.value),
            ipv6: imds.mode.value == IpVersion::V6,
            disabled: imds.disabled.value,
            v1_fallback: !imds.v1_disabled.value,
            timeout: imds.timeout.value,
            attempts,
            ..new
        })
    }

    /// A URL of the service instead of its own: `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
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

    /// How often each request is sent at most: `AWS_METADATA_SERVICE_NUM_ATTEMPTS`; zero counts as one. Three by default;
    /// but the first request, to a service that nobody asked for by name and that does not answer at all, is sent once,
    /// for elsewhere than on EC2 everybody would have to wait.
    #[must_use]
    pub fn attempts(mut self, number: u32) -> Self {
        self.attempts = number;
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
            _ => Err(refused(&reply)),
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
            _ => return Err(refused(&reply)),
        };
        let Some(role) = role else { return self.absent(Away::new("the instance has no role")) };
        let reply = match session.get(&format!("{ROLE_PATH}{role}")).await? {
            Ok(reply) => reply,
            Err(away) => return Err(away.into_error()),
        };
        if reply.status() != StatusCode::OK {
            return Err(refused(&reply));
        }
        let json = Json::read(reply.body().as_ref())
            .map_err(|fault| Error::credentials(NAME, format!("its answer {fault}")))?;
        check_code(&json)?;
        document::credentials(&json, &METADATA, NAME).map(Found::Credentials)
    }

    /// Gets a token, if there is a service that gives one.
    async fn open<'a>(&'a self, ask: &'a Ask) -> Result<Result<Session<'a>, Away>, Error> {
        if self.disabled {
            return Ok(Err(Away::new("it is disabled: `AWS_EC2_METADATA_DISABLED` is true")));
        }
        let mut session = Session { metadata: self, ask, base: self.base()?, token: None, is_renewed: false };
        let reply = match session.token(self.is_wanted()).await {
            Ok(reply) => reply,
            Err(_) if self.v1_fallback => return Ok(Ok(session)),
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
            _ => return Err(refused(&reply)),
        }
        Ok(Ok(session))
    }

    fn base(&self) -> Result<Cow<'_, str>, Error> {
        let Some(url) = &self.endpoint else {
            return Ok(Cow::Borrowed(if self.ipv6 { IPV6 } else { IPV4 }));
        };
        let is_url = url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.query().is_none()
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
        let wrong = "must be a URL with `http` or `https`, a host and perhaps a port and a path";
        is_url
            .then(|| Cow::Borrowed(url.trim_end_matches('/')))
            .ok_or_else(|| Error::setting("Ec2MetadataServiceEndpoint", wrong))
    }

    /// Whether somebody asked for it by name.
    fn is_wanted(&self) -> bool {
        self.required || self.endpoint.is_some()
    }

    fn attempts_of(&self, number: u32) -> Attempts {
        Attempts { timeout: self.timeout, number, pause: PAUSE }
    }

    fn out_of_reach(&self, error: Error) -> Away {
        if error.transport_kind() == Some(TransportKind::Timeout) {
            let seconds = self.timeout.as_secs_f32();
            let words = format!("it gave no token within {seconds} s: this is no instance, or");
            let hop_limit =
                "in a container, the instance's hop limit may be 1: set `HttpPutResponseHopLimit` to 2";
            Away { hop_limit: Some(hop_limit), ..Away::new(words) }
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

/// Why there is nothing to be had.
#[derive(Debug)]
struct Away {
    words: Cow<'static, str>,
    hop_limit: Option<&'static str>,
    cause: Option<Error>,
}

impl Away {
    fn new(words: impl Into<Cow<'static, str>>) -> Self {
        Self { words: words.into(), hop_limit: None, cause: None }
    }

    fn into_words(self) -> Cow<'static, str> {
        match self.hop_limit {
            Some(hint) => format!("{} {hint}", self.words).into(),
            None => self.words,
        }
    }

    fn into_error(self) -> Error {
        let hint = self.hop_limit.and_then(|hint| Hint::told(Cause::HopLimit, hint));
        let words = match self.words.strip_suffix(", or") {
            Some(words) => words.to_owned().into(),
            None => self.words,
        };
        let error = Error::credentials(NAME, words).with_hint(hint);
        match self.cause {
            Some(cause) => error.caused_by(cause),
            None => error,
        }
    }
}

/// Requests with one token.
struct Session<'a> {
    metadata: &'a InstanceMetadata,
    ask: &'a Ask,
    base: Cow<'a, str>,
    /// None with version 1.
    token: Option<Secret>,
    is_renewed: bool,
}

impl Session<'_> {
    async fn token(&self, is_wanted: bool) -> Answer {
        let request = self.request(Request::put(format!("{}{TOKEN_PATH}", self.base)))?;
        let silent = self.metadata.attempts_of(if is_wanted { self.metadata.attempts } else { 1 });
        // What has answered once is there, and worth more attempts.
        let answer = silent.send(self.ask, &request).await?;
        if is_wanted || !answer.status().is_server_error() {
            return Ok(answer);
        }
        self.metadata.attempts_of(self.metadata.attempts).send(self.ask, &request).await
    }

    fn take(&mut self, reply: &Response<Body>) -> Result<(), Error> {
        let token =
            word(reply).ok_or_else(|| Error::credentials(NAME, "the token that it gave cannot be one"))?;
        self.token = Some(Secret::from(token));
        Ok(())
    }

    /// Gets a document. A token that is refused is renewed once. Without one, who does not answer is away.
    async fn get(&mut self, path: &str) -> Result<Result<Response<Body>, Away>, Error> {
        let attempts = self.metadata.attempts_of(self.metadata.attempts);
        loop {
            let mut request = self.request(Request::get(format!("{}{path}", self.base)))?;
            if let Some(token) = &self.token {
                let value = fetch::secret_header("Token", token)?;
                request.headers_mut().insert("x-aws-ec2-metadata-token", value);
            }
            let reply = match attempts.send(self.ask, &request).await {
                Ok(reply) => reply,
                Err(error) if self.token.is_none() => return Ok(Err(self.metadata.out_of_reach(error))),
                Err(error) => return Err(fetch::unanswered(NAME, "it", error)),
            };
            if reply.status() != StatusCode::UNAUTHORIZED || self.token.is_none() || self.is_renewed {
                return Ok(Ok(reply));
            }
            self.is_renewed = true;
            let reply = self.token(true).await.map_err(|error| fetch::unanswered(NAME, "it", error))?;
            if reply.status() != StatusCode::OK {
                return Err(refused(&reply));
            }
            self.take(&reply)?;
        }
    }

    fn request(&self, builder: http::request::Builder) -> Result<Request<Body>, Error> {
        let is_put = builder.method_ref() == Some(&http::Method::PUT);
        let builder =
            if is_put { builder.header("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL) } else { builder };
        builder
            .extension(Direct)
            .body(Body::default())
            .map_err(|error| Error::credentials(NAME, "no request can be made of its URL").caused_by(error))
    }
}

/// The first line of a reply, if it is visible ASCII.
fn word(reply: &Response<Body>) -> Option<&str> {
    let line = reply.body().as_ref().trim_ascii().split(|b| *b == b'\n').next()?.trim_ascii();
    let is_word = !line.is_empty() && line.len() <= MAX_WORD && line.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(line).ok().filter(|_| is_word)
}

/// AWS: letters, digits and `+=,.@_-`. It becomes part of a URL.
fn is_role_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

fn refused(reply: &Response<Body>) -> Error {
    Error::credentials(NAME, fetch::refusal("it", reply, &[]))
}

/// A failure can come with the status 200.
fn check_code(json: &Json) -> Result<(), Error> {
    let code = match json.any_text(&["Code"]) {
        None | Some("Success") => return Ok(()),
        Some(code) => code,
    };
    let message = json.any_text(&["Message"]).unwrap_or("there is no message");
    let words = format!("it failed: {}: {}", fetch::shown(code, &[]), fetch::shown(message, &[]));
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
