use std::fmt;

use sts_proto::Error;
use sts_proto::endpoint::port_of;
use sts_proto::http::Uri;

/// What a connection leads to. Connections to the same target stand in for each other: the proxy follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_tls: bool,
    /// As in the URL: an IPv6 address is in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether no proxy comes into it, whatever the settings say.
    pub(super) is_direct: bool,
}

impl Target {
    pub(super) fn of(url: &Uri) -> Result<Self, Error> {
        let port = port_of(url)?;
        let host = url.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Error::setting("Url", "has no host"))?.to_ascii_lowercase();
        Ok(Self { is_tls: url.scheme_str() == Some("https"), host, port, is_direct: false })
    }

    pub(super) fn bare_host(&self) -> &str {
        bare(&self.host)
    }
}

/// For messages: the port is of interest where it is not the usual one.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port != if self.is_tls { 443 } else { 80 } {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// A host without the brackets of an IPv6 address.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &'static str) -> Target {
        Target::of(&Uri::from_static(url)).unwrap()
    }

    #[test]
    fn hosts_and_ports() {
        let six = target("https://[::1]/");
        assert_eq!((six.bare_host(), six.port, six.to_string().as_str()), ("::1", 443, "[::1]"));
        assert_eq!(target("http://Host:8080/a").to_string(), "host:8080");
        assert_eq!(target("http://HOST/"), target("http://host:80/a"));
        assert_ne!(target("http://host:443/"), target("https://host/"));
        assert!(Target::of(&Uri::from_static("ftp://host/")).is_err());
        assert!(Target::of(&Uri::from_static("/path")).is_err());
        assert!(Target::of(&Uri::from_static("http://host:84036/")).is_err(), "it is not port 80");
    }
}
