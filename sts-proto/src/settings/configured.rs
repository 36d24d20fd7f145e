//! What was set, completed by what the environment and the profile say.

use crate::config::{Config, Origin, RegionalEndpoints, Setting};
use crate::endpoint::{Endpoint, EndpointOptions};
use crate::error::{Error, Rule, Violation};
use crate::retry::{RetryMode, RetryPolicy};
use crate::settings::Report;
use crate::settings::surroundings::Configured;

pub(super) fn endpoint(
    options: &EndpointOptions,
    config: Option<&dyn Configured>,
    report: &mut Report,
) -> Result<Endpoint, Error> {
    let mut options = options.clone();
    let mut found = Vec::new();
    let mut note =
        |name, setting: Option<Setting<String>>| found.extend(setting.map(|setting| (name, setting)));

    let region = text(options.region.take(), config, |config| Ok(config.region()))?;
    options.region = region.as_ref().map(|region| region.value.clone());
    note("Region", region);
    let url = text(options.url.take(), config, |config| config.endpoint_url())?;
    options.url = url.as_ref().map(|url| url.value.clone());
    note("EndpointUrl", url);
    let fips = flag(options.fips, config, |config| config.use_fips())?;
    options.fips = Some(fips.value);
    note("UseFips", Some(fips.map(|on| on.to_string())));
    let dual_stack = flag(options.dual_stack, config, |config| config.use_dual_stack())?;
    options.dual_stack = Some(dual_stack.value);
    note("UseDualStack", Some(dual_stack.map(|on| on.to_string())));
    let legacy = flag(options.legacy_global, config, |config| {
        let mode = config.sts_regional_endpoints()?;
        Ok(mode.map(|mode| mode.map(|mode| mode == RegionalEndpoints::Legacy)))
    })?;
    options.legacy_global = Some(legacy.value);
    note("StsRegionalEndpoints", Some(legacy.map(|on| if on { "legacy" } else { "regional" }.to_owned())));

    let endpoint = options.resolve().map_err(|error| match config {
        Some(config) => config.explain(&error, &found),
        None => error,
    })?;
    for (name, setting) in &found {
        report.add(name, setting);
    }
    Ok(endpoint)
}

/// The policy for retries.
pub(super) fn retry(
    policy: Option<RetryPolicy>,
    config: Option<&dyn Configured>,
    report: &mut Report,
) -> Result<RetryPolicy, Error> {
    if let Some(policy) = policy {
        report.shown("RetryMode", &policy.mode.name(), Origin::Option);
        report.shown("MaxAttempts", &policy.max_attempts, Origin::Option);
        return Ok(policy);
    }
    let mode = config.map_or(Ok(None), Configured::retry_mode)?;
    let mode = mode.unwrap_or_else(|| Setting::default(RetryMode::Standard));
    let policy = match mode.value {
        RetryMode::Standard => RetryPolicy::default(),
        RetryMode::Legacy => {
            let mut policy = RetryPolicy::standard_before_2026();
            policy.mode = RetryMode::Legacy;
            policy
        }
        RetryMode::Adaptive => RetryPolicy::adaptive(),
    };
    report.add("RetryMode", &mode.map(RetryMode::name));
    let attempts = config.map_or(Ok(None), Configured::max_attempts)?;
    let attempts = attempts.unwrap_or_else(|| Setting::default(policy.max_attempts));
    report.add("MaxAttempts", &attempts);
    Ok(policy.max_attempts(attempts.value))
}

pub(super) fn corrects_skew(config: Option<&dyn Configured>, report: &mut Report) -> Result<bool, Error> {
    let disabled = config.map_or(Ok(None), Configured::disable_clock_skew_correction)?;
    let disabled = disabled.unwrap_or_else(|| Setting::default(false));
    report.add("DisableClockSkewCorrection", &disabled);
    Ok(!disabled.value)
}

/// What a configuration says.
type Found<T> = Result<Option<Setting<T>>, Error>;

/// What was set, or else what is found.
fn text(
    option: Option<String>,
    config: Option<&dyn Configured>,
    find: for<'a> fn(&'a dyn Configured) -> Found<&'a str>,
) -> Found<String> {
    match option {
        Some(value) => Ok(Some(Setting::option(value))),
        None => Ok(config.map_or(Ok(None), find)?.map(|found| found.map(str::to_owned))),
    }
}

fn flag(
    option: Option<bool>,
    config: Option<&dyn Configured>,
    find: fn(&dyn Configured) -> Found<bool>,
) -> Result<Setting<bool>, Error> {
    match option {
        Some(value) => Ok(Setting::option(value)),
        None => Ok(config.map_or(Ok(None), find)?.unwrap_or_else(|| Setting::default(false))),
    }
}

/// The same error, telling where what it complains about comes from.
pub(super) fn explain(error: &Error, config: &Config, found: &[(&'static str, Setting<String>)]) -> Error {
    let from = |names: &[&str]| {
        let relevant = found.iter().filter(|(name, setting)| {
            names.contains(name) && !matches!(setting.origin, Origin::Option | Origin::Default)
        });
        let origins: Vec<_> = relevant.map(|(name, setting)| format!("{name}: {}", setting.origin)).collect();
        if origins.is_empty() { String::new() } else { format!(" ({})", origins.join("; ")) }
    };
    let has_region = found.iter().any(|(name, _)| *name == "Region");
    let violations = error.violations().iter().map(|violation| {
        let addition = match violation.parameter() {
            "Region" if !has_region => format!(
                " (neither AWS_REGION nor AWS_DEFAULT_REGION is set, and the profile `{}` has no `region`)",
                config.profile_name()
            ),
            "Region" | "SigningRegion" => from(&["Region", "EndpointUrl"]),
            "EndpointUrl" => from(&["EndpointUrl", "UseFips", "UseDualStack", "Region"]),
            _ => String::new(),
        };
        if addition.is_empty() {
            return violation.clone();
        }
        let sentence = format!("{}{addition}", violation.rule());
        Violation::new(violation.parameter().to_owned(), Rule::Setting(sentence.into()))
    });
    Error::invalid_input(violations.collect())
}
