//! What is tried again, and how often.

use super::*;

#[test]
fn every_row_of_the_classification() {
    use TransportKind::*;
    let refused: [(u16, &str, Option<RetryReason>); 32] = [
        (400, "Throttling", Some(RetryReason::Throttled)),
        (400, "ThrottlingException", Some(RetryReason::Throttled)),
        (400, "ThrottledException", Some(RetryReason::Throttled)),
        (400, "RequestThrottledException", Some(RetryReason::Throttled)),
        (400, "RequestThrottled", Some(RetryReason::Throttled)),
        (400, "TooManyRequestsException", Some(RetryReason::Throttled)),
        (400, "ProvisionedThroughputExceededException", Some(RetryReason::Throttled)),
        (400, "TransactionInProgressException", Some(RetryReason::Throttled)),
        (400, "RequestLimitExceeded", Some(RetryReason::Throttled)),
        (400, "BandwidthLimitExceeded", Some(RetryReason::Throttled)),
        (400, "LimitExceededException", Some(RetryReason::Throttled)),
        (400, "SlowDown", Some(RetryReason::Throttled)),
        (400, "PriorRequestNotComplete", Some(RetryReason::Throttled)),
        (400, "EC2ThrottledException", Some(RetryReason::Throttled)),
        (429, "Whatever", Some(RetryReason::Throttled)),
        (400, "RequestTimeout", Some(RetryReason::Transient)),
        (400, "RequestTimeoutException", Some(RetryReason::Transient)),
        (400, "IDPCommunicationError", Some(RetryReason::Transient)),
        (400, "IDPCommunicationErrorException", Some(RetryReason::Transient)),
        (500, "InternalFailure", Some(RetryReason::Transient)),
        (502, "Whatever", Some(RetryReason::Transient)),
        (503, "ServiceUnavailable", Some(RetryReason::Transient)),
        (504, "Whatever", Some(RetryReason::Transient)),
        (501, "Whatever", None),
        (400, "ValidationError", None),
        (403, "AccessDenied", None),
        (403, "ExpiredToken", None),
        (400, "ExpiredTokenException", None),
        (400, "MalformedPolicyDocument", None),
        (400, "PackedPolicyTooLarge", None),
        (403, "InvalidClientTokenId", None),
        // Without a `Date` nobody can tell that it is the clock.
        (403, "SignatureDoesNotMatch", None),
    ];
    for (status, code, reason) in refused {
        check(&format!("{status} {code}"), attempts(|| refusal(status, code)), reason);
    }
    for (kind, reason) in [
        (Dns, Some(RetryReason::Transport)),
        (Connect, Some(RetryReason::Transport)),
        (Timeout, Some(RetryReason::Transport)),
        (Closed, Some(RetryReason::Transport)),
        (Protocol, Some(RetryReason::Transport)),
        (Tls, None),
        (TooLarge, None),
        (Other, None),
    ] {
        check(&format!("{kind:?}"), attempts(|| failure(kind)), reason);
    }
    for (status, reason) in
        [(502, Some(RetryReason::Transient)), (429, Some(RetryReason::Throttled)), (404, None), (200, None)]
    {
        check(&format!("HTML {status}"), attempts(|| reply(status, "<html></html>")), reason);
    }
}

fn check(case: &str, (outcome, world): (Outcome, World), reason: Option<RetryReason>) {
    let error = outcome.expect_err(case);
    let expected: Vec<_> = reason.into_iter().flat_map(|reason| [reason, reason]).collect();
    let reasons: Vec<_> = error.retries().iter().map(|retry| retry.reason).collect();
    assert_eq!(reasons, expected, "{case}");
    assert_eq!(
        (error.attempts() as usize, world.requests.len()),
        (1 + reasons.len(), 1 + reasons.len()),
        "{case}"
    );
    let waits: Vec<_> = error.retries().iter().map(|retry| retry.wait).collect();
    assert_eq!(waits, world.waits, "{case}");
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let run = |seed| {
        let mut world = World::new();
        let caller = caller(RetryPolicy::default());
        let outcome = world.call(&caller, DEADLINES, seed, |_| (Duration::ZERO, refusal(400, "Throttling")));
        outcome.expect_err("throttled");
        world.waits
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
    // The third and fourth numbers of SplitMix64 from 7, of which the first two make the id: 0.9007… of a second, and
    // 0.5829… of two. Worked out by another program.
    let expected = [900760681, 1165860586].map(Duration::from_nanos);
    assert_eq!(run(7), expected);
}

#[test]
fn the_quota_keeps_a_fleet_from_flooding() {
    let caller = caller(RetryPolicy::default());
    let mut world = World::new();
    let mut sent = Vec::new();
    for _ in 0..100 {
        let before = world.requests.len();
        let outcome =
            world.call(&caller, DEADLINES, 1, |_| (Duration::ZERO, refusal(503, "ServiceUnavailable")));
        outcome.expect_err("down");
        sent.push(world.requests.len() - before);
    }
    // 500 pays for 35 retries of 14 each: 17 calls with both of theirs, one with one, and then none.
    assert_eq!(world.requests.len(), 100 + 35);
    assert_eq!((sent[0], sent[16], sent[17], sent[18]), (3, 3, 2, 1));
    assert_eq!(caller.quota(), 10);

    // A success after a retry gives back what the retry took; one without gives 1.
    for expected in [11, 12] {
        world.call(&caller, DEADLINES, 1, |_| (Duration::ZERO, reply(200, OK))).expect("up again");
        assert_eq!(caller.quota(), expected);
    }
}

#[test]
fn a_success_gives_back_what_its_retry_took() {
    let caller = caller(RetryPolicy::default());
    let mut world = World::new();
    let answer =
        |number| (Duration::ZERO, if number < 3 { refusal(400, "Throttling") } else { reply(200, OK) });
    let reply = world.call(&caller, DEADLINES, 1, answer).expect("the third attempt");
    assert_eq!((reply.metadata.attempts, reply.metadata.retries.len()), (3, 2));
    assert_eq!(reply.metadata.waited(), world.waits.iter().sum::<Duration>());
    assert_eq!(caller.quota(), 500 - 5);
}
