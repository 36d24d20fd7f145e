//! Names to addresses.
//!
//! Where there is a deadline, ureq's resolver starts a thread. An address that is written out needs none.

use std::net::{IpAddr, SocketAddr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Resolves names when a connection is to be made.
#[derive(Debug, Default)]
pub(super) struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let Some(address) = written_address(uri) else {
            return self.0.resolve(uri, config, timeout);
        };
        let mut resolved = self.empty();
        resolved.push(address);
        Ok(resolved)
    }
}

/// Resolves nothing. ureq asks for every request, before it looks for a kept connection; the connector of this crate resolves
/// for itself what it connects to.
#[derive(Debug)]
pub(super) struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

fn written_address(uri: &Uri) -> Option<SocketAddr> {
    let port = uri.port_u16().or(match uri.scheme_str()? {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    })?;
    let bare = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some(SocketAddr::new(bare.parse::<IpAddr>().ok()?, port))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ureq::Timeout;
    use ureq::unversioned::transport::time;

    use super::*;

    fn resolve(uri: &str) -> Result<Vec<SocketAddr>, Error> {
        let after = time::Duration::Exact(Duration::from_secs(5));
        let timeout = NextTimeout { after, reason: Timeout::Resolve, ..NextTimeout::default() };
        let config = ureq::Agent::config_builder().build();
        let resolved = Names::default().resolve(&uri.parse().unwrap(), &config, timeout)?;
        Ok(resolved.iter().copied().collect())
    }

    #[test]
    fn names_and_written_addresses_are_resolved() {
        for (uri, address) in [
            ("http://127.0.0.1:9000/", "127.0.0.1:9000"),
            ("http://127.0.0.1", "127.0.0.1:80"),
            ("https://[::1]/", "[::1]:443"),
        ] {
            let uri = uri.parse().unwrap();
            assert_eq!(written_address(&uri), address.parse().ok(), "{uri}");
        }
        assert_eq!(resolve("https://[::1]/").unwrap(), ["[::1]:443".parse().unwrap()]);
        let localhost = resolve("http://localhost:9000/").unwrap();
        assert!(localhost.iter().all(|address| address.port() == 9000 && address.ip().is_loopback()));
        assert!(resolve("ftp://localhost/").is_err() && resolve("/").is_err());
    }
}
