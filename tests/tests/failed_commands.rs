//! What a `credential_process` that fails leaves behind in the program that ran it: no thread, no descriptor and, where there
//! is no terminal, no process. A test in its own binary, because a process has one list of threads and descriptors.
//!
//! `STS_FAILED_REFRESHES` is the number of refreshes for each driver.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use futures_lite::future::block_on;
use sts_proto::source::{Chain, Process};
use sts_proto::{Error, ErrorKind};

/// How long a command has.
const TIMEOUT: Duration = Duration::from_millis(30);

/// What commands wait for in vain: much longer than this test takes, and with its own name.
fn long_sleep() -> String {
    format!("sleep 100.{}", process::id())
}

/// A command that hangs behind a shell, one that hangs and has started a process in another session, and one that ends and
/// leaves such a process behind. The other session's processes end by themselves, long after the deadline.
fn scripts() -> [String; 3] {
    let long = long_sleep();
    [
        format!("{long}; true"),
        format!("setsid sleep 1 & {long}; true"),
        "setsid sleep 1 & echo garbage".to_owned(),
    ]
}

fn chain(script: &str) -> Chain {
    Chain::new().with(Process::new(format!("sh -c '{script}'")).timeout(TIMEOUT))
}

/// The numbers of threads and descriptors of this process.
fn held() -> (usize, usize) {
    let count = |path| fs::read_dir(path).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// How many processes run the long sleep.
fn sleeping() -> usize {
    let wanted = long_sleep().replace(' ', "\0");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).starts_with(&wanted)).count()
}

fn fail(refresh: impl Fn(Chain) -> Error, count: usize) -> Duration {
    let mut longest = Duration::ZERO;
    for script in scripts().iter().cycle().take(count) {
        let start = Instant::now();
        let error = refresh(chain(script));
        longest = longest.max(start.elapsed());
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let text = error.to_string();
        assert!(text.contains("did not end within") || text.contains("is not JSON"), "{text}");
    }
    longest
}

#[test]
fn failed_refreshes_leave_no_threads_descriptors_or_processes() {
    let count = env::var("STS_FAILED_REFRESHES").map_or(50, |count| count.parse().unwrap());
    let blocking = sts_blocking::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let smol = sts_async::smol::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let tokio = sts_async::tokio::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let by_blocking = |chain| sts_blocking::Provider::new(&blocking, chain).credentials().unwrap_err();
    let by_smol = |chain| block_on(sts_async::Provider::new(&smol, chain).credentials()).unwrap_err();
    let by_tokio =
        |chain| runtime.block_on(sts_async::Provider::new(&tokio, chain).credentials()).unwrap_err();
    let drivers: [(&str, &dyn Fn(Chain) -> Error); 3] =
        [("blocking", &by_blocking), ("smol", &by_smol), ("tokio", &by_tokio)];
    for (name, refresh) in drivers {
        // The first one starts what a runtime keeps.
        fail(refresh, 1);
        let before = held();
        let longest = fail(refresh, count);
        assert_eq!(held(), before, "threads and descriptors of {name}");
        println!(
            "{name}: {count} failed refreshes, {before:?} threads and descriptors, the longest {longest:?}"
        );
        assert!(longest < TIMEOUT * 100, "{longest:?}");
    }
    // With a terminal the commands stay in its group, and what they started is not ended.
    if fs::File::open("/dev/tty").is_err() {
        let start = Instant::now();
        while sleeping() > 0 {
            // A killed process is in the list for a moment.
            assert!(start.elapsed() < Duration::from_secs(10), "{} processes are left", sleeping());
            thread::sleep(Duration::from_millis(10));
        }
    }
}
