//! A URL that signs a browser in to the AWS console, in two steps: a request that trades the credentials for a sign-in
//! token, and a URL made of its answer.
//!
//! AWS: [custom identity broker](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html).
//!
//! ```
//! use sts_proto::token::console::{CredentialOrigin, SigninRequest};
//! use sts_proto::Credentials;
//!
//! let credentials = Credentials::new("ASIAEXAMPLE", "secret")?.with_session_token("token")?;
//! let signin = SigninRequest::new(CredentialOrigin::AssumeRole).duration_seconds(43_200).destination("https://console.aws.amazon.com/s3/home");
//! let request = signin.encode(&credentials)?;
//! assert_eq!(request.uri(), "https://signin.aws.amazon.com/federation");
//! # let send = |_| http::Response::new(r#"{"SigninToken": "VCJy"}"#);
//! let response = send(request);
//! let url = signin.decode(&response)?; // works for 15 minutes
//! assert_eq!(
//!     url.expose(),
//!     "https://signin.aws.amazon.com/federation?Action=login\
//!      &Destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3%2Fhome&SigninToken=VCJy"
//! );
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use zeroize::Zeroizing;

use super::json::{Value, object};
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::error::{Error, Rule, Violation};
use crate::form::Form;
use crate::reply::{Metadata, ReplyFault};
use crate::source::json::{Fault, Json};

pub use hosts::{Console, logout_url};

mod hosts;

/// The least `SessionDuration`, in seconds. AWS documents a greatest one of 43,200, which is the sign-in service's to check.
const SHORTEST_DURATION: u32 = 900;

/// The largest answer that is read, in bytes; sign-in tokens have one to two thousand.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The longest URL that is given as a destination or an issuer, in bytes.
const MAX_URL_BYTES: usize = 2048;

const ACTION: &str = "getSigninToken";

/// How the credentials were obtained, which decides what the sign-in service takes. It cannot be told from the credentials
/// themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialOrigin {
    /// By an AssumeRole operation, with long-term credentials, a SAML assertion or a web identity.
    AssumeRole,
    /// By AssumeRole with the credentials of another role. The console's session ends with them, after an hour at most.
    ChainedRole,
    /// By GetFederationToken. The console's session ends with them.
    GetFederationToken,
    /// By GetSessionToken. The sign-in service refuses them.
    GetSessionToken,
}

/// A sign-in to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigninRequest {
    origin: CredentialOrigin,
    console: Option<Console>,
    duration_seconds: Option<u32>,
    destination: Option<String>,
    issuer: Option<String>,
}

impl SigninRequest {
    /// With credentials obtained that way, to the start page of the console in the partition `aws`.
    #[must_use]
    pub fn new(origin: CredentialOrigin) -> Self {
        Self { origin, console: None, duration_seconds: None, destination: None, issuer: None }
    }

    /// To the console of another partition or region.
    #[must_use]
    pub fn console(mut self, console: Console) -> Self {
        self.console = Some(console);
        self
    }

    /// How long the console's session lasts, 900 to 43,200 seconds; without it as long as the sign-in service says.
    ///
    /// It is sent for [`CredentialOrigin::AssumeRole`] only; with others the service would refuse the whole request, and
    /// the session ends with the credentials.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// The page of the console to open, an `https` URL of at most 2,048 bytes.
    #[must_use]
    pub fn destination(mut self, url: impl Into<String>) -> Self {
        self.destination = Some(url.into());
        self
    }

    /// Where the user is sent when the session is over: an `https` URL of at most 2,048 bytes.
    #[must_use]
    pub fn issuer(mut self, url: impl Into<String>) -> Self {
        self.issuer = Some(url.into());
        self
    }

    /// Whether a duration will be sent.
    #[must_use]
    pub fn sends_duration(&self) -> bool {
        self.duration_seconds.is_some() && self.origin == CredentialOrigin::AssumeRole
    }

    /// The first step: a POST with the credentials in its body, where no log shows them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), all at once: the credentials have no session token, or are those of
    /// GetSessionToken; the duration is out of range; destination or issuer are no `https` URLs.
    pub fn encode(&self, credentials: &Credentials) -> Result<Request<Body>, Error> {
        let form = self.form(credentials)?;
        let mut request = Request::new(form.into_body());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.hosts().federation()?.into_uri();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(request)
    }

    /// The first step as a GET, for what takes no POST. The credentials are part of the URL then, and URLs end up in logs.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_get(&self, credentials: &Credentials) -> Result<Request<Body>, Error> {
        let form = self.form(credentials)?;
        let mut request = Request::new(Body::default());
        *request.uri_mut() = self.hosts().federation()?.with_query(form.as_query())?.into_uri();
        Ok(request)
    }

    /// The second step: the URL, made of the answer to the first.
    ///
    /// # Errors
    /// [`ErrorKind::Response`](crate::ErrorKind::Response): no sign-in token is in the answer. Status 400 with an HTML page means that the
    /// credentials have expired, are not of the origin that was said, or not of that partition.
    pub fn decode(&self, response: &http::Response<impl AsRef<[u8]>>) -> Result<ConsoleUrl, Error> {
        // Without the ids: the credentials that the service may echo in them are not known here.
        let metadata = Metadata::read(response).without_ids();
        let body = response.body().as_ref();
        let token = match signin_token(response.status().is_success(), body) {
            Ok(token) => token,
            Err(fault) => return Err(Error::response(fault, metadata).during(ACTION)),
        };
        let mut form = Form::new();
        form.pair("Action", "login");
        if let Some(issuer) = &self.issuer {
            form.pair("Issuer", issuer);
        }
        let destination = self.destination.clone().unwrap_or_else(|| self.hosts().home());
        form.pair("Destination", &destination);
        form.pair("SigninToken", token.expose());
        let url =
            Zeroizing::new(format!("https://{}/federation?{}", self.hosts().signin_host(), form.as_query()));
        Ok(ConsoleUrl(Secret::from(url.as_str())))
    }

    fn hosts(&self) -> Console {
        self.console.clone().unwrap_or_else(Console::aws)
    }

    fn form(&self, credentials: &Credentials) -> Result<Form, Error> {
        let mut violations = Vec::new();
        let mut refuse = |name: &'static str, rule: String| {
            violations.push(Violation::new(name, Rule::Setting(rule.into())));
        };
        if self.origin == CredentialOrigin::GetSessionToken {
            refuse(
                "Credentials",
                "come from GetSessionToken, and the console refuses those; assume a role".to_owned(),
            );
        }
        if credentials.session_token().is_none() {
            refuse(
                "Credentials",
                "have no session token, and the console takes temporary ones only".to_owned(),
            );
        }
        if let Some(seconds) = self.duration_seconds.filter(|seconds| *seconds < SHORTEST_DURATION) {
            let rule = format!("must be at least {SHORTEST_DURATION} seconds, and is {seconds}");
            refuse("SessionDuration", rule);
        }
        for (policy, url) in
            [(Policy::CONSOLE_DESTINATION, &self.destination), (Policy::CONSOLE_ISSUER, &self.issuer)]
        {
            let checked = url.as_deref().map_or(Ok(()), |url| check_page(url, policy));
            violations.extend(checked.err().iter().flat_map(Error::violations).cloned());
        }
        Error::unless_empty(violations)?;
        let token = credentials.session_token().map_or("", Secret::expose);
        let session = object([
            Some(("sessionId", Value::Text(credentials.access_key_id()))),
            Some(("sessionKey", Value::Text(credentials.secret_access_key().expose()))),
            Some(("sessionToken", Value::Text(token))),
        ]);
        let mut form = Form::new();
        form.pair("Action", ACTION);
        if let Some(seconds) = self.duration_seconds.filter(|_| self.sends_duration()) {
            form.pair("SessionDuration", &seconds.to_string());
        }
        form.pair("Session", &session);
        Ok(form)
    }
}

/// Checks the URL of a page, which a browser opens, and which may have a query and a fragment.
fn check_page(url: &str, policy: Policy) -> Result<(), Error> {
    if url.len() > MAX_URL_BYTES {
        return Err(policy.refused(&format!("must be a URL of at most {MAX_URL_BYTES} bytes"), url));
    }
    let (page, fragment) = url.split_once('#').unwrap_or((url, ""));
    if !fragment.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(policy.refused("must be a URL of visible ASCII characters", url));
    }
    ServiceUrl::parse(page, policy).map(drop)
}

fn signin_token(is_success: bool, body: &[u8]) -> Result<Secret, ReplyFault> {
    if body.len() > MAX_ANSWER_BYTES {
        return Err(ReplyFault::TooLarge { length: body.len() });
    }
    let start = body.trim_ascii_start();
    if start.is_empty() {
        return Err(ReplyFault::Empty);
    }
    if start.starts_with(b"<") {
        return Err(ReplyFault::Html);
    }
    const NAME: &str = "SigninToken";

    let json = Json::read(body)
        .map_err(|damage| if damage.is_end { ReplyFault::Truncated } else { ReplyFault::NotXml })?;
    match json.get(NAME) {
        _ if !is_success => Err(ReplyFault::Missing { name: NAME }),
        Ok(Some(Json::Text(token))) if !token.is_empty() => Ok(token.clone()),
        Ok(None) => Err(ReplyFault::Missing { name: NAME }),
        Err(Fault::Twice) => Err(ReplyFault::Twice { name: NAME }),
        _ => Err(ReplyFault::Value { name: NAME }),
    }
}

/// A URL that signs in whoever opens it first within 15 minutes: no `Display`, a redacted `Debug`, and one exit.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsoleUrl(Secret);

impl ConsoleUrl {
    /// The URL, to be opened in a browser.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for ConsoleUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConsoleUrl").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::parse;

    fn credentials() -> Credentials {
        Credentials::new("ASIA", "sEc/ReT").unwrap().with_session_token("tO+kEn").unwrap()
    }

    fn pairs(request: &Request<Body>) -> Vec<(String, String)> {
        let text = std::str::from_utf8(request.body().as_ref()).unwrap();
        parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    #[test]
    fn the_duration_is_sent_where_it_is_taken() {
        for (origin, sent) in [
            (CredentialOrigin::AssumeRole, true),
            (CredentialOrigin::ChainedRole, false),
            (CredentialOrigin::GetFederationToken, false),
        ] {
            let signin = SigninRequest::new(origin).duration_seconds(900);
            let pairs = pairs(&signin.encode(&credentials()).unwrap());
            assert_eq!(pairs[0], ("Action".to_owned(), "getSigninToken".to_owned()));
            assert_eq!(pairs.contains(&("SessionDuration".to_owned(), "900".to_owned())), sent, "{origin:?}");
            assert_eq!(signin.sends_duration(), sent);
            let session: serde_json::Value = serde_json::from_str(&pairs.last().unwrap().1).unwrap();
            assert_eq!(
                session,
                serde_json::json!({"sessionId": "ASIA", "sessionKey": "sEc/ReT", "sessionToken": "tO+kEn"})
            );
        }
        let get = SigninRequest::new(CredentialOrigin::AssumeRole).encode_get(&credentials()).unwrap();
        assert!(
            get.uri().query().unwrap().starts_with("Action=getSigninToken&Session=%7B%22sessionId%22%3A")
        );
    }

    #[test]
    fn what_the_console_would_refuse() {
        let bare = Credentials::new("AKIA", "s").unwrap();
        let signin = SigninRequest::new(CredentialOrigin::GetSessionToken)
            .duration_seconds(899)
            .destination("http://x.test")
            .issuer("x");
        let error = signin.encode(&bare).unwrap_err();
        let names: Vec<_> = error.violations().iter().map(Violation::parameter).collect();
        assert_eq!(
            names,
            ["Credentials", "Credentials", "SessionDuration", "Destination", "Issuer"],
            "{error}"
        );
        let signin = SigninRequest::new(CredentialOrigin::AssumeRole);
        for seconds in [0, 899] {
            assert!(signin.clone().duration_seconds(seconds).encode(&credentials()).is_err(), "{seconds}");
        }
        for seconds in [900, 43_201, u32::MAX] {
            assert!(signin.clone().duration_seconds(seconds).encode(&credentials()).is_ok(), "{seconds}");
        }
        for url in [
            "",
            "https://",
            "javascript:alert(1)",
            "//x.test/",
            "https://x.test/ y",
            "http://localhost/",
            "https://u:sEcReT@x.test/",
            "https://x.test:84036/",
            "https://x.test/%2e%2e/",
            "https://x.test/#a b",
        ] {
            let error = signin.clone().destination(url).encode(&credentials()).expect_err(url);
            assert_eq!(error.violations()[0].parameter(), "Destination", "{error}");
            assert!(!error.to_string().contains("sEcReT"), "{error}");
        }
        signin
            .destination("https://console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:")
            .encode(&credentials())
            .unwrap();
    }

    #[test]
    fn answers_that_hold_no_token() {
        let signin = SigninRequest::new(CredentialOrigin::AssumeRole);
        let decode = |status: u16, body: &str| {
            signin.decode(&http::Response::builder().status(status).body(body.to_owned()).unwrap())
        };
        let long = format!("{{\"SigninToken\": \"{}\"}}", "x".repeat(MAX_ANSWER_BYTES));
        for (status, body) in [
            (200, ""),
            (200, "{"),
            (200, "[]"),
            (200, "{}"),
            (200, "{\"SigninToken\": 1}"),
            (200, "{\"SigninToken\": \"\"}"),
            (400, "<html><body>"),
            (400, "{\"SigninToken\": \"x\"}"),
            (200, &long),
            (302, ""),
        ] {
            let error = decode(status, body).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Response, "{status} {body}");
            assert!(error.to_string().starts_with("getSigninToken was answered by"), "{error}");
        }
        let url = decode(200, "{\"SigninToken\": \"to/ken\"}").unwrap();
        assert!(
            url.expose().ends_with("&SigninToken=to%2Fken") && !format!("{url:?}").contains("ken"),
            "{url:?}"
        );
    }
}
