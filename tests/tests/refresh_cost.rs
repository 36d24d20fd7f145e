//! What credentials cost: no allocation for those that are there, and how much memory a cached role takes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use sts_blocking::operation::AssumeRole;
use sts_blocking::pool::{Decision, Pool, PoolPolicy, RoleKey};
use sts_blocking::source::{Chain, Context, Found, Looking, Source};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Body, Credentials, Error, TransportKind, http};

#[derive(Debug)]
struct Fixed;

impl Source for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async { Ok(Found::Credentials(credentials(context.server_time()))) })
    }
}

/// As STS gives them: the token's length is what it is for a session without tags and policies.
fn credentials(now: OffsetDateTime) -> Credentials {
    Credentials::new("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .unwrap()
        .with_session_token("t".repeat(TOKEN))
        .unwrap()
        .with_expiration(now + Duration::from_secs(3600))
        .with_source("AssumeRole")
}

const TOKEN: usize = 700;

struct Off;

impl sts_blocking::Transport for Off {
    fn send(&self, _: http::Request<Body>, _: Duration) -> Result<http::Response<Body>, Error> {
        Err(Error::transport(TransportKind::Connect, "there is no network here"))
    }
}

impl sts_async::Transport for Off {
    async fn send(&self, _: http::Request<Body>, _: Duration) -> Result<http::Response<Body>, Error> {
        Err(Error::transport(TransportKind::Connect, "there is no network here"))
    }

    async fn sleep(&self, _: Duration) {}
}

#[test]
fn fresh_credentials_cost_no_allocation() {
    let client = sts_blocking::Client::with_transport(Off).region("eu-west-1").build().unwrap();
    let provider = sts_blocking::Provider::new(&client, Chain::new().with(Fixed));
    let first = measure(|| drop(provider.credentials().unwrap()));
    assert!(first.count_total > 0, "the counter counts");
    let later = measure(|| drop(black_box(provider.credentials().unwrap())));
    assert_eq!(later.count_total, 0);

    let client = sts_async::Client::with_transport(Off).region("eu-west-1").build().unwrap();
    let provider = sts_async::Provider::new(&client, Chain::new().with(Fixed));
    futures_lite::future::block_on(provider.credentials()).unwrap();
    let later = measure(|| {
        let credentials = pin!(provider.credentials());
        let Poll::Ready(credentials) = credentials.poll(&mut TaskContext::from_waker(Waker::noop())) else {
            panic!("they are there")
        };
        drop(black_box(credentials.unwrap()));
    });
    assert_eq!(later.count_total, 0);
}

#[test]
fn fifty_thousand_roles_fit_into_a_hundred_megabytes() {
    const ROLES: u32 = 50_000;
    let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let role = |i: u32| {
        AssumeRole::new(format!("arn:aws:iam::{i:012}:role/Customer"), "my-service")
            .external_id(i.to_string())
    };
    let mut pool = None;
    let used = measure(|| {
        let pool = pool.insert(Pool::new(PoolPolicy::default(), 7));
        for i in 0..ROLES {
            let key = RoleKey::of(&role(i));
            let Decision::Refresh { round } = pool.ask(&key, now) else { panic!("it is new") };
            pool.finished(&key, round, now, Ok(credentials(now))).unwrap();
        }
    });
    let mut pool = pool.unwrap();
    let each = used.bytes_current / i64::from(ROLES);
    println!("a cached role takes {each} bytes, {TOKEN} of them its session token");
    assert!(each < 2_000, "{each} bytes");

    // More do not fit: the first ones go.
    for i in ROLES..ROLES + 1_000 {
        let key = RoleKey::of(&role(i));
        let Decision::Refresh { round } = pool.ask(&key, now) else { panic!("it is new") };
        pool.finished(&key, round, now, Ok(credentials(now))).unwrap();
    }
    assert_eq!(pool.len(), ROLES as usize);
    assert!(pool.credentials(&RoleKey::of(&role(999))).is_none());
    assert!(pool.credentials(&RoleKey::of(&role(1_000))).is_some());

    // All were assumed in the same second. Their refreshes are not: they are due over half of the window.
    let mut due = [0; 10];
    for minute in 44..54 {
        for i in ROLES / 2..ROLES {
            let at = now + Duration::from_secs(60 * minute);
            let key = RoleKey::of(&role(i));
            if let Decision::Refresh { round } = pool.ask(&key, at) {
                due[minute as usize - 44] += 1;
                pool.finished(&key, round, at, Ok(credentials(at))).unwrap();
            }
        }
    }
    println!("due by minute: {due:?}");
    assert_eq!(due.iter().sum::<u32>(), ROLES / 2);
    assert!(due.iter().all(|count| *count < ROLES / 2 / 6), "{due:?}");
}
