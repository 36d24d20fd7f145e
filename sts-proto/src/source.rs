//! Where credentials come from, one source a file.

pub mod environment;
