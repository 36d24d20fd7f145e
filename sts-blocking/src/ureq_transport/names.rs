//! Names to addresses, not for every request.
//!
//! ureq resolves a name before it looks for a kept connection, and where there is a deadline it starts a thread to do
//! so: for every request. Here an address that is written out is read, and a name is resolved again only after a while.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long addresses are used: shorter than names live, longer than a burst of calls lasts.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// How many names are kept. A client has one endpoint, and perhaps a proxy or two.
const KEPT_NAMES: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Names {
    inner: DefaultResolver,
    /// The oldest first.
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    host: String,
    port: u16,
    since: Instant,
    addresses: Vec<SocketAddr>,
}

impl Names {
    fn kept(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|entry| entry.since.elapsed() < KEPT_FOR);
        kept.iter()
            .find(|entry| entry.host == host && entry.port == port)
            .map(|entry| entry.addresses.clone())
    }

    fn keep(&self, host: &str, port: u16, addresses: &ResolvedSocketAddrs) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|entry| entry.host != host || entry.port != port);
        if kept.len() == KEPT_NAMES {
            kept.remove(0);
        }
        let addresses = addresses.iter().copied().collect();
        kept.push(Kept { host: host.to_owned(), port, since: Instant::now(), addresses });
    }
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let (Some(host), Some(port)) = (uri.host(), port(uri)) else {
            return self.inner.resolve(uri, config, timeout);
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses = match bare.parse::<IpAddr>() {
            Ok(address) => Some(vec![SocketAddr::new(address, port)]),
            Err(_) => self.kept(host, port),
        };
        if let Some(addresses) = addresses {
            let mut resolved = self.empty();
            addresses.into_iter().for_each(|address| resolved.push(address));
            return Ok(resolved);
        }
        let resolved = self.inner.resolve(uri, config, timeout)?;
        self.keep(host, port, &resolved);
        Ok(resolved)
    }
}

fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::Timeout;
    use ureq::unversioned::transport::time;

    fn resolve(names: &Names, uri: &str) -> Vec<SocketAddr> {
        let after = time::Duration::Exact(Duration::from_secs(5));
        let timeout = NextTimeout { after, reason: Timeout::Resolve, ..NextTimeout::default() };
        let config = ureq::Agent::config_builder().build();
        names.resolve(&uri.parse().unwrap(), &config, timeout).unwrap().iter().copied().collect()
    }

    #[test]
    fn an_address_needs_no_resolution() {
        let names = Names::default();
        assert_eq!(resolve(&names, "http://127.0.0.1:9000/"), ["127.0.0.1:9000".parse().unwrap()]);
        assert_eq!(resolve(&names, "https://[::1]/"), ["[::1]:443".parse().unwrap()]);
        assert!(names.kept.lock().unwrap().is_empty());
    }

    #[test]
    fn a_name_is_kept_by_host_and_port() {
        let names = Names::default();
        let first = resolve(&names, "http://localhost:9000/");
        assert!(first.iter().all(|address| address.port() == 9000 && address.ip().is_loopback()));
        assert_eq!(resolve(&names, "http://localhost:9000/x"), first);
        assert_eq!(names.kept.lock().unwrap().len(), 1);
        (1..10).for_each(|port| {
            assert_eq!(resolve(&names, &format!("http://localhost:{port}/"))[0].port(), port);
        });
        assert_eq!(names.kept.lock().unwrap().len(), KEPT_NAMES);
    }
}
