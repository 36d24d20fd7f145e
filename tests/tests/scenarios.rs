//! Every scenario through the bare core, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Request;
use sts_proto::operation::{AssumeRole, GetCallerIdentity, Operation};
use sts_proto::step::{Resume, Step};
use sts_proto::time::{Date, Month, OffsetDateTime};
use sts_proto::{Body, Credentials, Encoder, Error, TransportKind};
use sts_tests::report::Report;
use sts_tests::scenario::{self, Scenario};

#[test]
fn scenarios() {
    let mut report = Report::new("scenarios, bare core");
    let scenarios = scenario::all();
    assert!(scenarios.len() >= 60, "{}", scenarios.len());
    for scenario in &scenarios {
        report.case(&scenario.name);
        match scenario.role {
            Some(seconds) => {
                let role =
                    AssumeRole::new("arn:aws:iam::123456789012:role/r", "session").duration_seconds(seconds);
                run(&mut report, scenario, &role);
            }
            None => run(&mut report, scenario, &GetCallerIdentity::new()),
        }
    }
    report.finish();
}

fn run<O: Operation + Clone>(report: &mut Report, scenario: &Scenario, operation: &O) {
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller =
        Caller::new(Encoder::new(endpoint), scenario.policy.clone()).corrects_skew(scenario.corrects_skew);
    let caller = caller.retry_access_denied_for(scenario.denied_for).lower_duration(scenario.lowers_duration);
    let caller = Arc::new(caller);
    let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
    let key = Arc::new(key);
    let mut now = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
    let mut requests = 0;
    for number in 0..scenario.calls {
        let begun = now;
        let (mut signed, mut waits) = (Vec::new(), Vec::new());
        let call = Call::new(
            Arc::clone(&caller),
            operation.clone(),
            Some(Arc::clone(&key)),
            scenario.deadlines,
            scenario.seed.wrapping_add(number.into()),
        );
        let mut step = call.start(now);
        let outcome = loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let second = now.replace_nanosecond(0).expect("a time");
                    signed.push((signing_time(&transmit.request) - second).whole_seconds());
                    let scripted = scenario.answer(requests);
                    requests += 1;
                    // What comes too late never comes.
                    let in_time = scripted.after <= transmit.timeout;
                    now += scripted.after.min(transmit.timeout);
                    let late = || Err(Error::transport(TransportKind::Timeout, "as the scenario wants it"));
                    then.resume(now, if in_time { scripted.answer(now) } else { late() })
                }
                Step::Wait(wait, then) => {
                    waits.push(wait);
                    now += wait;
                    then.resume(now, ())
                }
                Step::Done(outcome) => break outcome,
            };
        };
        let took = Duration::try_from(now - begun).expect("time goes on");
        if number + 1 < scenario.calls {
            continue;
        }
        scenario.check(report, &outcome.map(|reply| reply.metadata));
        let expected = &scenario.expected;
        if let Some(bounds) = &expected.waits {
            let is_within = bounds.len() == waits.len()
                && bounds.iter().zip(&waits).all(|(bounds, wait)| is_within(*bounds, *wait));
            report.check(is_within, &format!("waits: {waits:?}, expected {bounds:?}"));
        }
        if let Some(bounds) = expected.took {
            report.check(is_within(bounds, took), &format!("took {took:?}, expected {bounds:?}"));
        }
        if let Some(expected) = &expected.signed {
            // Signatures and `Date`s are in whole seconds.
            let is_same = signed.len() == expected.len()
                && signed.iter().zip(expected).all(|(ours, expected)| ours.abs_diff(*expected) <= 1);
            report.check(is_same, &format!("signed {signed:?} s ahead, expected {expected:?}"));
        }
        if let Some(expected) = &expected.quota {
            report.same("quota", &caller.quota(), expected);
        }
        if let Some(expected) = &expected.requests {
            report.same("requests", &(requests as u64), expected);
        }
    }
}

fn is_within([least, most]: [u64; 2], time: Duration) -> bool {
    (Duration::from_millis(least)..=Duration::from_millis(most)).contains(&time)
}

/// From `x-amz-date`, such as `20261120T170848Z`; the fraction of the second is lost.
fn signing_time(request: &Request<Body>) -> OffsetDateTime {
    let text = request.headers()["x-amz-date"].to_str().expect("text");
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let number =
        |range: std::ops::Range<usize>| digits[range].iter().fold(0, |n, digit| n * 10 + i32::from(*digit));
    let small = |range| u8::try_from(number(range)).expect("two digits");
    let month = Month::try_from(small(4..6)).expect("a month");
    let date = Date::from_calendar_date(number(0..4), month, small(6..8)).expect("a date");
    date.with_hms(small(8..10), small(10..12), small(12..14)).expect("a time").assume_utc()
}
