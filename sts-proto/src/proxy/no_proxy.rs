//! What is reached without a proxy.

use std::net::{IpAddr, Ipv6Addr};

use http::Uri;

/// The entries of `NO_PROXY`.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// The name and those under it, in lower case and without dots around it.
    Under(String),
    /// The addresses whose first bits are those.
    Network(IpAddr, u8),
}

/// Where a request goes, as far as it matters here.
pub(super) struct Target {
    /// In lower case, without brackets and trailing dots.
    host: String,
    address: Option<IpAddr>,
    port: u16,
    is_https: bool,
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    pub(super) fn lists(&self, target: &Target) -> bool {
        self.0.iter().any(|entry| entry.lists(target))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some(network) = network(text) {
            return Some(Self { hosts: network, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (text, None),
        };
        let hosts = match network(host).filter(|_| !host.contains('/') && is_bracketed_if_v6(host)) {
            Some(address) => address,
            None if host == "*" => Hosts::All,
            None => {
                let name = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
                let name = name.trim_matches('.');
                // No name has these, so that nothing could match.
                if name.is_empty() || name.contains(['/', '*', '[', ']', ':', '@']) {
                    return None;
                }
                Hosts::Under(name.to_ascii_lowercase())
            }
        };
        Some(Self { hosts, port })
    }

    fn lists(&self, target: &Target) -> bool {
        if self.port.is_some_and(|port| port != target.port) {
            return false;
        }
        match &self.hosts {
            Hosts::All => true,
            Hosts::Under(name) => {
                // An address has no names under it: `2.3` is not the parent of 10.1.2.3.
                target.address.is_none()
                    && target
                        .host
                        .strip_suffix(name.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Hosts::Network(network, bits) => {
                target.address.is_some_and(|address| is_in(address, *network, *bits))
            }
        }
    }
}

/// With a port behind it, an IPv6 address stands in brackets.
fn is_bracketed_if_v6(host: &str) -> bool {
    host.starts_with('[') || !host.contains(':')
}

/// An address, which is a network of one, or `address/bits`.
fn network(text: &str) -> Option<Hosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits))
            if (1..=3).contains(&bits.len()) && bits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (address, Some(bits.parse::<u8>().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let address = address_of(address)?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    if bits > width {
        return None;
    }
    Some(match (address, address.to_canonical()) {
        // IPv4 in the guise of IPv6: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
        (IpAddr::V6(_), canonical @ IpAddr::V4(_)) if bits >= 96 => Hosts::Network(canonical, bits - 96),
        _ => Hosts::Network(address, bits),
    })
}

fn address_of(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (difference, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits() ^ b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits(), 128),
        _ => return false,
    };
    // The shift by the whole width, which a network of no bits means, would overflow.
    difference.checked_shr(width - u32::from(bits)).unwrap_or(0) == 0
}

impl Target {
    /// `None` where the URL has no host.
    pub(super) fn of(url: &Uri) -> Option<Self> {
        let host = url.host()?;
        let is_https = url.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let port = url.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = address_of(&host).map(|address| address.to_canonical());
        Some(Self { host, address, port, is_https })
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// By RFC 6761, names under `localhost` are loopback too.
    pub(super) fn is_loopback(&self) -> bool {
        match self.address {
            Some(address) => address.is_loopback(),
            None => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}
