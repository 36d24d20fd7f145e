//! What a call puts up with when it is told to: a role that STS does not know yet, and one that allows shorter sessions
//! only. In virtual time, and against the local STS.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Response};
use sts_proto::operation::{
    AssumeRole, AssumeRoleOutput, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, GetCallerIdentity,
    GetSessionToken, Operation,
};
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Error, ErrorCode, Reply, RetryPolicy, RetryReason};
use sts_tests::server::{self, Role, Server, TrustPolicy};

const OK: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s\
                  </SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-11-20T18:08:48Z</Expiration>\
                  </Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser>\
                  </AssumeRoleResult></AssumeRoleResponse>";
const OVER_MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
const OVER_CHAIN: &str =
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
const ROLE: &str = "arn:aws:iam::123456789012:role/New";

/// A role like `AssumeRole::new`.
fn role() -> AssumeRole {
    AssumeRole::new(ROLE, "session")
}

fn reply(status: u16, body: &str) -> Answer {
    let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    reply(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn denied() -> Answer {
    refusal(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")
}

const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };

/// The service in virtual time.
struct World {
    caller: Arc<Caller>,
    deadlines: Deadlines,
    /// What the requests had to say about themselves.
    sent: Vec<String>,
    waits: Vec<f64>,
}

impl World {
    fn new(policy: RetryPolicy) -> Self {
        let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
        let caller = Arc::new(Caller::new(Encoder::new(endpoint), policy));
        Self { caller, deadlines: DEADLINES, sent: Vec::new(), waits: Vec::new() }
    }

    /// Makes a call; `answer` gets the seconds since it began and the request's form.
    fn call<O: Operation>(
        &mut self,
        operation: O,
        set: impl FnOnce(Call<O>) -> Call<O>,
        answer: impl Fn(f64, &str) -> Answer,
    ) -> Result<Reply<O::Output>, Error> {
        let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
        let call = Call::new(Arc::clone(&self.caller), operation, Some(Arc::new(key)), self.deadlines, 5);
        let start = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
        let mut now = start;
        let mut step = set(call).start(now);
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let form = self.sent(&transmit.request);
                    let at = (now - start).as_seconds_f64();
                    now += Duration::from_millis(10);
                    then.resume(now, answer(at, &form))
                }
                Step::Wait(wait, then) => {
                    self.waits.push(wait.as_secs_f64());
                    now += wait;
                    then.resume(now, ())
                }
                Step::Done(outcome) => return outcome,
            };
            assert!(self.sent.len() < 100, "a call that never ends");
        }
    }

    fn sent(&mut self, request: &Request<Body>) -> String {
        self.sent.push(request.headers()["amz-sdk-request"].to_str().expect("text").to_owned());
        String::from_utf8(request.body().as_ref().to_vec()).expect("a form")
    }
}

fn reasons(retries: &[sts_proto::Retry]) -> Vec<RetryReason> {
    retries.iter().map(|retry| retry.reason).collect()
}

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

/// A server with a role of two hours, and a user of it.
fn server() -> (Server, Credentials) {
    let server = Server::start().expect("a port on loopback");
    server.add_role(Role::new(ROLE, TrustPolicy::everybody()).max_session_duration(7_200));
    let user = server.user();
    let key = Credentials::new(user.access_key_id(), user.secret_access_key()).expect("credentials");
    (server, key)
}

/// A client by its builder, which is told what to put up with.
macro_rules! client {
    ($builder:expr, $server:expr, $key:expr) => {
        $builder
            .region("us-east-1")
            .endpoint_url($server.url())
            .credentials($key)
            .no_proxy()
            .lower_duration(true)
            .retry_access_denied_for(Duration::from_secs(10))
            .build()
            .expect("a client")
    };
}

/// What both drivers must come to: a role of two hours, a chained one, and one that is refused at first.
fn check(
    call: impl Fn(Option<Credentials>, bool) -> Result<Reply<AssumeRoleOutput>, Error>,
    server: &Server,
) {
    let first = call(None, true).expect("a session");
    let lowered = first.metadata.lowered_duration.expect("it was too long");
    assert_eq!((lowered.requested, lowered.granted), (43_200, 7_200));
    let chained = call(Some(first.into_output().credentials), true).expect("a session");
    assert_eq!(chained.metadata.lowered_duration.map(|it| it.granted), Some(3_600));
    let error = call(None, false).expect_err("the call's own setting goes first");
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
    server.answer_next(server::Answer::reply(403, &[], "<Error><Code>AccessDenied</Code></Error>"));
    let late = call(None, true).expect("a session");
    assert_eq!(late.metadata.retries[0].reason, RetryReason::AccessDenied);
}

#[test]
fn the_blocking_client_puts_up_with_it() {
    let (server, key) = server();
    let client = client!(sts_blocking::Client::builder(), server, key);
    let call = |key: Option<Credentials>, lowers| {
        let mut call = client.call(role().duration_seconds(43_200)).lower_duration(lowers);
        call = call.retry_access_denied_for(Duration::from_secs(5));
        key.into_iter().fold(call, |call, key| call.credentials(key)).send()
    };
    check(call, &server);
}

#[test]
fn the_async_client_puts_up_with_it() {
    let (server, key) = server();
    let client = client!(sts_async::smol::Client::builder(), server, key);
    let call = |key: Option<Credentials>, lowers| {
        let mut call = client.call(role().duration_seconds(43_200)).lower_duration(lowers);
        call = call.retry_access_denied_for(Duration::from_secs(5));
        future::block_on(key.into_iter().fold(call, |call, key| call.credentials(key)).send())
    };
    check(call, &server);
}
