//! What is told while people wait: nothing to a script, and nothing about a wait of less than a second.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};
use sts_blocking::RetryReason;
use sts_blocking::observe::{Event, Observer};

use crate::stdio;

/// The waits before which nothing is said.
const SHORT: Duration = Duration::from_secs(1);

/// Tells of retries.
pub(crate) struct Progress {
    is_shown: bool,
    /// How many retries there are at most.
    retries: u32,
    /// When the call began.
    began: Mutex<Option<Instant>>,
}

impl Progress {
    pub(crate) fn new(retries: u32) -> Self {
        Self { is_shown: io::stderr().is_terminal(), retries, began: Mutex::new(None) }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        // A script gets the warning as well: it asked for the cache.
        if let Event::CacheNotWritten { file, error, .. } = event {
            stdio::complain(&format!("sts: {} cannot be written: {error}\n", file.display()));
        }
        if !self.is_shown {
            return;
        }
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Attempt { attempt: 1, .. } => *began = Some(Instant::now()),
            Event::Retry { attempt, retry, .. } => {
                let so_far = began.map_or(Duration::ZERO, |began| began.elapsed());
                if so_far.saturating_add(retry.wait) >= SHORT {
                    let wait = retry.wait.as_secs_f32();
                    stdio::complain(&format!(
                        "sts: {}; retry {attempt} of {}, waiting {wait:.1} s\n",
                        words(retry.reason),
                        self.retries
                    ));
                }
            }
            _ => {}
        }
    }
}

fn words(reason: RetryReason) -> &'static str {
    match reason {
        RetryReason::Throttled => "STS asks to slow down",
        RetryReason::Transport => "no reply",
        RetryReason::ClockSkew => "the clock is off",
        _ => "STS has a passing problem",
    }
}

/// Prints what this project's libraries log. Their lines hold no secret; those of others are not ours to judge.
struct Debug;

impl Log for Debug {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sts")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            stdio::complain(&format!("{} {} {}\n", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Switches `--debug` on.
pub(crate) fn debug() {
    // There is no other logger in this program.
    if log::set_logger(&Debug).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}
