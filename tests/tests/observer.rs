//! What an observer is told of a call, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Response;
use sts_proto::observe::{Event, LogLine, Observer};
use sts_proto::operation::AssumeRole;
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Error, RetryPolicy, TransportKind};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        let line = match event {
            Event::Advice { call, advice, .. } => format!("{} against {advice:?}", call.action),
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
            Event::Limited { attempt, wait, .. } => format!("attempt {attempt} waits {wait:?}"),
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

/// Keeps log lines, if it is switched on.
struct Log(bool, Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        assert!(self.0, "nobody asked for {event:?}");
        self.1
            .lock()
            .expect("no panic while it is held")
            .extend(LogLine::of(event).map(|line| line.to_string()));
    }

    fn is_active(&self) -> bool {
        self.0
    }
}

fn logged(operation: AssumeRole, answer: Option<Answer>, adaptive: bool) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let policy = if adaptive { RetryPolicy::adaptive() } else { RetryPolicy::never() };
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let mut caller = Caller::new(Encoder::new(endpoint), policy);
    // Two that listen and one that is switched off.
    for is_on in [true, false, true] {
        caller = caller.observer(Log(is_on, Arc::clone(&lines)));
    }
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "sEcReTkEy").expect("credentials");
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let call = Call::new(Arc::new(caller), operation, Some(Arc::new(credentials)), deadlines, 1);
    let (now, later) = (OffsetDateTime::UNIX_EPOCH, OffsetDateTime::UNIX_EPOCH + Duration::from_millis(123));
    match (call.start(now), answer) {
        (Step::Send(_, then), Some(answer)) => {
            assert!(matches!(then.resume(later, answer), Step::Done(_)), "it goes on");
        }
        (Step::Done(_), None) => {}
        (step, _) => panic!("{step:?}"),
    }
    let lines = lines.lock().expect("no panic while it is held");
    lines.clone()
}

#[test]
fn a_line_for_every_call_that_is_over() {
    let role = || AssumeRole::new("arn:aws:iam::123456789012:role/r", "session").external_id("sEcReTiD");
    let body = "<Error><Code>AccessDenied</Code></Error><RequestId>r-1</RequestId>";
    let lines = logged(role(), Some(reply(403, &format!("<ErrorResponse>{body}</ErrorResponse>"))), false);
    assert_eq!(lines.len(), 2, "each of those that listen, once: {lines:?}");
    let parameters =
        "RoleArn=arn:aws:iam::123456789012:role/r, RoleSessionName=session, ExternalId=[8 characters]";
    let head = format!(
        "[sts 403 0.123 s, 0 retries] AssumeRole({parameters}): access key AKIAIOSFODNN7EXAMPLE, request id r-1; \
         AssumeRole was refused: AccessDenied"
    );
    assert!(lines[0].starts_with(&head), "{}", lines[0]);
    let lines = logged(role(), Some(Err(Error::transport(TransportKind::Tls, "x"))), false);
    let line = "): access key AKIAIOSFODNN7EXAMPLE, no request id; AssumeRole got no reply: TLS failed";
    assert!(lines[0].starts_with("[sts - 0.123 s, 0 retries] ") && lines[0].ends_with(line), "{}", lines[0]);
    let lines = logged(AssumeRole::new("x", "session"), None, true);
    assert!(lines[0].contains("[sts - 0.000 s, 0 retries] AssumeRole(RoleArn=x, "), "{}", lines[0]);
}

#[test]
fn advice_is_told_once_and_before_the_first_attempt() {
    let operation =
        AssumeRole::new("arn:aws:iam::123456789012:role/r", "s".repeat(65)).policy("sEcReT\u{1000}");
    let lines = run(operation, vec![reply(503, ""), reply(503, ""), reply(403, "")]);
    // Every other line is the event's `Debug`.
    let at: Vec<_> =
        lines.iter().step_by(2).enumerate().filter(|(_, line)| line.contains("against")).collect();
    let &[(0, line)] = &at[..] else { panic!("{lines:?}") };
    assert!(line.contains("MaxLength { max: 64, length: 65 }") && line.contains("Pattern {"), "{line}");
    assert!(lines[2].contains("attempt 1") && !lines.concat().contains("sEcReT"), "{lines:?}");
    // A request that is not sent has its error, and no advice.
    let lines = run(AssumeRole::new("x", "s".repeat(65)), Vec::new());
    assert!(!lines.concat().contains("against"), "{lines:?}");
}

#[test]
fn waits_for_the_rate_limit_are_told() {
    let lines = Lines::default();
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller =
        Caller::new(Encoder::new(endpoint), RetryPolicy::adaptive()).observer(Arc::new(lines.clone()));
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "sEcReTkEy").expect("credentials");
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    let operation = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session");
    let call = Call::new(Arc::new(caller), operation, Some(Arc::new(credentials)), deadlines, 1);
    let now = OffsetDateTime::UNIX_EPOCH;
    let Step::Send(_, then) = call.start(now) else { panic!("it waits") };
    let Step::Wait(_, then) = then.resume(now, reply(429, "")) else { panic!("it gives up") };
    let Step::Wait(wait, then) = then.resume(now, ()) else { panic!("it sends") };
    assert_eq!(wait, Duration::from_secs(2));
    assert!(matches!(then.resume(now + wait, ()), Step::Send(..)));
    let lines = lines.0.lock().expect("no panic while it is held");
    let short: Vec<_> = lines.iter().step_by(2).map(String::as_str).collect();
    assert_eq!(
        short,
        [
            "AssumeRole attempt 1",
            "reply 1: 429",
            "retry after 1: Throttled",
            "attempt 2 waits 2s",
            "AssumeRole attempt 2"
        ]
    );
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
