//! What ends a call.

use super::*;

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
    assert!(error.is_timeout() && error.attempts() == 0);
    assert_eq!(
        error.to_string(),
        "GetCallerIdentity got no reply: the deadline passed: the service throttles, and the limit that adaptive mode sets on this \
         client's rate asks for a wait of 4.000 s, of which the call has 2.500 s left"
    );
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
