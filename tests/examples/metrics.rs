//! Metrics of a client for Prometheus: an observer counts what happens in the calls, and writes it as text. No library of
//! metrics is needed, and one can take its place.
//!
//! What it counts has few values: operations, codes of errors, reasons of retries. An access key, a role or a request id
//! would make a time series each, and belongs into the log.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sts_blocking::observe::{Event, Observer};
use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
use sts_blocking::{Client, Credentials, Error};
use sts_tests::server::{Answer, Server};

/// The bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 6] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// What was counted. Its text is what a server gives out at `/metrics`.
#[derive(Default)]
struct Metrics(Mutex<State>);

#[derive(Default)]
struct State {
    /// By operation and outcome.
    calls: BTreeMap<[String; 2], u64>,
    /// By operation.
    attempts: BTreeMap<[String; 1], u64>,
    /// By operation and reason.
    retries: BTreeMap<[String; 2], u64>,
    durations: BTreeMap<[String; 1], Histogram>,
    waited: Duration,
}

#[derive(Default)]
struct Histogram {
    /// How many were no longer than each of the bounds.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, seconds: f64) {
        let within = BUCKETS.iter().zip(&mut self.buckets).filter(|(bound, _)| seconds <= **bound);
        within.for_each(|(_, count)| *count += 1);
        self.count += 1;
        self.sum += seconds;
    }
}

impl Observer for Metrics {
    fn event(&self, event: &Event<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Attempt { call, .. } => *state.attempts.entry([call.action.to_owned()]).or_default() += 1,
            Event::Retry { call, retry, .. } => {
                let labels = [call.action.to_owned(), format!("{:?}", retry.reason)];
                *state.retries.entry(labels).or_default() += 1;
                state.waited += retry.wait;
            }
            Event::Limited { wait, .. } => state.waited += *wait,
            Event::Done { call, took, error, .. } => {
                let labels = [call.action.to_owned(), outcome(*error)];
                *state.calls.entry(labels).or_default() += 1;
                state.durations.entry([call.action.to_owned()]).or_default().add(took.as_secs_f64());
            }
            _ => {}
        }
    }
}

/// The code of a refusal, or the kind of another failure.
fn outcome(error: Option<&Error>) -> String {
    match error {
        None => "ok".to_owned(),
        Some(error) => match (error.code(), error.transport_kind()) {
            (Some(code), _) => code.as_str().to_owned(),
            (_, Some(kind)) => format!("{kind:?}"),
            _ => format!("{:?}", error.kind()),
        },
    }
}

/// The text format of Prometheus, version 0.0.4.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counter(f, "sts_calls_total", "Calls that are over.", ["operation", "outcome"], &state.calls)?;
        counter(f, "sts_attempts_total", "Requests sent.", ["operation"], &state.attempts)?;
        counter(f, "sts_retries_total", "Requests sent again.", ["operation", "reason"], &state.retries)?;
        head(f, "sts_waited_seconds_total", "Time waited before attempts.", "counter")?;
        writeln!(f, "sts_waited_seconds_total {}", state.waited.as_secs_f64())?;
        let name = "sts_call_duration_seconds";
        head(f, name, "How long calls took, waits included.", "histogram")?;
        for (labels, histogram) in &state.durations {
            let operation = pairs(["operation"], labels)?;
            for (bound, count) in BUCKETS.iter().zip(&histogram.buckets) {
                writeln!(f, "{name}_bucket{{{operation},le=\"{bound}\"}} {count}")?;
            }
            writeln!(f, "{name}_bucket{{{operation},le=\"+Inf\"}} {}", histogram.count)?;
            writeln!(f, "{name}_sum{{{operation}}} {}", histogram.sum)?;
            writeln!(f, "{name}_count{{{operation}}} {}", histogram.count)?;
        }
        Ok(())
    }
}

fn head(f: &mut fmt::Formatter<'_>, name: &str, help: &str, kind: &str) -> fmt::Result {
    write!(f, "# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

fn counter<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    help: &str,
    names: [&str; N],
    values: &BTreeMap<[String; N], u64>,
) -> fmt::Result {
    head(f, name, help, "counter")?;
    for (labels, value) in values {
        writeln!(f, "{name}{{{}}} {value}", pairs(names, labels)?)?;
    }
    Ok(())
}

/// Labels with their values, which may hold anything: a code comes from the service.
fn pairs<const N: usize>(names: [&str; N], values: &[String; N]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    for (name, value) in names.iter().zip(values) {
        let comma = if out.is_empty() { "" } else { "," };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(out, "{comma}{name}=\"{value}\"")?;
    }
    Ok(out)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let metrics = Arc::new(Metrics::default());
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(Credentials::new(user.access_key_id(), user.secret_access_key())?)
        .no_proxy()
        .observer(Arc::clone(&metrics))
        .build()?;

    client.send(GetCallerIdentity::new())?;
    server.answer_next(Answer::reply(503, &[], ""));
    client.send(GetCallerIdentity::new())?;
    client.send(AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "metrics"))?;
    let stranger = client.with_credentials(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?);
    let refused = stranger.send(GetCallerIdentity::new());
    assert!(refused.is_err_and(|error| error.code().is_some()), "nobody knows that key");

    let text = metrics.to_string();
    for line in [
        "sts_calls_total{operation=\"AssumeRole\",outcome=\"ok\"} 1",
        "sts_calls_total{operation=\"GetCallerIdentity\",outcome=\"InvalidClientTokenId\"} 1",
        "sts_calls_total{operation=\"GetCallerIdentity\",outcome=\"ok\"} 2",
        "sts_attempts_total{operation=\"GetCallerIdentity\"} 4",
        "sts_retries_total{operation=\"GetCallerIdentity\",reason=\"Transient\"} 1",
        "sts_call_duration_seconds_bucket{operation=\"GetCallerIdentity\",le=\"+Inf\"} 3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    print!("{text}");
    Ok(())
}
