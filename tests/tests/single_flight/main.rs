//! However many want credentials at once, one asks STS: threads and tasks, when it works, fails, or is given up.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod failures;
mod roles;
mod sts;
mod waiting;

const TASKS: usize = 10_000;
const THREADS: usize = 200;
