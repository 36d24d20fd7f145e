use std::time::Duration;

use super::*;

fn config(variables: &[(&str, &str)], text: &str) -> Result<Config, Error> {
    let environment = Environment::new(Platform::Unix, variables.iter().copied());
    Config::new(environment, profiles(text, ""), None)
}

fn profiles(config: &str, credentials: &str) -> ProfileSet {
    ProfileSet::parse(&Files::at("/c", "/k"), Some(config.as_bytes()), Some(credentials.as_bytes())).unwrap()
}

/// The words for a value and where it comes from.
fn told<T: fmt::Debug>(setting: Option<Setting<T>>) -> String {
    setting.map_or_else(|| "-".to_owned(), |setting| format!("{:?}, {}", setting.value, setting.origin))
}

#[test]
fn two_variables_that_name_different_profiles_are_told_of() {
    let files = profiles("[profile a]\n[profile b]", "");
    for (option, variables, is_told) in [
        (None, &[("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "b")][..], true),
        (None, &[("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "a")], false),
        (None, &[("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "")], false),
        (None, &[("AWS_PROFILE", ""), ("AWS_DEFAULT_PROFILE", "b")], false),
        (None, &[("AWS_DEFAULT_PROFILE", "b")], false),
        (Some("a"), &[("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "b")], false),
    ] {
        let environment = Environment::new(Platform::Unix, variables.iter().copied());
        let warning = Config::new(environment, files.clone(), option).unwrap().profile_warning();
        assert_eq!(warning.is_some(), is_told, "{option:?} {variables:?}");
        let names_all = |text: String| {
            ["`AWS_PROFILE` names `a`", "`AWS_DEFAULT_PROFILE` `b`"].map(|part| text.contains(part))
        };
        assert!(warning.is_none_or(|text| names_all(text) == [true; 2]));
    }
}

#[test]
fn the_profile() {
    let files = profiles("[profile a]\n[b]", "[c]");
    for (option, variables, expected) in [
        (None, &[][..], Ok(("default", Origin::Default, false))),
        (None, &[("AWS_PROFILE", "")], Ok(("default", Origin::Default, false))),
        (None, &[("AWS_PROFILE", "default")], Ok(("default", Origin::Variable("AWS_PROFILE"), false))),
        (None, &[("AWS_DEFAULT_PROFILE", "a")], Ok(("a", Origin::Variable("AWS_DEFAULT_PROFILE"), true))),
        (
            None,
            &[("AWS_DEFAULT_PROFILE", "a"), ("AWS_PROFILE", "c")],
            Ok(("c", Origin::Variable("AWS_PROFILE"), true)),
        ),
        (Some("a"), &[("AWS_PROFILE", "x")], Ok(("a", Origin::Option, true))),
        (
            Some("x"),
            &[],
            Err("`Profile` names a profile that does not exist: `x` is in neither file; there are a, c"),
        ),
        (None, &[("AWS_PROFILE", "x")], Err("`AWS_PROFILE` names a profile that does not exist: `x`")),
        (Some("b"), &[], Err("; /c line 2 must be `[profile b]` to be one; there are a, c")),
        (None, &[("AWS_PROFILE", "s3cr3t \n")], Err("that name of 8 characters is in neither file")),
    ] {
        let environment = Environment::new(Platform::Unix, variables.iter().copied());
        match (Config::new(environment, files.clone(), option), expected) {
            (Ok(config), Ok((name, origin, exists))) => {
                assert_eq!((config.profile_name(), config.profile_origin()), (name, &origin));
                assert_eq!(config.profile().is_some(), exists);
            }
            (Err(error), Err(sentence)) => assert!(error.to_string().contains(sentence), "{error}"),
            (config, _) => panic!("{option:?} {variables:?}: {config:?}"),
        }
    }
}

#[test]
fn every_origin_in_words() {
    let config = config(&[("AWS_CA_BUNDLE", "/v")], "[profile default]\nca_bundle = /p\nregion = r").unwrap();
    assert_eq!(told(config.ca_bundle()), r#""/v", variable `AWS_CA_BUNDLE`"#);
    assert_eq!(told(config.region()), r#""r", `region` of [profile default], /c line 3"#);
    assert_eq!(Origin::Option.to_string(), "set by the program");
    assert_eq!(Origin::Default.to_string(), "default");
}

/// The first variable counts, without it the next one, without all of them the property.
#[test]
fn the_order_of_every_setting() {
    type Row<'a> = (&'a [(&'a str, &'a str)], (&'a str, &'a str), fn(&Config) -> String);
    let rows: [Row<'_>; 9] = [
        (&[("AWS_REGION", "a"), ("AWS_DEFAULT_REGION", "b")], ("region", "c"), |c| told(c.region())),
        (&[("AWS_USE_FIPS_ENDPOINT", "TRUE")], ("use_fips_endpoint", "false"), |c| {
            told(c.use_fips().unwrap())
        }),
        (&[("AWS_USE_DUALSTACK_ENDPOINT", "False")], ("use_dualstack_endpoint", "true"), |c| {
            told(c.use_dual_stack().unwrap())
        }),
        (&[("AWS_STS_REGIONAL_ENDPOINTS", "Legacy")], ("sts_regional_endpoints", "regional"), |c| {
            told(c.sts_regional_endpoints().unwrap())
        }),
        (&[("AWS_RETRY_MODE", "Adaptive")], ("retry_mode", "legacy"), |c| told(c.retry_mode().unwrap())),
        (&[("AWS_MAX_ATTEMPTS", "7")], ("max_attempts", "1"), |c| told(c.max_attempts().unwrap())),
        (&[("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true")], ("disable_clock_skew_correction", "false"), |c| {
            told(c.disable_clock_skew_correction().unwrap())
        }),
        (&[("AWS_CA_BUNDLE", "/a")], ("ca_bundle", "/b"), |c| told(c.ca_bundle())),
        (&[("AWS_SDK_UA_APP_ID", "a")], ("sdk_ua_app_id", "b"), |c| told(c.app_id())),
    ];
    for (variables, (key, value), read) in rows {
        let text = format!("[default]\n{key} = {value}");
        for first in 0..variables.len() {
            let found = read(&config(&variables[first..], &text).unwrap());
            assert!(found.ends_with(&format!("variable `{}`", variables[first].0)), "{found}");
        }
        let found = read(&config(&[(variables[0].0, "")], &text).unwrap());
        assert!(found.ends_with(&format!("`{key}` of [profile default], /c line 2")), "{found}");
        assert_eq!(read(&config(&[], &format!("[default]\n{key} =")).unwrap()), "-");
    }
}

#[test]
fn the_order_of_the_endpoint_url() {
    let all =
        "[default]\nservices = s\nendpoint_url = http://p\n[services s]\nsts =\n endpoint_url = http://s\n";
    let variables = [("AWS_ENDPOINT_URL_STS", "http://1"), ("AWS_ENDPOINT_URL", "http://2")];
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
    let in_services = r#""http://s", `sts.endpoint_url` of [services s], /c line 6"#;
    let in_profile = r#""http://p", `endpoint_url` of [profile default], /c line 3"#;
    for (variables, text, expected) in [
        (&variables[..], all, r#""http://1", variable `AWS_ENDPOINT_URL_STS`"#),
        (&variables[1..], all, r#""http://2", variable `AWS_ENDPOINT_URL`"#),
        (&[], all, in_services),
        (&[], &all.replace("\nsts", "\ns3"), in_profile),
        (&[], &all.replace("endpoint_url = http://s", "region = x"), in_profile),
        (&[], &all.replace("= http://s", "="), in_profile),
        (&[], &all.replace("services = s\n", "\n"), in_profile),
        (&[], "", "-"),
        (&[ignore, variables[0]], all, "-"),
        (&[], &all.replace("services = s", "services = s\nignore_configured_endpoint_urls = true"), "-"),
        // The variable outranks the property.
        (
            &[(ignore.0, "false")],
            &format!("{all}[default]\nignore_configured_endpoint_urls = true"),
            in_services,
        ),
    ] {
        assert_eq!(
            told(config(variables, text).unwrap().endpoint_url().unwrap()),
            expected,
            "{variables:?} {text}"
        );
    }
    let error = config(&[], "[default]\nservices = x").unwrap().endpoint_url().unwrap_err().to_string();
    let expected = "`services` names a `services` section that does not exist (`services` of [profile default], /c line 2)";
    assert!(error.contains(expected), "{error}");
    // It does not matter where it decides on nothing.
    assert!(config(&variables, "[default]\nservices = x").unwrap().endpoint_url().is_ok());
}

#[test]
fn values_that_cannot_be_name_setting_place_and_rule() {
    fn error<T>(
        variables: &[(&str, &str)],
        text: &str,
        read: impl Fn(&Config) -> Result<T, Error>,
    ) -> String {
        let Err(error) = read(&config(variables, text).unwrap()) else { panic!("{variables:?} {text}") };
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
        error.to_string()
    }
    for (text, expected) in [
        (
            error(&[("AWS_USE_FIPS_ENDPOINT", "yes")], "", Config::use_fips),
            "`UseFips` must be `true` or `false`, and is something else of 3 characters (variable `AWS_USE_FIPS_ENDPOINT`)",
        ),
        (
            error(&[], "[default]\nretry_mode = turbo", Config::retry_mode),
            "`RetryMode` must be `standard`, `adaptive` or `legacy`, and is something else of 5 characters (`retry_mode` of [profile default], /c line 2)",
        ),
        (
            error(&[("AWS_MAX_ATTEMPTS", "0")], "", Config::max_attempts),
            "`MaxAttempts` must be a whole number from 1 to 4294967295",
        ),
        (error(&[("AWS_MAX_ATTEMPTS", "+1")], "", Config::max_attempts), "something else of 2 characters"),
        (
            error(&[("AWS_MAX_ATTEMPTS", "4294967296")], "", Config::max_attempts),
            "something else of 10 characters",
        ),
        (
            error(&[("AWS_STS_REGIONAL_ENDPOINTS", "global")], "", Config::sts_regional_endpoints),
            "must be `regional` or `legacy`",
        ),
        (
            error(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "1")], "", |c| c.endpoint_url().map(|_| ())),
            "`IgnoreConfiguredEndpointUrls` must be `true` or `false`",
        ),
        (
            error(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5")], "", Config::imds),
            "must be `IPv4` or `IPv6`",
        ),
        (
            error(&[("AWS_METADATA_SERVICE_TIMEOUT", "61")], "", Config::imds),
            "must be a whole number from 1 to 60",
        ),
        (
            error(&[], "[default]\nmetadata_service_num_attempts = 11", Config::imds),
            "from 1 to 10, and is something else of 2 characters (`metadata_service_num_attempts` of",
        ),
    ] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn the_metadata_service() {
    let defaults = Config::default().imds().unwrap();
    assert_eq!(
        (defaults.mode.value, defaults.v1_disabled.value, defaults.disabled.value),
        (IpVersion::V4, true, false)
    );
    assert_eq!((defaults.timeout.value, defaults.attempts), (Duration::from_secs(1), None));
    assert_eq!((defaults.endpoint, defaults.timeout.origin), (None, Origin::Default));

    let text = "[default]\nec2_metadata_service_endpoint = http://p\nec2_metadata_service_endpoint_mode = ipv6\n\
        ec2_metadata_v1_disabled = false\nmetadata_service_timeout = 2\nmetadata_service_num_attempts = 3";
    let found = config(&[], text).unwrap().imds().unwrap();
    assert_eq!(found.endpoint.as_ref().map(|endpoint| endpoint.value.expose()), Some("http://p"));
    assert_eq!((found.mode.value, found.v1_disabled.value), (IpVersion::V6, false));
    assert_eq!((found.timeout.value, found.attempts.unwrap().value), (Duration::from_secs(2), 3));

    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://v"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPV4"),
        ("AWS_EC2_METADATA_V1_DISABLED", "TRUE"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "5"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "6"),
    ];
    let found = config(&variables, text).unwrap().imds().unwrap();
    let origins = [
        found.endpoint.unwrap().origin,
        found.mode.origin,
        found.v1_disabled.origin,
        found.timeout.origin,
        found.attempts.unwrap().origin,
    ];
    assert_eq!(origins, variables.map(|(name, _)| Origin::Variable(name)));

    let off = [("AWS_EC2_METADATA_DISABLED", "True"), ("AWS_METADATA_SERVICE_TIMEOUT", "never")];
    assert!(config(&off, "").unwrap().imds().unwrap().disabled.value);
}

#[test]
fn an_environment_above_its_limits_is_refused() {
    let long = "s".repeat(Environment::MAX_VALUE_BYTES + 1);
    assert!(config(&[("AWS_REGION", &long)], "").unwrap_err().to_string().contains("AWS_REGION"));
}

#[test]
fn a_secret_setting_is_not_shown() {
    let config =
        config(&[("AWS_SESSION_TOKEN", "t0k3n")], "[default]\naws_secret_access_key = s3cr3t").unwrap();
    let found = [config.property("aws_secret_access_key"), config.variable(&["AWS_SESSION_TOKEN"])];
    assert_eq!(found.each_ref().map(|found| found.as_ref().unwrap().value.expose()), ["s3cr3t", "t0k3n"]);
    let text = format!("{found:?} {config:?}");
    assert!(!text.contains("t0k3n") && !text.contains("s3cr3t"), "{text}");
}
