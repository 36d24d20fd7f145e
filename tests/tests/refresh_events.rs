//! What an observer is told of refreshes, by both drivers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::future::block_on;
use sts_blocking::source::{Chain, Context, Found, Looking, Source};
use sts_proto::observe::{Event, LogLine, Observer};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error};

/// Gives credentials at its first look, none at the second, and a secret to nobody.
#[derive(Debug, Default)]
struct Vault(AtomicU32);

impl Source for Vault {
    fn name(&self) -> &'static str {
        "vault"
    }

    fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            if number > 0 {
                return Err(Error::credentials("vault", "it is locked"));
            }
            let expiration = OffsetDateTime::now_utc() + Duration::from_secs(3600);
            Ok(Found::Credentials(Credentials::new("ASIAVAULT", "sEcReT")?.with_expiration(expiration)))
        })
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        assert!(!format!("{event:?}").contains("sEcReT"), "{event:?}");
        assert!(LogLine::of(event).is_none(), "only calls have a line");
        let Event::Refresh { source, outcome, access_key_id, next_refresh_at, error, .. } = event else {
            panic!("nothing is sent: {event:?}")
        };
        let is_planned = next_refresh_at.is_some_and(|at| at > OffsetDateTime::UNIX_EPOCH);
        let error = error.map(ToString::to_string).unwrap_or_default();
        let key = access_key_id.unwrap_or("none");
        let line = format!("{source}: {outcome:?}, {key}, planned {is_planned}; {error}");
        self.0.lock().expect("no panic while it is held").push(line);
    }
}

impl Lines {
    fn check(&self) {
        let lines = self.0.lock().expect("no panic while it is held");
        let locked = "no credentials from vault: it is locked";
        assert_eq!(lines[0], "vault: Renewed, ASIAVAULT, planned true; ");
        assert_eq!(lines[1], format!("vault: Kept, ASIAVAULT, planned true; {locked}"));
        assert_eq!(lines[2], format!("vault: Failed, none, planned true; {locked}"));
        assert!(lines[3].starts_with("the chain: Failed, none, planned true; "), "{}", lines[3]);
        assert_eq!(lines.len(), 4, "what is served needs no refresh: {lines:?}");
    }
}

/// A vault with credentials, one that is locked from the start, and no source at all.
fn chains() -> [Chain; 3] {
    let locked = Vault::default();
    locked.0.store(1, Ordering::Relaxed);
    [Chain::new().with(Vault::default()), Chain::new().with(locked), Chain::new()]
}

#[test]
fn threads_tell_of_every_refresh() {
    let lines = Lines::default();
    let client = sts_blocking::Client::builder()
        .region("eu-west-1")
        .variables(|_| None)
        .observer(lines.clone())
        .build()
        .expect("a client");
    let [good, locked, empty] = chains().map(|chain| sts_blocking::Provider::new(&client, chain));
    good.credentials().expect("credentials");
    good.credentials().expect("the same");
    good.refresh().expect("the older ones");
    locked.credentials().expect_err("it is locked");
    empty.credentials().expect_err("there is no source");
    lines.check();
}

#[test]
fn tasks_tell_of_every_refresh() {
    let lines = Lines::default();
    let client = sts_async::smol::Client::builder()
        .region("eu-west-1")
        .variables(|_| None)
        .observer(lines.clone())
        .build()
        .expect("a client");
    let [good, locked, empty] = chains().map(|chain| sts_async::Provider::new(&client, chain));
    block_on(async {
        good.credentials().await.expect("credentials");
        good.credentials().await.expect("the same");
        good.refresh().await.expect("the older ones");
        locked.credentials().await.expect_err("it is locked");
        empty.credentials().await.expect_err("there is no source");
    });
    lines.check();
}
