//! Through which proxy a request goes, if through any.
//!
//! A proxy is chosen for each URL: the one that was given, or else the one that the environment names. The caller
//! hands in the environment. The rules are curl's, with three exceptions that keep local traffic local: from the
//! environment nothing on loopback is proxied; addresses that give out credentials to whoever asks, such as
//! `169.254.169.254`, are never proxied, whatever is set; and a proxy that cannot be used is an error instead of a
//! silent detour.
//!
//! curl: [environment](https://curl.se/docs/manpage.html#ENVIRONMENT).
//!
//! ```
//! use sts_proto::proxy::ProxySettings;
//!
//! let settings = ProxySettings::from_variables(|name| match name {
//!     "HTTPS_PROXY" => Some("http://alice:secret@proxy.test:3128".to_owned()),
//!     "NO_PROXY" => Some(".internal.test, 10.0.0.0/8".to_owned()),
//!     _ => None,
//! });
//! let proxy = |url: &'static str| settings.for_url(&http::Uri::from_static(url));
//!
//! assert_eq!(proxy("https://sts.eu-west-1.amazonaws.com/")?.unwrap().to_string(), "http://proxy.test:3128");
//! assert_eq!(proxy("https://minio.internal.test:9000/")?, None);
//! assert_eq!(proxy("https://10.1.2.3/")?, None);
//! assert_eq!(proxy("https://localhost:4566/")?, None);
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use zeroize::Zeroizing;

use crate::config::variable;
use crate::credentials::Secret;
use crate::endpoint::host;
use crate::error::Error;

use no_proxy::{NoProxy, Target};

mod no_proxy;
mod refusal;

/// The longest URL of a proxy.
const MAX_URL_BYTES: usize = 4096;

/// Where EC2 gives credentials to any process of the machine, as ECS and EKS do at [`host::CONTAINER_HOSTS`]. A
/// proxy asks from the wrong one, and would see them.
const INSTANCE_HOSTS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// What decides on the proxy of a URL.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings(Choice);

#[derive(Clone, Debug, Default)]
enum Choice {
    #[default]
    None,
    Explicit(Proxy),
    Variables {
        http: Option<Found>,
        https: Option<Found>,
        no_proxy: NoProxy,
    },
}

/// What a variable holds. A proxy that cannot be used is an error only for those URLs that it would be used for.
#[derive(Clone, Debug)]
enum Found {
    Proxy { variable: &'static str, proxy: Proxy },
    Unusable { variable: &'static str, sentence: String },
}

/// A proxy, with what it wants to know about its user.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    credentials: Option<(String, Secret)>,
}

/// How to talk to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyScheme {
    /// HTTP in the clear. What goes through a tunnel to an `https` URL is encrypted all the same.
    Http,
    /// HTTP over TLS.
    Https,
}

impl ProxySettings {
    /// No proxy, whatever the environment says.
    #[must_use]
    pub fn none() -> Self {
        Self(Choice::None)
    }

    /// That proxy for every URL but those of metadata addresses: `[http[s]://][user[:password]@]host[:port]`.
    ///
    /// User and password are percent-decoded. Without a scheme it is `http`, without a port 80 or 443.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): it is not such a URL, or one of a SOCKS proxy,
    /// which are not supported. The error does not repeat the URL.
    pub fn explicit(url: &str) -> Result<Self, Error> {
        let proxy = Proxy::parse(url).map_err(|sentence| Error::setting("Proxy", sentence))?;
        Ok(Self(Choice::Explicit(proxy)))
    }

    /// What the environment says: for an `https` URL `https_proxy` or `HTTPS_PROXY`, for an `http` one `http_proxy` or
    /// `HTTP_PROXY`, for both else `all_proxy` or `ALL_PROXY`; and no proxy for what `no_proxy` or `NO_PROXY` lists.
    /// Of two spellings, lower case comes first. An empty variable counts as one that is not set.
    ///
    /// `NO_PROXY` is a list, by commas or white space, of: `*`, for everything; host names, which stand for themselves
    /// and all names under them, with or without a dot in front; addresses; networks such as `10.0.0.0/8` or
    /// `fd00::/8`; each but networks perhaps with a `:port`. What is nothing of the sort is skipped, because the list
    /// is shared with programs that know other things.
    ///
    /// Where `REQUEST_METHOD` is set, the program may be a CGI one: then `HTTP_PROXY` can be a request's header
    /// `Proxy`, set by whoever sent it, and is not used ([httpoxy](https://httpoxy.org)).
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self::read(&lookup)
    }

    /// The same, there once for all lookups.
    fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name| variable(lookup, name);
        let is_cgi = get("REQUEST_METHOD").is_some();
        // Where variables have no case, as on Windows, the lower-case one is the same one.
        let is_forged = is_cgi
            && get("http_proxy").is_none_or(|lower| get("HTTP_PROXY").is_some_and(|upper| upper == lower));
        let all = Found::of(lookup, ["all_proxy", "ALL_PROXY"]);
        let http = if is_forged { None } else { Found::of(lookup, ["http_proxy", "HTTP_PROXY"]) };
        let https = Found::of(lookup, ["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone());
        let no_proxy = ["no_proxy", "NO_PROXY"].into_iter().find_map(get);
        let no_proxy = no_proxy.map_or_else(NoProxy::default, |list| NoProxy::parse(&list));
        Self(Choice::Variables { http: http.or(all), https, no_proxy })
    }

    /// The proxy for a URL, or `None` if it is to be reached directly.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the variable that names the proxy for it holds
    /// something else. The error names the variable and does not repeat its value.
    pub fn for_url(&self, url: &Uri) -> Result<Option<&Proxy>, Error> {
        let Some(target) = Target::of(url).filter(|target| !is_metadata(target)) else { return Ok(None) };
        if let Choice::Explicit(proxy) = &self.0 {
            return Ok(Some(proxy));
        }
        match self.found(&target) {
            None => Ok(None),
            Some(Found::Proxy { proxy, .. }) => Ok(Some(proxy)),
            Some(Found::Unusable { variable, sentence }) => Err(Error::setting(variable, sentence.clone())),
        }
    }

    /// The variable that names the proxy for a URL, if one does.
    #[must_use]
    pub fn variable_for_url(&self, url: &Uri) -> Option<&'static str> {
        let target = Target::of(url).filter(|target| !is_metadata(target))?;
        match self.found(&target)? {
            Found::Proxy { variable, .. } | Found::Unusable { variable, .. } => Some(variable),
        }
    }

    /// What the environment says of a target.
    fn found(&self, target: &Target) -> Option<&Found> {
        match &self.0 {
            Choice::None | Choice::Explicit(_) => None,
            Choice::Variables { no_proxy, .. } if target.is_loopback() || no_proxy.lists(target) => None,
            Choice::Variables { http, https, .. } => (if target.is_https() { https } else { http }).as_ref(),
        }
    }

    /// Every proxy that can be chosen, each once.
    pub fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        let (first, second) = match &self.0 {
            Choice::None => (None, None),
            Choice::Explicit(proxy) => (Some(proxy), None),
            Choice::Variables { http, https, .. } => {
                (http.as_ref().and_then(Found::proxy), https.as_ref().and_then(Found::proxy))
            }
        };
        first.into_iter().chain(second.filter(|second| Some(*second) != first))
    }
}

fn is_metadata(target: &Target) -> bool {
    let mut hosts = INSTANCE_HOSTS.iter().chain(&host::CONTAINER_HOSTS);
    target.address().is_some_and(|address| hosts.any(|host| *host == address))
}

impl Found {
    /// What the first of the variables holds that is set. Kept from being there for each pair of names.
    #[inline(never)]
    fn of(lookup: &dyn Fn(&str) -> Option<String>, names: [&'static str; 2]) -> Option<Self> {
        let (variable, value) = names.into_iter().find_map(|name| Some((name, variable(lookup, name)?)))?;
        Some(match Proxy::parse(value.trim()) {
            Ok(proxy) => Self::Proxy { variable, proxy },
            Err(sentence) => Self::Unusable { variable, sentence },
        })
    }

    fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Proxy { proxy, .. } => Some(proxy),
            Self::Unusable { .. } => None,
        }
    }
}

impl Proxy {
    /// How to talk to it.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Its host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user and the password for basic authentication, where the URL has them.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &Secret)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password))
    }

    /// The error is a sentence that goes on from the name of what holds the URL.
    fn parse(text: &str) -> Result<Self, String> {
        let refused = |rule: &str| Err(format!("{rule} (the value has {} characters)", text.chars().count()));
        if text.len() > MAX_URL_BYTES {
            return refused("is too long for the URL of a proxy");
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            scheme if scheme.starts_with("socks") => {
                return refused("names a SOCKS proxy, and only `http://` and `https://` ones are supported");
            }
            _ => return refused("must begin with `http://` or `https://`, or with the host of the proxy"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // The last one, because passwords are often written as they are.
        let (user_info, authority) = match rest.rsplit_once('@') {
            Some((user_info, authority)) => (Some(user_info), authority),
            None => (None, rest),
        };
        if authority.contains(['/', '?', '#']) {
            return refused("must end with the host or the port of the proxy, without a path");
        }
        let (host, port) = host::split(authority);
        if !host::is_valid(host) {
            return refused(
                "must have the host of the proxy: a name, an IPv4 address, or an IPv6 one in brackets",
            );
        }
        let port = match port {
            None => scheme.default_port(),
            Some(text) => match host::port(text) {
                Some(port) => port,
                None => return refused("must have a port from 1 to 65535, if any"),
            },
        };
        let credentials = match user_info.filter(|user_info| !user_info.is_empty()) {
            None => None,
            Some(user_info) => {
                let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
                match (percent_decode(user), percent_decode(password)) {
                    (Some(user), Some(_)) if user.expose().contains(':') => {
                        return refused(
                            "must not have a colon in the user's name: the proxy could not tell it apart",
                        );
                    }
                    (Some(user), Some(password)) => Some((user.expose().to_owned(), password)),
                    _ => return refused("must have a user and a password that are UTF-8 once decoded"),
                }
            }
        };
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port, credentials })
    }
}

impl ProxyScheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What is no escape stays as it is: passwords with a `%` of their own are common.
fn percent_decode(text: &str) -> Option<Secret> {
    let bytes = text.as_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let escape = bytes.get(i + 1..i + 3).filter(|_| byte == b'%');
        let decoded = escape.and_then(|escape| {
            let digit = |b: u8| char::from(b).to_digit(16);
            u8::try_from(digit(escape[0])? * 16 + digit(escape[1])?).ok()
        });
        out.push(decoded.unwrap_or(byte));
        i += if decoded.is_some() { 3 } else { 1 };
    }
    std::str::from_utf8(&out).ok().map(Secret::from)
}

/// Its URL without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = if self.credentials.is_some() { ", with credentials" } else { "" };
        write!(f, "Proxy({self}{credentials})")
    }
}

#[cfg(test)]
mod tests;
