use crate::config::profile::ProfileSet;
use crate::config::{Environment, Files, Platform};
use crate::operation::GetCallerIdentity;

use super::*;

const PROFILE: &str = "[default]\nregion = eu-west-1\nuse_fips_endpoint = true\nretry_mode = legacy\n\
    max_attempts = 5\nsdk_ua_app_id = billing\nca_bundle = /pem\ndisable_clock_skew_correction = true\n";

fn settings(variables: &[(&str, &str)], text: &str) -> Settings {
    let profiles = ProfileSet::parse(&Files::at("/c", "/k"), Some(text.as_bytes()), None).unwrap();
    let environment = Environment::new(Platform::Unix, variables.iter().copied());
    Settings::new().config(Arc::new(Config::new(environment, profiles, None).unwrap()))
}

fn process(name: &str) -> Option<String> {
    panic!("`{name}` was read of the process")
}

fn resolve(settings: Settings) -> Result<Resolved, Error> {
    settings.resolve("driver", "1", process)
}

fn url(resolved: &Resolved) -> String {
    resolved.caller.encoder().endpoint().url().to_string()
}

#[test]
fn a_profile_decides_where_nothing_was_set() {
    let settings = settings(&[], PROFILE);
    let way = settings.way(process).unwrap();
    assert!(
        matches!(&way.roots, Roots::File { setting: "ca_bundle", path } if path.to_str() == Some("/pem"))
    );
    assert_eq!(way.report.to_string(), "CaBundle = /pem (`ca_bundle` of [profile default], /c line 7)\n");
    let resolved = resolve(settings).unwrap();
    assert_eq!(url(&resolved), "https://sts-fips.eu-west-1.amazonaws.com/");
    assert_eq!(
        resolved.report.to_string(),
        "Profile = default (default)\n\
         Region = eu-west-1 (`region` of [profile default], /c line 2)\n\
         UseFips = true (`use_fips_endpoint` of [profile default], /c line 3)\n\
         UseDualStack = false (default)\n\
         StsRegionalEndpoints = regional (default)\n\
         RetryMode = legacy (`retry_mode` of [profile default], /c line 4)\n\
         MaxAttempts = 5 (`max_attempts` of [profile default], /c line 5)\n\
         AppId = billing (`sdk_ua_app_id` of [profile default], /c line 6)\n\
         DisableClockSkewCorrection = true (`disable_clock_skew_correction` of [profile default], /c line 8)\n"
    );
    let caller = format!("{:?}", resolved.caller);
    assert!(caller.contains("max_attempts: 5") && caller.contains("cfg/retry-mode#legacy"), "{caller}");
    assert!(caller.contains(" app/billing") && caller.contains(" m/D "), "{caller}");
}

#[test]
fn the_bundle_of_a_profile_is_for_all_services() {
    // SSO has TLS where STS has none.
    let text = "[default]\nregion = eu-west-1\nendpoint_url = http://localhost:1\nca_bundle = /pem";
    let way = settings(&[], text).way(process).unwrap();
    assert!(matches!(&way.roots, Roots::File { setting: "ca_bundle", .. }), "{way:?}");
    let variable = |name: &str| (name == "AWS_CA_BUNDLE").then(|| "/v".to_owned());
    let alone = Settings::new().region("eu-west-1").variables(variable);
    assert!(matches!(alone.way(process).unwrap().roots, Roots::File { .. }));
    let alone = Settings::new().region("eu-west-1").endpoint_url("http://localhost:1").variables(variable);
    assert!(matches!(alone.way(process).unwrap().roots, Roots::BuiltIn));
}

#[test]
fn variables_outrank_the_profile_and_options_outrank_both() {
    let variables = [
        ("AWS_REGION", "eu-west-2"),
        ("AWS_USE_FIPS_ENDPOINT", "false"),
        ("AWS_RETRY_MODE", "standard"),
        ("AWS_MAX_ATTEMPTS", "2"),
        ("AWS_SDK_UA_APP_ID", "v"),
        ("AWS_CA_BUNDLE", "/v"),
        ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "false"),
    ];
    let resolved = resolve(settings(&variables, PROFILE)).unwrap();
    assert_eq!(url(&resolved), "https://sts.eu-west-2.amazonaws.com/");
    let by_variable = |found: &&Explained| matches!(found.origin, Origin::Variable(_));
    assert_eq!(
        resolved.report.settings().filter(by_variable).count(),
        variables.len() - 1,
        "{}",
        resolved.report
    );
    let way = settings(&variables, PROFILE).way(process).unwrap();
    assert!(matches!(way.roots, Roots::File { setting: "AWS_CA_BUNDLE", .. }));

    let options = EndpointOptions::new().region("eu-west-3").fips(true).dual_stack(true).legacy_global(false);
    let settings = settings(&variables, PROFILE)
        .endpoint(options)
        .retry(RetryPolicy::never())
        .app_id("o")
        .roots(Roots::Platform)
        .clock_skew(time::Duration::ZERO);
    let way = settings.way(process).unwrap();
    assert_eq!(way.report.to_string(), "CaBundle = the platform's (set by the program)\n");
    let resolved = resolve(settings).unwrap();
    assert_eq!(url(&resolved), "https://sts-fips.eu-west-3.api.aws/");
    let others: Vec<_> = resolved
        .report
        .settings()
        .filter(|found| found.origin != Origin::Option)
        .map(|found| found.name)
        .collect();
    assert_eq!(others, ["Profile"]);
}

#[test]
fn what_an_option_decides_may_be_wrong_elsewhere() {
    let wrong = [
        ("AWS_USE_FIPS_ENDPOINT", "x"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "x"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "x"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "x"),
        ("AWS_RETRY_MODE", "x"),
        ("AWS_MAX_ATTEMPTS", "x"),
        ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "x"),
    ];
    let decided = |settings: Settings| {
        let options = EndpointOptions::new().url("http://localhost").region("eu-west-1");
        settings
            .endpoint(options.fips(false).dual_stack(false).legacy_global(false))
            .retry(RetryPolicy::never())
            .clock_skew(time::Duration::ZERO)
    };
    assert!(resolve(decided(settings(&wrong, ""))).is_ok());
    for pair in wrong {
        let error = resolve(settings(&[pair], "[default]\nregion = eu-west-1")).unwrap_err().to_string();
        assert!(error.contains(pair.0), "{error}");
    }
}

#[test]
fn errors_of_the_endpoint_tell_where_its_parts_come_from() {
    for (variables, text, expected) in [
        (
            &[("AWS_PROFILE", "dev")][..],
            "[profile dev]",
            "there is no region, and no URL in its place (neither AWS_REGION nor AWS_DEFAULT_REGION is set, and the profile \
             `dev` has no `region`)",
        ),
        (&[("AWS_REGION", "eu west")], "", "of 7 characters (Region: variable `AWS_REGION`)"),
        (
            &[("AWS_ENDPOINT_URL", "http://localhost")],
            "[default]\nuse_fips_endpoint=true",
            "does not go together with FIPS (EndpointUrl: variable `AWS_ENDPOINT_URL`; UseFips: `use_fips_endpoint` of \
             [profile default], /c line 2)",
        ),
    ] {
        let error = resolve(settings(variables, text)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(settings(variables, text).way(process).unwrap_err().to_string(), error);
    }
    // What the program set is explained to it by the sentence alone.
    let error = resolve(settings(&[], "").region("eu west")).unwrap_err().to_string();
    assert!(error.ends_with("is something else of 7 characters"), "{error}");
}

#[test]
fn urls_legacy_mode_and_proxies_of_the_configuration() {
    let resolved =
        resolve(settings(&[("AWS_ENDPOINT_URL", "http://v:1")], "[default]\nregion = eu-west-1")).unwrap();
    assert_eq!(url(&resolved), "http://v:1/");
    let legacy = "[default]\nregion = eu-west-1\nsts_regional_endpoints = legacy";
    assert_eq!(url(&resolve(settings(&[], legacy)).unwrap()), "https://sts.amazonaws.com/");

    let way = settings(&[("HTTPS_PROXY", "http://u:s3cr3t@proxy.test")], legacy).way(process).unwrap();
    assert_eq!(way.report.to_string(), "Proxy = http://proxy.test:80 (variable `HTTPS_PROXY`)\n");
    let direct = settings(&[("https_proxy", "http://proxy.test"), ("NO_PROXY", "*")], legacy);
    assert_eq!(direct.way(process).unwrap().report, Report::default());
}

#[test]
fn credentials_of_the_configuration() {
    let variables =
        [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t"), ("AWS_REGION", "eu-west-1")];
    let resolved = resolve(settings(&variables, "").credentials_from_env()).unwrap();
    let found = resolved.report.get("Credentials").unwrap();
    assert_eq!((found.value.as_str(), &found.origin), ("AKID", &Origin::Variable("AWS_ACCESS_KEY_ID")));
    assert!(!format!("{resolved:?} {:?}", settings(&variables, "")).contains("s3cr3t"));
}

#[test]
fn without_a_configuration_nothing_decides_on_the_endpoint() {
    let variables = |name: &str| (name == "AWS_REGION").then(|| "eu-west-1".to_owned());
    let error = resolve(Settings::new().variables(variables)).unwrap_err().to_string();
    assert!(error.ends_with("no URL in its place"), "{error}");
}

#[test]
fn a_value_of_a_file_cannot_write_on_the_terminal() {
    let resolved =
        resolve(settings(&[], "[default]\nregion = eu-west-1\nsdk_ua_app_id = a\x1b[2J\n b")).unwrap();
    assert_eq!(resolved.report.get("AppId").unwrap().value, r"a\u{1b}[2J\nb");
}

#[test]
fn the_user_agent_names_the_mode_of_the_policy() {
    for (policy, words) in [
        (RetryPolicy::default(), " m/E cfg/retry-mode#standard"),
        (RetryPolicy::never(), " m/E cfg/retry-mode#standard"),
        (RetryPolicy::adaptive(), " m/F cfg/retry-mode#adaptive"),
        (RetryPolicy::javascript_v2(3, Duration::ZERO), " m/D cfg/retry-mode#legacy"),
    ] {
        let settings = Settings::new().region("eu-west-1").variables(|_| None).retry(policy);
        let resolved = settings.resolve("driver", "1", |_| None).unwrap();
        let (now, operation) = (time::OffsetDateTime::UNIX_EPOCH, GetCallerIdentity::new());
        let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap();
        let request = resolved.caller.encoder().encode(&operation, Some(&key), now).unwrap();
        let agent = request.headers()[http::header::USER_AGENT].to_str().unwrap();
        assert!(agent.ends_with(words), "{agent}");
    }
}
