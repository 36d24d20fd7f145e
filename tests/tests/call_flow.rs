//! Calls with all their attempts, in virtual time: no socket, no sleep, and the same answer for the same seed.

use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Response};
use sts_proto::operation::{GetCallerIdentity, GetCallerIdentityOutput};
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{
    Body, Credentials, Encoder, Error, ErrorKind, Reply, RetryPolicy, RetryReason, TransportKind,
};

const OK: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/A</Arn>\
                  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
                  </GetCallerIdentityResponse>";

type Outcome = Result<Reply<GetCallerIdentityOutput>, Error>;

fn caller(policy: RetryPolicy) -> Arc<Caller> {
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    Arc::new(Caller::new(Encoder::new(endpoint), policy))
}

fn credentials() -> Arc<Credentials> {
    Arc::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials"))
}

fn reply(status: u16, body: &str) -> Answer {
    let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

fn refusal(status: u16, code: &str) -> Answer {
    reply(status, &format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
}

fn failure(kind: TransportKind) -> Answer {
    Err(Error::transport(kind, "as the test wants it"))
}

/// A world in which a request takes as long as the test says.
struct World {
    now: OffsetDateTime,
    waits: Vec<Duration>,
    timeouts: Vec<Duration>,
    requests: Vec<Request<Body>>,
}

impl World {
    fn new() -> Self {
        let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
        Self { now, waits: Vec::new(), timeouts: Vec::new(), requests: Vec::new() }
    }

    /// Drives a call to its end; `answer` gets the number of the request and gives the time it takes and the answer.
    fn call(
        &mut self,
        caller: &Arc<Caller>,
        deadlines: Deadlines,
        seed: u64,
        mut answer: impl FnMut(usize) -> (Duration, Answer),
    ) -> Outcome {
        let operation = GetCallerIdentity::new();
        let call = Call::new(Arc::clone(caller), operation, Some(credentials()), deadlines, seed);
        let mut step = call.start(self.now);
        for number in 0..100 {
            step = match step {
                Step::Send(transmit, then) => {
                    self.timeouts.push(transmit.timeout);
                    self.requests.push(transmit.request);
                    let (took, answer) = answer(self.requests.len());
                    self.now += took;
                    then.resume(self.now, answer)
                }
                Step::Wait(wait, then) => {
                    self.waits.push(wait);
                    self.now += wait;
                    then.resume(self.now, ())
                }
                Step::Done(outcome) => return outcome,
            };
            assert!(number < 99, "a call that never ends");
        }
        unreachable!("the loop returns or panics")
    }
}

const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };

fn attempts(answer: impl Fn() -> Answer) -> (Outcome, World) {
    let mut world = World::new();
    let caller = caller(RetryPolicy::default());
    let outcome = world.call(&caller, DEADLINES, 1, |_| (Duration::from_millis(10), answer()));
    (outcome, world)
}

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
fn a_limit_past_the_deadline_is_an_error_that_says_so() {
    let caller = caller(RetryPolicy::adaptive().max_attempts(1));
    let mut world = World::new();
    let deadlines = Deadlines { attempt: Duration::from_secs(1), total: Duration::from_millis(2500) };
    let call = |world: &mut World| {
        world.call(&caller, deadlines, 1, |_| (Duration::ZERO, refusal(400, "Throttling")))
    };
    call(&mut world).expect_err("throttled");
    assert_eq!(caller.rate_limit(), Some(0.5));
    let error = call(&mut world).expect_err("throttled again");
    assert_eq!((error.attempts(), error.waited()), (1, Duration::from_secs(2)));
    assert!(error.is_throttling() && error.retries().is_empty());
    // Two calls at once: the second one is told to wait for four seconds.
    let start = || {
        let call =
            Call::new(Arc::clone(&caller), GetCallerIdentity::new(), Some(credentials()), deadlines, 1);
        call.start(world.now)
    };
    assert!(matches!(start(), Step::Wait(wait, _) if wait == Duration::from_secs(2)));
    let Step::Done(Err(error)) = start() else { panic!("there is no time") };
    let text = error.to_string();
    assert!(
        error.is_timeout() && error.attempts() == 0 && text.contains("a wait of 4.000 s, of which"),
        "{text}"
    );
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

#[test]
fn no_wait_and_no_attempt_goes_past_the_deadline() {
    let caller = caller(RetryPolicy::default().max_attempts(100));
    let deadlines = Deadlines { attempt: Duration::from_secs(4), total: Duration::from_secs(10) };
    let mut world = World::new();
    let start = world.now;
    let outcome =
        world.call(&caller, deadlines, 3, |_| (Duration::from_secs(4), failure(TransportKind::Timeout)));
    let error = outcome.expect_err("nobody answers");
    assert!(error.is_timeout() && error.attempts() == 3, "{error}");
    assert!(world.timeouts.iter().is_sorted_by(|a, b| a >= b), "{:?}", world.timeouts);
    let allowed: Duration = world.timeouts.iter().sum::<Duration>() + world.waits.iter().sum::<Duration>();
    assert!(allowed <= deadlines.total, "{allowed:?}");
    assert!(world.now - start < Duration::from_secs(13));
}

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_a_call() {
    let caller = caller(RetryPolicy::default().max_attempts(1000));
    let deadlines = Deadlines { attempt: Duration::from_secs(1), total: Duration::from_secs(5) };
    let mut world = World::new();
    let call = Call::new(caller, GetCallerIdentity::new(), Some(credentials()), deadlines, 1);
    let mut step = call.start(world.now);
    let mut waited = Duration::ZERO;
    let error = loop {
        step = match step {
            Step::Send(_, then) => {
                world.now -= Duration::from_secs(1000);
                then.resume(world.now, refusal(400, "Throttling"))
            }
            Step::Wait(wait, then) => {
                waited += wait;
                then.resume(world.now, ())
            }
            Step::Done(outcome) => break outcome.expect_err("throttled"),
        };
    };
    assert!(waited <= deadlines.total && error.attempts() < 100, "{waited:?} {error}");
}

#[test]
fn attempts_are_requests_that_were_sent() {
    for deadlines in
        [Deadlines { attempt: Duration::ZERO, ..DEADLINES }, Deadlines { total: Duration::ZERO, ..DEADLINES }]
    {
        let mut world = World::new();
        let outcome =
            world.call(&caller(RetryPolicy::default()), deadlines, 1, |_| (Duration::ZERO, reply(200, OK)));
        let error = outcome.expect_err("there is no time");
        assert!(error.is_timeout() && world.requests.is_empty(), "{error}");
        assert_eq!(error.attempts(), 0);
    }

    // No more than one is promised where the policy says none.
    let mut policy = RetryPolicy::default();
    policy.max_attempts = 0;
    let mut world = World::new();
    world.call(&caller(policy), DEADLINES, 1, |_| (Duration::ZERO, reply(200, OK))).expect("one attempt");
    assert_eq!(world.requests[0].headers()["amz-sdk-request"], "attempt=1; max=1");

    // The clock goes to where no signature can be made: the request before that was sent all the same.
    let mut world = World::new();
    let caller = caller(RetryPolicy::default());
    caller.set_skew(SignedDuration::days(-1));
    world.now = OffsetDateTime::from_unix_timestamp(-62_167_219_200).expect("the year 0");
    world.now += Duration::from_secs(86_400);
    let before = world.now - Duration::from_secs(60);
    let call = Call::new(Arc::clone(&caller), GetCallerIdentity::new(), Some(credentials()), DEADLINES, 1);
    let Step::Send(_, then) = call.start(world.now) else { panic!("it does not send") };
    let Step::Wait(_, then) = then.resume(before, refusal(503, "Busy")) else { panic!("it gives up") };
    let Step::Done(Err(error)) = then.resume(before, ()) else { panic!("it sends") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 1));
}

#[test]
fn invalid_input_ends_a_call_before_it_sends() {
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), RetryPolicy::default()));
    let call = Call::new(caller, GetCallerIdentity::new(), None, DEADLINES, 1);
    let Step::Done(Err(error)) = call.start(OffsetDateTime::UNIX_EPOCH) else { panic!("it sends") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0));
}
