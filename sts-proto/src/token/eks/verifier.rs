//! The server's side: every rule that a token must keep before STS is asked.
//!
//! The rules are those of aws-iam-authenticator. Stricter than there: a parameter in two spellings counts as repeated,
//! nothing may be missing, and no further header may be signed, because none would be sent.

use std::fmt;

use http::{HeaderValue, Request, Uri, header};
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};
use zeroize::Zeroizing;

use super::rejection::Rejection;
use super::{CLUSTER_HEADER, EksIdentity, MAX_TOKEN_BYTES, PREFIX, cluster_header, identity};
use crate::body::Body;
use crate::credentials::Secret;
use crate::endpoint::{EndpointOptions, PARTITIONS, Partition};
use crate::error::Error;
use crate::form;
use crate::operation::API_VERSION;
use crate::sigv4::ALGORITHM;
use crate::token::text;

/// How long after `X-Amz-Date` a token is taken, and how long before: STS's own limit for presigned requests.
const MAX_AGE: Duration = Duration::minutes(15);

/// The greatest `X-Amz-Expires`, in seconds.
const MAX_EXPIRES: u32 = 900;

/// The parameters of a token's URL, in lower case.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

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
        if scheme != "https" && !is_further() {
            return Err(Rejection::Scheme);
        }
        if !(scheme == "https" && self.is_host_of_sts(authority)) && !is_further() {
            return Err(Rejection::Host);
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

/// The values of [`PARAMETERS`], decoded, in that order.
struct Parameters([Option<Zeroizing<String>>; PARAMETERS.len()]);

impl Parameters {
    fn read(query: &str) -> Result<Self, Rejection> {
        let mut values = [const { None }; PARAMETERS.len()];
        for pair in query.split('&').filter(|_| !query.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Rejection::UnknownParameter)?;
            let known =
                PARAMETERS.iter().zip(&mut values).find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (name, slot) = known.ok_or(Rejection::UnknownParameter)?;
            let value = decode(value).ok_or(Rejection::Url)?;
            if slot.replace(value).is_some() {
                return Err(Rejection::Repeated { name });
            }
        }
        Ok(Self(values))
    }

    fn get(&self, name: &'static str) -> Result<&str, Rejection> {
        let found = PARAMETERS.iter().zip(&self.0).find(|(known, _)| **known == name);
        found
            .and_then(|(_, value)| value.as_ref())
            .map(|value| value.as_str())
            .ok_or(Rejection::Missing { name })
    }

    /// Applies the rules to the values; gives the access key id.
    fn check(&self, now: OffsetDateTime) -> Result<String, Rejection> {
        let ensure = |holds: bool, rejection| if holds { Ok(()) } else { Err(rejection) };
        ensure(self.get("action")? == "GetCallerIdentity", Rejection::Action)?;
        ensure(self.get("version")? == API_VERSION, Rejection::Version)?;
        ensure(self.get("x-amz-algorithm")? == ALGORITHM, Rejection::Algorithm)?;
        ensure(are_signed_headers(self.get("x-amz-signedheaders")?), Rejection::SignedHeaders)?;
        let expires = self.get("x-amz-expires")?;
        let is_number = (1..=4).contains(&expires.len()) && expires.bytes().all(|b| b.is_ascii_digit());
        let seconds = expires.parse::<u32>().ok().filter(|_| is_number);
        ensure(seconds.is_some_and(|seconds| seconds <= MAX_EXPIRES), Rejection::Expires)?;
        let date = self.get("x-amz-date")?;
        let signed_at = moment(date).ok_or(Rejection::Date)?;
        let access_key_id =
            access_key_id(self.get("x-amz-credential")?, date).ok_or(Rejection::Credential)?;
        let signature = self.get("x-amz-signature")?;
        let is_hex = signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit());
        ensure(is_hex, Rejection::Signature)?;
        ensure(self.get("x-amz-security-token").map(str::is_empty) != Ok(true), Rejection::SecurityToken)?;
        let age = now - signed_at;
        ensure(age <= MAX_AGE, Rejection::Expired { age_seconds: age.whole_seconds() })?;
        ensure(age >= -MAX_AGE, Rejection::NotYetValid { ahead_seconds: -age.whole_seconds() })?;
        Ok(access_key_id.to_owned())
    }
}

/// Percent-decoded; `None` for an escape that is none, for what is no UTF-8 and for control characters.
fn decode(value: &str) -> Option<Zeroizing<String>> {
    let is_escape =
        |rest: &str| rest.as_bytes().get(..2).is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit));
    if !value.split('%').skip(1).all(is_escape) {
        return None;
    }
    let bytes = form::decode_bytes(value.as_bytes(), false).into_owned();
    let text = String::from_utf8(bytes).ok().map(Zeroizing::new)?;
    Some(text).filter(|text| !text.chars().any(char::is_control))
}

/// `host` and `x-k8s-aws-id`, in any order and any letters.
fn are_signed_headers(value: &str) -> bool {
    let mut names: Vec<_> = value.split(';').map(str::to_ascii_lowercase).collect();
    names.sort();
    names == ["host", "x-k8s-aws-id"]
}

/// The access key id of `AKID/20150830/region/sts/aws4_request`.
fn access_key_id<'c>(credential: &'c str, date: &str) -> Option<&'c str> {
    let mut parts = credential.split('/');
    let (id, day, region) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    let is_right = is_plain(id)
        && is_plain(region)
        && date.get(..8) == Some(day)
        && parts.next() == Some("sts")
        && parts.next() == Some("aws4_request")
        && parts.next().is_none();
    is_right.then_some(id)
}

/// `20150830T123600Z`
fn moment(text: &str) -> Option<OffsetDateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_right = date.len() == 8
        && time.len() == 6
        && [date, time].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let number =
        |part: &str, at: usize, length| part.get(at..at + length).filter(|_| is_right)?.parse::<u16>().ok();
    let two = |part, at| number(part, at, 2).and_then(|n| u8::try_from(n).ok());
    let month = Month::try_from(two(date, 4)?).ok()?;
    let date = Date::from_calendar_date(number(date, 0, 4)?.into(), month, two(date, 6)?).ok()?;
    let time = Time::from_hms(two(time, 0)?, two(time, 2)?, two(time, 4)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
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
        identity::read(response, &self.access_key_id)
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

    #[test]
    fn moments() {
        assert_eq!(moment("20150830T123600Z").unwrap().unix_timestamp(), 1_440_938_160);
        for text in [
            "",
            "20150830T123600",
            "20150830123600Z",
            "20151330T123600Z",
            "20150830T243600Z",
            "2015083T1123600Z",
            "+0150830T123600Z",
            "20150830T12360 Z",
            "٢٠١٥T123600Z",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
