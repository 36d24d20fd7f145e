//! A local STS for tests and examples, and what the test suites share.

pub mod server;
