//! Variables and profiles.

use std::sync::Arc;

use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files, Platform};
use sts_proto::settings::Settings;
use sts_proto::source::Chain;

use super::wire::{load, worlds};
use super::{HOSTILE, Shown};

const VARIABLES: [&str; 22] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_CA_BUNDLE",
    "AWS_SDK_UA_APP_ID",
    "AWS_ACCESS_KEY_ID",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTPS_PROXY",
];

pub(super) fn variables(shown: &Shown) {
    for name in VARIABLES {
        let value = move |variable: &str| match variable {
            _ if variable == name => Some(HOSTILE.to_owned()),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ROLE_ARN" => Some("arn:aws:iam::123456789012:role/r".to_owned()),
            _ => None,
        };
        let settings = Settings::new().credentials_from_env().variables(value);
        resolve(shown, name, settings);
        let all = [name, "AWS_REGION", "AWS_ROLE_ARN", "HOME"];
        let environment =
            Environment::new(Platform::Unix, all.map(|name| (name, value(name).unwrap_or_default())));
        shown.outcome(name, Files::locate(&environment));
        let config = Config::new(environment, ProfileSet::default(), None);
        shown.outcome(name, config.as_ref().map(|_| ()).map_err(Clone::clone));
        if let Ok(config) = config {
            let config = Arc::new(config);
            resolve(shown, name, Settings::new().config(Arc::clone(&config)).credentials_from_chain());
            for world in worlds() {
                load(shown, name, Chain::of_config(Arc::clone(&config)), &world);
            }
        }
    }
}

pub(super) fn resolve(shown: &Shown, way: &str, settings: Settings) {
    let nothing: fn(&str) -> Option<String> = |_| None;
    shown.outcome(way, settings.way(nothing).map(|way| way.report));
    match settings.resolve("sts-tests", "0", nothing) {
        Ok(resolved) => {
            let report = resolved.report;
            assert_eq!(report.to_string().lines().count(), report.settings().len(), "{way}: {report}");
            report.to_string().lines().for_each(|line| shown.text(way, line));
            report
                .settings()
                .for_each(|setting| shown.text(way, format!("{} {}", setting.value, setting.origin)));
        }
        Err(error) => shown.error(way, &error),
    }
}

/// The contents of profiles, which are one line: what would end it is left out.
pub(super) fn files(shown: &Shown) {
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let wrong = ProfileSet::parse(&Files::at(HOSTILE, HOSTILE), Some(b"[a]\n\xff=1"), None);
    shown.outcome("config file", wrong);
    let role = "role_arn = arn:aws:iam::123456789012:role/r\n";
    let sso = "sso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = r\n";
    for text in [
        format!("region = {hostile}"),
        format!(
            "region = eu-west-1\nca_bundle = {hostile}\nsdk_ua_app_id = {hostile}\nretry_mode = {hostile}"
        ),
        format!("max_attempts = {hostile}\nregion = eu-west-1"),
        format!("endpoint_url = {hostile}\nservices = {hostile}"),
        format!("{role}source_profile = {hostile}"),
        format!("{role}credential_source = {hostile}"),
        format!("{role}web_identity_token_file = {hostile}"),
        format!("{role}source_profile = base\nmfa_serial = {hostile}\nduration_seconds = {hostile}"),
        format!("{role}source_profile = base\nrole_session_name = {hostile}\nexternal_id = {hostile}"),
        format!("role_arn = {hostile}\nsource_profile = base"),
        format!("credential_process = '{hostile}' '{hostile}'"),
        format!("{sso}sso_start_url = {hostile}"),
        format!("{sso}sso_session = {hostile}"),
        format!(
            "sso_start_url = https://x.test\nsso_region = {hostile}\nsso_account_id = 1\nsso_role_name = r"
        ),
        format!("login_session = {hostile}\nregion = eu-west-1"),
        format!("{hostile} = 1"),
        hostile.clone(),
    ] {
        let text = format!(
            "[profile p]\n{text}\n[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = s\n[profile {hostile}]\n"
        );
        let files = Files::at(HOSTILE, "/k");
        let profiles = match ProfileSet::parse(&files, Some(text.as_bytes()), None) {
            Ok(profiles) => profiles,
            Err(error) => {
                shown.error("profile", &error);
                continue;
            }
        };
        profiles.ignored().iter().for_each(|ignored| shown.debug("ignored", ignored));
        let environment = Environment::new(Platform::Unix, [("AWS_PROFILE", "p"), ("HOME", HOSTILE)]);
        let config = Arc::new(Config::new(environment, profiles, None).unwrap());
        resolve(shown, "profile", Settings::new().config(Arc::clone(&config)).credentials_from_chain());
        for world in worlds() {
            load(shown, "profile", Chain::of_config(Arc::clone(&config)), &world);
        }
    }
}
