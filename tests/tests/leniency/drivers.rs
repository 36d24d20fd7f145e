//! Both drivers, against the local STS.

use super::*;

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
