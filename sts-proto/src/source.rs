//! Where credentials come from, one source a file.

pub use report::{Look, Outcome, Report};

pub mod environment;

mod report;
