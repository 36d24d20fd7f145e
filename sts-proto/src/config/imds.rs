use std::time::Duration;

use crate::config::typed::Key;
use crate::config::{Config, Setting};
use crate::credentials::Secret;
use crate::error::Error;

/// What decides on how the metadata service of EC2 is asked.
///
/// AWS: [IMDS client](https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html),
/// [IMDS credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imds {
    /// A URL instead of that which follows from the mode: `AWS_EC2_METADATA_SERVICE_ENDPOINT`,
    /// `ec2_metadata_service_endpoint`.
    /// A secret, because a URL that is not checked yet may hold a password.
    pub endpoint: Option<Setting<Secret>>,
    /// Over which version of IP: `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`, `ec2_metadata_service_endpoint_mode`; IPv4 by
    /// default.
    pub mode: Setting<IpVersion>,
    /// Whether version 1, which needs no token, stays unused where version 2 is not answered:
    /// `AWS_EC2_METADATA_V1_DISABLED`, `ec2_metadata_v1_disabled`. True by default, unlike with AWS's SDKs.
    pub v1_disabled: Setting<bool>,
    /// Whether it is never asked: `AWS_EC2_METADATA_DISABLED`; false by default.
    pub disabled: Setting<bool>,
    /// How long an attempt may take: `AWS_METADATA_SERVICE_TIMEOUT`, `metadata_service_timeout`, in whole seconds up to
    /// [`MAX_TIMEOUT`](Self::MAX_TIMEOUT); one by default.
    pub timeout: Setting<Duration>,
    /// How often it is asked at most: `AWS_METADATA_SERVICE_NUM_ATTEMPTS`, `metadata_service_num_attempts`, up to
    /// [`MAX_ATTEMPTS`](Self::MAX_ATTEMPTS). Where nobody set it, it depends on whether the service is there:
    /// [`InstanceMetadata::attempts`](crate::source::InstanceMetadata::attempts).
    pub attempts: Option<Setting<u32>>,
}

/// A version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IpVersion {
    /// `IPv4`
    V4,
    /// `IPv6`
    V6,
}

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const MODE: Key = Key {
    name: "Ec2MetadataServiceEndpointMode",
    variables: &["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"],
    property: "ec2_metadata_service_endpoint_mode",
};
const V1_DISABLED: Key = Key {
    name: "Ec2MetadataV1Disabled",
    variables: &["AWS_EC2_METADATA_V1_DISABLED"],
    property: "ec2_metadata_v1_disabled",
};
const DISABLED: Key =
    Key { name: "Ec2MetadataDisabled", variables: &["AWS_EC2_METADATA_DISABLED"], property: "" };
const TIMEOUT: Key = Key {
    name: "MetadataServiceTimeout",
    variables: &["AWS_METADATA_SERVICE_TIMEOUT"],
    property: "metadata_service_timeout",
};
const ATTEMPTS: Key = Key {
    name: "MetadataServiceNumAttempts",
    variables: &["AWS_METADATA_SERVICE_NUM_ATTEMPTS"],
    property: "metadata_service_num_attempts",
};

impl Imds {
    /// The longest time for an attempt. The service is next door: who has to wait longer has no such service.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(60);

    /// The most attempts.
    pub const MAX_ATTEMPTS: u32 = 10;
}

impl Config {
    /// How the metadata service is asked.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a value is none of those allowed. Where the service is
    /// disabled, the other values are not looked at.
    pub fn imds(&self) -> Result<Imds, Error> {
        let disabled = self.boolean(&DISABLED)?.unwrap_or_else(|| Setting::default(false));
        let mut imds = Imds {
            endpoint: None,
            mode: Setting::default(IpVersion::V4),
            v1_disabled: Setting::default(true),
            disabled,
            timeout: Setting::default(Duration::from_secs(1)),
            attempts: None,
        };
        if imds.disabled.value {
            return Ok(imds);
        }
        imds.endpoint =
            self.setting(&[ENDPOINT], "ec2_metadata_service_endpoint").map(|found| found.map(Secret::clone));
        if let Some(mode) = self.one_of(&MODE, &[("IPv4", IpVersion::V4), ("IPv6", IpVersion::V6)])? {
            imds.mode = mode;
        }
        if let Some(v1_disabled) = self.boolean(&V1_DISABLED)? {
            imds.v1_disabled = v1_disabled;
        }
        let max = u32::try_from(Imds::MAX_TIMEOUT.as_secs()).unwrap_or(u32::MAX);
        if let Some(timeout) = self.number(&TIMEOUT, max)? {
            imds.timeout = timeout.map(|seconds| Duration::from_secs(seconds.into()));
        }
        imds.attempts = self.number(&ATTEMPTS, Imds::MAX_ATTEMPTS)?;
        Ok(imds)
    }
}
