//! No public type, error, event or log line of a run shows a secret, whichever way it is formatted and encoded.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use sts_proto::Credentials;
use sts_proto::form::Form;
use sts_proto::operation::AssumeRole;
use time::OffsetDateTime;

use seen::{LOG, Logger, Seen, show};

mod configured;
mod drivers;
mod echoes;
mod flows;
mod inventory;
mod kept;
mod of_core;
mod seen;
mod sources;
mod tokens;
mod values;

/// Secrets, each with characters that encoders change.
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYxONE";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE//8wEaTWO=";
const JWT: &str =
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.VEhSRUU";
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";
const EXTERNAL_ID: &str = "external-id/four=4x";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[],"Id":"policy five"}"#;
const CODE: &str = "774411";
const PASSWORD: &str = "hunter+/SIX";
const SECRETS: [&str; 8] = [KEY, TOKEN, JWT, SAML, EXTERNAL_ID, POLICY, CODE, PASSWORD];

/// The ways in which a secret could be written by somebody who does not know that it is one.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let encoded: String = form_urlencoded::byte_serialize(bytes).collect();
    let mut ours = Form::new();
    ours.pair("", secret);
    let ours = String::from_utf8(ours.into_body().into_vec()).unwrap().split_off(1);
    let list: Vec<_> = bytes.iter().map(u8::to_string).collect();
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let mut forms: Vec<_> = engines.iter().map(|engine| engine.encode(bytes)).collect();
    forms.extend([
        secret.to_owned(),
        small_digits(&ours),
        ours,
        encoded,
        secret.escape_debug().to_string(),
        secret.replace('/', "\\/"),
        hexadecimal.to_uppercase(),
        hexadecimal,
        list.join(","),
        in_xml(secret),
        in_json(secret),
        in_json(&in_json(secret)),
        units(secret),
    ]);
    forms
}

/// Escaped as XML and HTML have it.
fn in_xml(text: &str) -> String {
    let pairs = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];
    pairs.iter().fold(text.to_owned(), |text, (mark, escape)| text.replace(*mark, escape))
}

/// Escaped as in JSON, with the escape that nobody needs.
fn in_json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/").replace('\n', "\\n")
}

/// All of it as escapes of JSON.
fn units(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// `%2F` as `%2f`.
fn small_digits(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let (digits, rest) = part.split_at(2);
        all + "%" + &digits.to_lowercase() + rest
    })
}

/// Where a secret stands in a text, if it does. White space is left out: `{:#?}` writes a list of bytes in lines.
fn found(text: &str) -> Option<String> {
    let dense: String = text.split_whitespace().collect();
    for secret in SECRETS {
        for form in forms(secret) {
            let form: String = form.split_whitespace().collect();
            if let Some(at) = dense.find(&form) {
                let from =
                    (0..=at.saturating_sub(300)).rev().find(|i| dense.is_char_boundary(*i)).unwrap_or(0);
                return Some(format!("{form} in …{}", &dense[from..at + form.len()]));
            }
        }
    }
    None
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", KEY).unwrap().with_session_token(TOKEN).unwrap()
}

fn role() -> AssumeRole {
    AssumeRole::new(ROLE, "session")
        .external_id(EXTERNAL_ID)
        .policy(POLICY)
        .serial_number("arn:aws:iam::123456789012:mfa/alice")
        .token_code(CODE)
}

fn reply(action: &str) -> String {
    format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{KEY}\
         </SecretAccessKey><SessionToken>{TOKEN}</SessionToken><Expiration>2026-11-20T18:08:48Z</Expiration>\
         </Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser>\
         <SessionInfo><ScopedSessionId>A:s</ScopedSessionId><Arn>arn:x</Arn></SessionInfo>\
         <TrustedIdentityPropagationContext><OriginIdentity><Subject>{PASSWORD}</Subject><SubjectType>{PASSWORD}\
         </SubjectType><Issuer>{PASSWORD}</Issuer><FederatedProviderArn>{PASSWORD}</FederatedProviderArn></OriginIdentity>\
         <TransactionContext><IdentityProvider><entry><key>{PASSWORD}</key><value>{PASSWORD}</value></entry>\
         </IdentityProvider></TransactionContext></TrustedIdentityPropagationContext>\
         <FederatedUser><FederatedUserId>1:B</FederatedUserId><Arn>arn:x</Arn></FederatedUser><Arn>arn:x</Arn>\
         <UserId>U</UserId><Account>1</Account><DecodedMessage>{{\"allowed\":false}}</DecodedMessage>\
         <WebIdentityToken>{JWT}</WebIdentityToken><Expiration>2026-11-20T18:08:48Z</Expiration></{action}Result>\
         </{action}Response>"
    )
}

/// What a call of [`role`] sends, and signs with.
const SENT: [&str; 5] = [KEY, TOKEN, EXTERNAL_ID, POLICY, CODE];

/// A refusal that shows all that was sent, as some servers do.
fn echo(sent: &[&str]) -> String {
    let id = sent.get(2).copied().unwrap_or("request");
    let token = if sent.contains(&TOKEN) { TOKEN } else { "none" };
    let all = sent.join(" | ");
    // As it is, percent-encoded with small and with capital digits, and as forms have it.
    let encoded: Vec<_> = sent.iter().flat_map(|secret| forms(secret)[4..8].to_vec()).collect();
    let xml = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not \
         match. The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:{token}' {} {}\
         </Message><StringToSign>{}</StringToSign></Error><RequestId>{id}</RequestId></ErrorResponse>",
        xml(&all),
        xml(&encoded.join(" | ")),
        xml(&all),
    )
}

fn encoded(text: &str) -> String {
    let mut form = Form::new();
    form.pair("", text);
    String::from_utf8(form.into_body().into_vec()).unwrap().split_off(1)
}

#[test]
fn nothing_shows_a_secret() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let seen = Seen::default();
    values::show(&seen);
    of_core::show(&seen);
    configured::show(&seen);
    flows::show(&seen);
    sources::show(&seen);
    tokens::show(&seen);
    kept::show(&seen);
    drivers::show(&seen);

    inventory::check(&seen.types());
    let text = seen.text();
    assert!(text.len() > 30_000 && text.contains("AKIAIOSFODNN7EXAMPLE"), "{} bytes were seen", text.len());
    assert_eq!(found(&text), None, "it is shown");
    let log = LOG.lock().unwrap();
    assert!(log.contains("sts_blocking") && log.contains("sts_async") && log.contains("ureq"), "{log}");
    assert_eq!(found(&log), None, "it is logged");
    let warnings = log.matches("the level TRACE of ureq_proto::util writes requests and replies").count();
    assert_eq!(warnings, 2, "one for each client of sts-blocking: {log}");
}

/// A search that finds nothing must be able to find something.
#[test]
fn every_form_is_found() {
    for secret in SECRETS {
        for form in forms(secret) {
            assert!(found(&format!("a {form} b")).is_some(), "{form}");
        }
        assert!(found(&format!("{:?}", secret.as_bytes())).is_some());
        assert!(found(&format!("{:#?}", secret.as_bytes())).is_some());
        assert!(found(&format!("{secret:?}")).is_some());
    }
    assert_eq!(found("nothing"), None);
}
