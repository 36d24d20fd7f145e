//! The clock skew cases that AWS's SDKs share: when each attempt is signed, and what is learned from its reply.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Response;
use sts_proto::operation::GetCallerIdentity;
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::format_description::well_known::Rfc3339;
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{Body, Credentials, Encoder, RetryPolicy};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

const OK: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/A</Arn>\
                  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
                  </GetCallerIdentityResponse>";

const SUITE: &str = "skew_vectors";

#[test]
fn skew_vectors() {
    let Some(file) = Cases::vectors().find("clock-skew-test-cases.json") else { return };
    let mut report = Report::new(SUITE);
    let cases = vectors::json(&file);
    for case in array(&cases["tests"]) {
        let name = case["description"].as_str().unwrap_or("a case without a description");
        for (i, operation) in array(&case["operations"]).iter().enumerate() {
            report.case(format!("{name}, operation {}", i + 1));
            run(&mut report, operation);
        }
    }
    report.finish();
}

/// One call. The skew is carried from call to call by the cases themselves, each of which says what it begins with.
fn run(report: &mut Report, operation: &Value) {
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let policy = operation["maxAttempts"].as_u64().map_or_else(RetryPolicy::default, |attempts| {
        RetryPolicy::default().max_attempts(attempts.try_into().expect("a number of attempts"))
    });
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), policy));
    caller.set_skew(SignedDuration::seconds(number(&operation["initialClientSkew"])));
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
    let deadlines = Deadlines { attempt: Duration::from_secs(3600), total: Duration::from_secs(7200) };
    let call =
        Call::new(Arc::clone(&caller), GetCallerIdentity::new(), Some(Arc::new(credentials)), deadlines, 1);

    let mut attempts = array(&operation["attempts"]).iter().peekable();
    let Some(first) = attempts.peek() else { return report.fail("it has no attempt") };
    let mut step = call.start(time(&first["clientTimeAtSend"]));
    let outcome = loop {
        step = match step {
            Step::Send(transmit, then) => {
                let Some(attempt) = attempts.next() else {
                    return report.fail("there is an attempt too many");
                };
                let signed = transmit.request.headers()["x-amz-date"].to_str().expect("text");
                report.same_text("signing time", signed, &basic(&attempt["expectedSigningTime"]));
                then.resume(time(&attempt["clientTimeAtReceive"]), answer(&attempt["response"]))
            }
            Step::Wait(_, then) => match attempts.peek() {
                Some(next) => then.resume(time(&next["clientTimeAtSend"]), ()),
                None => return report.fail("there is an attempt too many"),
            },
            Step::Done(outcome) => break outcome,
        };
    };
    report.check(attempts.next().is_none(), "not every attempt was made");
    let expected = operation["expectedOutcome"].as_str();
    report.same("outcome", &Some(if outcome.is_ok() { "success" } else { "error" }), &expected);
    let expected = number(&operation["expectedClientSkew"]);
    report.same("skew learned", &caller.skew().whole_seconds(), &expected);
}

fn answer(response: &Value) -> Answer {
    let body = match response["errorCode"].as_str() {
        Some(code) => format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"),
        None => OK.to_owned(),
    };
    let status = response["statusCode"].as_u64().expect("a status");
    let mut builder = Response::builder().status(u16::try_from(status).expect("a status"));
    for (name, value) in response["headers"].as_object().expect("headers") {
        builder = builder.header(name, value.as_str().expect("a text"));
    }
    Ok(builder.body(Body::from(body.into_bytes())).expect("a response"))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().expect("a text"), &Rfc3339).expect("a time")
}

/// `2026-01-01T00:00:00Z` as `20260101T000000Z`.
fn basic(value: &Value) -> String {
    value.as_str().expect("a text").replace(['-', ':'], "")
}
