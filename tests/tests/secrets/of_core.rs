//! Signer, encoder, bytes, settings.

use http::{Method, Response};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Environment, Files};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, ReplyReader};
use sts_proto::operation::*;
use sts_proto::proxy::ProxySettings;
use sts_proto::settings::Settings;
use sts_proto::sigv4::{Signing, SigningKey};
use sts_proto::source::{Chain, Report};
use sts_proto::token::{eks, env, process, vault};
use sts_proto::{Encoder, Presign};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let credentials = credentials();
    seen.debug(&encoder);
    let request = encoder.encode(&role(), Some(&credentials), NOW).unwrap();
    seen.debug(&request);
    let bytes = http1::request(&request).unwrap();
    seen.debug(&bytes);
    let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
    seen.debug(&signing);
    seen.debug(encoder.signer());
    seen.debug(&SigningKey::derive(credentials.secret_access_key(), NOW, "eu-west-1", "sts").unwrap());
    seen.debug(&encoder.signer().explain(&request, &signing).unwrap());
    let url = encoder.presign(&GetCallerIdentity::new(), &credentials, NOW, &Presign::default()).unwrap();
    seen.debug(&url);
    seen.error(&encoder.presign(&role(), &credentials, NOW, &Presign::default()).unwrap_err());
    let broken =
        AssumeRole::new(JWT, KEY).external_id(format!("{EXTERNAL_ID}!")).policy("\0").token_code(PASSWORD);
    seen.error(&encoder.encode(&broken, Some(&credentials), NOW).unwrap_err());

    let text = reply("AssumeRole");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
    let mut reader = ReplyReader::new(&Method::POST);
    seen.debug(&reader.feed(head.as_bytes()));
    seen.debug(&reader.feed(&text.as_bytes()[..400]));
    seen.debug(&reader);
    seen.debug(&reader.feed(&text.as_bytes()[400..]));
    for end in (0..text.len()).step_by(7) {
        seen.error(&role().decode(&Response::new(&text[..end])).unwrap_err());
    }
    for junk in [
        SECRETS.join(" "),
        format!("<{KEY}>"),
        format!("<a>{TOKEN}<{KEY}</a>"),
        format!("<x {KEY}={TOKEN}/>"),
    ] {
        seen.error(&role().decode(&Response::new(junk)).unwrap_err());
    }

    let proxied =
        ProxySettings::explicit(&format!("http://alice:{}@127.0.0.1:3128", encoded(PASSWORD))).unwrap();
    seen.debug(&proxied);
    proxied.proxies().for_each(|proxy| {
        seen.display(proxy);
        seen.error(&proxy.refusal(&http::Uri::from_static("http://h.test/"), Some(407), "no"));
        seen.debug(&http1::connect(proxy, "h.test", 443));
    });
    for url in
        [format!("http://alice:{}@", encoded(PASSWORD)), format!("ftp://alice:{}@h:1", encoded(PASSWORD))]
    {
        seen.error(&ProxySettings::explicit(&url).unwrap_err());
    }
    let secret_url = format!("https://alice:{}@h.test/", encoded(PASSWORD));
    let options = EndpointOptions::new().url(&secret_url);
    seen.debug(&options);
    seen.error(&options.resolve().unwrap_err());
    seen.debug(
        &Settings::new().credentials(credentials.clone()).endpoint_url(secret_url).proxy("http://a:b@h"),
    );
    let lookup = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
        "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    };
    seen.debug(&sts_proto::source::environment::credentials(lookup).unwrap());
    let config = format!(
        "[profile p]\naws_secret_access_key = {KEY}\nexternal_id = {EXTERNAL_ID}\ns3 =\n  a = {TOKEN}\n"
    );
    let files = Files::at("/config", "/credentials");
    let profiles = ProfileSet::parse(&files, Some(config.as_bytes()), None).unwrap();
    seen.debug(&(&profiles, profiles.profile("p")));
    let variables = [("AWS_SECRET_ACCESS_KEY", KEY), ("AWS_SESSION_TOKEN", TOKEN), ("OTHER", PASSWORD)];
    seen.debug(&variables.into_iter().collect::<Environment>());
    for text in
        [KEY.to_owned(), format!("[profile {KEY}"), format!("[p]\n{KEY} {TOKEN}"), format!("[p]\n = {KEY}")]
    {
        match ProfileSet::parse(&files, Some(text.as_bytes()), Some(text.as_bytes())) {
            Ok(profiles) => seen.debug(&profiles.ignored()),
            Err(error) => seen.error(&error),
        }
    }
    for format in [process::write(&credentials), env::write(&credentials, env::EnvFormat::Sh)] {
        seen.debug(&format.unwrap());
    }
    seen.error(
        &process::read(format!("{{\"Version\":1,\"SecretAccessKey\":\"{KEY}").as_bytes()).unwrap_err(),
    );
    let token = eks::EksTokenRequest::new("cluster").build(&encoder, &credentials, NOW).unwrap();
    seen.debug(&token);
    seen.debug(&vault::VaultLogin::new("role"));
    let mut report = Report::default();
    report.found("environment", "AKIAIOSFODNN7EXAMPLE");
    seen.display(&report);
    seen.debug(&Chain::new());
}
