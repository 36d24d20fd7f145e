//! A local STS for tests and examples, and what the test suites share.

#![forbid(unsafe_code)]

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
