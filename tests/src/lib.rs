//! A local STS for tests and examples, and what the test suites share.

#![forbid(unsafe_code)]
// Of clocks only, see clippy.toml. In tests a panic is a failed test.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod any;
pub mod build;
pub mod endpoint_rules;
pub mod http_text;
pub mod plot;
pub mod report;
pub mod responder;
pub mod scenario;
pub mod server;
pub mod service_model;
pub mod sibling;
pub mod sign;
pub mod vectors;
