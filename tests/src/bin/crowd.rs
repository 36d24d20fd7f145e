//! Very many calls at once on one thread, against a local STS of its own process that lets all of them wait: how many are
//! answered, and what memory each takes while it is under way.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::cell::Cell;
use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::time::{Duration, Instant};

use async_executor::LocalExecutor;
use futures_lite::future;
use sts_blocking::operation::AssumeRole;
use sts_blocking::{RetryPolicy, Timeouts};
use sts_tests::sibling::{self, Sibling};

const USAGE: &str = "usage: crowd [--plain] [CALLS...]

So many calls at once (8,000 by default, fewer where the system allows fewer descriptors) through sts-async on one thread,
against `sts-local` beside this program, which lets each wait until all are under way together. More than one number: one after
the other, each in a process of its own. --plain prints numbers only: calls, answered, descriptors at most, and for each
call KiB of memory and microseconds of CPU time.";

const CALLS: usize = 8_000;

/// What a process needs besides one descriptor for each call.
const OTHER_DESCRIPTORS: usize = 100;

/// Until each request is answered, in milliseconds. All must have been sent by then, on a busy machine as well.
fn delay(calls: usize) -> usize {
    1_000.max(calls * 5 / 4)
}

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// Says that this runs with as many descriptors as it can get.
const RAISED: &str = "STS_CROWD_RAISED";

fn main() -> ExitCode {
    let mut words: Vec<String> = env::args().skip(1).collect();
    let is_plain = words.first().is_some_and(|word| word == "--plain");
    if is_plain {
        words.remove(0);
    }
    let numbers = words.iter().map(|word| word.parse().ok().filter(|calls| *calls > 0)).collect();
    let Some(numbers): Option<Vec<usize>> = numbers else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let outcome = match numbers[..] {
        [] => one(CALLS, is_plain),
        [calls] => one(calls, is_plain),
        _ => words.iter().try_fold(true, |so_far, calls| {
            let mut command = Command::new(env::current_exe()?);
            command.args(is_plain.then_some("--plain")).arg(calls);
            Ok(command.status()?.success() && so_far)
        }),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crowd: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Once more, with as many descriptors as the system allows: often they are 1,024 until one asks.
fn again() -> Outcome<bool> {
    let script = r#"ulimit -n "$(ulimit -H -n)" && exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(env::current_exe()?).args(env::args().skip(1)).env(RAISED, "1");
    Ok(command.status()?.success())
}

fn one(calls: usize, is_plain: bool) -> Outcome<bool> {
    let limit = sibling::descriptor_limit();
    if limit < calls + OTHER_DESCRIPTORS && env::var_os(RAISED).is_none() {
        return again();
    }
    run(calls.min(limit.saturating_sub(OTHER_DESCRIPTORS)), is_plain)
}

fn run(calls: usize, is_plain: bool) -> Outcome<bool> {
    let server = Sibling::start(&["--fault", &format!("delay={}@1", delay(calls))])?;
    let long = Duration::from_secs(300);
    let client = sts_async::smol::Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(server.credentials()?)
        .timeouts(Timeouts::default().connect(long).attempt(long).total(long))
        .retry(RetryPolicy::never())
        .build()?;
    let executor = LocalExecutor::new();
    // What a first call opens for good, such as a reactor, is no call's own.
    future::block_on(executor.run(client.send(AssumeRole::new(ROLE, "first"))))?;
    let before = sibling::resident();
    let (done, peak) = (Rc::new(Cell::new(0)), Cell::new((0, 0)));
    let watched = Cell::new(Duration::ZERO);
    let (start, cpu) = (Instant::now(), sibling::cpu_time());
    let tasks: Vec<_> = (0..calls)
        .map(|number| {
            let (client, done) = (client.clone(), Rc::clone(&done));
            executor.spawn(async move {
                let name = format!("call-{number}");
                let outcome = client.send(AssumeRole::new(ROLE, name.as_str())).await;
                done.set(done.get() + 1);
                outcome.is_ok_and(|reply| reply.assumed_role_user.arn.ends_with(&name))
            })
        })
        .collect();
    let watch = async {
        while done.get() < calls {
            async_io::Timer::after(Duration::from_millis(100)).await;
            let (most, memory) = peak.get();
            let cpu = sibling::thread_cpu_time();
            // Each of them has a connection.
            peak.set((most.max(sibling::descriptors()), memory.max(sibling::resident())));
            watched.set(watched.get() + (sibling::thread_cpu_time() - cpu));
        }
    };
    let answered = future::block_on(executor.run(async {
        let all = async {
            let mut answered = 0;
            for task in tasks {
                answered += usize::from(task.await);
            }
            answered
        };
        future::zip(all, watch).await.0
    }));
    let cpu = (sibling::cpu_time() - cpu).saturating_sub(watched.get());
    let (connections, memory) = peak.get();
    let kibibytes = memory.saturating_sub(before) as f64 / calls as f64;
    let microseconds = 1e6 * cpu.as_secs_f64() / calls as f64;
    let mut out = io::stdout();
    if is_plain {
        writeln!(out, "{calls} {answered} {connections} {kibibytes:.2} {microseconds:.2}")?;
    } else {
        writeln!(
            out,
            "{answered} of {calls} calls answered in {:.1} s on one thread, up to {connections} descriptors at once; \
             {kibibytes:.1} KiB of memory and {microseconds:.0} µs of CPU time for each call",
            start.elapsed().as_secs_f64()
        )?;
    }
    Ok(answered == calls)
}
