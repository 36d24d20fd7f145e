//! Settings of every kind, what is resolved from them, and what is said of the bad ones.

use std::sync::Arc;

use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files, Platform, RegionalEndpoints};
use sts_proto::endpoint::Partition;
use sts_proto::endpoint::{Endpoint, EndpointOptions};
use sts_proto::proxy::ProxySettings;
use sts_proto::settings::{Roots, Settings, Timeouts};
use sts_proto::{RetryMode, UserAgent, Validation};

use super::seen::Seen;
use super::*;

/// What the environment holds in all of this.
fn environment() -> Environment {
    let proxy = format!("http://alice:{}@127.0.0.1:3128", encoded(PASSWORD));
    let variables = [
        ("HOME", "/home/a"),
        ("AWS_PROFILE", "p"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_SESSION_TOKEN", TOKEN),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", JWT),
        ("AWS_STS_REGIONAL_ENDPOINTS", "legacy"),
        ("HTTPS_PROXY", proxy.as_str()),
        ("OTHER", PASSWORD),
    ];
    Environment::new(Platform::Unix, variables)
}

const CREDENTIALS: &str = "aws_secret_access_key = ";

fn config_file() -> String {
    format!(
        "[profile p]\nregion = eu-west-1\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = {EXTERNAL_ID}\n\
         mfa_serial = arn:aws:iam::123456789012:mfa/alice\ncredential_process = /bin/tool {PASSWORD} '{KEY}'\n\
         s3 =\n  a = {TOKEN}\n[profile base]\naws_access_key_id = AKIAEXAMPLE\n{CREDENTIALS}{KEY}\n\
         aws_session_token = {TOKEN}\n[sso-session dev]\nsso_start_url = {JWT}\n[dev]\nx = {KEY}\n"
    )
}

fn profiles() -> ProfileSet {
    let files = Files::at("/config", "/credentials");
    let credentials = format!("[base]\n{CREDENTIALS}{KEY}\n");
    ProfileSet::parse(&files, Some(config_file().as_bytes()), Some(credentials.as_bytes())).unwrap()
}

pub(super) fn config() -> Arc<Config> {
    Arc::new(Config::new(environment(), profiles(), None).unwrap())
}

pub(super) fn show(seen: &Seen) {
    show!(seen, environment(), Platform::Unix, Files::at("/config", "/credentials"));
    profile_files(seen);
    let config = config();
    show!(seen, *config, *config.profile_origin());
    show!(
        seen,
        config.variable(&["AWS_SECRET_ACCESS_KEY"]).unwrap(),
        config.property("external_id").unwrap()
    );
    let endpoints = config.sts_regional_endpoints().unwrap().unwrap();
    show!(seen, endpoints.value, endpoints, RegionalEndpoints::Regional);
    let imds = config.imds().unwrap();
    show!(seen, imds, imds.mode.value);

    let endpoint = |options: &EndpointOptions| options.resolve().unwrap();
    let resolved: Endpoint = endpoint(&EndpointOptions::new().region("eu-west-1"));
    show!(seen, resolved, resolved.rule(), *Partition::of_region("eu-west-1"));
    show!(seen, UserAgent::new().app_id("app"), RetryMode::Adaptive, Validation::REQUIRED_ONLY);
    settings(seen, &config);
    proxies(seen);
}

fn profile_files(seen: &Seen) {
    let profiles = profiles();
    show!(seen, profiles);
    let section = profiles.profile("p").unwrap();
    show!(seen, *section, *section.property("s3").unwrap());
    for ignored in profiles.ignored() {
        show!(seen, *ignored, ignored.reason);
    }
    let files = Files::at("/config", "/credentials");
    for text in
        [KEY.to_owned(), format!("[profile {KEY}"), format!("[p]\n{KEY} {TOKEN}"), format!("[p]\n = {KEY}")]
    {
        match ProfileSet::parse(&files, Some(text.as_bytes()), Some(text.as_bytes())) {
            Ok(profiles) => profiles.ignored().iter().for_each(|ignored| show!(seen, *ignored)),
            Err(error) => seen.error(&error),
        }
    }
}

fn settings(seen: &Seen, config: &Arc<Config>) {
    let nothing: fn(&str) -> Option<String> = |_| None;
    let proxy = format!("http://alice:{}@127.0.0.1:3128", encoded(PASSWORD));
    let pem = || Roots::Pem(SECRETS.join("\n").into_bytes());
    show!(seen, pem(), Roots::BuiltIn, Timeouts::default());
    let given =
        || Settings::new().region("eu-west-1").credentials(credentials()).proxy(proxy.as_str()).roots(pem());
    for settings in [
        given(),
        Settings::new().config(Arc::clone(config)).credentials_from_chain(),
        Settings::new().config(Arc::clone(config)).endpoint_url(format!("https://alice:{PASSWORD}@h.test/")),
        Settings::new().region("eu-west-1").credentials_from_env().variables(|name| match name {
            "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => Some(KEY.to_owned()),
            "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            _ => None,
        }),
        Settings::new().region("eu-west-1").credentials_from_env().variables(|_| Some(TOKEN.to_owned())),
    ] {
        show!(seen, settings);
        seen.outcome(&settings.way(nothing));
        let resolved = settings.resolve("sts-tests", "0", nothing);
        seen.outcome(&resolved);
        if let Ok(resolved) = &resolved {
            show!(seen, resolved.report);
            resolved.report.settings().for_each(|explained| show!(seen, *explained));
        }
    }
}

fn proxies(seen: &Seen) {
    let url = format!("http://alice:{}@127.0.0.1:3128", encoded(PASSWORD));
    let proxied = ProxySettings::explicit(&url).unwrap();
    show!(seen, proxied);
    for proxy in proxied.proxies() {
        show!(seen, *proxy, proxy.scheme());
        seen.error(&proxy.refusal(&http::Uri::from_static("http://h.test/"), Some(407), "no"));
        show!(seen, sts_proto::http1::connect(proxy, "h.test", 443));
        let url = http::Uri::from_static("http://h.test/");
        let mut reader = sts_proto::http1::TunnelReader::new(proxy, &url);
        show!(seen, reader, reader.feed(b"HTTP/1.1 200 OK\r\n").unwrap());
        seen.error(&reader.end());
    }
    for url in
        [format!("http://alice:{}@", encoded(PASSWORD)), format!("ftp://alice:{}@h:1", encoded(PASSWORD))]
    {
        seen.error(&ProxySettings::explicit(&url).unwrap_err());
        let variables = ProxySettings::from_variables(|name| (name == "HTTPS_PROXY").then(|| url.clone()));
        show!(seen, variables);
        seen.error(&variables.for_url(&http::Uri::from_static("https://h.test/")).unwrap_err());
    }
    let secret_url = format!("https://alice:{}@h.test/", encoded(PASSWORD));
    let options = EndpointOptions::new().url(&secret_url);
    show!(seen, options);
    seen.error(&options.resolve().unwrap_err());
}
