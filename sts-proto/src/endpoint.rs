//! Where requests go, what they are signed for, and why.
//!
//! The rules are those that AWS publishes for STS, plus what keeps a mistake from becoming a riddle: a region that is
//! missing, is no host label or contradicts the host is an error, and never a silent `us-east-1`.
//!
//! AWS: [STS regional endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html).
//!
//! ```
//! use sts_proto::endpoint::{EndpointOptions, EndpointRule};
//!
//! let endpoint = EndpointOptions::new().region("eu-west-1").resolve()?;
//! assert_eq!(endpoint.url(), "https://sts.eu-west-1.amazonaws.com/");
//! assert_eq!(endpoint.rule(), EndpointRule::Regional);
//!
//! let error = EndpointOptions::new().resolve().unwrap_err();
//! assert!(error.to_string().contains("`Region`"));
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt;

use http::Uri;

pub use partition::{PARTITIONS, Partition};

use crate::error::{Error, Rule, Violation};

pub(crate) use host::is_label as is_host_label;
use url::{Policy, ServiceUrl};

pub(crate) mod host;
mod partition;
pub(crate) mod url;

/// The host of the legacy global endpoint.
const GLOBAL_HOST: &str = "sts.amazonaws.com";

/// What the legacy global endpoint is signed for.
const GLOBAL_REGION: &str = "us-east-1";

/// The region that stands for the global endpoint.
const PSEUDO_REGION: &str = "aws-global";

/// The signing name of STS.
const SIGNING_NAME: &str = "sts";

/// The regions for which the legacy mode means the global endpoint: those that were there before 2019. Sorted.
const LEGACY_REGIONS: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "aws-global",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What decides on an endpoint.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EndpointOptions {
    pub(crate) region: Option<String>,
    pub(crate) url: Option<String>,
    // `None` where nobody said anything, so that the environment and the profile may.
    pub(crate) fips: Option<bool>,
    pub(crate) dual_stack: Option<bool>,
    pub(crate) legacy_global: Option<bool>,
    signing_region: Option<String>,
    signing_name: Option<String>,
}

/// A place to send requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: ServiceUrl,
    signing_region: Option<String>,
    signing_name: String,
    rule: EndpointRule,
    is_global: bool,
}

/// The rule that chose an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndpointRule {
    /// The caller's own URL.
    Custom,
    /// The region's host.
    Regional,
    /// The region's host with FIPS 140-validated cryptography.
    Fips,
    /// The region's host with IPv4 and IPv6 addresses.
    DualStack,
    /// Both.
    FipsDualStack,
    /// The global host, because the region `aws-global` was asked for.
    Global,
    /// The global host, because of the legacy mode and a region from before 2019.
    LegacyGlobal,
}

impl EndpointOptions {
    /// No region, no options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The region, such as `eu-west-1`; `aws-global` stands for the global endpoint.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// A URL of the caller's own instead of AWS's: `http` or `https`, a host, perhaps a port from 1 to 65535, perhaps a
    /// path without `.` and `..`. For AWS's own hosts it must be `https`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Whether the host must use FIPS 140-validated cryptography. Off by default.
    #[must_use]
    pub fn fips(mut self, on: bool) -> Self {
        self.fips = Some(on);
        self
    }

    /// Whether the host must have IPv6 addresses besides IPv4 ones. Off by default.
    #[must_use]
    pub fn dual_stack(mut self, on: bool) -> Self {
        self.dual_stack = Some(on);
        self
    }

    /// Whether regions from before 2019 mean the global endpoint, `sts_regional_endpoints = legacy`. Off by default.
    #[must_use]
    pub fn legacy_global(mut self, on: bool) -> Self {
        self.legacy_global = Some(on);
        self
    }

    /// The region that requests are signed for, where it is not the one that chose the host.
    #[must_use]
    pub fn signing_region(mut self, region: impl Into<String>) -> Self {
        self.signing_region = Some(region.into());
        self
    }

    /// The service name that requests are signed for; `sts` by default.
    #[must_use]
    pub fn signing_name(mut self, name: impl Into<String>) -> Self {
        self.signing_name = Some(name.into());
        self
    }

    /// Applies the rules.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): no region and no URL; a region that is no host
    /// label; a URL that has user info, a query, a fragment or dot segments in it, or another scheme; a URL together with
    /// FIPS or dual-stack; an AWS host without TLS; or a signing region that contradicts an AWS host.
    pub fn resolve(&self) -> Result<Endpoint, Error> {
        let mut violations = Vec::new();
        for (name, value) in [("Region", &self.region), ("SigningRegion", &self.signing_region)] {
            if let Some(value) = value.as_deref().filter(|value| !is_host_label(value)) {
                let sentence = format!(
                    "must be a host label, 1 to 63 letters, digits and inner hyphens, and is something else of {} \
                     characters",
                    value.chars().count()
                );
                violations.push(Violation::new(name, Rule::Setting(sentence.into())));
            }
        }
        if let Some(name) = self.signing_name.as_deref().filter(|name| !is_host_label(name)) {
            let sentence = format!(
                "must be letters, digits and inner hyphens, and is {} bytes of something else",
                name.len()
            );
            violations.push(Violation::new("SigningName", Rule::Setting(sentence.into())));
        }
        Error::unless_empty(violations)?;
        let mut endpoint = match &self.url {
            Some(url) => self.custom(url)?,
            None => self.by_region()?,
        };
        if let Some(region) = &self.signing_region {
            endpoint.signing_region = Some(region.clone());
        }
        endpoint.check_signing_region()?;
        Ok(endpoint)
    }

    fn by_region(&self) -> Result<Endpoint, Error> {
        let region = self.region.as_deref().ok_or_else(|| {
            Error::setting("Region", "is required: there is no region, and no URL in its place")
        })?;
        if region.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(Error::setting("Region", "must be in lower case, as all of AWS's regions are"));
        }
        let partition = Partition::of_region(region);
        let (rule, host) = match (self.fips.unwrap_or(false), self.dual_stack.unwrap_or(false)) {
            (false, false)
                if self.legacy_global == Some(true) && LEGACY_REGIONS.binary_search(&region).is_ok() =>
            {
                return Endpoint::global(EndpointRule::LegacyGlobal, self.name());
            }
            (false, false) if region == PSEUDO_REGION => {
                return Endpoint::global(EndpointRule::Global, self.name());
            }
            (false, false) => (EndpointRule::Regional, format!("sts.{region}.{}", partition.dns_suffix)),
            // The partition's ordinary hosts are FIPS ones.
            (true, false) if partition.id == "aws-us-gov" => {
                (EndpointRule::Fips, format!("sts.{region}.{}", partition.dns_suffix))
            }
            (true, false) => (EndpointRule::Fips, format!("sts-fips.{region}.{}", partition.dns_suffix)),
            (false, true) => {
                (EndpointRule::DualStack, format!("sts.{region}.{}", partition.dual_stack_dns_suffix))
            }
            (true, true) => (
                EndpointRule::FipsDualStack,
                format!("sts-fips.{region}.{}", partition.dual_stack_dns_suffix),
            ),
        };
        Endpoint::at_host(rule, &host, region, self.name())
    }

    fn custom(&self, url: &str) -> Result<Endpoint, Error> {
        let refused = |sentence: &'static str| Err(Error::setting("EndpointUrl", sentence));
        if self.fips == Some(true) {
            return refused("does not go together with FIPS");
        }
        if self.dual_stack == Some(true) {
            return refused("does not go together with dual-stack");
        }
        let url = ServiceUrl::parse(url, Policy::STS)?;
        let host = url.host();
        let host_region = aws_region(host);
        let is_global = host.trim_end_matches('.').eq_ignore_ascii_case(GLOBAL_HOST);
        let region = self.region.as_deref().filter(|region| *region != PSEUDO_REGION);
        let signing_region = region.map(str::to_owned).or(host_region);
        let signing_name = self.name();
        Ok(Endpoint { url, signing_region, signing_name, rule: EndpointRule::Custom, is_global })
    }

    fn name(&self) -> String {
        self.signing_name.clone().unwrap_or_else(|| SIGNING_NAME.to_owned())
    }
}

/// A URL that is not checked yet may hold a password: its length is shown.
impl fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointOptions")
            .field("region", &self.region)
            .field("url", &self.url.as_deref().map(|url| format_args!("{} bytes", url.len()).to_string()))
            .field("fips", &self.fips)
            .field("dual_stack", &self.dual_stack)
            .field("legacy_global", &self.legacy_global)
            .field("signing_region", &self.signing_region)
            .field("signing_name", &self.signing_name)
            .finish()
    }
}

impl Endpoint {
    fn global(rule: EndpointRule, signing_name: String) -> Result<Self, Error> {
        let endpoint = Self::at_host(rule, GLOBAL_HOST, GLOBAL_REGION, signing_name)?;
        Ok(Self { is_global: true, ..endpoint })
    }

    fn at_host(rule: EndpointRule, host: &str, region: &str, signing_name: String) -> Result<Self, Error> {
        let url = ServiceUrl::https(host, "Region")?;
        Ok(Self { url, signing_region: Some(region.to_owned()), signing_name, rule, is_global: false })
    }

    /// The URL that requests go to.
    #[must_use]
    pub fn url(&self) -> &Uri {
        self.url.uri()
    }

    pub(crate) fn service_url(&self) -> &ServiceUrl {
        &self.url
    }

    /// The region that requests are signed for. A custom URL may go without, as long as nothing is signed.
    #[must_use]
    pub fn signing_region(&self) -> Option<&str> {
        self.signing_region.as_deref()
    }

    /// The service name that requests are signed for.
    #[must_use]
    pub fn signing_name(&self) -> &str {
        &self.signing_name
    }

    /// The rule that chose it. Its `Display` is a sentence.
    #[must_use]
    pub fn rule(&self) -> EndpointRule {
        self.rule
    }

    /// Whether it is the legacy global endpoint, which refuses some operations.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.is_global
    }

    fn check_signing_region(&self) -> Result<(), Error> {
        let (Some(signed), Some(host)) = (self.signing_region(), aws_region(self.url.host())) else {
            return Ok(());
        };
        if signed == host {
            return Ok(());
        }
        let sentence =
            format!("is {signed}, but the endpoint's host is one of {host}, which refuses such signatures");
        Err(Error::setting("SigningRegion", sentence))
    }
}

/// The region that a host of AWS's own takes signatures for: `sts.<region>.…`, with `-fips`, or behind a VPC endpoint.
fn aws_region(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == GLOBAL_HOST {
        return Some(GLOBAL_REGION.to_owned());
    }
    let suffixes = PARTITIONS.iter().flat_map(|p| [p.dns_suffix, p.dual_stack_dns_suffix]);
    let rest = suffixes.filter_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.')).next()?;
    let mut labels = rest.split('.').skip_while(|label| !matches!(*label, "sts" | "sts-fips")).skip(1);
    labels.next().map(str::to_owned)
}

/// The port that a URL leads to: its own, else 80 of `http` and 443 of `https`. For transports.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the URL has another scheme, or a port that is not from 1 to
/// 65535. [`Uri::port_u16`] takes such a port for one that is not there, so that a request to `http://host:84036` would go
/// to port 80.
///
/// ```
/// use sts_proto::endpoint::port_of;
/// use sts_proto::http::Uri;
///
/// assert_eq!(port_of(&Uri::from_static("https://sts.example"))?, 443);
/// assert_eq!(port_of(&Uri::from_static("http://[::1]:8080"))?, 8080);
/// assert!(port_of(&Uri::from_static("http://localhost:84036")).is_err());
/// # Ok::<(), sts_proto::Error>(())
/// ```
pub fn port_of(url: &Uri) -> Result<u16, Error> {
    let default = match url.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return Err(Error::setting("Url", "must begin with `http://` or `https://`")),
    };
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match host::split(authority).1.map(host::port) {
        None => Ok(default),
        Some(Some(port)) => Ok(port),
        Some(None) => Err(Error::setting("Url", "must have a port from 1 to 65535, if it has a port")),
    }
}

impl fmt::Display for EndpointRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Custom => "the URL that was given",
            Self::Regional => "the host of the region",
            Self::Fips => "the FIPS host of the region",
            Self::DualStack => "the dual-stack host of the region",
            Self::FipsDualStack => "the FIPS and dual-stack host of the region",
            Self::Global => "the global host, for the region aws-global",
            Self::LegacyGlobal => "the global host, for a region from before 2019 in legacy mode",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(url: &str) -> Result<Endpoint, Error> {
        EndpointOptions::new().region("eu-west-1").url(url).resolve()
    }

    #[test]
    fn custom_urls_keep_port_and_path() {
        for url in ["http://localhost:9000/sts/v1", "https://[::1]:8443/", "http://127.0.0.1/a%20b"] {
            assert_eq!(custom(url).unwrap().url().to_string(), *url);
        }
    }

    #[test]
    fn custom_urls_that_are_refused() {
        for url in [
            "",
            "localhost",
            "/path",
            "ftp://h/",
            "https://user:password@h/",
            "https://h/?q",
            "https://h/#f",
            "https://h:0/",
            "https://h:99999/",
            "https://:443/",
            "https://h h/",
            "https://h:+80/",
            "https://./",
            "https://-h/",
            "https://h..x/",
            "https://h/a/../x",
            "http://sts.eu-west-1.amazonaws.com",
        ] {
            let error = custom(url).expect_err(url);
            assert!(error.to_string().contains("`EndpointUrl`"), "{url}: {error}");
            assert!(!error.to_string().contains("password"), "{error}");
        }
    }

    #[test]
    fn regions_that_are_refused() {
        for region in ["us-east-1/../x", "us-east-1.evil.example", "", "-a", "a-", "a b", "é", "US-EAST-1"] {
            let error = EndpointOptions::new().region(region).resolve().expect_err(region);
            assert!(error.to_string().contains("`Region`"), "{error}");
        }
    }

    #[test]
    fn a_signing_region_must_not_contradict_the_host() {
        for (url, region) in [
            ("https://sts.us-east-1.amazonaws.com", "us-east-1"),
            ("https://STS.us-east-1.amazonaws.com.", "us-east-1"),
            ("https://sts.amazonaws.com", "us-east-1"),
            ("https://sts-fips.us-gov-west-1.api.aws", "us-gov-west-1"),
            ("https://vpce-1-2.sts.us-east-2.vpce.amazonaws.com", "us-east-2"),
            ("https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            let error = custom(url).expect_err(url);
            assert!(error.to_string().contains(region), "{error}");
            let endpoint = EndpointOptions::new().url(url).resolve().unwrap();
            assert_eq!(endpoint.signing_region(), Some(region));
            EndpointOptions::new().region("eu-west-1").url(url).signing_region(region).resolve().unwrap();
        }
        let error = EndpointOptions::new().region("eu-west-1").signing_region("us-east-1").resolve();
        assert!(error.is_err());
    }

    #[test]
    fn a_custom_url_needs_no_region_until_something_is_signed() {
        let endpoint = EndpointOptions::new().url("http://minio:9000").resolve().unwrap();
        assert_eq!((endpoint.signing_region(), endpoint.signing_name()), (None, "sts"));
    }

    #[test]
    fn the_legacy_regions_are_sorted() {
        assert!(LEGACY_REGIONS.is_sorted());
    }
}
