//! Entries of tables: a peer, and what a call must come to.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sts_proto::{Error, TransportKind};

use crate::drivers::{Driver, Outcome, Setup, calls};
use crate::peer::{ACCOUNT, Connection, Peer, Serve, tls};
use crate::{DEADLINES, SECRETS};

/// A host that only a proxy can find.
pub(crate) const HOST: &str = "sts.example.test";

/// How the client's requests come to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `http://`, the peer is the server.
    Direct,
    /// `https://`, the peer is the server.
    Tls,
    /// The peer is the proxy, and the host's URL begins with `http://`.
    Proxy,
    /// The peer is the proxy, and the host's URL begins with `https://`.
    ProxyToTls,
    /// The peer is the proxy and speaks TLS itself.
    TlsProxy,
}

/// What a call must come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// The peer's own reply.
    Reply,
    /// An error of one of these kinds.
    Error(&'static [TransportKind]),
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) route: Route,
    pub(crate) deadline: Duration,
    pub(crate) verdict: Verdict,
    pub(crate) token_bytes: usize,
    /// The most bytes that the peer can send until the call ends, buffers of the system included.
    pub(crate) most_sent: u64,
    pub(crate) serve: Serve,
}

impl Entry {
    pub(crate) fn new(
        name: impl Into<String>,
        route: Route,
        deadline: Duration,
        verdict: Verdict,
        serve: impl Fn(Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let serve = Arc::new(serve);
        Self { name: name.into(), route, deadline, verdict, token_bytes: 0, most_sent: u64::MAX, serve }
    }

    pub(crate) fn setup(&self, peer: &Peer) -> Setup {
        let port = peer.address.port();
        let (url, proxy) = match self.route {
            Route::Direct => (format!("http://127.0.0.1:{port}"), None),
            Route::Tls => (format!("https://127.0.0.1:{port}"), None),
            Route::Proxy => (format!("http://{HOST}"), Some("http")),
            Route::ProxyToTls => (format!("https://{HOST}"), Some("http")),
            Route::TlsProxy => (format!("http://{HOST}"), Some("https")),
        };
        Setup {
            url,
            proxy: proxy.map(|scheme| format!("{scheme}://alice:hunter%202@127.0.0.1:{port}")),
            authority: tls().authority.clone(),
            deadline: self.deadline,
            token_bytes: self.token_bytes,
        }
    }

    /// What is wrong with the outcome.
    fn faults(&self, outcome: &Outcome, sent: u64) -> Vec<String> {
        let mut faults = Vec::new();
        match (&outcome.result, self.verdict) {
            (Ok(account), Verdict::Reply) if account == ACCOUNT => {}
            (Err(error), Verdict::Error(kinds))
                if error.transport_kind().is_some_and(|kind| kinds.contains(&kind)) => {}
            (result, verdict) => faults.push(format!("{result:?} instead of {verdict:?}")),
        }
        if let Err(error) = &outcome.result {
            faults.extend(leaked(error));
        }
        let longest = DEADLINES * self.deadline;
        if outcome.elapsed > longest {
            faults.push(format!("took {:?} with a deadline of {:?}", outcome.elapsed, self.deadline));
        }
        if outcome.starved > longest {
            faults.push(format!("no other task ran for {:?}", outcome.starved));
        }
        if sent > self.most_sent {
            faults.push(format!("{sent} bytes were taken"));
        }
        faults
    }
}

/// The secrets that an error shows in any form.
fn leaked(error: &Error) -> Vec<String> {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let _ = write!(text, " {error} {error:?}");
        source = error.source();
    }
    let found = SECRETS.iter().filter(|secret| text.contains(**secret));
    found.map(|secret| format!("{secret} in {text}")).collect()
}

/// Makes the call of each entry, a number of them at a time, and fails with all that is wrong.
pub(crate) fn run(driver: Driver, table: &str, entries: &[Entry], at_once: usize) {
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let (late, starved) = (Mutex::new(Worst::default()), Mutex::new(Worst::default()));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let peer = Peer::start(Arc::clone(&entry.serve));
                    let outcome = calls(driver, &entry.setup(&peer), &[Duration::ZERO]).pop().unwrap();
                    let sent = peer.sent();
                    let found = entry.faults(&outcome, sent).into_iter();
                    faults.lock().unwrap().extend(found.map(|fault| format!("{:?}: {fault}", entry.name)));
                    note(&late, outcome.elapsed.saturating_sub(entry.deadline), &entry.name);
                    note(&starved, outcome.starved, &entry.name);
                }
            });
        }
    });
    report(driver, table, &late.into_inner().unwrap(), &starved.into_inner().unwrap());
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{driver:?}, {} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The longest time of a table, and the entry that it was seen with.
type Worst = (Duration, String);

fn note(worst: &Mutex<Worst>, time: Duration, name: &str) {
    let mut worst = worst.lock().unwrap();
    if time > worst.0 {
        *worst = (time, name.to_owned());
    }
}

#[expect(clippy::print_stderr, reason = "figures, where a variable asks for them")]
fn report(driver: Driver, table: &str, (late, of_late): &Worst, (starved, of_starved): &Worst) {
    if std::env::var_os("STS_HOSTILE_REPORT").is_some() {
        eprintln!(
            "{driver:?}, {table}: at most {} ms past the deadline ({of_late:?}) and {} ms without another task \
             ({of_starved:?})",
            late.as_millis(),
            starved.as_millis()
        );
    }
}
