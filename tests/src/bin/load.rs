//! Many clients at once against the local STS in the same process: no reply may be lost or belong to another caller,
//! and memory must stay flat.

#![allow(clippy::print_stderr, reason = "a program says on stderr why it fails")]

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sts_blocking::operation::{AssumeRole, GetCallerIdentity};
use sts_blocking::{Client, Credentials, Error};
use sts_tests::server::Server;

const USAGE: &str = "usage: load [--clients N] [--seconds S] [--growth MIB]

N clients (200 by default), each with a thread and a connection of its own, call the local STS in this process for S
seconds (60 by default): each assumes a role under a name of its own, then asks as that role who it is.

Fails if a call fails, if an answer belongs to another call, or if memory grows by more than MIB mebibytes (16 by
default) after the first third of the time, when the server's log and its table of issued keys are full.";

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";
/// As many complaints are printed; the others are counted.
const COMPLAINTS: usize = 10;
/// Two hundred threads need no more.
const STACK_BYTES: usize = 512 << 10;

fn main() -> ExitCode {
    let settings = match Settings::read(env::args().skip(1)) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            // Nobody reads it: then it is not missed.
            let _ = writeln!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("load: {complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&settings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Settings {
    clients: usize,
    seconds: u64,
    growth: u64,
}

impl Settings {
    /// None if help is asked for.
    fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut settings = Self { clients: 200, seconds: 60, growth: 16 };
        while let Some(name) = words.next() {
            if name == "--help" || name == "-h" {
                return Ok(None);
            }
            let mut number = || {
                let text = words.next().ok_or_else(|| format!("{name} needs a value"))?;
                let number = text.parse::<u32>().ok().filter(|number| *number > 0);
                number.ok_or_else(|| format!("{name} takes a number from 1, not {text:?}"))
            };
            match name.as_str() {
                "--clients" => settings.clients = number()? as usize,
                "--seconds" => settings.seconds = u64::from(number()?),
                "--growth" => settings.growth = u64::from(number()?),
                _ => return Err(format!("unknown option {name}")),
            }
        }
        Ok(Some(settings))
    }
}

/// What all clients write to.
#[derive(Default)]
struct Tally {
    stop: AtomicBool,
    calls: AtomicU64,
    errors: AtomicU64,
    complaints: Mutex<Vec<String>>,
}

impl Tally {
    fn complain(&self, complaint: String) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut complaints) = self.complaints.lock()
            && complaints.len() < COMPLAINTS
        {
            complaints.push(complaint);
        }
    }
}

fn run(settings: &Settings) -> Result<bool, Box<dyn std::error::Error>> {
    let server = Server::start()?;
    let user = server.user();
    let key = Credentials::new(user.access_key_id(), user.secret_access_key())?;
    let tally = Tally::default();
    let time = Duration::from_secs(settings.seconds);
    let begin = memory();
    let start = Instant::now();
    let clients = (0..settings.clients).map(|_| {
        Client::builder().region("us-east-1").endpoint_url(server.url()).credentials(key.clone()).build()
    });
    let clients = clients.collect::<Result<Vec<_>, _>>()?;
    let (full, took) = thread::scope(|scope| -> io::Result<_> {
        for (number, client) in clients.iter().enumerate() {
            let tally = &tally;
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            if let Err(error) = thread.spawn_scoped(scope, move || call_on(number, client, tally)) {
                // Else those that run already would be waited for.
                tally.stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        thread::sleep((time / 3).saturating_sub(start.elapsed()));
        let full = memory();
        thread::sleep(time.saturating_sub(start.elapsed()));
        tally.stop.store(true, Ordering::Relaxed);
        Ok((full, start.elapsed()))
    })?;
    report(settings, &tally, took, [begin, full, memory()])
}

/// Calls until it is told to stop.
fn call_on(number: usize, client: &Client, tally: &Tally) {
    let mut round = 0_u64;
    while !tally.stop.load(Ordering::Relaxed) {
        let session = format!("client-{number}-{round}");
        if let Err(complaint) = one_round(client, &session, tally) {
            tally.complain(format!("{session}: {complaint}"));
        }
        round += 1;
    }
}

/// A role assumed under that name, and its identity asked for with the credentials that came.
fn one_round(client: &Client, session: &str, tally: &Tally) -> Result<(), String> {
    let wanted = format!("arn:aws:sts::123456789012:assumed-role/Deploy/{session}");
    let is_wanted = |found: &str| {
        if found == wanted { Ok(()) } else { Err(format!("got the answer of {found}")) }
    };
    let explain = |error: Error| error.to_string();
    tally.calls.fetch_add(1, Ordering::Relaxed);
    let role = client.send(AssumeRole::new(ROLE, session)).map_err(explain)?;
    is_wanted(&role.assumed_role_user.arn)?;
    tally.calls.fetch_add(1, Ordering::Relaxed);
    let call = client.call(GetCallerIdentity::new()).credentials(role.into_output().credentials);
    is_wanted(&call.send().map_err(explain)?.arn)
}

/// Prints the figures and says whether they are good.
fn report(
    settings: &Settings,
    tally: &Tally,
    took: Duration,
    memory: [Option<Memory>; 3],
) -> Result<bool, Box<dyn std::error::Error>> {
    let (calls, errors) = (tally.calls.load(Ordering::Relaxed), tally.errors.load(Ordering::Relaxed));
    let mut out = io::stdout();
    let seconds = took.as_secs_f64();
    writeln!(out, "clients        {}", settings.clients)?;
    writeln!(out, "calls          {calls} in {seconds:.1} s, {:.0} a second", calls as f64 / seconds)?;
    writeln!(out, "errors         {errors}")?;
    let mut good = calls > 0 && errors == 0;
    match memory {
        [Some(begin), Some(full), Some(end)] => {
            let kibibytes = [begin.resident, full.resident, end.resident, end.peak];
            let [begin, full, end, peak] = kibibytes.map(|kibibytes| kibibytes as f64 / 1024.0);
            writeln!(
                out,
                "memory         {begin:.1} MiB at the start, {full:.1} when full, {end:.1} at the end, {peak:.1} at most"
            )?;
            if end - full > settings.growth as f64 {
                writeln!(out, "memory grew by more than {} MiB after it was full", settings.growth)?;
                good = false;
            }
        }
        _ => writeln!(out, "memory         not known on this system")?,
    }
    for complaint in tally.complaints.lock().map_err(|_| "a client panicked")?.iter() {
        writeln!(out, "  {complaint}")?;
    }
    Ok(good)
}

/// What this process occupies, in KiB.
#[derive(Clone, Copy)]
struct Memory {
    resident: u64,
    peak: u64,
}

/// None where the system does not tell it in `/proc`.
fn memory() -> Option<Memory> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory { resident: value("VmRSS:")?, peak: value("VmHWM:")? })
}
