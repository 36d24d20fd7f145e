//! URLs that secrets are sent to: the one place that decides which of them are taken.
//!
//! Every service that gets a secret is reached by a [`ServiceUrl`], which cannot be made without these checks. What
//! differs between services is in a [`Policy`].

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use zeroize::Zeroizing;

use super::host;
use crate::error::Error;

const OF_AWS: &str =
    "is AWS's own without TLS: secrets would travel for everybody to read; begin the URL with `https://`";
const NOT_LOOPBACK: &str = "must be a URL with `https`, or with `http` and a host that is loopback: secrets would travel for \
    everybody to read; the option `dangerously_allow_http` permits it";
const NO_CONTAINER: &str = "must be a URL with `https`, or with `http` and a host that is loopback, 169.254.170.2, \
    169.254.170.23 or fd00:ec2::23";

/// A URL of a service that gets a secret.
///
/// Its scheme is `http` where the service's policy permits it for the host, else `https`. It has a host, a port from 1 to
/// 65535 if any, and a path without dot segments; no user info and no fragment, and a query only where the policy has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceUrl(Uri);

/// What is permitted in the URL of one service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The setting that holds the URL, for errors.
    name: &'static str,
    http: Http,
    /// A URL that is used as it is may have a query; one that paths are appended to may not.
    has_query: bool,
}

/// The hosts that `http://` is permitted for. AWS's own are never among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Http {
    /// All others: servers of the caller's own.
    Any,
    Loopback,
    /// Loopback and the addresses of containers, `host::CONTAINER_HOSTS`.
    Container,
    None,
}

#[cfg_attr(
    not(all(feature = "login", feature = "sources", feature = "token")),
    allow(dead_code, reason = "each feature has its services")
)]
impl Policy {
    pub(crate) const STS: Self = Self::new("EndpointUrl", Http::Any);
    pub(crate) const SSO_PORTAL: Self = Self::new("AWS_ENDPOINT_URL_SSO", Http::Loopback);
    pub(crate) const SSO_OIDC: Self = Self::new("AWS_ENDPOINT_URL_SSO_OIDC", Http::Loopback);
    pub(crate) const SIGN_IN: Self = Self::new("AWS_ENDPOINT_URL_SIGNIN", Http::Loopback);
    pub(crate) const VAULT: Self = Self::new("VaultAddress", Http::Loopback);
    pub(crate) const METADATA: Self = Self::new("Ec2MetadataServiceEndpoint", Http::Any);
    pub(crate) const CONTAINER: Self =
        Self { has_query: true, ..Self::new("AWS_CONTAINER_CREDENTIALS_FULL_URI", Http::Container) };
    pub(crate) const ECS: Self = Self { name: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ..Self::CONTAINER };
    pub(crate) const CONSOLE_DESTINATION: Self =
        Self { has_query: true, ..Self::new("Destination", Http::None) };
    pub(crate) const CONSOLE_ISSUER: Self = Self { name: "Issuer", ..Self::CONSOLE_DESTINATION };

    const fn new(name: &'static str, http: Http) -> Self {
        Self { name, http, has_query: false }
    }

    /// The error for a URL that breaks a rule: the rule and the URL's length, and nothing of its text.
    pub(crate) fn refused(self, rule: &str, url: &str) -> Error {
        Error::setting(self.name, format!("{rule} (the URL has {} bytes)", url.len()))
    }

    /// The same with `http://` for hosts that are not loopback, if `on`. AWS's own hosts stay refused.
    pub(crate) fn dangerously_allow_http(self, on: bool) -> Self {
        if on { Self { http: Http::Any, ..self } } else { self }
    }
}

#[cfg_attr(
    not(all(feature = "login", feature = "sources", feature = "token")),
    allow(dead_code, reason = "each feature has its services")
)]
impl ServiceUrl {
    /// Parses a URL that somebody gave.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the policy or the syntax does not permit it. The error
    /// has the rule and the URL's length, and nothing of its text, which may hold a password.
    pub(crate) fn parse(text: &str, policy: Policy) -> Result<Self, Error> {
        Self::read(text, policy).map_err(|rule| policy.refused(rule, text))
    }

    fn read(text: &str, policy: Policy) -> Result<Self, &'static str> {
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("must be a URL of visible ASCII characters, without white space");
        }
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err("must be a URL that begins with `http://` or `https://`");
        }
        if rest.contains('#') {
            return Err("must be a URL without a fragment");
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("must be a URL without user info before the host");
        }
        if query.is_some() && !policy.has_query {
            return Err("must be a URL without a query");
        }
        let (host, port) = host::split(authority);
        if !host::is_valid(host) {
            return Err("must be a URL with a host: a name, an IPv4 address, or an IPv6 address in brackets");
        }
        let port = match port.map(host::port) {
            Some(None) => return Err("must be a URL with a port from 1 to 65535, if it has a port"),
            Some(port) => port,
            None => None,
        };
        if !is_path(path) {
            return Err("must be a URL whose path is percent-encoded");
        }
        // It would be signed without them, and sent with them.
        if has_dot_segment(path) {
            return Err("must be a URL without the segments `.` and `..` in its path");
        }
        if !is_https {
            policy.http.permits(host)?;
        }
        let uri = Uri::try_from(text).map_err(|_| "must be a URL, and is too long or malformed")?;
        // `http` takes a port that it cannot read for one that is not there.
        if uri.host() != Some(host) || uri.port_u16() != port {
            return Err("must be a URL, and is malformed");
        }
        Ok(Self(uri))
    }

    /// `https://` and a host of AWS's own, or of the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): `setting` gives something else than a host.
    pub(crate) fn https(host: &str, setting: &'static str) -> Result<Self, Error> {
        let mut parts = Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Authority::try_from(host).ok().filter(|_| host::is_valid(host));
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        // Without an authority, the scheme is refused.
        Uri::from_parts(parts).map(Self).map_err(|_| Error::setting(setting, "gives no host"))
    }

    /// The URL for requests.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    /// The URL for a single request.
    pub(crate) fn into_uri(self) -> Uri {
        self.0
    }

    /// The host and the port, if there is one.
    pub(crate) fn authority(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub(crate) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// The URL with a path, and perhaps a query, that are appended to its path.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the path cannot be one, or the URL is too long.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<Self, Error> {
        let path = path_and_query.split('?').next().unwrap_or_default();
        if !path.starts_with('/') || !is_path(path) || has_dot_segment(path) {
            return Err(Error::setting("Url", "would have a path that is none"));
        }
        self.extend([self.0.path().trim_end_matches('/'), path_and_query, ""])
    }

    /// The URL with a query, which may hold what is secret.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the URL is too long.
    pub(crate) fn with_query(&self, query: &str) -> Result<Self, Error> {
        self.extend([self.0.path(), "?", query])
    }

    /// The same scheme and authority with another path and query, in three parts.
    fn extend(&self, [path, separator, query]: [&str; 3]) -> Result<Self, Error> {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let text = Zeroizing::new([scheme, "://", self.authority(), path, separator, query].concat());
        let uri = Uri::try_from(text.as_str()).map_err(|_| Error::setting("Url", "would be too long"))?;
        Ok(Self(uri))
    }
}

impl Http {
    fn permits(self, host: &str) -> Result<(), &'static str> {
        if host::is_of_aws(host) {
            return Err(OF_AWS);
        }
        let (is_permitted, rule) = match self {
            Self::Any => (true, ""),
            Self::Loopback => (host::is_loopback(host), NOT_LOOPBACK),
            Self::Container => (host::is_loopback(host) || host::is_of_containers(host), NO_CONTAINER),
            Self::None => (false, "must be a URL with `https`"),
        };
        if is_permitted { Ok(()) } else { Err(rule) }
    }
}

/// RFC 3986, section 3.3: whether a path, which may be empty, has the characters of one, others as `%` and two digits.
fn is_path(path: &str) -> bool {
    let mut parts = path.split('%');
    let is_plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&b));
    let is_escaped =
        |part: &str| part.len() >= 2 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit()) && is_plain(part);
    parts.next().is_none_or(is_plain) && parts.all(is_escaped)
}

/// Whether a path has a segment `.` or `..`, also to a server that decodes it before it looks.
fn has_dot_segment(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_of_what_is_no_host_is_refused() {
        assert_eq!(ServiceUrl::https("sts.example", "Region").unwrap().uri(), "https://sts.example/");
        for host in ["", "a b", "a/b", "u@a", "a:1", "a?", "[::1", "-a"] {
            let error = ServiceUrl::https(host, "Region").expect_err(host);
            assert_eq!(error.violations()[0].parameter(), "Region", "{error}");
        }
    }

    #[test]
    fn paths_and_queries_are_appended() {
        let url = ServiceUrl::parse("https://h.test:8443/a/", Policy::STS).unwrap();
        assert_eq!(url.join("/b?c=d").unwrap().uri(), "https://h.test:8443/a/b?c=d");
        assert_eq!(url.with_query("c=d").unwrap().uri(), "https://h.test:8443/a/?c=d");
        for path in ["b", "", "/../b", "/%2E%2e/b", "/b c", "/%zz"] {
            assert!(url.join(path).is_err(), "{path}");
        }
        assert!(url.with_query(&"x".repeat(1 << 16)).is_err());
    }
}
