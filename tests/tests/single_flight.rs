//! However many want credentials at once, one asks STS: threads and tasks, when it works, fails, or is given up.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use async_executor::{Executor, LocalExecutor};
use futures_lite::future::{self, block_on, poll_once};
use sts_async::operation::{AssumeRole, GetCallerIdentity};
use sts_async::pool::PoolPolicy;
use sts_async::step::Answer;
use sts_async::time::OffsetDateTime;
use sts_async::time::format_description::well_known::Rfc3339;
use sts_async::{Body, Credentials, Error, ErrorCode, RetryPolicy, TransportKind, http};

const TASKS: usize = 10_000;
const THREADS: usize = 200;

/// What STS makes of a call of AssumeRole.
#[derive(Clone, Copy, Debug)]
enum Say {
    /// Credentials that live so many seconds.
    Grant(i64),
    Refuse(&'static str),
    Down,
}

/// An STS in memory.
#[derive(Clone, Default)]
struct Sts(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    says: VecDeque<Say>,
    /// How often a role was assumed.
    roles: usize,
    /// The access keys that other calls were signed with.
    keys: Vec<String>,
    /// How many of those calls are refused, and with what.
    refusals: VecDeque<&'static str>,
    under_way: usize,
    most_under_way: usize,
}

impl Sts {
    fn new(says: impl IntoIterator<Item = Say>) -> Self {
        let sts = Self::default();
        sts.0.lock().unwrap().says.extend(says);
        sts
    }

    fn roles(&self) -> usize {
        self.0.lock().unwrap().roles
    }

    fn begin(&self) {
        let mut state = self.0.lock().unwrap();
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
    }

    fn end(&self, request: &http::Request<Body>) -> Answer {
        let mut state = self.0.lock().unwrap();
        state.under_way -= 1;
        let action = std::str::from_utf8(request.body().as_ref()).unwrap();
        let action = action.strip_prefix("Action=").unwrap().split('&').next().unwrap();
        if action.starts_with("AssumeRole") {
            state.roles += 1;
            return match state.says.pop_front().unwrap_or(Say::Grant(3600)) {
                Say::Down => Err(Error::transport(TransportKind::Closed, "down")),
                Say::Refuse(code) => Ok(refusal(code)),
                Say::Grant(lifetime) => {
                    let at = SystemTime::now() + Duration::from_secs(lifetime.try_into().unwrap());
                    let at = OffsetDateTime::from(at).format(&Rfc3339).unwrap();
                    let granted = GRANTED.replace("{action}", action).replace("{at}", &at);
                    Ok(reply(200, granted.replace("{n}", &state.roles.to_string())))
                }
            };
        }
        let signed = request.headers().get("authorization").unwrap().to_str().unwrap();
        let key = signed.split_once("Credential=").unwrap().1.split_once('/').unwrap().0;
        state.keys.push(key.to_owned());
        Ok(state.refusals.pop_front().map_or_else(|| reply(200, IDENTITY.to_owned()), refusal))
    }
}

fn refusal(code: &str) -> http::Response<Body> {
    reply(
        403,
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>"),
    )
}

fn reply(status: u16, body: String) -> http::Response<Body> {
    http::Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap()
}

impl sts_blocking::Transport for Sts {
    fn send(&self, request: http::Request<Body>, _: Duration) -> Answer {
        self.begin();
        thread::sleep(Duration::from_millis(50));
        self.end(&request)
    }
}

impl sts_async::Transport for Sts {
    async fn send(&self, request: http::Request<Body>, _: Duration) -> Answer {
        self.begin();
        let under_way = UnderWay(Some(self));
        for _ in 0..20 {
            future::yield_now().await;
        }
        std::mem::forget(under_way);
        self.end(&request)
    }

    async fn sleep(&self, _: Duration) {
        future::yield_now().await;
    }
}

/// Counts a request that was dropped.
struct UnderWay<'a>(Option<&'a Sts>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(sts) = self.0 {
            sts.0.lock().unwrap().under_way -= 1;
        }
    }
}

fn key() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap()
}

fn role(name: &str) -> AssumeRole {
    AssumeRole::new(format!("arn:aws:iam::123456789012:role/{name}"), "session")
}

fn blocking(sts: &Sts) -> (sts_blocking::Client, sts_blocking::Provider) {
    let client = sts_blocking::Client::with_transport(sts.clone())
        .region("eu-west-1")
        .credentials(key())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let provider = sts_blocking::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    (client, provider)
}

fn tasks(sts: &Sts) -> (sts_async::Client<Sts>, sts_async::Provider<Sts>) {
    let client = sts_async::Client::with_transport(sts.clone())
        .region("eu-west-1")
        .credentials(key())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let provider = sts_async::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    (client, provider)
}

/// Gets credentials of a second, and lets them expire.
fn expire() {
    thread::sleep(Duration::from_millis(2100));
}

#[test]
fn threads_on_an_expired_value_make_one_call() {
    let sts = Sts::new([Say::Grant(2)]);
    let (_, provider) = blocking(&sts);
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");
    expire();
    assert!(provider.current().is_none());
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA2");
            });
        }
    });
    assert_eq!(sts.roles(), 2);
}

#[test]
fn tasks_on_an_expired_value_make_one_call() {
    let sts = Sts::new([Say::Grant(2)]);
    let (_, provider) = tasks(&sts);
    assert_eq!(block_on(provider.credentials()).unwrap().access_key_id(), "ASIA1");
    expire();
    // On two threads, so that they do meet.
    let executor = Executor::new();
    let running: Vec<_> = (0..TASKS)
        .map(|_| {
            let provider = provider.clone();
            executor.spawn(async move { provider.credentials().await.unwrap().access_key_id().to_owned() })
        })
        .collect();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            block_on(executor.run(async {
                while !is_done.load(Ordering::Relaxed) {
                    future::yield_now().await;
                }
            }));
        });
        block_on(executor.run(async {
            for task in running {
                assert_eq!(task.await, "ASIA2");
            }
        }));
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(sts.roles(), 2);
}

#[test]
fn a_dropped_refresh_goes_to_the_next_who_waits() {
    let sts = Sts::default();
    let (_, provider) = tasks(&sts);
    let executor = LocalExecutor::new();
    block_on(executor.run(async {
        let mut first = Box::pin(provider.credentials());
        assert!(poll_once(&mut first).await.is_none());
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let provider = provider.clone();
                executor.spawn(async move { provider.credentials().await })
            })
            .collect();
        for _ in 0..1000 {
            future::yield_now().await;
        }
        // They wait for one who does nothing.
        assert!(waiting.iter().all(|task| !task.is_finished()));
        drop(first);
        // And for one who has just taken over.
        let mut waiting = waiting.into_iter();
        waiting.next().unwrap().cancel().await;
        for task in waiting {
            assert_eq!(task.await.unwrap().access_key_id(), "ASIA1");
        }
    }));
    assert_eq!(sts.roles(), 1);
}

#[test]
fn whoever_is_dropped_at_any_point_leaves_the_others_served() {
    for polls in 0..30 {
        let sts = Sts::default();
        let (_, provider) = tasks(&sts);
        block_on(async {
            let mut first = Box::pin(provider.credentials());
            let mut second = Box::pin(provider.credentials());
            for _ in 0..polls {
                let _ = poll_once(&mut first).await.is_some_and(|_| true)
                    || poll_once(&mut second).await.is_some();
                if sts.roles() > 0 {
                    break;
                }
            }
            drop(first);
            assert_eq!(provider.credentials().await.unwrap().access_key_id(), "ASIA1");
        });
        assert_eq!(sts.roles(), 1);
    }
}

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

#[test]
fn roles_are_chained_over_one_cache() {
    let sts = Sts::default();
    let (client, provider) = blocking(&sts);
    let outer = client.with_provider(provider.clone());
    let inner = sts_blocking::AssumeRoleProvider::new(&outer, role("inner")).build().unwrap();
    assert_eq!(inner.credentials().unwrap().access_key_id(), "ASIA2");
    assert_eq!(inner.refresh().unwrap().access_key_id(), "ASIA3");
    assert_eq!(provider.credentials().unwrap().access_key_id(), "ASIA1");

    let sts = Sts::default();
    let (client, provider) = tasks(&sts);
    let inner =
        sts_async::AssumeRoleProvider::new(&client, role("inner")).provider(provider).build().unwrap();
    assert_eq!(block_on(inner.credentials()).unwrap().access_key_id(), "ASIA2");
}

#[test]
fn a_role_needs_credentials_and_a_token_its_file() {
    let sts = Sts::default();
    let client = sts_blocking::Client::with_transport(sts).region("eu-west-1").build().unwrap();
    let error = sts_blocking::AssumeRoleProvider::new(&client, role("r")).build().unwrap_err();
    assert!(error.to_string().contains("Credentials"), "{error}");

    let path = std::env::temp_dir().join(format!("sts-web-identity-{}", std::process::id()));
    let operation = sts_blocking::operation::AssumeRoleWithWebIdentity::new(
        "arn:aws:iam::123456789012:role/r",
        "session",
        "",
    );
    let provider = sts_blocking::WebIdentityProvider::new(&client, operation, &path).build();
    let error = provider.credentials().unwrap_err();
    assert!(error.to_string().contains("failed to read"), "{error}");
    std::fs::write(&path, "some.jwt.token\n").unwrap();
    assert_eq!(provider.refresh().unwrap().access_key_id(), "ASIA1");
    std::fs::remove_file(path).unwrap();
}

/// A provider lives on one thread where its transport does.
#[test]
fn a_transport_of_one_thread() {
    struct Local(Rc<Cell<u32>>, Sts);

    impl sts_async::Transport for Local {
        async fn send(&self, request: http::Request<Body>, timeout: Duration) -> Answer {
            self.0.set(self.0.get() + 1);
            sts_async::Transport::send(&self.1, request, timeout).await
        }

        async fn sleep(&self, _: Duration) {}
    }

    let sent = Rc::new(Cell::new(0));
    let local = Local(Rc::clone(&sent), Sts::default());
    let client =
        sts_async::Client::with_transport(local).region("eu-west-1").credentials(key()).build().unwrap();
    let provider = sts_async::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let provider = provider.clone();
            executor.spawn(async move { provider.credentials().await })
        })
        .collect();
    block_on(executor.run(async {
        for task in tasks {
            task.await.unwrap();
        }
    }));
    assert_eq!(sent.get(), 1);
}

#[test]
fn a_pool_makes_one_call_for_each_role_and_a_few_at_once() {
    const ROLES: usize = 200;
    let policy = PoolPolicy::default().concurrency(4);
    let wanted: Vec<_> = (0..ROLES).map(|i| role(&format!("r{i}"))).collect();

    let sts = Sts::default();
    let (client, _) = tasks(&sts);
    let pool = sts_async::RolePool::with_policy(&client, policy);
    let executor = Executor::new();
    let running: Vec<_> = (0..10 * ROLES)
        .map(|i| {
            let (pool, role) = (pool.clone(), wanted[i % ROLES].clone());
            let task = executor.spawn(async move { pool.credentials(&role).await });
            // One in seven is given up.
            (i % 7 != 3).then_some(task)
        })
        .collect();
    block_on(executor.run(async {
        for task in running.into_iter().flatten() {
            task.await.unwrap();
        }
    }));
    assert_eq!(sts.roles(), ROLES);
    assert_eq!(pool.len(), ROLES);
    assert!(sts.0.lock().unwrap().most_under_way <= 4);

    let sts = Sts::default();
    let (client, _) = blocking(&sts);
    let pool = sts_blocking::RolePool::with_policy(&client, policy);
    thread::scope(|scope| {
        for thread in 0..20 {
            let (pool, wanted) = (&pool, &wanted);
            scope.spawn(move || {
                for role in &wanted[thread / 2..20] {
                    pool.credentials(role).unwrap();
                }
            });
        }
    });
    assert_eq!(sts.roles(), 20);
    assert!(sts.0.lock().unwrap().most_under_way <= 4);
}

#[test]
fn a_pool_fails_by_role_and_forgets_what_was_not_used() {
    let sts = Sts::new([Say::Refuse("AccessDenied")]);
    let (client, _) = blocking(&sts);
    let pool = sts_blocking::RolePool::with_policy(&client, PoolPolicy::default().capacity(2));
    assert!(pool.credentials(&role("a")).unwrap_err().is_access_denied());
    assert!(pool.credentials(&role("a")).unwrap_err().is_access_denied());
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("c")).unwrap().access_key_id(), "ASIA3");
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("d")).unwrap().access_key_id(), "ASIA4");
    assert_eq!(pool.len(), 2);
    // It was `c` that had not been used for the longest.
    assert_eq!(pool.credentials(&role("b")).unwrap().access_key_id(), "ASIA2");
    assert_eq!(pool.credentials(&role("c")).unwrap().access_key_id(), "ASIA5");
    // Other parameters are another session.
    assert_eq!(pool.credentials(&role("c").duration_seconds(900)).unwrap().access_key_id(), "ASIA6");
}

const GRANTED: &str = "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{n}</AccessKeyId>\
    <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{at}</Expiration>\
    </Credentials><AssumedRoleUser><AssumedRoleId>AROA:r</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/\
    r/r</Arn></AssumedRoleUser></{action}Result></{action}Response>";
const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/\
    r/r</Arn><UserId>AROA:r</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
