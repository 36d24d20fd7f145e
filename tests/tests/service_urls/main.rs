//! URLs of every service that gets a secret, as users set them: which are taken, and that nothing is sent to the others.
//!
//! Driven through the public API by a driver that has no network, reads files from memory and keeps every request.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use sts_proto::config::{Config, Environment};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Uri};
use sts_proto::settings::Settings;
use sts_proto::step::{Ask, Direct, Seq};
use sts_proto::{Body, ErrorKind};
use sts_tests::report::Report;

use driver::{SERVICES, first, load, now};
use table::{SECRET, URLS};

mod driver;
mod hosts;
mod table;

/// Whether a request goes where the URL says, as a browser would read it.
fn leads_to(request: &Request<Body>, url: &str) -> bool {
    let expected = url.parse::<Uri>().unwrap();
    let path = expected.path().trim_end_matches('/');
    let sent = request.uri();
    (sent.scheme(), sent.authority()) == (expected.scheme(), expected.authority())
        && sent.path().starts_with(path)
}

#[test]
fn service_urls_are_taken_or_refused_before_a_byte() {
    let mut report = Report::new("service_urls");
    for &(url, takers) in URLS {
        for (service, (name, variable, ..)) in SERVICES.into_iter().enumerate() {
            report.case(format!("{name} {}", url.escape_debug()));
            match (first(service, url, false), takers.split(' ').any(|taker| taker == name)) {
                (Ok(request), true) if leads_to(&request, url) => {}
                (Err(error), false) => {
                    let (sentence, debug) = (error.to_string(), format!("{error:?} {:?}", error.report()));
                    let setting = error.violations().first().map_or("", |violation| violation.parameter());
                    let is_named = match name {
                        "STS" => setting == "EndpointUrl" && sentence.contains(variable),
                        "metadata" => setting == "Ec2MetadataServiceEndpoint",
                        "Vault" => setting == "VaultAddress",
                        _ => setting == variable,
                    };
                    if error.kind() != ErrorKind::InvalidInput || !is_named {
                        report.fail(format!("refused for another reason: {error}"));
                    }
                    if !sentence.contains(&format!("{} bytes", url.len())) {
                        report.fail(format!("without the length: {error}"));
                    }
                    if sentence.contains(SECRET) || debug.contains(SECRET) {
                        report.fail(format!("the secret is shown: {debug}"));
                    }
                }
                (Ok(request), true) => report.fail(format!("asked elsewhere: {}", request.uri())),
                (Ok(request), false) => report.fail(format!("sent to {}", request.uri())),
                (Err(error), true) => report.fail(format!("refused: {error}")),
            }
        }
    }
    report.finish();
}

#[test]
fn dangerously_allow_http_lifts_the_rule_for_hosts_of_others() {
    for (service, (name, ..)) in SERVICES.into_iter().enumerate() {
        let takes = |url: &str| first(service, url, true).is_ok();
        assert_eq!(takes("http://own.example"), name != "container", "{name}");
        assert!(!takes("http://portal.sso.us-east-1.amazonaws.com"), "{name}");
        assert!(!takes("http://u:p@own.example"), "{name}");
        assert!(takes("https://own.example"), "{name}");
    }
}

#[test]
fn relative_uris_of_ecs_stay_on_its_host() {
    let first = |path: &str| {
        let (result, sent) = load(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", path)], "", "", false);
        sent.into_iter().next().map(|request| request.uri().to_string()).ok_or_else(|| result.unwrap_err())
    };
    for path in ["/v2/x", "/v2/x?a=1", "//own.example/", "/@own.example/"] {
        assert_eq!(first(path).unwrap(), format!("http://169.254.170.2{path}"));
    }
    for path in ["x", "@own.example/", ":84036/", "/../x", "/%2e%2e/x", "/x#hunter2", "/a b", "/\u{e9}"] {
        let error = first(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}: {error}");
        assert!(error.to_string().contains("RELATIVE_URI") && !error.to_string().contains(SECRET), "{error}");
    }
}

#[test]
fn urls_that_are_not_checked_yet_are_not_shown() {
    use sts_proto::source::{Container, InstanceMetadata, Login, Sso};
    let url = "https://u:hunter2@own.example";
    let shown = [
        format!("{:?}", EndpointOptions::new().url(url)),
        format!("{:?}", Settings::new().endpoint_url(url)),
        format!("{:?}", sts_blocking::Client::builder().endpoint_url(url)),
        format!("{:?}", Sso::new("s", "us-east-1", "1", "r", "c").portal_url(url).oidc_url(url)),
        format!("{:?}", Login::new("s", "us-east-1", "c").url(url)),
        format!("{:?}", Container::new().full_uri(url).relative_uri(url)),
        format!("{:?}", InstanceMetadata::new().endpoint(url)),
        {
            let variables: Environment = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)].into_iter().collect();
            let config = Config::of_environment(variables).unwrap();
            format!("{config:?} {:?}", config.imds().unwrap())
        },
    ];
    for text in shown {
        assert!(!text.contains(SECRET), "{text}");
    }
}

/// A program's own flow may make a request of any URL. It must not go to port 80 instead.
#[test]
fn port_that_is_none_is_refused_by_every_driver() {
    let flow = |ask: Ask| async move {
        let url = "http://127.0.0.1:84036/";
        let request = Request::get(url).body(Body::default()).unwrap();
        let direct = Request::get(url).extension(Direct).body(Body::default()).unwrap();
        let timeout = Duration::from_secs(5);
        Ok([ask.send(request, timeout).await, ask.send(direct, timeout).await])
    };
    let start = || Seq::start(now(), flow);
    let region = "eu-west-1";
    let blocking = sts_blocking::Client::builder().region(region).variables(|_| None).build().unwrap();
    let smol = sts_async::smol::Client::builder().region(region).variables(|_| None).build().unwrap();
    let tokio = sts_async::tokio::Client::builder().region(region).variables(|_| None).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = [
        blocking.drive(start()),
        futures_lite::future::block_on(smol.drive(start())),
        runtime.block_on(tokio.drive(start())),
    ];
    for answer in answers.into_iter().flat_map(|answers| answers.unwrap()) {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("a port from 1 to 65535"), "{error}");
    }
}
