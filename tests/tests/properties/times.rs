//! Times and lengths of time.

use super::*;

proptest! {
    #![proptest_config(config())]

    /// No time, length of time, date of a server or policy makes a call panic or go on for ever.
    #[test]
    fn no_time_is_too_odd(
        times in vec(any_moment(), 1..12),
        (attempt, total) in (any_duration(), any_duration()),
        (base, cap) in (any_duration(), any_duration()),
        (max_attempts, quota, cost) in (0..6_u32, any::<u32>(), any::<u32>()),
        skew in prop::option::of(any::<i64>()),
        date in prop_oneof![
            Just("Fri, 20 Nov 2026 17:08:48 GMT".to_owned()), Just("Mon, 01 Jan 0001 00:00:00 GMT".to_owned()),
            Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()), "[ -~]{0,30}",
        ],
        after in prop_oneof![Just(u64::MAX.to_string()), any::<u64>().prop_map(|n| n.to_string()), "[ -~]{0,6}"],
        expiration in prop::option::of(any_moment()),
        seed in any::<u64>(),
    ) {
        let mut policy = RetryPolicy::default();
        policy.max_attempts = max_attempts;
        (policy.base, policy.throttling_base, policy.cap) = (base, base, cap);
        (policy.quota, policy.cost) = (quota, cost);
        let caller = Caller::new(encoder(), policy);
        if let Some(seconds) = skew {
            caller.set_skew(time::Duration::seconds(seconds));
        }
        let credentials = key().with_session_token("t").unwrap();
        let credentials = expiration.into_iter().fold(credentials, Credentials::with_expiration);
        let deadlines = Deadlines { attempt, total };
        let call = Call::new(Arc::new(caller), GetCallerIdentity::new(), Some(Arc::new(credentials)), deadlines, seed);
        let mut times = times.into_iter().cycle();
        let mut now = || times.next().unwrap();
        let mut step = call.start(now());
        let mut sent = 0;
        let outcome = loop {
            step = match step {
                Step::Send(_, then) => {
                    sent += 1;
                    prop_assert!(sent <= max_attempts.max(1));
                    let body = "<Error><Code>RequestExpired</Code><Message>x</Message></Error>";
                    let mut reply = Response::new(Body::from(body.as_bytes().to_vec()));
                    *reply.status_mut() = (if sent % 2 == 0 { 503 } else { 400 }).try_into().unwrap();
                    for (name, value) in [("date", &date), ("x-amz-retry-after", &after)] {
                        if let Ok(value) = HeaderValue::from_str(value) {
                            reply.headers_mut().insert(name, value);
                        }
                    }
                    then.resume(now(), Ok(reply))
                }
                Step::Wait(wait, then) => {
                    prop_assert!(wait < total, "{:?} of {:?}", wait, total);
                    then.resume(now(), ())
                }
                Step::Done(outcome) => break outcome,
            };
        };
        let error = outcome.unwrap_err();
        prop_assert!(!error.to_string().is_empty());
        prop_assert_ne!(format!("{:?}", error), "");
    }

    /// A presigned URL has a time or is refused, whatever is asked for.
    #[test]
    fn any_expiry_is_taken_or_refused(
        time in any_moment(), expires in any_duration(), expiration in prop::option::of(any_moment()),
    ) {
        let credentials = expiration.into_iter().fold(key(), Credentials::with_expiration);
        match encoder().presign(&GetCallerIdentity::new(), &credentials, time, &Presign::new(expires)) {
            Ok(url) => {
                prop_assert!((Duration::from_secs(1)..=Duration::from_secs(604_800)).contains(&expires));
                prop_assert!(expiration.is_none_or(|expiration| url.expires_at() <= expiration));
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidInput),
        }
    }
}
