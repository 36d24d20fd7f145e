//! Servers that repeat each secret of a request in each place of a reply, in each form, and with each status.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Response};
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRoleWithSaml, AssumeRoleWithWebIdentity, Operation, RawAction};
use sts_proto::step::{Resume, Step};
use sts_proto::{Body, Credentials, Encoder, RetryPolicy};

use super::seen::Seen;
use super::*;

const STATUSES: [u16; 3] = [200, 400, 502];

type Headers = Vec<(&'static str, String)>;

const HEADERS: [&str; 6] =
    ["x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "x-amz-cf-id", "content-type", "server"];

/// As it is, and as one or two programs write it that do not know what it is.
pub(super) fn echoed(secret: &str) -> Vec<String> {
    let percent = encoded(secret);
    vec![
        secret.to_owned(),
        in_xml(secret),
        in_json(secret),
        units(secret),
        small_digits(&percent),
        percent.replace("%20", "+"),
        encoded(&percent),
        in_xml(&in_json(secret)),
        encoded(&in_json(secret)),
        percent,
    ]
}

/// Replies that have the text in one place each.
fn replies(action: &str, text: &str) -> Vec<(Headers, String)> {
    let good = || reply(action);
    let xml = in_xml(text);
    let json = text.replace('\\', "\\\\").replace('"', "\\\"");
    let error = |code: &str, message: &str, more: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error></ErrorResponse>"
        )
    };
    let mut replies: Vec<_> = HEADERS
        .iter()
        .flat_map(|name| {
            [good(), error("Denied", "no", "")].map(|body| (vec![(*name, text.to_owned())], body))
        })
        .collect();
    let end = format!("</{action}Response>");
    let with_id = format!("<ResponseMetadata><RequestId>{xml}</RequestId></ResponseMetadata>{end}");
    let bodies = [
        good().replace(&end, &with_id),
        format!("<{text}></{text}>"),
        format!("<{text}/>"),
        format!("<{text}Exception/>"),
        error(&xml, "no", ""),
        error("Denied", &format!("before {xml} after"), ""),
        error("Denied", "no", &format!("<StringToSign>{xml}</StringToSign>")),
        error("Denied", "no", &format!("<RequestId>{xml}</RequestId>")),
        error("Denied", "no", &format!("<{text}>x</{text}>")),
        format!("<ErrorResponse><RequestId>{xml}</RequestId></ErrorResponse>"),
        format!(r#"{{"Error":{{"Code":"{json}","Message":"{json}","{json}":"x"}},"RequestId":"{json}"}}"#),
        format!(r#"{{"__type":"a#{json}","message":"{json}"}}"#),
        text.to_owned(),
    ];
    replies.extend(bodies.map(|body| (Vec::new(), body)));
    replies
}

/// Calls whose replies repeat the secret, with all their events. Neither the secret nor the beginning of it is shown. Gives how
/// often something stands in its place.
fn calls<O: Operation>(operation: &O, credentials: Option<Credentials>, secret: &str) -> usize
where
    O::Output: std::fmt::Debug,
{
    let seen = &Seen::default();
    let mut redacted = 0;
    let mut wanted: Vec<_> = forms(secret).iter().map(|form| form.replace(' ', "")).collect();
    wanted.push(secret.chars().take(20).collect());
    let encoder = || Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder(), RetryPolicy::never()).observer(seen.clone()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let credentials = credentials.map(Arc::new);
    for text in echoed(secret) {
        for (headers, body) in replies(operation.action(), &text) {
            for status in STATUSES {
                let response = || {
                    let mut response = Response::new(Body::from(body.clone().into_bytes()));
                    *response.status_mut() = status.try_into().unwrap();
                    for (name, value) in &headers {
                        response.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
                    }
                    response
                };
                let call =
                    Call::new(Arc::clone(&caller), operation.clone(), credentials.clone(), deadlines, 7);
                let Step::Send(_, then) = call.start(NOW) else { panic!("it is sent") };
                let Step::Done(outcome) = then.resume(NOW, Ok(response())) else { panic!("it is over") };
                outcome_of(seen, outcome);
                let outcome = encoder().decode(operation, credentials.as_deref(), &response());
                outcome_of(seen, outcome);
                // By itself, what the operation knows is taken out; the rest when it is explained.
                if let Err(error) = operation.decode(&response()) {
                    seen.error(&encoder().explain(error, credentials.as_deref(), NOW));
                }
            }
        }
        let shown = std::mem::take(&mut *seen.text());
        redacted += shown.matches("[redacted]").count();
        let dense = shown.replace([' ', '\n'], "");
        for form in &wanted {
            let at = dense.find(form.as_str()).map(|at| &dense[at.saturating_sub(300)..at + form.len()]);
            assert_eq!(at, None, "{text} is shown as {form}");
        }
    }
    redacted
}

fn outcome_of<T: std::fmt::Debug>(seen: &Seen, outcome: Result<sts_proto::Reply<T>, sts_proto::Error>) {
    match outcome {
        Ok(reply) => show!(seen, reply, reply.metadata),
        Err(error) => seen.error(&error),
    }
}

/// What a server may answer to each driver: the session token in each place. Not in the headers that ureq logs by itself,
/// the type of the content and the name of the server.
pub(super) fn answers() -> Vec<(u16, Headers, String)> {
    let is_of_log = |(headers, _): &(Headers, String)| {
        headers.iter().any(|(name, _)| matches!(*name, "content-type" | "server"))
    };
    let replies = replies("AssumeRole", TOKEN).into_iter().filter(|reply| !is_of_log(reply));
    replies
        .flat_map(|(headers, body)| STATUSES.map(|status| (status, headers.clone(), body.clone())))
        .collect()
}

#[test]
fn echoed_secret_is_redacted_in_every_place() {
    let saml =
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", SAML).policy(POLICY);
    let raw = RawAction::new("AssumeRole").secret_parameter("Password", PASSWORD);
    let web = AssumeRoleWithWebIdentity::new(ROLE, "session", JWT);
    let mut redacted = 0;
    for secret in [KEY, TOKEN, EXTERNAL_ID, POLICY, CODE] {
        redacted += calls(&role(), Some(credentials()), secret);
    }
    redacted += calls(&saml, None, SAML);
    redacted += calls(&web, None, JWT);
    redacted += calls(&raw, Some(credentials()), PASSWORD);
    redacted += calls(&raw.unsigned(), None, PASSWORD);
    assert!(redacted > 10_000, "{redacted} were taken out");
}
