//! What people build on STS, and what they read back.

use http::Response;
use sts_proto::arn::Arn;
use sts_proto::endpoint::{EndpointOptions, Partition};
use sts_proto::key_id::KeyIdKind;
use sts_proto::operation::*;
use sts_proto::token::{cli_cache, console, eks, env, process, vault, web_identity};
use sts_proto::{Encoder, Secret};
use time::OffsetDateTime;

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    files(seen);
    in_eks(seen, &encoder);
    in_console(seen);
    in_vault(seen, &encoder);
    web_identities(seen);
    texts(seen);
}

fn files(seen: &Seen) {
    use env::EnvFormat::{Cmd, Dotenv, Fish, Json, PowerShell, Sh};
    for format in [Sh, Dotenv, Fish, PowerShell, Cmd, Json] {
        show!(seen, format);
        seen.outcome(&env::write(&credentials(), format));
    }
    let whole = process::write(&credentials()).unwrap();
    let whole = std::str::from_utf8(whole.as_ref()).unwrap().to_owned();
    for end in 0..=whole.len() {
        seen.outcome(&process::read(&whole.as_bytes()[..end]));
    }
    for wrong in [
        whole.replace("\"Version\": 1", "\"Version\": 3"),
        whole.replace(&format!("\"{KEY}\""), &format!("[\"{KEY}\"]")),
        format!(r#"{{"Version":"{KEY}"}}"#),
        format!(
            r#"{{"Version":1,"AccessKeyId":"{KEY}\n","SecretAccessKey":"{KEY}","SessionToken":"{TOKEN} "}}"#
        ),
        format!(r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"{KEY}","Expiration":"{TOKEN}"}}"#),
    ] {
        seen.outcome(&process::read(wrong.as_bytes()));
    }
    let expiring = credentials().with_expiration(OffsetDateTime::UNIX_EPOCH);
    let written = cli_cache::write(&expiring, None);
    seen.outcome(&written);
    show!(seen, cli_cache::read(written.unwrap().as_ref()));
    seen.outcome(&cli_cache::file_name(&role(), false));
}

fn in_eks(seen: &Seen, encoder: &Encoder) {
    let order = eks::EksTokenRequest::new("cluster");
    let token = order.build(encoder, &credentials(), NOW).unwrap();
    show!(seen, order, token, eks::ExecApiVersion::V1, token.exec_credential(eks::ExecApiVersion::V1));
    seen.outcome(&order.build(encoder, &credentials().with_expiration(NOW), NOW));
    let verifier = eks::Verifier::new("cluster").unwrap();
    show!(seen, verifier);
    let verification = verifier.verify(token.expose(), NOW).unwrap();
    // Not the request that it exposes, whose URL is the token, as its documentation says.
    show!(seen, verification);
    let identity = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":"123456789012",
        "Arn":"arn:aws:sts::123456789012:assumed-role/r/s","UserId":"A:s"}}}"#;
    let accepted = verification.accept(&Response::new(identity));
    assert!(accepted.is_ok());
    seen.outcome(&accepted);
    let mut refused = Response::new(echo(&[TOKEN]));
    *refused.status_mut() = http::StatusCode::FORBIDDEN;
    seen.outcome(&verification.accept(&refused));
    // What is refused is not repeated, whatever it is.
    let later = NOW + time::Duration::hours(1);
    for (token, now) in [(token.expose(), later), (JWT, NOW), (&token.expose()[..200], NOW), (TOKEN, NOW)] {
        let rejection = verifier.verify(token, now).unwrap_err();
        show!(seen, rejection);
        seen.error(&rejection.into());
    }
}

fn in_console(seen: &Seen) {
    let console = console::Console::of(Partition::of_region("eu-west-1")).unwrap();
    let order = console::SigninRequest::new(console::CredentialOrigin::AssumeRole).console(console.clone());
    show!(seen, console, order, console::CredentialOrigin::AssumeRole);
    let request = order.encode(&credentials()).unwrap();
    show!(seen, request);
    let answer = Response::new(format!(r#"{{"SigninToken":"{TOKEN}"}}"#));
    let url = order.decode(&answer).unwrap();
    show!(seen, url);
    let bad = Credentials::new("ASIA", KEY).unwrap();
    seen.outcome(&order.encode(&bad));
    seen.outcome(
        &order.clone().destination(format!("ftp://{KEY}/")).duration_seconds(1).encode(&credentials()),
    );
    for (status, body) in [
        (200, format!(r#"{{"SigninToken":["{TOKEN}"]}}"#)),
        (200, TOKEN.to_owned()),
        (400, format!("<html>{TOKEN} {KEY}</html>")),
        (500, echo(&SECRETS)),
    ] {
        let mut response = Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        seen.outcome(&order.decode(&response));
    }
}

fn in_vault(seen: &Seen, encoder: &Encoder) {
    let login = vault::VaultLogin::new("role").server_id("vault.test");
    show!(seen, login);
    seen.outcome(&login.build(encoder, &credentials(), NOW));
    seen.outcome(&login.clone().mount("..").build(encoder, &credentials(), NOW));
    seen.outcome(&login.server_id(format!("{EXTERNAL_ID}\n")).build(encoder, &credentials(), NOW));
}

fn web_identities(seen: &Seen) {
    let order = GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384);
    let output = order.decode(&Response::new(reply("GetWebIdentityToken"))).unwrap().into_output();
    let mut cache = web_identity::WebIdentityCache::new();
    show!(seen, cache.get(&order, NOW));
    cache.put(&order, &output, NOW);
    show!(seen, cache, cache.get(&order, NOW));
    show!(seen, cache.get(&order, NOW + time::Duration::days(30_000)));
    // Claims are no secrets, the token that they stand in is.
    seen.outcome(&web_identity::UnverifiedClaims::read(JWT));
    for end in 0..JWT.len() {
        if let Err(error) = web_identity::UnverifiedClaims::read(&JWT[..end]) {
            seen.error(&error);
        }
    }
}

/// What ids, names and messages tell.
fn texts(seen: &Seen) {
    show!(seen, Arn::parse(ROLE).unwrap(), KeyIdKind::of("AKIAIOSFODNN7EXAMPLE").unwrap());
    let message = r#"{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[{"statementId":"s","effect":"DENY",
        "principals":{"items":[{"value":"a"}]},"conditions":{"items":[{"key":"k","values":{"items":[{"value":"v"}]}}]}}]},
        "context":{"principal":{"id":"i","arn":"arn:x"},"action":"sts:AssumeRole","resource":"arn:y",
        "conditions":{"items":[{"key":"k","values":{"items":[{"value":"v"}]}}]}}}"#;
    let output = DecodeAuthorizationMessage::new("x")
        .decode(&Response::new(reply("DecodeAuthorizationMessage").replace(r#"{"allowed":false}"#, message)));
    let decoded = output.unwrap().message().unwrap();
    show!(seen, decoded, decoded.matched_statements[0], decoded.conditions[0]);
    let secret = Secret::from(KEY);
    show!(seen, secret);
}
