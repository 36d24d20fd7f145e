//! What an observer is told of a call, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Response;
use sts_proto::observe::{Event, Observer};
use sts_proto::operation::AssumeRole;
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Error, RetryPolicy, TransportKind};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        let line = match event {
            Event::Attempt { call, attempt, .. } => format!("{} attempt {attempt}", call.action),
            Event::Reply { attempt, metadata, .. } => format!("reply {attempt}: {}", metadata.status),
            Event::Failure { attempt, error, .. } => {
                format!("failure {attempt}: {:?}", error.transport_kind())
            }
            Event::Retry { attempt, retry, .. } => format!("retry after {attempt}: {:?}", retry.reason),
            Event::Done { call, attempts, parameters, error, .. } => format!(
                "done after {attempts}, key {}, {parameters}, {}",
                call.access_key_id.unwrap_or("none"),
                error.map_or("a result".to_owned(), |error| error.to_string()),
            ),
            _ => "something new".to_owned(),
        };
        let mut lines = self.0.lock().expect("no panic while it is held");
        lines.push(line);
        lines.push(format!("{event:?} {event:#?}"));
    }
}

fn run(operation: AssumeRole, mut answers: Vec<Answer>) -> Vec<String> {
    let lines = Lines::default();
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller = Caller::new(Encoder::new(endpoint), RetryPolicy::default()).observer(lines.clone());
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "sEcReTkEy").expect("credentials");
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let call = Call::new(Arc::new(caller), operation, Some(Arc::new(credentials)), deadlines, 1);
    let now = OffsetDateTime::UNIX_EPOCH;
    let mut step = call.start(now);
    loop {
        step = match step {
            Step::Send(_, then) => then.resume(now, answers.remove(0)),
            Step::Wait(_, then) => then.resume(now, ()),
            Step::Done(_) => break,
        };
    }
    let lines = lines.0.lock().expect("no panic while it is held");
    lines.clone()
}

fn reply(status: u16, body: &str) -> Answer {
    let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

#[test]
fn every_event_of_a_call_in_order_and_no_secret() {
    let operation = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session")
        .external_id("sEcReTiD")
        .serial_number("arn:aws:iam::1:mfa/a")
        .token_code("774411");
    let ok = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>\
              <SecretAccessKey>sEcReToUt</SecretAccessKey><SessionToken>tOkEnOuT</SessionToken>\
              <Expiration>2026-11-20T18:08:48Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s\
              </AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
    let lines = run(
        operation,
        vec![Err(Error::transport(TransportKind::Closed, "reset")), reply(503, "<html>"), reply(200, ok)],
    );
    let short: Vec<_> = lines.iter().step_by(2).map(String::as_str).collect();
    assert_eq!(
        short,
        [
            "AssumeRole attempt 1",
            "failure 1: Some(Closed)",
            "retry after 1: Transport",
            "AssumeRole attempt 2",
            "reply 2: 503",
            "retry after 2: Transient",
            "AssumeRole attempt 3",
            "reply 3: 200",
            "done after 3, key AKIAIOSFODNN7EXAMPLE, RoleArn=arn:aws:iam::123456789012:role/r, \
             RoleSessionName=session, ExternalId=[8 characters], SerialNumber=arn:aws:iam::1:mfa/a, \
             TokenCode=[6 characters], a result",
        ]
    );
    for secret in ["sEcReT", "tOkEnOuT", "774411"] {
        assert!(!lines.concat().contains(secret), "{secret}");
    }
}

#[test]
fn what_was_not_sent_is_over_at_once() {
    let lines = run(AssumeRole::new("x", "session"), Vec::new());
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("done after 0, key AKIA") && lines[0].contains("was not sent"),
        "{}",
        lines[0]
    );
}
