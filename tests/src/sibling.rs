//! `sts-local` beside the program that runs, and what the system tells of this process.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use sts_blocking::{Credentials, Error};

/// A local STS in a process of its own, which ends with this value.
#[derive(Debug)]
pub struct Sibling {
    child: Child,
    environment: BTreeMap<String, String>,
}

impl Sibling {
    /// Starts `sts-local`, which must be beside this program, with those arguments.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(arguments: &[&str]) -> io::Result<Self> {
        let program: PathBuf = env::current_exe()?.with_file_name("sts-local");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
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

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        self.value("AWS_ENDPOINT_URL_STS")
    }

    /// A variable that it printed; empty if it did not.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.environment.get(name).map_or("", String::as_str)
    }

    /// Those of its user.
    ///
    /// # Errors
    /// It printed none.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        Credentials::new(self.value("AWS_ACCESS_KEY_ID"), self.value("AWS_SECRET_ACCESS_KEY"))
    }
}

impl Drop for Sibling {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory in KiB; 0 where the system does not tell.
#[must_use]
pub fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

/// Open descriptors; 0 where the system does not tell.
#[must_use]
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// The CPU time of all threads that this process has; zero where the system does not tell.
#[must_use]
pub fn cpu_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.map(|thread| scheduled(&thread.path().join("schedstat"))).sum()
}

/// That of the thread that asks.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    scheduled("/proc/thread-self/schedstat".as_ref())
}

fn scheduled(path: &Path) -> Duration {
    let text = fs::read_to_string(path).unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// How many descriptors this process may have; the largest number where the system does not tell.
#[must_use]
pub fn descriptor_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(usize::MAX)
}
