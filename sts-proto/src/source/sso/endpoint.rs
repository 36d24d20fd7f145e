//! The hosts of SSO's portal and of its OIDC service.

use crate::endpoint::url::ServiceUrl;
use crate::endpoint::{Partition, is_host_label};
use crate::error::Error;

/// Which of a region's hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

/// The URL of a service: `service` is `portal.sso` or `oidc`.
pub(super) fn url(service: &str, region: &str, variant: Variant) -> Result<ServiceUrl, Error> {
    if !is_host_label(region) {
        return Err(Error::setting("sso_region", "must be the name of a region, such as `eu-west-1`"));
    }
    let partition = Partition::of_region(region);
    // There, all hosts have it, and none says so.
    let is_implied = partition.id == "aws-us-gov" && !variant.dual_stack;
    let fips = if variant.fips && !is_implied { "-fips" } else { "" };
    let suffix = if variant.dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix };
    ServiceUrl::https(&format!("{service}{fips}.{region}.{suffix}"), "sso_region")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_all_variants() {
        for (region, fips, dual_stack, host) in [
            ("us-east-2", false, false, "portal.sso.us-east-2.amazonaws.com"),
            ("us-east-2", true, false, "portal.sso-fips.us-east-2.amazonaws.com"),
            ("us-east-2", false, true, "portal.sso.us-east-2.api.aws"),
            ("us-east-2", true, true, "portal.sso-fips.us-east-2.api.aws"),
            ("cn-north-1", false, false, "portal.sso.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", true, false, "portal.sso.us-gov-west-1.amazonaws.com"),
            ("us-gov-west-1", true, true, "portal.sso-fips.us-gov-west-1.api.aws"),
        ] {
            let variant = Variant { fips, dual_stack };
            assert_eq!(url("portal.sso", region, variant).unwrap().authority(), host);
        }
        for region in ["", "a.b", "a/b", "a@b"] {
            assert!(url("oidc", region, Variant::default()).is_err(), "{region}");
        }
    }
}
