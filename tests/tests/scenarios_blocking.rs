//! The scenarios through the blocking client, over real sockets: the same ends, after as many attempts and for the same
//! reasons as in virtual time. Waits and deadlines are shorter here, and how long they are is not looked at.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Client, Credentials, RetryPolicy, Timeouts};
use sts_tests::report::Report;
use sts_tests::scenario::{self, Scenario};
use sts_tests::server::{Answer, Server};

/// What times are divided by.
const HASTE: u32 = 10;

/// They wait for most of their time.
const THREADS: usize = 12;

#[test]
fn scenarios_over_sockets() {
    let scenarios: Vec<_> = scenario::all().into_iter().filter(is_for_sockets).collect();
    assert!(scenarios.len() >= 60, "{}", scenarios.len());
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::new("scenarios, blocking")));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run(scenario);
                    let mut report = report.lock().expect("nothing panics with it");
                    report.case(&scenario.name);
                    scenario.check(&mut report, &outcome);
                }
            });
        }
    });
    report.into_inner().expect("nothing panicked").finish();
}

/// Not what no reply makes, nor what the client has no switch for, nor waits that cannot be shortened.
fn is_for_sockets(scenario: &Scenario) -> bool {
    let now = OffsetDateTime::now_utc();
    scenario.answers().iter().all(|scripted| scripted.for_server(now).is_some())
        && scenario.corrects_skew
        && scenario.policy.backoff.is_none()
}

fn run(
    scenario: &Scenario,
) -> Result<sts_blocking::Reply<sts_blocking::operation::GetCallerIdentityOutput>, sts_blocking::Error> {
    let server = Server::start().expect("a port on loopback");
    let client = client(scenario, &server);
    let mut left = scenario.calls;
    let mut queued = 0;
    loop {
        // As many answers as a call can need; those that it left are the next one's.
        let asked = server.requests().len();
        let needed = asked + scenario.policy.max_attempts.max(1) as usize;
        while queued < needed {
            server.answer_next(answer(scenario, queued));
            queued += 1;
        }
        let outcome = client.send(GetCallerIdentity::new());
        left -= 1;
        if left == 0 {
            return outcome;
        }
    }
}

fn answer(scenario: &Scenario, number: usize) -> Answer {
    let scripted = scenario.answer(number).hastened(HASTE);
    let answer = scripted.for_server(OffsetDateTime::now_utc()).expect("it is for sockets");
    if scripted.after < Duration::from_millis(10) { answer } else { answer.late(scripted.after) }
}

fn client(scenario: &Scenario, server: &Server) -> Client {
    let user = server.user();
    let user = Credentials::new(user.access_key_id(), user.secret_access_key()).expect("credentials");
    let mut timeouts = Timeouts::default();
    if scenario.has_deadline {
        let deadlines = scenario.deadlines;
        timeouts = timeouts.attempt(deadlines.attempt / HASTE).total(deadlines.total / HASTE);
    }
    let builder = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(user)
        .timeouts(timeouts)
        .no_proxy()
        .retry(hastened(scenario.policy));
    builder.build().expect("a client")
}

fn hastened(mut policy: RetryPolicy) -> RetryPolicy {
    for wait in [&mut policy.base, &mut policy.throttling_base, &mut policy.cap] {
        *wait /= HASTE;
    }
    policy
}
