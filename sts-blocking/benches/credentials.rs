//! What credentials cost whoever asks for them: `cargo bench -p sts-blocking --bench credentials`.
//!
//! Prints medians of paired runs: each run measures a clock read and the thing itself one after the other, so that a
//! busy machine slows down both. Runs are short, and of two threads only those count that ran at the same time: where others
//! want the processors too, threads take turns, and do not get into each other's way.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use sts_blocking::source::{Chain, Context, Found, Looking, Source};
use sts_blocking::time::OffsetDateTime;
use sts_blocking::{Body, Client, Credentials, Error, Provider, Transport, TransportKind, http};

const RUNS: usize = 301;
const CALLS: u32 = 4_000;

/// How often a run is made at most until it counts.
const TRIES: usize = 200;

/// Gives new credentials after a while.
#[derive(Debug)]
struct Slow(Duration);

impl Source for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            thread::sleep(self.0);
            let credentials =
                Credentials::new("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?
                    .with_session_token("t".repeat(800))?
                    .with_expiration(context.server_time() + Duration::from_secs(3600));
            Ok(Found::Credentials(credentials))
        })
    }
}

struct Off;

impl Transport for Off {
    fn send(&self, _: http::Request<Body>, _: Duration) -> Result<http::Response<Body>, Error> {
        Err(Error::transport(TransportKind::Connect, "there is no network here"))
    }
}

fn main() -> Result<(), Error> {
    // `cargo test` runs benchmarks as well, once: there it only has to work.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let (runs, calls) = if is_test { (1, 100) } else { (RUNS, CALLS) };

    let client = Client::with_transport(Off).region("eu-west-1").build()?;
    let provider = Provider::new(&client, Chain::new().with(Slow(Duration::ZERO)));
    provider.credentials()?;
    let ask = || drop(black_box(provider.credentials()));
    let clock = || {
        black_box(SystemTime::now());
    };
    let calendar = || {
        black_box(OffsetDateTime::now_utc());
    };

    for threads in [1, 2] {
        let pairs: Vec<_> =
            (0..runs).map(|_| (time(threads, calls, &clock), time(threads, calls, &ask))).collect();
        let clock = median(pairs.iter().map(|(clock, _)| *clock));
        let both = median(pairs.iter().map(|(_, ask)| *ask));
        let above = median(pairs.iter().map(|(clock, ask)| ask - clock));
        println!(
            "{threads} thread(s): a clock read {clock:.1} ns, credentials() {both:.1} ns, above the clock read {above:.1} ns"
        );
    }
    println!("for comparison, a clock read with a calendar: {:.1} ns", time(1, calls, &calendar));

    // Readers while somebody else refreshes, again and again.
    let slow =
        Provider::new(&client, Chain::new().with(Slow(Duration::from_millis(if is_test { 1 } else { 100 }))));
    slow.credentials()?;
    let (stop, longest, asked) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                drop(black_box(slow.credentials()));
                let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                longest.fetch_max(took, Ordering::Relaxed);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..if is_test { 1 } else { 10 } {
            drop(slow.refresh());
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!(
        "during refreshes of 100 ms: {} calls, the longest took {:.3} ms (the scheduler's share included)",
        asked.into_inner(),
        longest.into_inner() as f64 / 1e6
    );
    Ok(())
}

/// Nanoseconds for a call, with so many threads at it at once.
fn time(threads: usize, calls: u32, what: &(impl Fn() + Sync)) -> f64 {
    (0..TRIES).find_map(|_| once(threads, calls, what)).unwrap_or(f64::NAN)
}

/// The same, if they were at it at the same time for most of it.
fn once(threads: usize, calls: u32, what: &(impl Fn() + Sync)) -> Option<f64> {
    let ready = AtomicUsize::new(0);
    let spans: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    ready.fetch_add(1, Ordering::AcqRel);
                    while ready.load(Ordering::Acquire) < threads {
                        spin_loop();
                    }
                    let start = Instant::now();
                    (0..calls).for_each(|_| what());
                    (start, Instant::now())
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let (first, last) = (spans.iter().map(|span| span.0).min()?, spans.iter().map(|span| span.1).max()?);
    let together = spans
        .iter()
        .map(|span| span.1)
        .min()?
        .saturating_duration_since(spans.iter().map(|span| span.0).max()?);
    let took = last - first;
    (together.as_secs_f64() >= 0.8 * took.as_secs_f64()).then(|| took.as_secs_f64() * 1e9 / f64::from(calls))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
