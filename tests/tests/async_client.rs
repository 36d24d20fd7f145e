//! The async client over real sockets of both runtimes, against the local STS that verifies signatures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::Cell;
use std::future::ready;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_executor::LocalExecutor;
use futures_lite::future;
use sts_async::config::Config;
use sts_async::endpoint::EndpointOptions;
use sts_async::http::{Request, Response};
use sts_async::operation::*;
use sts_async::{
    Answer as Outcome, Body, Client, ClientBuilder, Credentials, Error, ErrorCode, ErrorKind, HttpTransport,
    MAX_IDLE_PER_HOST, Presign, RetryPolicy, RetryReason, Timeouts, Transport, TransportKind,
};
use sts_tests::server::{Answer, Limits, Server};

use support::{Halting, Runtime, on_both, polled};

#[path = "support/runtime.rs"]
mod support;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// An assertion with what a role needs, base64 encoded: the server reads it and does not verify its signature.
const SAML: &str = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";

on_both! {
    every_operation_is_accepted
    what_carries_its_own_proof_needs_no_credentials
    refusals_are_typed
    a_clock_that_is_off_is_corrected
    what_may_pass_is_tried_again
    invalid_input_sends_nothing
    one_connection_serves_many_calls_until_it_is_closed
    a_kept_connection_that_was_closed_is_replaced_once
    what_no_sts_would_send_is_typed
    a_reply_over_the_limit_is_not_read
    deadlines_hold
    nobody_there
    addresses_of_both_kinds
    settings_reach_the_wire
    a_configuration_reaches_the_wire
    dropped_at_every_await_point
    many_calls_at_once_on_one_thread
}

fn server() -> Server {
    Server::start().expect("a port on loopback")
}

fn user(server: &Server) -> Credentials {
    Credentials::new(server.user().access_key_id(), server.user().secret_access_key()).unwrap()
}

fn builder<R: Runtime>(server: &Server) -> ClientBuilder<HttpTransport<R>> {
    Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(user(server))
}

fn client<R: Runtime>(server: &Server) -> Client<HttpTransport<R>> {
    builder(server).build().unwrap()
}

fn anybody() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap()
}

fn every_operation_is_accepted<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    R::block_on(async {
        let role = AssumeRole::new(ROLE, "session")
            .duration_seconds(900)
            .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
            .tags([("Project", "α β/γ=δ"), ("Stage", "")])
            .transitive_tag_keys(["Project"])
            .external_id("a:b/c+d=e,f@g-h")
            .serial_number("arn:aws:iam::123456789012:mfa/alice")
            .token_code("123456")
            .source_identity("Alice");
        let role = client.send(role).await.unwrap();
        assert_eq!(role.assumed_role_user.arn, "arn:aws:sts::123456789012:assumed-role/Deploy/session");
        assert_eq!((role.metadata.status, role.metadata.attempts), (200, 1));
        let as_role = client.with_credentials(role.credentials.clone());
        assert_eq!(as_role.send(GetCallerIdentity::new()).await.unwrap().arn, role.assumed_role_user.arn);

        let session = client.send(GetSessionToken::new().duration_seconds(900)).await.unwrap();
        let in_session = client.with_credentials(session.into_output().credentials);
        in_session.send(GetCallerIdentity::new()).await.unwrap();
        let federated = client.send(GetFederationToken::new("Bob").tag("Team", "x")).await.unwrap();
        assert_eq!(federated.federated_user.federated_user_id, "123456789012:Bob");
        let account = client.send(GetAccessKeyInfo::new(server.user().access_key_id())).await.unwrap();
        assert_eq!(account.account, "123456789012");
        let message = server.encode_authorization_message(r#"{"allowed":false,"a":"<&>"}"#);
        let decoded = client.send(DecodeAuthorizationMessage::new(message)).await.unwrap();
        assert_eq!(decoded.decoded_message, r#"{"allowed":false,"a":"<&>"}"#);
        let root = AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy");
        client.send(root.duration_seconds(900)).await.unwrap();
        let token = GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384);
        let token = client.send(token).await.unwrap();
        assert_eq!(token.web_identity_token.expose().split('.').count(), 3);
        client.send(GetDelegatedAccessToken::new("trade-in-token")).await.unwrap();

        let tree = client.send(RawAction::new("GetCallerIdentity")).await.unwrap();
        let arn = tree.child("GetCallerIdentityResult").and_then(|result| result.child("Arn")).unwrap();
        assert_eq!(arn.expose_text(), server.user().arn());
    });
}

fn what_carries_its_own_proof_needs_no_credentials<R: Runtime>() {
    let server = server();
    let client = Client::<HttpTransport<R>>::builder().endpoint_url(server.url()).build().unwrap();
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    let provider = "arn:aws:iam::123456789012:saml-provider/Idp";
    R::block_on(async {
        let role = client.send(AssumeRoleWithWebIdentity::new(ROLE, "session", jwt)).await.unwrap();
        assert_eq!(role.subject_from_web_identity_token.as_deref(), Some("alice"));
        let role = client.send(AssumeRoleWithSaml::new(ROLE, provider, SAML)).await.unwrap();
        assert_eq!(role.subject.as_deref(), Some("bob"));
    });
    for request in server.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!((request.method(), request.target()), ("POST", "/"));
    }
}

fn refusals_are_typed<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    let code = |error: &Error| error.code().cloned().expect("a refusal");
    R::block_on(async {
        let wrong = Credentials::new(server.user().access_key_id(), "wrong").unwrap();
        let error = client.with_credentials(wrong).send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!((code(&error), error.is_clock_skew()), (ErrorCode::SignatureDoesNotMatch, false));
        let text = error.to_string();
        assert!(
            text.starts_with("GetCallerIdentity was refused: SignatureDoesNotMatch: The request sig"),
            "{text}"
        );
        assert!(text.contains("(HTTP 403, request id "), "{text}");

        let error = client.with_credentials(anybody()).send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::InvalidClientTokenId);
        let error = client.send(GetCallerIdentity::new().unsigned()).await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::MissingAuthenticationToken);

        let zero = Duration::ZERO.try_into().unwrap();
        let stubborn = builder::<R>(&server).clock_skew(zero).build().unwrap();
        server.set_clock_offset(3600);
        let error = stubborn.send(GetCallerIdentity::new()).await.unwrap_err();
        assert!(error.is_clock_skew() && !error.is_retryable(), "{error}");
    });
}

fn a_clock_that_is_off_is_corrected<R: Runtime>() {
    let server = server();
    R::block_on(async {
        for offset in [0, 3600, -86_400] {
            server.set_clock_offset(offset);
            let client = client::<R>(&server);
            let reply = client.send(GetCallerIdentity::new()).await.unwrap();
            let expected = if offset == 0 { vec![] } else { vec![RetryReason::ClockSkew] };
            let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
            assert_eq!(reasons, expected);
            assert!((client.skew().whole_seconds() - offset).abs() <= 1, "{}", client.skew());
            assert_eq!(client.send(GetCallerIdentity::new()).await.unwrap().metadata.attempts, 1);
            let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
            let transport = HttpTransport::new(R::default());
            let response =
                transport.send(url.expose_request().unwrap(), Duration::from_secs(5)).await.unwrap();
            GetCallerIdentity::new().decode(&response).unwrap();
        }
    });
}

fn what_may_pass_is_tried_again<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    let throttle = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
                    </ErrorResponse>";
    server.answer_next(Answer::reply(400, &[("x-amz-retry-after", "20"), ("connection", "close")], throttle));
    server.answer_next(Answer::Close);
    R::block_on(async {
        let reply = client.send(GetCallerIdentity::new()).await.unwrap();
        let reasons: Vec<_> = reply.metadata.retries.iter().map(|retry| retry.reason).collect();
        assert_eq!(reasons, [RetryReason::Throttled, RetryReason::Transport]);
        assert!(reply.metadata.waited() >= Duration::from_millis(20));
        let requests = server.requests();
        let header = |name| requests.iter().map(|request| request.header(name)).collect::<Vec<_>>();
        let expected = ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"];
        assert_eq!(header("amz-sdk-request"), expected.map(Some));

        for _ in 0..3 {
            server.answer_next(Answer::reply(503, &[], ""));
        }
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!((error.attempts(), error.retries().len()), (3, 2));
        assert!(error.to_string().contains("(HTTP 503), after 3 attempts"), "{error}");
    });
}

fn invalid_input_sends_nothing<R: Runtime>() {
    let server = server();
    let client = client::<R>(&server);
    R::block_on(async {
        let error = client.send(AssumeRole::new("x", "?").token_code("1")).await.unwrap_err();
        assert_eq!((error.kind(), error.violations().len()), (ErrorKind::InvalidInput, 5));
        let error = client.call(GetCallerIdentity::new()).timeout(Duration::ZERO).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
    assert_eq!(server.connections(), 0);
    let error = Client::<HttpTransport<R>>::builder().build().unwrap_err();
    assert!(error.to_string().contains("`Region` is required"), "{error}");
    let timeouts = Timeouts::default().connect(Duration::ZERO);
    let error = builder::<R>(&server).timeouts(timeouts).build().unwrap_err();
    assert!(error.to_string().contains("`Timeouts.connect`"), "{error}");
}

fn one_connection_serves_many_calls_until_it_is_closed<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    R::block_on(async {
        for _ in 0..10 {
            client.send(GetCallerIdentity::new()).await.unwrap();
        }
        // A refusal does not cost the connection, and neither does a deadline of its own.
        client.send(GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE").unsigned()).await.unwrap_err();
        let call = client.call(GetCallerIdentity::new()).timeout(Duration::from_secs(7));
        call.send().await.unwrap();
        assert_eq!(server.connections(), 1);
        client.close_idle();
        client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!(server.connections(), 2);
        server.answer_next(Answer::raw(chunked));
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Response, "{error}");
    });
}

/// A server that closes each connection behind a reply without saying so.
fn a_kept_connection_that_was_closed_is_replaced_once<R: Runtime>() {
    let server = Server::start_with(Limits { idle: Duration::from_millis(50), ..Limits::default() }).unwrap();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    R::block_on(async {
        client.send(GetCallerIdentity::new()).await.unwrap();
        thread::sleep(Duration::from_millis(300));
        client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!(server.connections(), 2);
        // Here the connection breaks under the request: an attempt that the retry policy does not count.
        server.answer_next(Answer::Close);
        let reply = client.send(GetCallerIdentity::new()).await.unwrap();
        assert_eq!((reply.metadata.attempts, server.connections()), (1, 3));
        // A new connection that breaks is an error, and so is one that breaks within the reply.
        client.close_idle();
        server.answer_next(Answer::Close);
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportKind::Closed));
        client.send(GetCallerIdentity::new()).await.unwrap();
        server.answer_next(Answer::raw("HTTP/1.1 200"));
        let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
        assert!(error.to_string().ends_with("arrived: after 12 bytes of it"), "{error}");
    });
}

fn what_no_sts_would_send_is_typed<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let html = "<!DOCTYPE html><html><body>502</body></html>";
    let ok = "HTTP/1.1 200 OK\r\n";
    let cases: [(Answer, ErrorKind, bool); 9] = [
        (Answer::reply(502, &[], html), ErrorKind::Response, true),
        (Answer::reply(200, &[], html), ErrorKind::Response, false),
        (Answer::reply(200, &[], ""), ErrorKind::Response, false),
        (Answer::reply(307, &[("Location", "http://127.0.0.1:1/")], ""), ErrorKind::Response, false),
        (Answer::raw(format!("{ok}Content-Length: 100\r\n\r\n<Get")), ErrorKind::Transport, true),
        (Answer::raw("SSH-2.0-OpenSSH\r\n"), ErrorKind::Transport, true),
        (
            Answer::raw(format!("{ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\n<")),
            ErrorKind::Transport,
            true,
        ),
        (Answer::raw(format!("{ok}Content-Length: 1\r\n\r\nab")), ErrorKind::Transport, true),
        (Answer::raw(format!("{ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n")), ErrorKind::Transport, true),
    ];
    R::block_on(async {
        for (i, (answer, kind, is_retryable)) in cases.into_iter().enumerate() {
            server.answer_next(answer);
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "case {i}: {error}");
            client.send(GetCallerIdentity::new()).await.expect("the next call is not affected");
        }
    });
}

fn a_reply_over_the_limit_is_not_read<R: Runtime>() {
    let server = server();
    let client = builder::<R>(&server).retry(RetryPolicy::never()).build().unwrap();
    let large = "x".repeat(10 << 20);
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{large}");
    R::block_on(async {
        for answer in [Answer::reply(200, &[], &large), Answer::raw(endless)] {
            server.answer_next(answer);
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::TooLarge), "{error}");
        }
        client.send(GetCallerIdentity::new()).await.unwrap();
    });
}

fn deadlines_hold<R: Runtime>() {
    // One listener accepts and never answers, the other sends a byte of a head now and then, without end.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let dripping = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [&silent, &dripping].map(|listener| listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in dripping.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = b"HTTP/1.1 200 OK\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
                for byte in head {
                    if stream.write_all(&[*byte]).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
    let start = Instant::now();
    R::block_on(async {
        for address in addresses {
            let client = Client::<HttpTransport<R>>::builder()
                .region("us-east-1")
                .endpoint_url(format!("http://{address}"))
                .credentials(anybody())
                .timeouts(Timeouts::default().attempt(Duration::from_millis(200)))
                .build()
                .unwrap();
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert!(error.is_timeout() && error.is_retryable() && error.attempts() == 3, "{error}");
            let call = client.call(GetCallerIdentity::new()).timeout(Duration::from_millis(50));
            let error = call.send().await.unwrap_err();
            assert!(error.is_timeout(), "{error}");
        }
    });
    // Not a measurement: a call that hangs would never come here.
    assert!(start.elapsed() < Duration::from_secs(10));
}

fn nobody_there<R: Runtime>() {
    R::block_on(async {
        // Port 1 of loopback: nobody listens there.
        for (url, kinds) in [
            ("http://127.0.0.1:1", [TransportKind::Connect, TransportKind::Connect]),
            ("http://name.invalid", [TransportKind::Dns, TransportKind::Connect]),
        ] {
            let builder = Client::<HttpTransport<R>>::builder().region("us-east-1").variables(|_| None);
            let client = builder.endpoint_url(url).credentials(anybody()).build().unwrap();
            let error = client.send(GetCallerIdentity::new()).await.unwrap_err();
            assert!(kinds.contains(&error.transport_kind().unwrap()), "{error:?}");
        }
    });
}

fn addresses_of_both_kinds<R: Runtime>() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else {
            assert!(address.starts_with('['), "this machine has no {address}");
            continue;
        };
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let n = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n").unwrap();
            n
        });
        let client = Client::<HttpTransport<R>>::builder().endpoint_url(format!("http://{address}"));
        let client = client.region("us-east-1").credentials(anybody()).build().unwrap();
        let error = R::block_on(client.send(GetCallerIdentity::new())).unwrap_err();
        assert_eq!(error.metadata().unwrap().status, 400);
        assert!(server.join().unwrap() > 0);
    }
}

fn settings_reach_the_wire<R: Runtime>() {
    let server = server();
    let options = EndpointOptions::new().region("eu-west-3").url(format!("{}/a%20b/sts", server.url()));
    let builder = Client::<HttpTransport<R>>::builder().endpoint(options).credentials(user(&server));
    let client = builder.user_agent_suffix("my-app/2.0").build().unwrap();
    R::block_on(client.send(GetCallerIdentity::new())).unwrap();
    let requests = server.requests();
    let request = requests.last().unwrap();
    assert_eq!(request.target(), "/a%20b/sts");
    assert!(request.header("authorization").unwrap().contains("/eu-west-3/sts/aws4_request"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("sts-proto/") && agent.contains(" lib/sts-async#"), "{agent}");
    assert!(agent.contains(" m/E,N,e ") && agent.ends_with(" my-app/2.0"), "{agent}");

    let other = client.call(GetCallerIdentity::new()).credentials(Credentials::new("AKIAX", "x").unwrap());
    let error = R::block_on(other.send()).unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidClientTokenId));
}

fn a_configuration_reaches_the_wire<R: Runtime>() {
    let server = server();
    let (user, url) = (server.user(), server.url());
    let variables = [
        ("AWS_ACCESS_KEY_ID", user.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", user.secret_access_key()),
        ("AWS_ENDPOINT_URL_STS", url),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    let config = Arc::new(Config::of_environment(variables.into_iter().collect()).unwrap());
    let client = Client::<HttpTransport<R>>::builder().config(config).credentials_from_env().build().unwrap();
    R::block_on(async { client.send(GetCallerIdentity::new()).await.unwrap() });
}

/// After every one of them the client works, and what is open is what waits for the next call.
fn dropped_at_every_await_point<R: Runtime>() {
    let server = server();
    let open = Arc::new(());
    let connector = Halting { connector: R::default(), open: Arc::clone(&open) };
    let client = Client::with_connector(connector).endpoint_url(server.url()).credentials(user(&server));
    let client = client.region("us-east-1").retry(RetryPolicy::never()).build().unwrap();
    let held = |open: &Arc<()>| Arc::strong_count(open) - 2;
    R::block_on(async {
        let mut points = 0;
        for times in 1.. {
            // Every other time on a new connection.
            if times % 2 == 0 {
                client.close_idle();
            }
            let before = held(&open);
            let is_done = polled(times, client.send(GetCallerIdentity::new())).await.is_some();
            if is_done {
                assert_eq!(held(&open), 1);
                break;
            }
            assert!(held(&open) <= before, "the connection of a dropped call was kept");
            client.send(GetCallerIdentity::new()).await.unwrap();
            points = times;
        }
        assert!(points > 20, "only {points} points");
        drop(client);
        assert_eq!(Arc::strong_count(&open), 1);
    });
}

fn many_calls_at_once_on_one_thread<R: Runtime>() {
    const CALLS: usize = 500;
    let server = Server::start_with(Limits { connections: CALLS + 1, ..Limits::default() }).unwrap();
    let client = client::<R>(&server);
    let executor = LocalExecutor::new();
    R::block_on(executor.run(async {
        let calls: Vec<_> =
            (0..CALLS).map(|_| executor.spawn(client.send(GetCallerIdentity::new()))).collect();
        for call in calls {
            call.await.unwrap();
        }
        let connections = server.connections();
        // What was kept of them serves the next ones.
        let calls: Vec<_> =
            (0..MAX_IDLE_PER_HOST).map(|_| executor.spawn(client.send(GetCallerIdentity::new()))).collect();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(server.connections(), connections);
    }));
}

#[test]
fn calls_can_be_spawned() {
    let server = server();
    let client = client::<sts_async::tokio::TokioConnector>(&server);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let call = tokio::spawn(client.send(GetCallerIdentity::new()));
        assert_eq!(call.await.unwrap().unwrap().arn, server.user().arn());
    });
    let client = self::client::<sts_async::smol::SmolConnector>(&server);
    let call = thread::spawn(move || future::block_on(client.send(GetCallerIdentity::new())));
    call.join().unwrap().unwrap();
}

/// Lives on one thread.
struct Local(Rc<Cell<u32>>);

impl Transport for Local {
    fn send(&self, _: Request<Body>, _: Duration) -> impl Future<Output = Outcome> {
        self.0.set(self.0.get() + 1);
        ready(Ok(Response::new(Body::from(b"<Error><Code>Local</Code></Error>".to_vec()))))
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> {
        ready(())
    }
}

#[test]
fn a_transport_may_live_on_one_thread() {
    let sent = Rc::new(Cell::new(0));
    let client = Client::with_transport(Local(Rc::clone(&sent))).region("us-east-1");
    let client = client.credentials(anybody()).build().unwrap();
    let executor = LocalExecutor::new();
    let call = executor.spawn(client.send(GetCallerIdentity::new()));
    let error = future::block_on(executor.run(call)).unwrap_err();
    assert_eq!((sent.get(), error.kind()), (1, ErrorKind::Response), "{error}");
    let error = Client::with_transport(Local(sent)).region("us-east-1").proxy("http://p").build();
    assert!(error.unwrap_err().to_string().contains("`Proxy` does not go together"));
}
