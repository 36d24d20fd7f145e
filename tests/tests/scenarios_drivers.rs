//! The scenarios through every driver, over real sockets: the same ends, after as many attempts and for the same reasons as
//! in virtual time. Waits and deadlines are shorter here, and how long they are is not looked at.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_lite::future;
use sts_proto::operation::{AssumeRole, GetCallerIdentity};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error, Metadata, RetryMode, RetryPolicy};
use sts_tests::report::Report;
use sts_tests::scenario::{self, Scenario};
use sts_tests::server::{Answer, Server};

/// What times are divided by.
const HASTE: u32 = 10;

/// They wait for most of their time.
const THREADS: usize = 8;

type Outcome = Result<Metadata, Error>;

/// A client of the scenario, by its builder.
macro_rules! client {
    ($driver:ident, $builder:expr, $scenario:expr, $server:expr) => {{
        let (scenario, user) = ($scenario, $server.user());
        let mut timeouts = $driver::Timeouts::default();
        if scenario.has_deadline {
            let deadlines = scenario.deadlines;
            timeouts = timeouts.attempt(deadlines.attempt / HASTE).total(deadlines.total / HASTE);
        }
        let key = Credentials::new(user.access_key_id(), user.secret_access_key()).expect("credentials");
        let builder = $builder.region("us-east-1").endpoint_url($server.url()).credentials(key);
        let builder = builder.timeouts(timeouts).no_proxy().retry(hastened(scenario.policy.clone()));
        let builder = builder.retry_access_denied_for(scenario.denied_for);
        builder.lower_duration(scenario.lowers_duration).build().expect("a client")
    }};
}

#[test]
fn blocking() {
    over_sockets("scenarios, blocking", |scenario, server| {
        let client = client!(sts_blocking, sts_blocking::Client::builder(), scenario, server);
        match role(scenario) {
            Some(role) => Box::new(move || client.send(role.clone()).map(|reply| reply.metadata)),
            None => Box::new(move || client.send(GetCallerIdentity::new()).map(|reply| reply.metadata)),
        }
    });
}

#[test]
fn async_smol() {
    over_sockets("scenarios, async/smol", |scenario, server| {
        let client = client!(sts_async, sts_async::smol::Client::builder(), scenario, server);
        match role(scenario) {
            Some(role) => Box::new(move || future::block_on(client.send(role.clone())).map(|it| it.metadata)),
            None => Box::new(move || {
                future::block_on(client.send(GetCallerIdentity::new())).map(|it| it.metadata)
            }),
        }
    });
}

#[test]
fn async_tokio() {
    over_sockets("scenarios, async/tokio", |scenario, server| {
        let client = client!(sts_async, sts_async::tokio::Client::builder(), scenario, server);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        match role(scenario) {
            Some(role) => Box::new(move || runtime.block_on(client.send(role.clone())).map(|it| it.metadata)),
            None => Box::new(move || {
                runtime.block_on(client.send(GetCallerIdentity::new())).map(|it| it.metadata)
            }),
        }
    });
}

fn role(scenario: &Scenario) -> Option<AssumeRole> {
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/r", "session");
    scenario.role.map(|seconds| role.duration_seconds(seconds))
}

fn over_sockets(suite: &'static str, client: impl Fn(&Scenario, &Server) -> Box<dyn Fn() -> Outcome> + Sync) {
    let scenarios: Vec<_> = scenario::all().into_iter().filter(is_for_sockets).collect();
    assert!(scenarios.len() >= 60, "{}", scenarios.len());
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::new(suite)));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let server = Server::start().expect("a port on loopback");
                    let outcome = run(scenario, &server, &*client(scenario, &server));
                    let mut report = report.lock().expect("nothing panics with it");
                    report.case(&scenario.name);
                    scenario.check(&mut report, &outcome);
                }
            });
        }
    });
    report.into_inner().expect("nothing panicked").finish();
}

/// Not what no reply makes, nor what a client has no switch for, nor waits that cannot be shortened.
fn is_for_sockets(scenario: &Scenario) -> bool {
    let now = OffsetDateTime::now_utc();
    scenario.answers().iter().all(|scripted| scripted.for_server(now).is_some())
        && scenario.corrects_skew
        && !scenario.policy.has_backoff()
        && !(scenario.has_deadline
            && (scenario.policy.mode == RetryMode::Adaptive || !scenario.denied_for.is_zero()))
}

/// All calls of a scenario; gives the last one's outcome.
fn run(scenario: &Scenario, server: &Server, call: &dyn Fn() -> Outcome) -> Outcome {
    let mut queued = 0;
    let mut next = || {
        // As many answers as a call can need; what it leaves is for the next one.
        let by_policy = scenario.policy.max_attempts.max(1) as usize;
        let needed = server.requests().len() + by_policy + if scenario.role.is_some() { 10 } else { 0 };
        while queued < needed {
            server.answer_next(answer(scenario, queued));
            queued += 1;
        }
        call()
    };
    for _ in 1..scenario.calls {
        // Whatever the others come to: what they leave behind is seen in the last one.
        let _ = next();
    }
    next()
}

fn answer(scenario: &Scenario, number: usize) -> Answer {
    let scripted = scenario.answer(number).hastened(HASTE);
    let answer = scripted.for_server(OffsetDateTime::now_utc()).expect("it is for sockets");
    if scripted.after < Duration::from_millis(10) { answer } else { answer.late(scripted.after) }
}

fn hastened(mut policy: RetryPolicy) -> RetryPolicy {
    for wait in [&mut policy.base, &mut policy.throttling_base, &mut policy.cap] {
        *wait /= HASTE;
    }
    policy
}
