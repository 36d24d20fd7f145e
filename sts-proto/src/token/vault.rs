//! The payload of Vault's login with IAM credentials.
//!
//! Vault replays a signed GetCallerIdentity to the STS that it is configured with, by default the global one, and believes
//! the answer. A request that is signed for another region than that STS has is refused there, which Vault tells as a 403
//! that names no reason.
//!
//! HashiCorp: [AWS auth method](https://developer.hashicorp.com/vault/docs/auth/aws).
//!
//! ```
//! use sts_proto::endpoint::EndpointOptions;
//! use sts_proto::token::vault::VaultLogin;
//! use sts_proto::{Credentials, Encoder};
//! use time::OffsetDateTime;
//!
//! // What a server without a setting of its own asks: the global endpoint.
//! let encoder = Encoder::new(EndpointOptions::new().region("aws-global").resolve()?);
//! let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
//! let login = VaultLogin::new("dev-role").server_id("vault.example.com");
//! let payload = login.build(&encoder, &credentials, OffsetDateTime::now_utc())?;
//! assert_eq!(payload.path, "/v1/auth/aws/login");
//! let body = payload.body; // POST it to the server within 15 minutes, or let `encode` make that request:
//! let request = login.encode("https://vault.example.com:8200", &encoder, &credentials, OffsetDateTime::now_utc())?;
//! assert_eq!(request.uri(), "https://vault.example.com:8200/v1/auth/aws/login");
//! # let _ = body;
//! # Ok::<(), sts_proto::Error>(())
//! ```

use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Method, Request};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::json::{self, Value, object};
use super::text::base64;
use crate::body::Body;
use crate::credentials::Credentials;
use crate::encoder::{Encoder, FORM};
use crate::endpoint::Endpoint;
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::error::{Error, Rule, Violation};
use crate::operation::{GetCallerIdentity, Operation};
use crate::sigv4::{self, Signing};

/// The header that binds a login to one server.
const SERVER_ID: HeaderName = HeaderName::from_static("x-vault-aws-iam-server-id");

/// A login to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultLogin {
    role: String,
    mount: String,
    server_id: Option<String>,
    server_endpoint: Option<Endpoint>,
    allows_http: bool,
}

/// What is sent to Vault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultPayload {
    /// The path of the URL, such as `/v1/auth/aws/login`.
    pub path: String,
    /// JSON. For 15 minutes, whoever has it can log in.
    pub body: Body,
}

impl VaultLogin {
    /// For a role of the auth method; with an empty name, Vault takes the caller's.
    #[must_use]
    pub fn new(role: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            mount: "aws".to_owned(),
            server_id: None,
            server_endpoint: None,
            allows_http: false,
        }
    }

    /// Where the auth method is mounted, `aws` by default. It may hold slashes.
    #[must_use]
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// The value of `X-Vault-AWS-IAM-Server-ID`, `iam_server_id_header_value` of the server, without which a server that
    /// asks for it refuses.
    #[must_use]
    pub fn server_id(mut self, server_id: impl Into<String>) -> Self {
        self.server_id = Some(server_id.into());
        self
    }

    /// The STS that the server is configured with, `sts_endpoint` and `sts_region`; then a login that is signed for
    /// another one is an error here, and not a 403 there.
    #[must_use]
    pub fn server_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.server_endpoint = Some(endpoint);
        self
    }

    /// Whether the address for [`encode`](Self::encode) may begin with `http://` for a host that is not loopback. Everybody on
    /// the way can log in with the payload then. AWS's own hosts stay refused. Off by default.
    #[must_use]
    pub fn dangerously_allow_http(mut self, on: bool) -> Self {
        self.allows_http = on;
        self
    }

    /// The request that logs in: a POST of the payload to the server at `address`, such as `https://vault.example:8200`. Send
    /// it within 15 minutes and follow no redirect. For a namespace, add its header.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the address is not `https`, nor `http` with a host that is
    /// loopback; it has user info, a query, a fragment, dot segments or a port that is none; or as [`build`](Self::build).
    pub fn encode(
        &self,
        address: &str,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<Request<Body>, Error> {
        let address = ServiceUrl::parse(address, Policy::VAULT.dangerously_allow_http(self.allows_http))?;
        let VaultPayload { path, body } = self.build(encoder, credentials, now)?;
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = address.join(&path)?.into_uri();
        request.headers_mut().insert(CONTENT_TYPE, const { HeaderValue::from_static("application/json") });
        Ok(request)
    }

    /// Signs the request that Vault is to replay, and wraps it up. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the mount is empty or not letters, digits and `_.-/`; the server id cannot
    /// stand in a header; the endpoint has no signing region; or host or region are others than those of
    /// [`server_endpoint`](Self::server_endpoint). That a region contradicts a host of AWS is found before, when the
    /// [`Endpoint`] is resolved.
    pub fn build(
        &self,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<VaultPayload, Error> {
        let mount = self.mount.trim_matches('/');
        let is_segment = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        };
        if !mount.split('/').all(is_segment) {
            return Err(Error::setting("Mount", "must be a path of letters, digits and `_.-`"));
        }
        self.check_endpoint(encoder.endpoint())?;
        let request = self.request(encoder, credentials, now)?;
        let url = base64(encoder.endpoint().url().to_string().as_bytes());
        let headers = base64(headers(&request)?.as_bytes());
        let body = base64(request.body().as_ref());
        let mut json = object([
            Some(("role", Value::Text(&self.role))),
            Some(("iam_http_request_method", Value::Text("POST"))),
            Some(("iam_request_url", Value::Text(&url))),
            Some(("iam_request_body", Value::Text(&body))),
            Some(("iam_request_headers", Value::Text(&headers))),
        ]);
        let body = Body::from(std::mem::take(&mut *json).into_bytes());
        Ok(VaultPayload { path: format!("/v1/auth/{mount}/login"), body })
    }

    fn check_endpoint(&self, ours: &Endpoint) -> Result<(), Error> {
        let Some(theirs) = &self.server_endpoint else { return Ok(()) };
        let mut violations = Vec::new();
        let mut compare = |name, ours: Option<&str>, theirs: Option<&str>| {
            if ours != theirs {
                let (ours, theirs) = (ours.unwrap_or("none"), theirs.unwrap_or("none"));
                let rule = format!("is {ours}, and the server replays the login to {theirs}");
                violations.push(Violation::new(name, Rule::Setting(rule.into())));
            }
        };
        compare("Endpoint", sigv4::host(ours.url()), sigv4::host(theirs.url()));
        compare("SigningRegion", ours.signing_region(), theirs.signing_region());
        Error::unless_empty(violations)
    }

    /// The request to replay: only headers that are signed, and no `content-length`, which Vault sets itself.
    fn request(
        &self,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<Request<Body>, Error> {
        let endpoint = encoder.endpoint();
        let region = endpoint
            .signing_region()
            .ok_or_else(|| Error::setting("SigningRegion", "is required: the endpoint has no region"))?;
        let mut request = Request::new(GetCallerIdentity::new().form().into_body());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.url().clone();
        let host = sigv4::host(endpoint.url()).and_then(|host| HeaderValue::from_str(host).ok());
        let host = host.ok_or_else(|| Error::setting("EndpointUrl", "has no host"))?;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, const { HeaderValue::from_static(FORM) });
        if let Some(id) = &self.server_id {
            let is_plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic());
            let value = HeaderValue::from_str(id).ok().filter(|_| is_plain);
            let value = value.ok_or_else(|| {
                Error::setting("ServerId", "must be visible ASCII characters, one at least")
            })?;
            headers.insert(SERVER_ID, value);
        }
        let signing = Signing::new(credentials, region, endpoint.signing_name(), now);
        encoder.signer().sign(&mut request, &signing)?;
        Ok(request)
    }
}

/// The headers as a JSON object of names and lists of values.
fn headers(request: &Request<Body>) -> Result<Zeroizing<String>, Error> {
    let most: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + 6 * value.len() + 10).sum();
    let mut out = Zeroizing::new(String::with_capacity(most + 2));
    let mut separator = "{";
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|_| Error::setting("Header", "has a value that is no text"))?;
        out.push_str(separator);
        json::string(&mut out, name.as_str());
        out.push_str(": [");
        json::string(&mut out, value);
        out.push(']');
        separator = ", ";
    }
    out.push('}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::EndpointOptions;

    fn endpoint(region: &str) -> Endpoint {
        EndpointOptions::new().region(region).resolve().unwrap()
    }

    fn build(login: &VaultLogin) -> Result<VaultPayload, Error> {
        let credentials = Credentials::new("AKID", "sEcReT").unwrap().with_session_token("tOkEn").unwrap();
        login.build(&Encoder::new(endpoint("eu-west-1")), &credentials, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_payload_holds_the_signed_request() {
        let payload =
            build(&VaultLogin::new("dev \"role\"").mount("/team/aws/").server_id("vault.test")).unwrap();
        assert_eq!(payload.path, "/v1/auth/team/aws/login");
        let json: serde_json::Value = serde_json::from_slice(payload.body.as_ref()).unwrap();
        assert_eq!(
            (json["role"].as_str(), json["iam_http_request_method"].as_str()),
            (Some("dev \"role\""), Some("POST"))
        );
        // base64 of the texts in the documentation of Vault.
        assert_eq!(json["iam_request_body"], "QWN0aW9uPUdldENhbGxlcklkZW50aXR5JlZlcnNpb249MjAxMS0wNi0xNQ==");
        assert_eq!(json["iam_request_url"], base64(b"https://sts.eu-west-1.amazonaws.com/").as_str());
        assert!(!format!("{payload:?}").contains("role"), "{payload:?}");
    }

    #[test]
    fn what_would_be_refused_over_there() {
        let login = VaultLogin::new("r");
        build(&login.clone().server_endpoint(endpoint("eu-west-1"))).unwrap();
        let error = build(&login.clone().server_endpoint(endpoint("aws-global"))).unwrap_err();
        assert_eq!(error.violations().len(), 2);
        assert!(
            error.to_string().contains("is eu-west-1, and the server replays the login to us-east-1"),
            "{error}"
        );
        for mount in ["", "/", "a//b", "../x", "a b", "é"] {
            assert!(
                build(&login.clone().mount(mount)).unwrap_err().to_string().contains("`Mount`"),
                "{mount}"
            );
        }
        for id in ["", "a\r\nb", "é", "a b"] {
            assert!(
                build(&login.clone().server_id(id)).unwrap_err().to_string().contains("`ServerId`"),
                "{id}"
            );
        }
        // Host and scope disagree.
        let options =
            EndpointOptions::new().url("https://sts.eu-west-1.amazonaws.com").signing_region("us-east-1");
        assert!(options.resolve().unwrap_err().to_string().contains("`SigningRegion`"));
    }
}
