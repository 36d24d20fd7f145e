//! The client against imitations of AWS that others wrote: moto and MiniStack.
//!
//! `tests/servers/run.sh` starts them and tells by `STS_MOTO_OPEN`, `STS_MOTO_AUTH` and `STS_MINISTACK` which files hold
//! what a client needs to know. A server that is not there is not asked, unless `STS_REQUIRE_SERVERS=1` says that it
//! must be.
//!
//! What a server does otherwise than AWS is checked too, and marked so: when that changes, it shall be seen.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it found")]

use std::time::Duration;

use sts_blocking::endpoint::EndpointOptions;
use sts_blocking::http::Request;
use sts_blocking::operation::*;
use sts_blocking::time::{self, OffsetDateTime};
use sts_blocking::{
    Body, Client, Credentials, Encoder, Error, ErrorCode, ErrorKind, Presign, Reply, Timeouts, Transport,
    UreqTransport, Validation,
};

use attacks::{at_another_time, presigned, tampered_body, verified_session, wrong_keys};
use checks::Checks;

mod attacks;
mod checks;
mod ministack;
mod moto;
mod sources;

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}"#;

/// Sends a request that was made otherwise than by the client, and reads the reply.
fn deliver<O: Operation>(operation: &O, request: Request<Body>) -> Result<Reply<O::Output>, Error> {
    operation.decode(&UreqTransport::new(Timeouts::default()).send(request, Duration::from_secs(10))?)
}

/// Every parameter of AssumeRole that needs no device, in all of Unicode that AWS allows.
fn full_assume_role(role: &str) -> AssumeRole {
    AssumeRole::new(role, "session")
        .duration_seconds(1800)
        .policy(POLICY)
        .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
        .tags([("Project", "α β/γ=δ"), ("Größe:1", "日本 + 100@x"), ("Stage", "")])
        .transitive_tag_keys(["Project"])
        .source_identity("alice@example.com")
}

/// A web identity token whose signature nobody verifies.
fn web_identity_token(issuer: &str) -> String {
    format!("{}.{}.c2lnbmF0dXJl", base64url(r#"{"alg":"RS256"}"#), {
        base64url(&format!(r#"{{"iss":"https://{issuer}","sub":"alice","aud":"app"}}"#))
    })
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// Not the words of STS: the client says so, and takes nothing from it.
fn not_sts<T>(checks: &mut Checks, name: &str, outcome: Result<Reply<T>, Error>, status: u16) {
    let error = outcome.err();
    let found = error.as_ref().map(|error| (error.kind(), error.metadata().map(|metadata| metadata.status)));
    checks.check(name, found == Some((ErrorKind::Response, Some(status))), &error);
    // A server that failed may be asked again.
    let retryable = error.as_ref().is_some_and(Error::is_retryable);
    checks.check(name, retryable == (status >= 500), error);
}
