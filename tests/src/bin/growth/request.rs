use std::hint::black_box;
use std::time::{Duration, Instant};

use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, AssumeRoleWithSaml, Operation};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder};

use crate::{Outcome, Point};

const TAGS: [usize; 6] = [1, 2, 5, 10, 20, 50];
const ASSERTIONS: [usize; 7] = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
const SLICES: usize = 501;
/// Shorter than what a scheduler gives at a time, so that most slices are nobody else's.
const SLICE: Duration = Duration::from_micros(200);

/// Microseconds for a request with tags, signed with the key of the day at hand.
pub(super) fn tags() -> Outcome<Vec<Point>> {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    let operation = |count: usize| {
        (0..count)
            .fold(AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "session"), |role, number| {
                role.tag(format!("key-{number:02}"), format!("value of {number:02}"))
            })
    };
    measure(TAGS, operation, Some(&credentials))
}

/// Microseconds for a request with an assertion in base64, which is not signed.
pub(super) fn assertions() -> Outcome<Vec<Point>> {
    let operation = |length: usize| {
        let assertion: String = "PHNhbWxwOlJlc3BvbnNlIElEPSJf/+8=".chars().cycle().take(length).collect();
        let provider = "arn:aws:iam::123456789012:saml-provider/Example";
        AssumeRoleWithSaml::new("arn:aws:iam::123456789012:role/Deploy", provider, assertion)
    };
    measure(ASSERTIONS, operation, None)
}

fn measure<O: Operation, const N: usize>(
    sizes: [usize; N],
    operation: impl Fn(usize) -> O,
    credentials: Option<&Credentials>,
) -> Outcome<Vec<Point>> {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    let now = OffsetDateTime::now_utc();
    let operations = sizes.map(operation);
    let mut times = [const { Vec::new() }; N];
    // The sizes take turns: other work on the machine meets all alike.
    for _ in 0..SLICES {
        for (operation, times) in operations.iter().zip(&mut times) {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < SLICE {
                black_box(encoder.encode(black_box(operation), credentials, now)?);
                calls += 1;
            }
            times.push(1e6 * start.elapsed().as_secs_f64() / f64::from(calls));
        }
    }
    let point = |(size, times): (usize, Vec<f64>)| Point { size: size as f64, cost: median(times) };
    Ok(sizes.into_iter().zip(times).map(point).collect())
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
