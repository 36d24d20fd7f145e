//! A role that STS does not know yet.

use super::*;

#[test]
fn a_role_that_is_not_known_yet_is_waited_for() {
    let mut world = World::new(RetryPolicy::default());
    let set = |call: Call<AssumeRole>| call.retry_access_denied_for(Duration::from_secs(30));
    let outcome = world.call(role(), set, |at, _| if at < 12.0 { denied() } else { reply(200, OK) });
    let reply = outcome.expect("it is there after 12 s");
    assert_eq!(reply.metadata.attempts as usize, world.sent.len());
    assert!(reply.metadata.attempts > 3, "more than the policy's attempts");
    assert_eq!(reasons(&reply.metadata.retries), vec![RetryReason::AccessDenied; world.sent.len() - 1]);
    for (wait, most) in world.waits.iter().zip([1.0, 2.0, 4.0].into_iter().chain([5.0; 20])) {
        assert!((most / 2.0..=most).contains(wait), "{:?}", world.waits);
    }
    assert_eq!((world.caller.quota(), world.sent[2].as_str()), (500, "attempt=3; max=5"));
}

#[test]
fn denied_access_is_asked_for_no_longer_than_told() {
    let run = |policy, time, total| {
        let mut world = World::new(policy);
        world.deadlines.total = Duration::from_secs(total);
        let set = |call: Call<AssumeRole>| call.retry_access_denied_for(Duration::from_secs(time));
        let error = world.call(role(), set, |_, _| denied()).expect_err("denied");
        assert_eq!(error.code(), Some(&ErrorCode::AccessDenied));
        assert_eq!(
            (error.attempts() as usize, error.retries().len()),
            (world.sent.len(), world.sent.len() - 1)
        );
        assert_eq!(world.caller.quota(), 500);
        (world.sent.len(), error.waited().as_secs_f64())
    };
    let (attempts, waited) = run(RetryPolicy::default(), 20, 60);
    assert!(attempts >= 6 && (14.0..=20.0).contains(&waited), "{attempts} {waited}");
    assert_eq!(run(RetryPolicy::never(), 20, 60), (attempts, waited), "the policy does not matter");
    let (attempts, waited) = run(RetryPolicy::default(), 600, 9);
    assert!(attempts >= 4 && waited < 9.0, "{attempts} {waited}");
    assert_eq!(run(RetryPolicy::default(), 0, 60), (1, 0.0), "it is off");
}

#[test]
fn other_refusals_keep_to_the_policy() {
    let patient = |time| Duration::from_secs(time);
    let mut world = World::new(RetryPolicy::default());
    let outcome = world.call(
        role(),
        |call| call.retry_access_denied_for(patient(30)),
        |at, _| match at {
            0.0 => refusal(400, "Throttling", ""),
            at if at < 4.0 => denied(),
            _ => refusal(503, "ServiceUnavailable", ""),
        },
    );
    let error = outcome.expect_err("unavailable");
    let found = reasons(error.retries());
    let of = |reason| found.iter().filter(|found| **found == reason).count();
    assert!(of(RetryReason::AccessDenied) >= 1, "{found:?}");
    // Three attempts by the policy: the throttled one, and two that were unavailable.
    assert_eq!((of(RetryReason::Throttled), of(RetryReason::Transient)), (1, 1), "{found:?}");
    assert_eq!(world.caller.quota(), 500 - 5 - 14);

    let mut world = World::new(RetryPolicy::default());
    let outcome = world.call(
        role(),
        |call| call.retry_access_denied_for(patient(30)),
        |_, _| refusal(403, "SignatureDoesNotMatch", ""),
    );
    assert_eq!(outcome.expect_err("not denied").attempts(), 1);
    let outcome = world.call(
        GetCallerIdentity::new(),
        |call| call.retry_access_denied_for(patient(30)),
        |_, _| denied(),
    );
    assert_eq!(outcome.expect_err("no role").attempts(), 1);
    let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    let set = |call: Call<AssumeRole>| call.retry_access_denied_for(patient(30));
    let outcome = world.call(role(), set, |_, _| refusal(403, "AccessDenied", message));
    assert_eq!(outcome.expect_err("a code works once").attempts(), 1);
    let saml = AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/p", "PHNhbWw+");
    let outcome = world.call(saml, |call| call.retry_access_denied_for(patient(3)), |_, _| denied());
    assert!(outcome.expect_err("denied").attempts() > 1);
    let web = AssumeRoleWithWebIdentity::new(ROLE, "session", "a.b.c").unsigned();
    let outcome = world.call(web, |call| call.retry_access_denied_for(patient(3)), |_, _| denied());
    assert!(outcome.expect_err("denied").attempts() > 1);
}
