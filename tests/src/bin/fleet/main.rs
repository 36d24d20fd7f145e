//! A fleet of clients in virtual time: what it does to a service that is down for ten minutes, and how it gets over it.
//! Every client is the real thing, a `Caller` and its `Call`s; the network and the service are a model.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sts_proto::{Error, RetryPolicy};

use world::{Settings, Summary, World};

mod client;
mod plot;
mod world;

const USAGE: &str = "usage: fleet [--clients N] [--svg PATH]

N clients (100,000 by default) in virtual time, each assuming a role every 15 minutes, through an outage of 10 minutes. The
service's limit is 600 calls/s and a burst of 2,000 for 100,000 clients, and in proportion for other numbers. Prints a
table, and draws the offered load to PATH if there is one.";

/// The clients that the service's limit is made for.
const FULL: u32 = 100_000;

/// What a client does after a call has failed.
const AFTER_FAILURE: [(&str, Option<[Duration; 2]>); 2] = [
    ("after a failure, the next call is the next one by the clock", None),
    (
        "after a failure, the next call is made after 10 to 20 s",
        Some([Duration::from_secs(10), Duration::from_secs(20)]),
    ),
];

fn main() -> ExitCode {
    let (clients, svg) = match arguments(env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            // Nobody reads it: then it is not missed.
            let _ = writeln!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("fleet: {complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let groups = simulate(clients);
    let drawn = svg.map_or(Ok(()), |path| fs::write(path, plot::svg(&groups)));
    if let Err(error) = print(clients, &groups).and(drawn) {
        eprintln!("fleet: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<(u32, Option<String>)>, String> {
    let (mut clients, mut svg) = (FULL, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--help" => return Ok(None),
            "--svg" => svg = Some(value()?),
            "--clients" => {
                let number = value()?.parse().ok().filter(|clients| (1_000..=1_000_000).contains(clients));
                clients = number.ok_or("--clients wants a number from 1,000 to 1,000,000")?;
            }
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(Some((clients, svg)))
}

/// The policies that are compared: the default, and the default without one of its parts.
fn policies() -> [(&'static str, RetryPolicy, bool); 3] {
    let mut boundless = RetryPolicy::default();
    (boundless.cost, boundless.throttling_cost, boundless.timeout_cost) = (0, 0, 0);
    [
        ("default", RetryPolicy::default(), true),
        ("without jitter", RetryPolicy::default().backoff(unrandom), false),
        ("without quota", boundless, true),
    ]
}

/// What the default policy waits at most.
fn unrandom(retry: u32, error: &Error) -> Option<Duration> {
    let policy = RetryPolicy::default();
    let base = if error.is_throttling() { policy.throttling_base } else { policy.base };
    Some(base.saturating_mul(1 << (retry - 1).min(16)).min(policy.cap))
}

/// Runs of the same behaviour after a failure, one for each policy.
struct Group {
    title: &'static str,
    limit: u32,
    runs: Vec<(&'static str, Summary)>,
}

fn simulate(clients: u32) -> Vec<Group> {
    let limit = |of: u32| (u64::from(of) * u64::from(clients) / u64::from(FULL)).max(1) as u32;
    let (rate, burst) = (limit(600), limit(2_000));
    let jobs: Vec<_> = AFTER_FAILURE
        .iter()
        .flat_map(|(_, insists)| policies().map(|(_, policy, is_random)| (*insists, policy, is_random)))
        .map(|(insists, policy, is_random)| Settings { clients, rate, burst, policy, insists, is_random })
        .collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        // Not all at once: a hundred thousand clients take some memory.
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(number) else { return };
                    let summary = World::new(job.clone()).run();
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, summary);
                }
            });
        }
    });
    let mut summaries = done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values();
    let group = |(title, _): (&'static str, _)| {
        let runs = policies().into_iter().zip(summaries.by_ref()).map(|((name, ..), run)| (name, run));
        Group { title, limit: rate, runs: runs.collect() }
    };
    AFTER_FAILURE.map(group).into()
}

fn print(clients: u32, groups: &[Group]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for group in groups {
        writeln!(out, "{clients} clients; {}:\n", group.title)?;
        writeln!(
            out,
            "| policy | requests in the outage | peak in it, per s | peak after it, per s | throttled after it | \
             calls failed | recovered after |\n|---|---|---|---|---|---|---|"
        )?;
        for (name, run) in &group.runs {
            writeln!(
                out,
                "| {name} | {} | {} | {} | {:.1} % | {} | {} |",
                run.outage_requests,
                run.outage_peak,
                run.later_peak,
                run.throttled * 100.0,
                run.failed,
                run.recovered.map_or_else(|| "never".to_owned(), |after| format!("{} s", after.as_secs())),
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_fleet_gets_over_it_and_the_same_way_every_time() {
        let run = || {
            let groups = simulate(1_000);
            let table = |group: &Group| group.runs.iter().map(|(_, run)| run.clone()).collect::<Vec<_>>();
            (groups.iter().map(table).collect::<Vec<_>>(), plot::svg(&groups))
        };
        let (tables, svg) = run();
        assert_eq!((&tables, &svg), (&run().0, &run().1));
        for summary in tables.iter().flatten() {
            assert!(summary.recovered.is_some() && summary.failed > 0, "{summary:?}");
        }
        // Those who insist run out of quota; whoever waits for a quarter of an hour cannot.
        assert_eq!(tables[0][0].outage_requests, tables[0][2].outage_requests);
        assert!(tables[1][0].outage_requests < tables[1][2].outage_requests);
        assert!(svg.starts_with("<svg") && svg.len() < 100_000);
    }
}
