//! Hosts and ports of URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{PARTITIONS, aws_region};

/// The longest host name, by RFC 1035, section 2.3.4.
const MAX_HOST_BYTES: usize = 253;

/// What AWS's own hosts end with besides the suffixes of the partitions: the OAuth endpoint of the sign-in service, and
/// the portals of IAM Identity Center.
const FURTHER_SUFFIXES: [&str; 3] = ["signin.aws", "awsapps.com", "awsapps.cn"];

/// Labels of names that AWS gives to its customers' machines, which are not AWS's own hosts: load balancers, instances,
/// and the services of customers behind PrivateLink.
const CUSTOMER_LABELS: [&str; 3] = ["elb", "compute", "compute-1"];
const CUSTOMER_PREFIX: &str = "vpce-svc-";

/// Where ECS and EKS Pod Identity hand out credentials without TLS: addresses that do not lead off the machine.
pub(crate) const CONTAINER_HOSTS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// Whether a host is one of AWS's own services, by its name.
pub(super) fn is_of_aws(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_customers =
        host.split('.').any(|label| CUSTOMER_LABELS.contains(&label) || label.starts_with(CUSTOMER_PREFIX));
    let suffixes = PARTITIONS.iter().flat_map(|p| [p.dns_suffix, p.dual_stack_dns_suffix, p.console_suffix]);
    let is_below =
        |suffix: &str| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // No machine of a customer has the label `sts`, and requests to such a host are signed for its region.
    aws_region(&host).is_some() || (!is_customers && suffixes.chain(FURTHER_SUFFIXES).any(is_below))
}

/// Whether a host is this machine. Names are not resolved here, and `localhost` alone is known to be loopback: who asks a
/// name server for a name below it may get any answer.
pub(super) fn is_loopback(host: &str) -> bool {
    match address(host) {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether a host is one of [`CONTAINER_HOSTS`].
pub(super) fn is_of_containers(host: &str) -> bool {
    address(host).is_some_and(|address| CONTAINER_HOSTS.contains(&address))
}

/// The address that a host is, if it is no name.
fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// Splits an authority without user info into its host and what follows the colon.
pub(crate) fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// The number of a port, 1 to 65535, in decimal digits.
pub(crate) fn port(digits: &str) -> Option<u16> {
    let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits?.parse().ok().filter(|port| *port > 0)
}

/// Whether a text is an address, an IPv6 one in brackets, or labels with dots between them. Names of hosts in containers
/// have underscores, too.
pub(crate) fn is_valid(host: &str) -> bool {
    if host.starts_with('[') {
        return address(host).is_some();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    host.len() <= MAX_HOST_BYTES && name.split('.').all(|label| is_label_with(label, b"-_"))
}

/// RFC 1123, section 2.1.
pub(crate) fn is_label(text: &str) -> bool {
    is_label_with(text, b"-")
}

/// Whether a text is a label of letters, digits and those marks, without hyphens at its ends.
fn is_label_with(text: &str, marks: &[u8]) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_aws_are_known_by_their_suffixes() {
        for host in [
            "sts.amazonaws.com",
            "STS.AmazonAWS.com.",
            "amazonaws.com",
            "portal.sso.eu-west-1.api.aws",
            "oidc.cn-north-1.amazonaws.com.cn",
            "eu-west-1.signin.aws.amazon.com",
            "eu-west-1.oauth.signin.aws",
            "us-iso-east-1.signin.c2shome.ic.gov",
            "d-1234567890.awsapps.com",
            "vpce-1-2.sts.us-east-2.vpce.amazonaws.com",
        ] {
            assert!(is_of_aws(host), "{host}");
        }
        for host in [
            "minio",
            "aws",
            "evilamazonaws.com",
            "amazonaws.com.example",
            "internal-minio-1.eu-west-1.elb.amazonaws.com",
            "minio-1.elb.us-east-2.amazonaws.com",
            "ec2-192-0-2-1.compute-1.amazonaws.com",
            "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
            "vpce-1.vpce-svc-2.eu-west-1.vpce.amazonaws.com",
            "127.0.0.1",
        ] {
            assert!(!is_of_aws(host), "{host}");
        }
    }
}
