//! The server's side: every rule that a token must keep before STS is asked.
//!
//! The rules are those of aws-iam-authenticator. Stricter than there: a parameter in two spellings counts as repeated,
//! nothing may be missing, and no further header may be signed, because none would be sent.

use std::fmt;

use http::{HeaderValue, Request, Uri, header};
use time::OffsetDateTime;

use super::parameters::{self, Parameters};
use super::rejection::Rejection;
use super::{CLUSTER_HEADER, EksIdentity, MAX_TOKEN_BYTES, PREFIX, cluster_header, identity};
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::{EndpointOptions, PARTITIONS, Partition};
use crate::error::Error;
use crate::error::redact::Redaction;
use crate::token::text;

/// Checks tokens for one cluster.
#[derive(Clone, Debug)]
pub struct Verifier {
    cluster: HeaderValue,
    partitions: Vec<&'static Partition>,
    /// Scheme and authority, `https://sts.example:8443`.
    origins: Vec<String>,
}

impl Verifier {
    /// For the cluster of this name, with STS's hosts in the partition `aws`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the name is empty, too long or holds anything but visible ASCII.
    pub fn new(cluster: &str) -> Result<Self, Error> {
        let [aws, ..] = &PARTITIONS;
        Ok(Self { cluster: cluster_header(cluster)?, partitions: vec![aws], origins: Vec::new() })
    }

    /// The partitions whose hosts are taken, in place of `aws`: regional, FIPS and dual-stack ones, and the global one in
    /// `aws`.
    #[must_use]
    pub fn partitions(mut self, partitions: impl IntoIterator<Item = &'static Partition>) -> Self {
        self.partitions = partitions.into_iter().collect();
        self
    }

    /// A further host, such as `https://sts.example` or `http://127.0.0.1:3000`. Whoever runs that host decides who
    /// everybody is, and without TLS so does everybody on the way.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): it is no URL of an endpoint, or has a path.
    pub fn endpoint(mut self, url: &str) -> Result<Self, Error> {
        let endpoint = EndpointOptions::new().url(url).resolve()?;
        let uri = endpoint.url();
        let (Some(scheme), Some(authority), "/") = (uri.scheme_str(), uri.authority(), uri.path()) else {
            return Err(Error::setting("EndpointUrl", "must not have a path: a token has none"));
        };
        self.origins.push(format!("{scheme}://{authority}"));
        Ok(self)
    }

    /// Checks all that can be told without STS. What comes out is to be sent, and STS's answer to be given to
    /// [`Verification::accept`].
    ///
    /// # Errors
    /// The first rule that the token breaks.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Verification, Rejection> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong { length: token.len() });
        }
        let encoded = token.strip_prefix(PREFIX).ok_or(Rejection::Prefix)?;
        let url = text::from_base64url(encoded).ok_or(Rejection::Base64)?;
        let query = self.check_origin(&url)?;
        let parameters = Parameters::read(query)?;
        let access_key_id = parameters.check(now)?;
        // What is sent must be what was read.
        let uri = Uri::try_from(url.as_str()).map_err(|_| Rejection::Url)?;
        if uri.path() != "/" || uri.query() != Some(query) {
            return Err(Rejection::Url);
        }
        Ok(Verification { url: Secret::from(url.as_str()), cluster: self.cluster.clone(), access_key_id })
    }

    /// The URL's query, if what stands before it is right.
    fn check_origin<'u>(&self, url: &'u str) -> Result<&'u str, Rejection> {
        if !url.bytes().all(is_url_byte) {
            return Err(Rejection::Url);
        }
        let (scheme, rest) = url.split_once("://").ok_or(Rejection::Url)?;
        let (authority, path_and_query) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let is_further = || {
            let origin = url.get(..scheme.len() + 3 + authority.len());
            self.origins.iter().any(|known| Some(known.as_str()) == origin)
        };
        match scheme {
            _ if is_further() => {}
            "https" if self.is_host_of_sts(authority) => {}
            "https" => return Err(Rejection::Host),
            _ => return Err(Rejection::Scheme),
        }
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        if path == "/" { Ok(query) } else { Err(Rejection::Path) }
    }

    fn is_host_of_sts(&self, host: &str) -> bool {
        self.partitions.iter().any(|partition| {
            (partition.id == "aws" && host == "sts.amazonaws.com")
                || [partition.dns_suffix, partition.dual_stack_dns_suffix].iter().any(|suffix| {
                    host.strip_suffix(suffix)
                        .and_then(|rest| rest.strip_suffix('.'))
                        .and_then(|rest| rest.split_once('.'))
                        .is_some_and(|(name, region)| {
                            matches!(name, "sts" | "sts-fips") && partition.has_region(region)
                        })
                })
        })
    }
}

/// RFC 3986, less what a presigned URL has no use for: fragments, brackets and the `+` that some read as a space.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%&=?/:@!$'()*,".contains(&byte) || matches!(byte, b'[' | b']')
}

/// A token that keeps all rules. Whether it is true, STS knows.
#[derive(Clone)]
pub struct Verification {
    url: Secret,
    cluster: HeaderValue,
    access_key_id: String,
}

impl Verification {
    /// The request to send to STS: a GET with two headers. Send it within 10 seconds, do not follow redirects, and give
    /// the response to [`accept`](Self::accept). Its `Debug` shows the URL, which is the token.
    ///
    /// # Errors
    /// None that is known: the URL was read before.
    pub fn expose_request(&self) -> Result<Request<Body>, Error> {
        let mut request = Request::new(Body::default());
        *request.uri_mut() =
            Uri::try_from(self.url.expose()).map_err(|_| Error::setting("Token", "holds no URL"))?;
        let headers = request.headers_mut();
        headers.insert(CLUSTER_HEADER, self.cluster.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    /// The access key that is said to have signed. Believe it after [`accept`](Self::accept) only.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Reads STS's answer to the request. Only with a result is the caller who the token says.
    ///
    /// # Errors
    /// [`ErrorKind::Service`](crate::ErrorKind::Service): STS refused, so the token is not to be believed.
    /// [`ErrorKind::Response`](crate::ErrorKind::Response): what answered is not STS, or its answer contradicts itself.
    pub fn accept(&self, response: &http::Response<impl AsRef<[u8]>>) -> Result<EksIdentity, Error> {
        let secrets = |found: &mut dyn FnMut(&str)| self.secrets(found);
        identity::read(response, &self.access_key_id, Redaction::new(&secrets))
    }

    /// Hands what makes the token one to a function: a refusal shows the canonical request that it expected.
    fn secrets(&self, found: &mut dyn FnMut(&str)) {
        let query = self.url.expose().split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            if is("x-amz-security-token") || is("x-amz-signature") {
                found(value);
                if let Some(value) = parameters::decode(value) {
                    found(&value);
                }
            }
        }
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("url", &self.url)
            .field("cluster", &self.cluster)
            .field("access_key_id", &self.access_key_id)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sts_echoes_of_the_token_is_not_shown() {
        let (token, signature) = ("IQoJ//sEcReT+8w=", "d".repeat(64));
        let encoded = "IQoJ%2F%2FsEcReT%2B8w%3D";
        let url = format!(
            "https://sts.amazonaws.com/?X-Amz-Security-Token={encoded}&x-amz-signature={signature}&X-Amz-Date=today"
        );
        let verification = Verification {
            url: Secret::from(url.as_str()),
            cluster: HeaderValue::from_static("c"),
            access_key_id: "ASIAEXAMPLE".to_owned(),
        };
        let body = format!(
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The Canonical String should have been 'GET / \
             X-Amz-Security-Token={encoded} {token} {signature} today'</Message></Error></ErrorResponse>"
        );
        let response = http::Response::builder().status(403).body(body).unwrap();
        let error = verification.accept(&response).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("X-Amz-Security-Token=[redacted] [redacted] [redacted] today"), "{text}");
        assert!(!text.contains("sEcReT") && !text.contains("dddd"), "{text}");
    }

    #[test]
    fn hosts_of_sts() {
        let mut verifier = Verifier::new("c").unwrap();
        let ours = [
            "sts.amazonaws.com",
            "sts.eu-west-1.amazonaws.com",
            "sts-fips.us-east-2.amazonaws.com",
            "sts.eu-west-1.api.aws",
            "sts-fips.us-west-2.api.aws",
        ];
        let theirs = [
            "sts.us-gov-west-1.amazonaws.com",
            "sts.cn-north-1.amazonaws.com.cn",
            "sts.eusc-de-east-1.amazonaws.eu",
        ];
        let nobodys = [
            "",
            "sts",
            "amazonaws.com",
            "sts.amazonaws.com.",
            "STS.amazonaws.com",
            "sts.amazonaws.com:443",
            "sts.aws-global.amazonaws.com",
            "u@sts.amazonaws.com",
            "xsts.eu-west-1.amazonaws.com",
            "sts.x.amazonaws.com",
            "sts.eu-west-1.amazonaws.com.evil.test",
            "sts.eu-west-1.evil.com",
            "iam.eu-west-1.amazonaws.com",
            "sts.a.eu-west-1.amazonaws.com",
            "sts.eu-west-1.s3.amazonaws.com",
            "sts.api.aws",
            "sts.eu-west-1amazonaws.com",
        ];
        ours.iter().for_each(|host| assert!(verifier.is_host_of_sts(host), "{host}"));
        theirs.iter().chain(&nobodys).for_each(|host| assert!(!verifier.is_host_of_sts(host), "{host}"));
        verifier = verifier.partitions(&PARTITIONS);
        ours.iter().chain(&theirs).for_each(|host| assert!(verifier.is_host_of_sts(host), "{host}"));
        nobodys.iter().for_each(|host| assert!(!verifier.is_host_of_sts(host), "{host}"));
    }
}
