//! Peers that drip, flood, speak unasked or answer strangely, against both drivers and all runtimes.
//!
//! Every entry of the tables is the same for the blocking driver, tokio with one thread and with several, and smol: the same
//! result or kind of error, within the deadline, and nothing secret in the error. With `STS_HOSTILE_REPORT=1` and
//! `--nocapture`, each test prints the longest time past a deadline that it saw.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use drivers::Driver;

mod connect_replies;
mod dirty;
mod dripping;
mod drivers;
mod floods;
mod peer;
mod table;

#[path = "../support/tls.rs"]
#[expect(dead_code, reason = "the rest is for other suites")]
mod certificates;

/// The deadline of entries that end by time.
const DEADLINE: Duration = Duration::from_millis(250);

/// The deadline of entries that end by what the peer sends: more than a busy machine needs.
const LONG: Duration = Duration::from_secs(10);

/// Entries end within this number of deadlines. Machines are busy, and a call without an end takes longer than any number.
const DEADLINES: u32 = 10;

/// What no error may hold: the client's secrets, and each form in which they travel.
const SECRETS: [&str; 5] =
    ["wJalrXUtnFEMI", "web-identity-secret", "hunter 2", "hunter%202", "YWxpY2U6aHVudGVyIDI="];

/// Makes a test of each function for each driver.
macro_rules! on_all {
    ($($name:ident)*) => {
        mod blocking {
            $(#[test] fn $name() { super::$name(crate::Driver::Blocking); })*
        }
        mod tokio_current_thread {
            $(#[test] fn $name() { super::$name(crate::Driver::TokioCurrentThread); })*
        }
        mod tokio_multi_thread {
            $(#[test] fn $name() { super::$name(crate::Driver::TokioMultiThread); })*
        }
        mod smol {
            $(#[test] fn $name() { super::$name(crate::Driver::Smol); })*
        }
    };
}
pub(crate) use on_all;
