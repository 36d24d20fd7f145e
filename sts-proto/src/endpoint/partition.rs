/// A part of AWS with accounts, regions and host names of its own.
///
/// AWS: [partitions](https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partition {
    /// Its name, as it stands in ARNs.
    pub id: &'static str,
    /// What host names end with.
    pub dns_suffix: &'static str,
    /// What names of hosts with IPv4 and IPv6 addresses end with.
    pub dual_stack_dns_suffix: &'static str,
    /// The region of services that have none.
    pub implicit_global_region: &'static str,
    /// What names of hosts of its console and its sign-in service end with.
    pub(crate) console_suffix: &'static str,
    /// What its regions begin with.
    prefixes: &'static [&'static str],
    /// What stands for its global services, and is no region.
    pseudo_region: &'static str,
}

/// All partitions, the public one first.
pub static PARTITIONS: [Partition; 8] = [
    Partition {
        id: "aws",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        implicit_global_region: "us-east-1",
        console_suffix: "aws.amazon.com",
        prefixes: &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
        pseudo_region: "aws-global",
    },
    Partition {
        id: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        implicit_global_region: "cn-northwest-1",
        console_suffix: "amazonaws.cn",
        prefixes: &["cn-"],
        pseudo_region: "aws-cn-global",
    },
    Partition {
        id: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        implicit_global_region: "eusc-de-east-1",
        console_suffix: "amazonaws-eusc.eu",
        prefixes: &["eusc-de-"],
        pseudo_region: "aws-eusc-global",
    },
    Partition {
        id: "aws-iso",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        implicit_global_region: "us-iso-east-1",
        console_suffix: "c2shome.ic.gov",
        prefixes: &["us-iso-"],
        pseudo_region: "aws-iso-global",
    },
    Partition {
        id: "aws-iso-b",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        implicit_global_region: "us-isob-east-1",
        console_suffix: "sc2shome.sgov.gov",
        prefixes: &["us-isob-"],
        pseudo_region: "aws-iso-b-global",
    },
    Partition {
        id: "aws-iso-e",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        implicit_global_region: "eu-isoe-west-1",
        console_suffix: "csphome.adc-e.uk",
        prefixes: &["eu-isoe-"],
        pseudo_region: "aws-iso-e-global",
    },
    Partition {
        id: "aws-iso-f",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        implicit_global_region: "us-isof-south-1",
        console_suffix: "csphome.hci.ic.gov",
        prefixes: &["us-isof-"],
        pseudo_region: "aws-iso-f-global",
    },
    Partition {
        id: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        implicit_global_region: "us-gov-west-1",
        console_suffix: "amazonaws-us-gov.com",
        prefixes: &["us-gov-"],
        pseudo_region: "aws-us-gov-global",
    },
];

impl Partition {
    /// The partition of a region. One that no partition knows counts as a new region of the public partition, as in
    /// AWS's own rules.
    #[must_use]
    pub fn of_region(region: &str) -> &'static Self {
        PARTITIONS.iter().find(|partition| partition.has(region)).unwrap_or(&PARTITIONS[0])
    }

    /// Whether a region is one of this partition by its name: one that is there, or may be one day. What stands for the
    /// partition's global services, such as `aws-global`, is none.
    #[must_use]
    pub fn has_region(&self, region: &str) -> bool {
        self.prefixes.iter().any(|prefix| region.strip_prefix(prefix).is_some_and(is_place))
    }

    fn has(&self, region: &str) -> bool {
        region == self.pseudo_region || self.has_region(region)
    }
}

/// What follows a region's prefix: a direction and a number, such as `east-1`.
fn is_place(rest: &str) -> bool {
    rest.split_once('-').is_some_and(|(direction, number)| {
        !direction.is_empty()
            && direction.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_find_their_partition() {
        for (region, id) in [
            ("us-east-1", "aws"),
            ("mx-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-east-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
            ("aws-cn-global", "aws-cn"),
            ("nowhere", "aws"),
        ] {
            assert_eq!(Partition::of_region(region).id, id, "{region}");
        }
    }
}
