//! Every byte of a reply of every operation, and of a refusal, is where the connection is cut, reset or goes silent, or is another byte
//! than it was. Through both drivers there is a result or a typed error within the deadline, and the same client's next
//! call works.
//!
//! A sample of the bytes by default; all of them with `STS_EVERY_BYTE=1`, as `.ci/run --full` does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "the figures are wanted")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

use futures_lite::future;
use http::Method;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::*;
use sts_proto::{Credentials, Encoder, Error, ErrorKind, RetryPolicy, TransportKind};
use sts_tests::server::{Principal, Server};
use time::OffsetDateTime;

use support::{Scripted, Then};

#[path = "support/scripted.rs"]
mod support;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// The time of a call that meets a fault.
const DEADLINE: Duration = Duration::from_millis(60);

/// Not what the deadline is, but what no call can take that has one: without it, a silent server is waited for until the
/// client goes.
const HANGS: Duration = Duration::from_secs(20);

/// Calls that wait for their deadline at the same time.
const WORKERS: usize = 48;

/// In a sample, one position of so many. A prime, so that no pattern of the replies coincides with it.
const STRIDE: usize = 31;

type BlockingCall = Box<dyn Fn(&sts_blocking::Client, Option<Duration>) -> Result<(), Error> + Send + Sync>;
type AsyncCall = Box<dyn Fn(&sts_async::smol::Client, Option<Duration>) -> Result<(), Error> + Send + Sync>;

/// An operation, as both drivers call it, and the bytes of a whole reply to it.
struct Exchange {
    name: String,
    is_refusal: bool,
    blocking: BlockingCall,
    in_async: AsyncCall,
    reply: Arc<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Cut,
    Reset,
    Stall,
    Flip(u8),
}

const FAULTS: [Fault; 8] = [
    Fault::Cut,
    Fault::Reset,
    Fault::Stall,
    Fault::Flip(0x01),
    Fault::Flip(0x03),
    Fault::Flip(0x20),
    Fault::Flip(0x80),
    Fault::Flip(0xff),
];

#[derive(Clone, Copy)]
struct Case<'e> {
    exchange: &'e Exchange,
    fault: Fault,
    at: usize,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.exchange.reply.len();
        write!(f, "{}, {:?} at byte {} of {total}", self.exchange.name, self.fault, self.at)
    }
}

fn exchanges() -> Vec<Exchange> {
    let server = Server::start().unwrap();
    let user = server.user();
    let credentials = Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap();
    let endpoint = EndpointOptions::new().region("us-east-1").url(server.url()).resolve().unwrap();
    let encoder = Encoder::new(endpoint);
    let stranger = Credentials::new(user.access_key_id(), "wrong").unwrap();
    let mut exchanges = Vec::new();
    macro_rules! record {
        ($signer:expr; $($operation:expr),* $(,)?) => {$(
            let operation = $operation;
            let request = encoder.encode(&operation, Some($signer), OffsetDateTime::now_utc()).unwrap();
            let (status, reply) = record(server.url(), http1::request(&request).unwrap().as_ref());
            let name = format!("{} {status}", operation.action());
            let is_refusal = status != 200;
            let again = operation.clone();
            let blocking: BlockingCall = Box::new(move |client, timeout| {
                let call = client.call(again.clone());
                let call = match timeout { Some(time) => call.timeout(time), None => call };
                call.send().map(drop)
            });
            let in_async: AsyncCall = Box::new(move |client, timeout| {
                let call = client.call(operation.clone());
                let call = match timeout { Some(time) => call.timeout(time), None => call };
                future::block_on(call.send()).map(drop)
            });
            exchanges.push(Exchange { name, is_refusal, blocking, in_async, reply: Arc::new(reply) });
        )*};
    }
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    let saml = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";
    let task = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
    record![
        &credentials;
        AssumeRole::new(ROLE, "session").source_identity("Alice"),
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", saml),
        AssumeRoleWithWebIdentity::new(ROLE, "session", jwt),
        AssumeRoot::new("123456789012", task),
        DecodeAuthorizationMessage::new(server.encode_authorization_message(r#"{"allowed":false}"#)),
        GetAccessKeyInfo::new(user.access_key_id()),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new("token"),
        GetFederationToken::new("Bob"),
        GetSessionToken::new(),
        GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Rs256),
    ];
    server.add_key(
        "ASIASESSION",
        "secret",
        Some("token"),
        Principal::role_session("123456789012", "Deploy", "s"),
    );
    let session =
        Credentials::new("ASIASESSION", "secret").and_then(|key| key.with_session_token("token")).unwrap();
    record![&session; GetScopedCredentials::new().duration_seconds(900).policy("{}")];
    record![&stranger; GetCallerIdentity::new()];
    exchanges
}

impl Exchange {
    /// A whole refusal is as good as a result: nothing of it is missing.
    fn told(&self, outcome: Result<(), Error>) -> Result<(), Error> {
        match outcome {
            Err(error) if self.is_refusal && error.kind() == ErrorKind::Service => Ok(()),
            other => other,
        }
    }
}

/// Sends a request and keeps the bytes of the reply.
fn record(url: &str, request: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(request).unwrap();
    let (mut reply, mut piece) = (Vec::new(), [0; 4096]);
    let mut reader = ReplyReader::new(&Method::POST);
    loop {
        let n = stream.read(&mut piece).unwrap();
        reply.extend_from_slice(&piece[..n]);
        if let Progress::Done(done) = reader.feed(&piece[..n]).unwrap() {
            assert!(done.keep_alive, "{:?}", done.response);
            return (done.response.status().as_u16(), reply);
        }
    }
}

fn cases(exchanges: &[Exchange]) -> Vec<Case<'_>> {
    let is_whole = env::var_os("STS_EVERY_BYTE").is_some();
    let step = if is_whole { 1 } else { STRIDE };
    let mut cases = Vec::new();
    for (i, exchange) in exchanges.iter().enumerate() {
        for (j, fault) in FAULTS.into_iter().enumerate() {
            // Samples begin at other places each, so that together they meet more of the head.
            let first = if is_whole { 0 } else { (7 * i + 3 * j) % STRIDE };
            let positions = (first..exchange.reply.len()).step_by(step);
            cases.extend(positions.map(|at| Case { exchange, fault, at }));
        }
    }
    cases
}

fn strike(server: &Scripted, case: Case<'_>) {
    let reply = &case.exchange.reply;
    server.usually(Arc::clone(reply));
    match case.fault {
        Fault::Cut => server.next(&reply[..case.at], Then::Close),
        Fault::Reset => server.next(&reply[..case.at], Then::Reset),
        Fault::Stall => server.next(&reply[..case.at], Then::Stall),
        Fault::Flip(mask) => {
            let mut bytes = reply.to_vec();
            bytes[case.at] ^= mask;
            server.next(bytes, Then::Keep);
        }
    }
}

/// What a fault may come to.
fn check(case: Case<'_>, outcome: &Result<(), Error>) -> Result<(), String> {
    let complain = |what: &str| Err(format!("{case}: {what}: {outcome:?}"));
    match (case.fault, outcome) {
        // A kept connection that breaks before the reply's first byte may be replaced by a new one, once.
        (Fault::Cut | Fault::Reset, Ok(())) if case.at == 0 => Ok(()),
        (Fault::Cut | Fault::Reset | Fault::Stall, Ok(())) => complain("a result of half a reply"),
        (Fault::Cut | Fault::Reset | Fault::Stall, Err(error)) => match error.transport_kind() {
            Some(TransportKind::Timeout) => Ok(()),
            Some(TransportKind::Closed) if !matches!(case.fault, Fault::Stall) => Ok(()),
            _ => complain("not what happened"),
        },
        (Fault::Flip(_), Ok(())) => Ok(()),
        (Fault::Flip(_), Err(error)) => match error.kind() {
            ErrorKind::Transport | ErrorKind::Response | ErrorKind::Service => Ok(()),
            _ => complain("of no kind that a reply can have"),
        },
    }
}

/// Makes the call that meets the fault, and tells whether it did: on a busy machine a deadline can pass before the
/// request is sent, or before the server has read it.
fn meet(
    server: &Scripted,
    case: Case<'_>,
    deadline: Duration,
    call: impl Fn(Duration) -> Result<(), Error>,
) -> Result<Option<Result<(), Error>>, String> {
    strike(server, case);
    let start = Instant::now();
    let outcome = call(deadline);
    let took = start.elapsed();
    if took > deadline + HANGS {
        return Err(format!("{case}: it took {took:?}"));
    }
    if !server.is_used() {
        let is_late = outcome.as_ref().is_err_and(Error::is_timeout);
        return if is_late { Ok(None) } else { Err(format!("{case}: nothing was sent: {outcome:?}")) };
    }
    check(case, &outcome)?;
    Ok(Some(outcome))
}

/// Goes through all cases, each worker with a server and a client of its own, and tells how many there were.
fn survive<C>(driver: &str, client: impl Fn(&str) -> C + Sync, call: Caller<C>) {
    let exchanges = exchanges();
    let refusals = exchanges.iter().filter(|exchange| exchange.is_refusal).count();
    assert_eq!((exchanges.len(), refusals), (13, 1));
    let call = |client: &C, exchange: &Exchange, timeout| exchange.told(call(client, exchange, timeout));
    let cases = cases(&exchanges);
    let next = AtomicUsize::new(0);
    let (results, refusals) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || -> Result<(), String> {
        let begin = || {
            let server = Scripted::start();
            let client = client(&server.url());
            (server, client)
        };
        let (mut server, mut here) = begin();
        while let Some(&case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut deadline = DEADLINE;
            let outcome = loop {
                let time = |deadline| call(&here, case.exchange, Some(deadline));
                if let Some(outcome) = meet(&server, case, deadline, time)? {
                    break outcome;
                }
                // The late request must not meet what is meant for another one.
                (server, here) = begin();
                deadline *= 2;
            };
            if let Err(error) = call(&here, case.exchange, None) {
                return Err(format!("after {case}: {error}"));
            }
            if outcome.is_ok() { &results } else { &refusals }.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let complaints: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap().err()).collect()
    });
    let bytes: usize = exchanges.iter().map(|exchange| exchange.reply.len()).sum();
    println!(
        "{driver}: {} faults in replies of {bytes} bytes, {} results, {} errors",
        cases.len(),
        results.into_inner(),
        refusals.into_inner()
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

type Caller<C> = fn(&C, &Exchange, Option<Duration>) -> Result<(), Error>;

/// Of a session, because some operations take no others.
fn anybody() -> Credentials {
    Credentials::new("ASIAIOSFODNN7EXAMPLE", "secret").unwrap().with_session_token("token").unwrap()
}

#[test]
fn blocking() {
    survive(
        "sts-blocking",
        |url| {
            let builder = sts_blocking::Client::builder().region("us-east-1").endpoint_url(url);
            builder.credentials(anybody()).retry(RetryPolicy::never()).build().unwrap()
        },
        |client, exchange, timeout| (exchange.blocking)(client, timeout),
    );
}

#[test]
fn in_async() {
    survive(
        "sts-async",
        |url| {
            let builder = sts_async::smol::Client::builder().region("us-east-1").endpoint_url(url);
            builder.credentials(anybody()).retry(RetryPolicy::never()).build().unwrap()
        },
        |client, exchange, timeout| (exchange.in_async)(client, timeout),
    );
}
