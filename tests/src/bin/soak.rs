//! Very many calls through each driver against a local STS of its own process, where one request in twenty goes wrong: no
//! call may be lost or answered with another one's answer, memory must stay flat, and every connection be given back.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use async_executor::LocalExecutor;
use futures_lite::future;
use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
use sts_blocking::{Credentials, Error, ErrorKind, RetryPolicy, Timeouts};

const USAGE: &str = "usage: soak [--calls N] [--seconds S]

N calls (1,000,000 by default) through sts-blocking, and then as many through sts-async, or S seconds (none by default) for
each, whichever is over first, against `sts-local` beside this program, with faults in 5 % of its replies.

Fails if a call is lost, ends with an error that no fault explains, or gets another call's answer; if resident memory
grows by more than 2 MB after the first fifth; or if a descriptor is left.";

/// Calls that are under way at the same time.
const WORKERS: usize = 4;

/// Each in so many of a thousand replies: 50 in all.
const FAULTS: [(&str, u32); 10] = [
    ("reset-before-head", 5),
    ("reset-in-head", 5),
    ("reset-in-body", 5),
    ("truncate", 5),
    ("wrong-length", 5),
    ("chunked-garbage", 5),
    ("500", 5),
    ("503-empty", 5),
    ("throttle", 5),
    ("close", 5),
];

/// What memory may grow by, in KiB.
const GROWTH: u64 = 2 << 10;

/// How often memory is looked at in a run, and from which time on it must be flat.
const SAMPLES: u64 = 20;
const WARM: u64 = 4;

fn main() -> ExitCode {
    let (calls, time) = match arguments(env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            // Nobody reads it: then it is not missed.
            let _ = writeln!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("soak: {complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(calls, time) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// None if help is asked for.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<Option<(u64, Duration)>, String> {
    let (mut calls, mut time) = (1_000_000, Duration::MAX);
    while let Some(name) = words.next() {
        if name == "--help" || name == "-h" {
            return Ok(None);
        }
        let text = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = text.parse::<u32>().ok().filter(|number| *number > 0);
        let number = u64::from(number.ok_or_else(|| format!("{name} takes a number from 1, not {text:?}"))?);
        match name.as_str() {
            "--calls" => calls = number,
            "--seconds" => time = Duration::from_secs(number),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(Some((calls, time)))
}

/// The local STS, ended with this value.
struct Server {
    child: Child,
    environment: BTreeMap<String, String>,
}

impl Server {
    fn start() -> io::Result<Self> {
        let program: PathBuf = env::current_exe()?.with_file_name("sts-local");
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut environment = BTreeMap::new();
        let lines = child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines());
        for line in lines.map_while(Result::ok) {
            let words = line.strip_prefix("export ").and_then(|line| line.split_once('='));
            let Some((name, value)) = words else { continue };
            environment.insert(name.to_owned(), value.to_owned());
            // The last one that every start prints.
            if name == "AWS_DEFAULT_REGION" {
                break;
            }
        }
        Ok(Self { child, environment })
    }

    /// Orders the faults, each with a seed of its own: with the same one they would all strike the same requests.
    fn order_faults(&self) -> io::Result<()> {
        for (seed, (fault, rate)) in FAULTS.iter().enumerate() {
            let rate = f64::from(*rate) / 1000.0;
            let order = format!("{{\"fault\":\"{fault}\",\"rate\":{rate},\"seed\":{seed}}}");
            let mut stream =
                TcpStream::connect(self.value("AWS_ENDPOINT_URL_STS").trim_start_matches("http://"))?;
            let head = "POST /_control/faults HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
            write!(stream, "{head}Content-Length: {}\r\n\r\n{order}", order.len())?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            if !reply.starts_with("HTTP/1.1 204") {
                return Err(io::Error::other(format!("the fault {fault} was not taken: {reply}")));
            }
        }
        Ok(())
    }

    fn value(&self, name: &str) -> &str {
        self.environment.get(name).map_or("", String::as_str)
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        Credentials::new(self.value("AWS_ACCESS_KEY_ID"), self.value("AWS_SECRET_ACCESS_KEY"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Five attempts without long waits, so that faults decide and not the quota.
fn policy() -> RetryPolicy {
    let mut policy = RetryPolicy::default().max_attempts(5).backoff(|_, _| Some(Duration::from_millis(1)));
    policy.quota = u32::MAX;
    policy
}

#[derive(Default)]
struct Tally {
    begun: AtomicU64,
    done: AtomicU64,
    /// Ended with an error that a fault explains.
    failed: AtomicU64,
    retried: AtomicU64,
    wrong: AtomicU64,
}

impl Tally {
    /// The number of the next call; none if there is none.
    fn next(&self, calls: u64, end: Option<Instant>) -> Option<u64> {
        if end.is_some_and(|end| Instant::now() >= end) {
            return None;
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        if number < calls {
            return Some(number);
        }
        self.begun.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// What became of a call: the ARN it was answered with and its attempts.
    fn count(&self, number: u64, wanted: &str, outcome: Result<(String, u32), Error>) {
        match outcome {
            Ok((arn, attempts)) => {
                self.retried.fetch_add(u64::from(attempts - 1), Ordering::Relaxed);
                if !arn.ends_with(wanted) {
                    eprintln!("soak: call {number} got the answer of {arn}");
                    self.wrong.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) => {
                // A length that is too short cuts the document; all else is tried again and seldom fails five times.
                let is_explained = error.kind() == ErrorKind::Response || error.attempts() == 5;
                if !is_explained {
                    eprintln!("soak: call {number}: {error}");
                    self.wrong.fetch_add(1, Ordering::Relaxed);
                }
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Every other call assumes a role, under a name of its own.
fn session(number: u64) -> Option<String> {
    number.is_multiple_of(2).then(|| format!("call-{number}"))
}

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

fn blocking(server: &Server, calls: u64, end: Option<Instant>, tally: &Tally) -> Result<(), Error> {
    let client = sts_blocking::Client::builder()
        .region("us-east-1")
        .endpoint_url(server.value("AWS_ENDPOINT_URL_STS"))
        .credentials(server.credentials()?)
        .timeouts(Timeouts::default())
        .retry(policy())
        .build()?;
    let work = || {
        while let Some(number) = tally.next(calls, end) {
            let session = session(number);
            let wanted = session.as_deref().unwrap_or(":user/alice");
            let outcome = match &session {
                Some(name) => client
                    .send(AssumeRole::new(ROLE, name))
                    .map(|reply| (reply.assumed_role_user.arn.clone(), reply.metadata.attempts)),
                None => client
                    .send(GetCallerIdentity::new())
                    .map(|reply| (reply.arn.clone(), reply.metadata.attempts)),
            };
            tally.count(number, wanted, outcome);
        }
    };
    thread::scope(|scope| (0..WORKERS).for_each(|_| drop(scope.spawn(work))));
    Ok(())
}

fn in_async(server: &Server, calls: u64, end: Option<Instant>, tally: &Tally) -> Result<(), Error> {
    let client = sts_async::smol::Client::builder()
        .region("us-east-1")
        .endpoint_url(server.value("AWS_ENDPOINT_URL_STS"))
        .credentials(server.credentials()?)
        .retry(policy())
        .build()?;
    let running = Cell::new(WORKERS);
    let executor = LocalExecutor::new();
    let work = || async {
        while let Some(number) = tally.next(calls, end) {
            let session = session(number);
            let wanted = session.as_deref().unwrap_or(":user/alice");
            let outcome = match &session {
                Some(name) => client
                    .send(AssumeRole::new(ROLE, name))
                    .await
                    .map(|reply| (reply.assumed_role_user.arn.clone(), reply.metadata.attempts)),
                None => {
                    let outcome = client.send(GetCallerIdentity::new()).await;
                    outcome.map(|reply| (reply.arn.clone(), reply.metadata.attempts))
                }
            };
            tally.count(number, wanted, outcome);
        }
        running.set(running.get() - 1);
    };
    let workers: Vec<_> = (0..WORKERS).map(|_| executor.spawn(work())).collect();
    future::block_on(executor.run(async {
        for worker in workers {
            worker.await;
        }
    }));
    Ok(())
}

type Driver = fn(&Server, u64, Option<Instant>, &Tally) -> Result<(), Error>;

fn run(calls: u64, time: Duration) -> Result<bool, Box<dyn std::error::Error>> {
    let mut is_good = true;
    for (name, driver) in [("sts-blocking", blocking as Driver), ("sts-async", in_async as Driver)] {
        let server = Server::start()?;
        // What a first call opens for good, such as a reactor, is no leak.
        driver(&server, 100, None, &Tally::default())?;
        server.order_faults()?;
        let descriptors = descriptors();
        let tally = Tally::default();
        let start = Instant::now();
        let end = start.checked_add(time);
        let (curve, outcome) = thread::scope(|scope| {
            let run = scope.spawn(|| driver(&server, calls, end, &tally).map_err(|error| error.to_string()));
            let mut curve = Vec::new();
            while !run.is_finished() {
                thread::sleep(Duration::from_millis(50));
                let part = tally.done.load(Ordering::Relaxed).saturating_mul(SAMPLES) / calls;
                let of_time = start.elapsed().as_secs_f64() / time.as_secs_f64() * SAMPLES as f64;
                if part.max(of_time as u64) >= curve.len() as u64 {
                    curve.push(resident());
                }
            }
            (curve, run.join())
        });
        outcome.map_err(|_| "a worker panicked")??;
        let took = start.elapsed().as_secs_f64();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (begun, done) = (count(&tally.begun), count(&tally.done));
        let warm = &curve[curve.len().min(usize::try_from(WARM)?)..];
        let (least, most) = (warm.iter().min().copied(), warm.iter().max().copied());
        let grown = most.unwrap_or_default().saturating_sub(warm.first().copied().unwrap_or_default());
        let left = self::descriptors().saturating_sub(descriptors);
        let mut out = io::stdout();
        writeln!(out, "{name}: {done} of {begun} calls in {took:.0} s, {:.0} a second", done as f64 / took)?;
        writeln!(
            out,
            "  {} retries, {} errors that faults explain, {} wrong, {left} descriptors left",
            count(&tally.retried),
            count(&tally.failed),
            count(&tally.wrong)
        )?;
        writeln!(
            out,
            "  resident KiB {curve:?}: {} to {} once warm, grown by {grown}",
            least.unwrap_or_default(),
            most.unwrap_or_default()
        )?;
        is_good &= done > 0 && begun == done && count(&tally.wrong) == 0 && left == 0 && grown <= GROWTH;
    }
    Ok(is_good)
}

/// Resident memory in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

/// Open descriptors; 0 where the system does not tell.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
