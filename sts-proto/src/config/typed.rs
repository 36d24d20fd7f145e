//! The settings that are not just texts: what may stand in them, and their order.

use std::sync::Arc;

use crate::config::{Config, Origin, Setting};
use crate::credentials::Secret;
use crate::error::Error;
use crate::retry::RetryMode;

/// The name of a setting in errors and reports, the variables and the property that hold it.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) variables: &'static [&'static str],
    /// Empty where there is none.
    pub(super) property: &'static str,
}

const USE_FIPS: Key =
    Key { name: "UseFips", variables: &["AWS_USE_FIPS_ENDPOINT"], property: "use_fips_endpoint" };
const USE_DUAL_STACK: Key = Key {
    name: "UseDualStack",
    variables: &["AWS_USE_DUALSTACK_ENDPOINT"],
    property: "use_dualstack_endpoint",
};
const REGIONAL: Key = Key {
    name: "StsRegionalEndpoints",
    variables: &["AWS_STS_REGIONAL_ENDPOINTS"],
    property: "sts_regional_endpoints",
};
const IGNORE_URLS: Key = Key {
    name: "IgnoreConfiguredEndpointUrls",
    variables: &["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"],
    property: "ignore_configured_endpoint_urls",
};
const RETRY_MODE: Key = Key { name: "RetryMode", variables: &["AWS_RETRY_MODE"], property: "retry_mode" };
const MAX_ATTEMPTS: Key =
    Key { name: "MaxAttempts", variables: &["AWS_MAX_ATTEMPTS"], property: "max_attempts" };
const NO_SKEW: Key = Key {
    name: "DisableClockSkewCorrection",
    variables: &["AWS_DISABLE_CLOCK_SKEW_CORRECTION"],
    property: "disable_clock_skew_correction",
};

/// Which endpoint the regions from before 2019 have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegionalEndpoints {
    /// That of the region: the default.
    Regional,
    /// The global one.
    Legacy,
}

impl Config {
    /// The region: `AWS_REGION`, `AWS_DEFAULT_REGION`, `region`.
    #[must_use]
    pub fn region(&self) -> Option<Setting<&str>> {
        self.text(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region")
    }

    /// The URL of STS: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, the sub-property `endpoint_url` of `sts` in the
    /// `services` section that the profile names, `endpoint_url`. None of them, where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`
    /// or `ignore_configured_endpoint_urls` is true.
    ///
    /// AWS: [service-specific endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
    ///
    /// # Errors
    /// The profile names a `services` section that does not exist; the switch is neither `true` nor `false`.
    pub fn endpoint_url(&self) -> Result<Option<Setting<&str>>, Error> {
        if self.ignores_urls()? {
            return Ok(None);
        }
        if let Some(url) = self.variable(&["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]) {
            return Ok(Some(url.map(Secret::expose)));
        }
        if let Some(name) = self.property("services") {
            let section = self
                .profiles()
                .services(name.value.expose())
                .ok_or_else(|| name.refused("services", "names a `services` section that does not exist"))?;
            let property = section.property("sts");
            if let Some((property, (value, line))) =
                property.and_then(|property| Some((property, property.sub_property("endpoint_url")?)))
                && !value.is_empty()
            {
                let file = Arc::clone(property.shared_file());
                let (section, key) = (format!("services {}", section.name()), "sts.endpoint_url".to_owned());
                return Ok(Some(Setting { value, origin: Origin::Profile { file, line, section, key } }));
            }
        }
        Ok(self.property("endpoint_url").map(|url| url.map(Secret::expose)))
    }

    /// The URL of another service than STS, which that variable has; none where such URLs are to be ignored.
    #[cfg(feature = "sources")]
    pub(crate) fn url_of(&self, variable: &'static str) -> Result<Option<&str>, Error> {
        let url = self.variable(&[variable]);
        // The switch decides on what is there only.
        Ok(match url {
            Some(url) if !self.ignores_urls()? => Some(url.value.expose()),
            _ => None,
        })
    }

    fn ignores_urls(&self) -> Result<bool, Error> {
        Ok(self.boolean(&IGNORE_URLS)?.is_some_and(|ignore| ignore.value))
    }

    /// Whether the endpoint must use FIPS 140-validated cryptography: `AWS_USE_FIPS_ENDPOINT`, `use_fips_endpoint`.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub fn use_fips(&self) -> Result<Option<Setting<bool>>, Error> {
        self.boolean(&USE_FIPS)
    }

    /// Whether the endpoint must have IPv6 addresses as well: `AWS_USE_DUALSTACK_ENDPOINT`, `use_dualstack_endpoint`.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub fn use_dual_stack(&self) -> Result<Option<Setting<bool>>, Error> {
        self.boolean(&USE_DUAL_STACK)
    }

    /// Regional endpoints or the legacy one: `AWS_STS_REGIONAL_ENDPOINTS`, `sts_regional_endpoints`.
    ///
    /// # Errors
    /// It is neither `regional` nor `legacy`.
    pub fn sts_regional_endpoints(&self) -> Result<Option<Setting<RegionalEndpoints>>, Error> {
        let values = [("regional", RegionalEndpoints::Regional), ("legacy", RegionalEndpoints::Legacy)];
        self.one_of(&REGIONAL, &values)
    }

    /// How calls are tried again: `AWS_RETRY_MODE`, `retry_mode`.
    ///
    /// # Errors
    /// It is none of `standard`, `adaptive` and `legacy`.
    pub fn retry_mode(&self) -> Result<Option<Setting<RetryMode>>, Error> {
        let values = [
            ("standard", RetryMode::Standard),
            ("adaptive", RetryMode::Adaptive),
            ("legacy", RetryMode::Legacy),
        ];
        self.one_of(&RETRY_MODE, &values)
    }

    /// How often a request is sent at most, the first time included: `AWS_MAX_ATTEMPTS`, `max_attempts`.
    ///
    /// # Errors
    /// It is no whole number from 1.
    pub fn max_attempts(&self) -> Result<Option<Setting<u32>>, Error> {
        self.number(&MAX_ATTEMPTS, u32::MAX)
    }

    /// Whether the clock is taken as it is, whatever replies say: `AWS_DISABLE_CLOCK_SKEW_CORRECTION`,
    /// `disable_clock_skew_correction`.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub fn disable_clock_skew_correction(&self) -> Result<Option<Setting<bool>>, Error> {
        self.boolean(&NO_SKEW)
    }

    /// The file of certificates to trust: `AWS_CA_BUNDLE`, `ca_bundle`.
    #[must_use]
    pub fn ca_bundle(&self) -> Option<Setting<&str>> {
        self.text(&["AWS_CA_BUNDLE"], "ca_bundle")
    }

    /// The application's id in the `user-agent` header: `AWS_SDK_UA_APP_ID`, `sdk_ua_app_id`.
    #[must_use]
    pub fn app_id(&self) -> Option<Setting<&str>> {
        self.text(&["AWS_SDK_UA_APP_ID"], "sdk_ua_app_id")
    }

    /// A setting that is no secret.
    pub(super) fn text(&self, variables: &[&'static str], key: &str) -> Option<Setting<&str>> {
        self.setting(variables, key).map(|found| found.map(Secret::expose))
    }

    /// One of these words, in any case.
    pub(super) fn one_of<T: Copy>(
        &self,
        key: &Key,
        values: &[(&str, T)],
    ) -> Result<Option<Setting<T>>, Error> {
        let Some(found) = self.text(key.variables, key.property) else { return Ok(None) };
        match values.iter().find(|(word, _)| word.eq_ignore_ascii_case(found.value)) {
            Some(&(_, value)) => Ok(Some(Setting { value, origin: found.origin })),
            None => {
                let words: Vec<_> = values.iter().map(|(word, _)| format!("`{word}`")).collect();
                Err(found
                    .refused(key.name, &format!("must be {}, and is {}", either(&words), other(found.value))))
            }
        }
    }

    pub(super) fn boolean(&self, key: &Key) -> Result<Option<Setting<bool>>, Error> {
        self.one_of(key, &[("true", true), ("false", false)])
    }

    /// A whole number from 1 to `max`.
    pub(super) fn number(&self, key: &Key, max: u32) -> Result<Option<Setting<u32>>, Error> {
        let Some(found) = self.text(key.variables, key.property) else { return Ok(None) };
        let digits = Some(found.value).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|text| text.parse().ok()).filter(|number| (1..=max).contains(number)) {
            Some(value) => Ok(Some(Setting { value, origin: found.origin })),
            None => {
                let rule = format!("must be a whole number from 1 to {max}, and is {}", other(found.value));
                Err(found.refused(key.name, &rule))
            }
        }
    }
}

fn either(words: &[String]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => words.concat(),
    }
}

fn other(value: &str) -> String {
    format!("something else of {} characters", value.chars().count())
}
