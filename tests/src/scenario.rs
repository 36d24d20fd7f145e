//! Scenarios: what a service and a network do to a call, and what must become of it. The data is in `tests/scenarios`,
//! and is run through the bare core in virtual time and through drivers over real sockets.
//!
//! A file is an object with a `theme` and its `cases`. A case has a `name`, its `answers` in their order, of which the
//! last one stands for all further ones, what to `expect`, and where it is not as usual: `policy`, `attempt_ms` (5,000)
//! and `total_ms` (60,000) as deadlines, `corrects_skew` (true), `seed` (7) and `calls`, how many are made one after the
//! other by the same client (1). They are of GetCallerIdentity, or, with `role_s`, of AssumeRole for that many seconds; with
//! `denied_for_ms` they retry denied access for so long, with `lower_duration` they ask for shorter sessions.
//!
//! An answer is one of
//! - `"ok": true`, a result;
//! - `"status": 503` with a `code` of the service and perhaps a `message`, or a `body`, or a body of `body_bytes` bytes;
//! - `"raw": "…"`, bytes after which the connection ends;
//! - `"fail": "tls"`, a failure that no reply can make.
//!
//! It comes after `after_ms` (10) and can have `headers`, and a `Date` that is `date_s` ahead of the client's clock.
//!
//! What is expected is `"ok": true` or the kind of the `error` (`service`, `response`, `transport`) with its `code`,
//! `status` or failure (`of`), of the last call; its `attempts` and `retries`, a list of reasons; and `granted_s`, to how
//! many seconds its session was shortened. In virtual time also
//! the bounds of each wait in `waits_ms`, of the whole call in `took_ms`, the time by which each signature is ahead of
//! the client's clock in `signed_s`, the `quota` that is left, and the number of `requests` of all calls.

use std::path::PathBuf;
use std::time::Duration;

use sts_proto::call::Deadlines;
use sts_proto::{Error, ErrorCode, ErrorKind, Metadata, RetryPolicy, RetryReason, TransportKind};

pub use answer::Scripted;

use crate::report::Report;
use crate::vectors;
use fields::Fields;

mod answer;
mod fields;

/// One case.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The theme and what happens.
    pub name: String,
    /// The policy for retries.
    pub policy: RetryPolicy,
    /// The deadlines.
    pub deadlines: Deadlines,
    /// Whether the deadlines matter: the case names one of them.
    pub has_deadline: bool,
    /// Whether requests are signed with the server's time.
    pub corrects_skew: bool,
    /// The seed of the first call; it is one more for the next one.
    pub seed: u64,
    /// How many calls are made.
    pub calls: u32,
    /// They assume a role for that many seconds; else they ask who they are.
    pub role: Option<u32>,
    /// For how long denied access is asked for again.
    pub denied_for: Duration,
    /// Whether shorter sessions are asked for.
    pub lowers_duration: bool,
    answers: Vec<Scripted>,
    /// What must become of it.
    pub expected: Expected,
}

/// What must become of the last call of a case.
#[derive(Clone, Debug)]
pub struct Expected {
    end: End,
    attempts: u32,
    retries: Vec<RetryReason>,
    granted: Option<u32>,
    /// The least and the most of each wait, in milliseconds.
    pub waits: Option<Vec<[u64; 2]>>,
    /// The least and the most of the whole call, in milliseconds.
    pub took: Option<[u64; 2]>,
    /// By how many seconds each signature is ahead of the client's clock.
    pub signed: Option<Vec<i64>>,
    /// What is left for retries.
    pub quota: Option<u32>,
    /// Requests of all calls.
    pub requests: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Ok,
    Service(ErrorCode),
    Response(u16),
    Transport(TransportKind),
}

/// Every case of every file, in the order of their names.
///
/// # Panics
///
/// When a file cannot be read, or says what this module does not know.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for path in files() {
        let file = vectors::name(&path);
        let mut fields = Fields::of(&file, vectors::json(&path));
        let theme = fields.text("theme").unwrap_or_else(|| panic!("{file} has no theme"));
        for case in fields.list("cases").unwrap_or_default() {
            scenarios.push(Scenario::read(&theme, case));
        }
        fields.end();
    }
    scenarios
}

fn files() -> Vec<PathBuf> {
    let paths = vectors::entries(&vectors::workspace().join("tests/scenarios"));
    paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
}

impl Scenario {
    fn read(theme: &str, case: serde_json::Value) -> Self {
        let mut fields = Fields::of(theme, case);
        let name = fields.text("name").unwrap_or_else(|| panic!("{theme} has a case without a name"));
        let name = format!("{theme}: {name}");
        fields.rename(&name);
        let (attempt, total) = (fields.number("attempt_ms"), fields.number("total_ms"));
        let role = fields.number("role_s");
        let answers = fields.list("answers").unwrap_or_default();
        let expected = fields.take("expect").unwrap_or_default();
        let scenario = Self {
            policy: fields.take("policy").map_or_else(RetryPolicy::default, |value| policy(&name, value)),
            deadlines: Deadlines {
                attempt: Duration::from_millis(attempt.unwrap_or(5_000)),
                total: Duration::from_millis(total.unwrap_or(60_000)),
            },
            has_deadline: attempt.is_some() || total.is_some(),
            corrects_skew: fields.flag("corrects_skew").unwrap_or(true),
            seed: fields.number("seed").unwrap_or(7),
            calls: fields.number("calls").unwrap_or(1),
            role,
            denied_for: Duration::from_millis(fields.number("denied_for_ms").unwrap_or(0)),
            lowers_duration: fields.flag("lower_duration").unwrap_or(false),
            answers: answers.into_iter().map(|value| Scripted::read(&name, value, role.is_some())).collect(),
            expected: Expected::read(&name, expected),
            name,
        };
        assert!(!scenario.answers.is_empty(), "{} has no answers", scenario.name);
        fields.end();
        scenario
    }

    /// The answer to the request of this number, counted from 0 over all calls.
    ///
    /// # Panics
    ///
    /// Never: there is an answer.
    #[must_use]
    pub fn answer(&self, number: usize) -> &Scripted {
        self.answers.get(number).or_else(|| self.answers.last()).expect("there is one")
    }

    /// The answers, the last of which stands for all further ones.
    #[must_use]
    pub fn answers(&self) -> &[Scripted] {
        &self.answers
    }

    /// Reports where a call's outcome is not the expected one.
    pub fn check(&self, report: &mut Report, outcome: &Result<Metadata, Error>) {
        let expected = &self.expected;
        report.same("the end", &End::of(outcome), &expected.end);
        let (attempts, retries) = match outcome {
            Ok(metadata) => (metadata.attempts, metadata.retries.as_slice()),
            Err(error) => (error.attempts(), error.retries()),
        };
        report.same("attempts", &attempts, &expected.attempts);
        let reasons: Vec<_> = retries.iter().map(|retry| retry.reason).collect();
        report.same("reasons", &reasons, &expected.retries);
        let lowered = outcome.as_ref().ok().and_then(|metadata| metadata.lowered_duration);
        report.same("granted", &lowered.map(|lowered| lowered.granted), &expected.granted);
        let requested = lowered.map(|lowered| lowered.requested);
        report.check(requested.is_none() || requested == self.role, &format!("requested: {requested:?}"));
    }
}

impl End {
    fn of(outcome: &Result<Metadata, Error>) -> Self {
        let Err(error) = outcome else { return Self::Ok };
        match (error.kind(), error.code(), error.transport_kind()) {
            (_, Some(code), _) => Self::Service(code.clone()),
            (_, _, Some(kind)) => Self::Transport(kind),
            (ErrorKind::Response, ..) => Self::Response(error.metadata().map_or(0, |it| it.status)),
            _ => panic!("{error:?}"),
        }
    }
}

impl Expected {
    fn read(name: &str, value: serde_json::Value) -> Self {
        let mut fields = Fields::of(name, value);
        let error = fields.text("error");
        let end = match error.as_deref() {
            None if fields.flag("ok") == Some(true) => End::Ok,
            Some("service") => End::Service(ErrorCode::from_wire(&fields.text("code").unwrap_or_default())),
            Some("response") => End::Response(fields.number("status").unwrap_or(0)),
            Some("transport") => {
                End::Transport(answer::failure(name, &fields.text("of").unwrap_or_default()))
            }
            _ => panic!("{name} does not say what is expected"),
        };
        let retries = fields.list("retries").unwrap_or_default();
        let expected = Self {
            end,
            retries: retries.iter().map(|value| reason(name, value.as_str().unwrap_or_default())).collect(),
            attempts: fields.number("attempts").unwrap_or(1 + retries.len() as u32),
            granted: fields.number("granted_s"),
            waits: fields.numbers("waits_ms"),
            took: fields.numbers("took_ms"),
            signed: fields.numbers("signed_s"),
            quota: fields.number("quota"),
            requests: fields.number("requests"),
        };
        fields.end();
        expected
    }
}

fn reason(name: &str, text: &str) -> RetryReason {
    match text {
        "throttled" => RetryReason::Throttled,
        "transient" => RetryReason::Transient,
        "transport" => RetryReason::Transport,
        "clock" => RetryReason::ClockSkew,
        "denied" => RetryReason::AccessDenied,
        "duration" => RetryReason::DurationTooLong,
        _ => panic!("{name}: {text:?} is no reason"),
    }
}

fn policy(name: &str, value: serde_json::Value) -> RetryPolicy {
    let mut fields = Fields::of(name, value);
    let mut millis = |key: &str| fields.number(key).map(Duration::from_millis);
    let (base, throttling_base, cap) = (millis("base_ms"), millis("throttling_base_ms"), millis("cap_ms"));
    let preset = fields.text("preset");
    let mut policy = match preset.as_deref() {
        None => RetryPolicy::default(),
        Some("never") => RetryPolicy::never(),
        Some("adaptive") => RetryPolicy::adaptive(),
        Some("before_2026") => RetryPolicy::standard_before_2026(),
        Some("javascript_v2") => {
            let max_retries = fields.number("max_retries").unwrap_or(3);
            RetryPolicy::javascript_v2(max_retries, Duration::from_millis(100))
        }
        Some("stops_at_once") => RetryPolicy::default().backoff(|_, _| None),
        Some("two_retries_after_3_s") => {
            let two = |retry, _: &Error| (retry <= 2).then_some(Duration::from_secs(3));
            RetryPolicy::default().max_attempts(10).backoff(two)
        }
        Some(other) => panic!("{name}: there is no policy {other:?}"),
    };
    policy.base = base.unwrap_or(policy.base);
    policy.throttling_base = throttling_base.unwrap_or(policy.throttling_base);
    policy.cap = cap.unwrap_or(policy.cap);
    for (key, field) in [
        ("max_attempts", &mut policy.max_attempts),
        ("quota", &mut policy.quota),
        ("cost", &mut policy.cost),
        ("throttling_cost", &mut policy.throttling_cost),
        ("timeout_cost", &mut policy.timeout_cost),
    ] {
        *field = fields.number(key).unwrap_or(*field);
    }
    fields.end();
    policy
}
