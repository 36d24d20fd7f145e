//! A role that allows shorter sessions only.

use super::*;

/// What STS does with a role that allows so much.
fn limited(form: &str, maximum: u32, message: &str) -> Answer {
    let asked = form.split('&').find_map(|pair| pair.strip_prefix("DurationSeconds="));
    match asked.and_then(|asked| asked.parse::<u32>().ok()) {
        Some(asked) if asked > maximum => refusal(400, "ValidationError", message),
        _ => reply(200, OK),
    }
}

fn shortened(asked: u32, maximum: u32, message: &str) -> (Result<Reply<AssumeRoleOutput>, Error>, usize) {
    let mut world = World::new(RetryPolicy::never());
    let set = |call: Call<AssumeRole>| call.lower_duration(true);
    let outcome = world.call(role().duration_seconds(asked), set, |_, form| limited(form, maximum, message));
    assert_eq!(world.waits, [0.0; 0], "there is nothing to wait for");
    (outcome, world.sent.len())
}

#[test]
fn sessions_are_shortened_to_what_the_role_allows() {
    for (asked, maximum, message, granted, requests) in [
        (43_200, 43_200, OVER_MAXIMUM, None, 1),
        (43_200, 40_000, OVER_MAXIMUM, Some(28_800), 2),
        (43_200, 14_400, OVER_MAXIMUM, Some(14_400), 3),
        (43_200, 7_200, OVER_MAXIMUM, Some(7_200), 4),
        (43_200, 3_600, OVER_MAXIMUM, Some(3_600), 5),
        (10_000, 9_000, OVER_MAXIMUM, Some(7_200), 2),
        (3_601, 3_600, OVER_MAXIMUM, Some(3_600), 2),
        (43_200, 3_600, OVER_CHAIN, Some(3_600), 2),
        (3_601, 3_600, OVER_CHAIN, Some(3_600), 2),
    ] {
        let (outcome, sent) = shortened(asked, maximum, message);
        let metadata = outcome.expect("a session").metadata;
        let lowered = metadata.lowered_duration.map(|it| (it.requested, it.granted));
        assert_eq!((lowered, sent), (granted.map(|granted| (asked, granted)), requests), "{asked} {maximum}");
        assert_eq!(metadata.attempts as usize, requests);
        assert_eq!(reasons(&metadata.retries), vec![RetryReason::DurationTooLong; requests - 1]);
    }
    // Nothing is shorter than the least that a maximum can be.
    let (outcome, sent) = shortened(43_200, 1_000, OVER_MAXIMUM);
    assert_eq!((outcome.expect_err("too long").attempts(), sent), (5, 5));
    assert_eq!(shortened(3_600, 1_000, OVER_CHAIN).1, 1);
    assert_eq!(shortened(43_200, 1_000, "DurationSeconds is not to our liking").1, 1);
}

#[test]
fn nothing_is_shortened_unasked() {
    let mut world = World::new(RetryPolicy::default());
    let outcome = world.call(
        role().duration_seconds(43_200),
        |call| call,
        |_, form| limited(form, 3_600, OVER_MAXIMUM),
    );
    assert_eq!(outcome.expect_err("too long").attempts(), 1);
    let user = GetSessionToken::new().duration_seconds(43_200);
    let outcome =
        world.call(user, |call| call.lower_duration(true), |_, form| limited(form, 3_600, OVER_MAXIMUM));
    assert_eq!(outcome.expect_err("no role").attempts(), 1);
    let always = |_: f64, _: &str| refusal(400, "ValidationError", OVER_MAXIMUM);
    let outcome = world.call(role(), |call| call.lower_duration(true), always);
    assert_eq!(outcome.expect_err("none was asked for").attempts(), 1);
}
