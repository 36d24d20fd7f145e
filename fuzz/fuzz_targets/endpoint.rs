//! Settings of endpoints and proxies, as they come from files and variables that anybody may have written.
//!
//! The first byte holds the switches; then a line each for region, URL, signing region, signing name, `http_proxy`,
//! `https_proxy`, `all_proxy` and `no_proxy`. An empty line is a setting that is not there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sts_proto::endpoint::{Endpoint, EndpointOptions, EndpointRule, port_of};
use sts_proto::http::Uri;
use sts_proto::http::header::HOST;
use sts_proto::operation::GetCallerIdentity;
use sts_proto::proxy::ProxySettings;
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, ErrorKind, Presign};

/// A URL's own password, which nothing may show. It stands in URLs where the input has this word.
const PASSWORD: &str = "hunter2";

fuzz_target!(|input: &[u8]| {
    let Some((switches, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let mut lines = text.split('\n').map(|line| Some(line).filter(|line| !line.is_empty()));
    let mut line = || lines.next().flatten();
    let (region, url, signing_region, signing_name) = (line(), line(), line(), line());
    let proxies =
        [("http_proxy", line()), ("https_proxy", line()), ("all_proxy", line()), ("no_proxy", line())];
    let mut options = EndpointOptions::new()
        .fips(switches & 1 != 0)
        .dual_stack(switches & 2 != 0)
        .legacy_global(switches & 4 != 0);
    if let Some(region) = region {
        options = options.region(region);
    }
    if let Some(url) = url {
        options = options.url(url);
    }
    if let Some(region) = signing_region {
        options = options.signing_region(region);
    }
    if let Some(name) = signing_name {
        options = options.signing_name(name);
    }
    // Where the words are those of a region, they are not hidden.
    let is_in_url = |text: &str| text.contains(PASSWORD);
    let may_show = [region, signing_region, signing_name].iter().flatten().any(|text| is_in_url(text));
    let resolved = options.resolve();
    assert_eq!(
        format!("{resolved:?}"),
        format!("{:?}", options.resolve()),
        "the same settings give the same"
    );
    match &resolved {
        Ok(endpoint) => check(endpoint, url, switches & 3 != 0),
        Err(error) => check_error(error, may_show || !has_password(url)),
    }
    let lookup = |name: &str| {
        let found = proxies.iter().find(|(known, _)| *known == name.to_ascii_lowercase());
        found.and_then(|(_, value)| value.map(str::to_owned))
    };
    let own = Uri::from_static("https://sts.eu-west-1.amazonaws.com/");
    let target = resolved.as_ref().map_or(&own, Endpoint::url);
    let hides = proxies.iter().take(3).all(|(_, proxy)| has_password(*proxy)) && !may_show;
    let hides = hides && proxies[3].1.is_none_or(|hosts| !hosts.to_ascii_lowercase().contains(PASSWORD));
    let settings = ProxySettings::from_variables(lookup);
    check_proxy(&settings, target, hides && !target.to_string().contains(PASSWORD));
    if let Some(url) = url {
        match ProxySettings::explicit(url) {
            Ok(settings) => check_proxy(&settings, target, has_password(Some(url))),
            Err(error) => check_error(&error, !has_password(Some(url))),
        }
    }
});

/// Whether the one place of the word, if any, is that of a password.
fn has_password(url: Option<&str>) -> bool {
    let Some(url) = url else { return true };
    // Hosts are shown in small letters.
    let small = url.to_ascii_lowercase();
    if !small.contains(PASSWORD) {
        return true;
    }
    small.matches(PASSWORD).count() == 1
        && url.split_once("://").is_some_and(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
            let user = rest[..end].rsplit_once('@').map(|(user, _)| user);
            !scheme.contains(PASSWORD)
                && user
                    .and_then(|user| user.split_once(':'))
                    .is_some_and(|(_, password)| password == PASSWORD)
        })
}

fn check_error(error: &Error, may_show: bool) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert!(may_show || !(shown.contains(PASSWORD) || debug.contains(PASSWORD)), "{debug}");
}

fn check(endpoint: &Endpoint, own: Option<&str>, is_of_aws: bool) {
    let url = endpoint.url();
    let (scheme, host) = (url.scheme_str().expect("a scheme"), url.host().expect("a host"));
    assert!(!host.is_empty() && matches!(scheme, "http" | "https") && url.query().is_none(), "{url}");
    assert!(!url.authority().expect("a host").as_str().contains('@'), "{url}");
    let port = port_of(url).expect("a port from 1 to 65535");
    assert_eq!(port, url.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 }), "{url}");
    assert!(!url.path().split('/').any(|segment| matches!(segment, "." | "..")), "{url}");
    assert_eq!(endpoint.rule() == EndpointRule::Custom, own.is_some());
    assert!(!is_of_aws || own.is_none(), "FIPS and dual-stack are AWS's hosts");
    if endpoint.rule() != EndpointRule::Custom {
        assert_eq!((scheme, url.path()), ("https", "/"));
    }
    let lower = host.to_ascii_lowercase();
    if lower.starts_with("sts.") && lower.trim_end_matches('.').ends_with(".amazonaws.com") {
        assert_eq!(scheme, "https", "credentials in the clear");
    }
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
    let encoder = Encoder::new(endpoint.clone());
    let now = OffsetDateTime::UNIX_EPOCH;
    match encoder.encode(&GetCallerIdentity::new(), Some(&credentials), now) {
        Ok(request) => {
            assert_eq!(request.uri(), url);
            let sent = request.headers()[HOST].to_str().expect("text");
            assert!(sent.starts_with(host), "{sent}");
            let region = endpoint.signing_region().expect("it was signed");
            let scope = format!("/{region}/{}/aws4_request", endpoint.signing_name());
            assert!(request.headers()["authorization"].to_str().expect("text").contains(&scope));
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(endpoint.signing_region().is_none(), "{error}");
        }
    }
    let _ = encoder.presign(&GetCallerIdentity::new(), &credentials, now, &Presign::default());
}

fn check_proxy(settings: &ProxySettings, target: &Uri, hides: bool) {
    assert!(!hides || !format!("{settings:?}").contains(PASSWORD), "{settings:?}");
    match settings.for_url(target) {
        Ok(Some(proxy)) => {
            assert!(!proxy.host().is_empty() && proxy.port() > 0);
            let shown = format!("{proxy} {proxy:?}");
            assert!(!hides || !shown.contains(PASSWORD), "{shown}");
            let refusal = proxy.refusal(target, Some(407), "x").to_string();
            assert!(!hides || !refusal.contains(PASSWORD), "{refusal}");
        }
        Ok(None) => {}
        Err(error) => check_error(&error, !hides),
    }
}
