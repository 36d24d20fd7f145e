//! What a refresh that fails, and credentials that are refused, mean for those who ask.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use sts_async::operation::GetCallerIdentity;
use sts_async::source::{Chain, Context, Found, Looking, Source};
use sts_async::step::Answer;
use sts_async::time::OffsetDateTime;
use sts_async::{Body, Error, ErrorCode, RetryPolicy, TransportKind, http};

use crate::THREADS;
use crate::sts::{Say, Sts, blocking, key, tasks};

#[test]
fn a_failure_is_given_to_all_who_wait_and_to_nobody_much_later() {
    let sts = Sts::new([Say::Down]);
    let (_, provider) = blocking(&sts);
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                let error = provider.credentials().unwrap_err();
                assert_eq!(error.transport_kind(), Some(TransportKind::Closed));
                assert_eq!(error.action(), Some("AssumeRole"));
                assert_eq!(error.report().unwrap().looks().len(), 1);
            });
        }
    });
    assert_eq!(sts.roles(), 1);
    assert!(provider.status().error.is_some());
    thread::sleep(Duration::from_millis(5100));
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
    assert!(provider.status().error.is_none());
    assert_eq!(provider.report().unwrap().looks().len(), 1);
}

#[test]
fn a_failed_refresh_serves_what_is_good() {
    let sts = Sts::new([Say::Grant(3600), Say::Down, Say::Refuse("AccessDenied")]);
    let (_, provider) = blocking(&sts);
    provider.credentials().unwrap();
    assert_eq!(provider.refresh().unwrap().access_key_id(), "ASIA1");
    assert!(provider.status().error.unwrap().is_retryable());
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    assert_eq!(sts.roles(), 2);
    // What time does not heal is raised.
    assert!(provider.refresh().unwrap_err().is_access_denied());
    assert!(provider.credentials().unwrap_err().is_access_denied());
    assert_eq!(sts.roles(), 3);
    assert_eq!(provider.refresh().unwrap().access_key_id(), "ASIA4");
    let next = provider.next_refresh_at().unwrap() - OffsetDateTime::now_utc();
    assert!((2600..2800).contains(&next.whole_seconds()), "{next}");
}

/// Takes its time.
#[derive(Debug)]
struct Slow(Duration);

impl Source for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            context.ask().wait(self.0).await;
            Ok(Found::Credentials(key()))
        })
    }
}

/// How long each request may take.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<Duration>>>);

impl Times {
    fn add(&self, time: Duration) -> Answer {
        self.0.lock().unwrap().push(time);
        Err(Error::transport(TransportKind::Closed, "that is all"))
    }
}

impl sts_blocking::Transport for Times {
    fn send(&self, _: http::Request<Body>, time: Duration) -> Answer {
        self.add(time)
    }
}

impl sts_async::Transport for Times {
    async fn send(&self, _: http::Request<Body>, time: Duration) -> Answer {
        self.add(time)
    }

    async fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

#[test]
fn the_time_of_a_call_is_that_of_its_credentials_as_well() {
    let (wait, short, long) = (Duration::from_millis(100), Duration::from_millis(50), Duration::from_secs(5));
    let outcomes = |total| {
        let times = Times::default();
        let client = sts_blocking::Client::with_transport(times.clone()).retry(RetryPolicy::never());
        let client = client.region("eu-west-1").chain(Chain::new().with(Slow(wait))).build().unwrap();
        let blocking = client.call(GetCallerIdentity::new()).timeout(total).send().unwrap_err();
        let client = sts_async::Client::with_transport(times.clone()).retry(RetryPolicy::never());
        let client = client.region("eu-west-1").chain(Chain::new().with(Slow(wait))).build().unwrap();
        let tasks = block_on(client.call(GetCallerIdentity::new()).timeout(total).send()).unwrap_err();
        let times = times.0.lock().unwrap().clone();
        (times, [blocking, tasks])
    };
    let (times, _) = outcomes(long);
    assert_eq!(times.len(), 2);
    assert!(times.iter().all(|time| *time <= long - wait), "{times:?}");
    let (times, errors) = outcomes(short);
    assert!(times.is_empty(), "{times:?}");
    for error in errors {
        assert!(error.is_timeout() && error.action() == Some("GetCallerIdentity"), "{error}");
    }
}

#[test]
fn refused_credentials_are_replaced_and_the_call_made_again_once() {
    for code in ["ExpiredToken", "ExpiredTokenException", "InvalidToken"] {
        let (first, second) = (Sts::default(), Sts::default());
        let (client, provider) = blocking(&first);
        let client = client.with_provider(provider);
        client.send(GetCallerIdentity::new()).unwrap();
        let (other, provider) = tasks(&second);
        let other = other.with_provider(provider);
        block_on(other.send(GetCallerIdentity::new())).unwrap();
        // Only what is older than a few seconds is dropped.
        thread::sleep(Duration::from_millis(5100));
        for sts in [&first, &second] {
            sts.0.lock().unwrap().refusals.extend([code; 2]);
        }
        let refused = client.send(GetCallerIdentity::new()).unwrap_err();
        assert_eq!(*refused.code().unwrap(), ErrorCode::from_wire(code));
        block_on(other.send(GetCallerIdentity::new())).unwrap_err();
        client.send(GetCallerIdentity::new()).unwrap();
        block_on(other.send(GetCallerIdentity::new())).unwrap();
        for sts in [first, second] {
            // The second refusal is of what has just been made: it is kept, and not replaced by every call.
            assert_eq!(sts.0.lock().unwrap().keys, ["ASIA1", "ASIA1", "ASIA2", "ASIA2"]);
            assert_eq!(sts.roles(), 2);
        }
    }
}

#[test]
fn other_refusals_and_other_keys_change_nothing() {
    let sts = Sts::default();
    let (client, provider) = blocking(&sts);
    let client = client.with_provider(provider.clone());
    client.send(GetCallerIdentity::new()).unwrap();
    thread::sleep(Duration::from_millis(5100));
    sts.0.lock().unwrap().refusals.push_back("AccessDenied");
    assert!(client.send(GetCallerIdentity::new()).unwrap_err().is_access_denied());
    // Somebody else's credentials: the caller's own are newer.
    assert!(provider.expired("ASIA0"));
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    assert!(provider.expired("ASIA1"));
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
}
