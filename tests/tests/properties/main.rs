//! Laws that hold for all inputs, on a few hundred random ones each. `PROPTEST_CASES=100000` tries more.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use regex::Regex;
use serde_json::json;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::form::{self, Form};
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::*;
use sts_proto::sigv4::{Signer, Signing};
use sts_proto::step::{Resume, Step};
use sts_proto::{
    Body, Credentials, Encoder, Error, ErrorKind, Presign, RetryPolicy, Rule, TransportKind, Validation,
};
use sts_tests::build;
use time::{OffsetDateTime, UtcOffset};

mod parameters;
mod replies;
mod signing;
mod times;

/// As many cases as a second's wait is worth, unless the environment wants more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 128 };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

/// Any text, with what is special somewhere more often than by chance.
fn text() -> impl Strategy<Value = String> {
    let special =
        select(vec!["&", "=", "%", "+", " ", "%41", "%zz", "<", "]]>", "é", "\u{1f512}", "\0", "/", "~"]);
    prop_oneof![
        any::<String>(),
        vec(prop_oneof![special.prop_map(str::to_owned), "[a-z]{1,3}"], 0..8)
            .prop_map(|parts| parts.concat())
    ]
}

/// A moment of the years that a signature can name.
fn moment() -> impl Strategy<Value = OffsetDateTime> {
    (-62_135_596_800_i64..253_402_300_800)
        .prop_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap())
}

/// A moment of all that there are, in any time zone.
fn any_moment() -> impl Strategy<Value = OffsetDateTime> {
    let ends = select(vec![-377_705_116_800_i64, 253_402_300_799, 0, i64::from(i32::MAX)]);
    let seconds = prop_oneof![ends, -377_705_116_800_i64..253_402_300_800];
    (seconds, -93_599_i32..93_600).prop_map(|(seconds, offset)| {
        let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        time.checked_to_offset(UtcOffset::from_whole_seconds(offset).unwrap()).unwrap_or(time)
    })
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        select(vec![Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1), Duration::MAX]),
        any::<Duration>(),
        (0..100_000_u64).prop_map(Duration::from_millis),
    ]
}

fn key() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").unwrap()
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap())
}
