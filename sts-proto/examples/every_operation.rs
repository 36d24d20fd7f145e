//! Every operation through the core alone: values in, values out, and the one clock reading is an argument.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::compatible;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::*;
use sts_proto::step::{Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, Presign, RetryPolicy, TransportKind};

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

fn main() -> Result<(), Error> {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    show(&encoder, &AssumeRole::new(ROLE, "session").tag("Project", "x"))?;
    show(
        &encoder,
        &AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", "PHNhbWw+"),
    )?;
    show(&encoder, &AssumeRoleWithWebIdentity::new(ROLE, "session", "eyJhbGciOiJub25lIn0.e30."))?;
    show(
        &encoder,
        &AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
    )?;
    show(&encoder, &DecodeAuthorizationMessage::new("message"))?;
    show(&encoder, &GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE"))?;
    show(&encoder, &GetCallerIdentity::new())?;
    show(&encoder, &GetDelegatedAccessToken::new("token"))?;
    show(&encoder, &GetFederationToken::new("Bob"))?;
    show(&encoder, &GetScopedCredentials::new().duration_seconds(900))?;
    show(&encoder, &GetSessionToken::new().duration_seconds(900))?;
    show(&encoder, &GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384))?;
    show(&encoder, &RawAction::new("GetCallerIdentity"))?;
    show(&encoder, &GetCallerIdentity::new().unsigned())?;
    show(&encoder, &compatible::AssumeRole::new())?;
    show(&encoder, &compatible::AssumeRoleWithCertificate::new())?;
    show(&encoder, &compatible::AssumeRoleWithClientGrants::new("token"))?;
    show(&encoder, &compatible::AssumeRoleWithCustomToken::new("token", ROLE))?;
    show(&encoder, &compatible::AssumeRoleWithLdapIdentity::new("alice", "password"))?;
    show(&encoder, &compatible::AssumeRoleWithWebIdentity::new("eyJhbGciOiJub25lIn0.e30."))?;

    let url = encoder.presign(&GetCallerIdentity::new(), &credentials()?, now(), &Presign::default())?;
    println!("{:?}", url);
    Ok(())
}

/// What is sent, what is made of an answer that is none, and how a call goes on after a failure.
fn show<O: Operation + Clone>(encoder: &Encoder, operation: &O) -> Result<(), Error> {
    let request = encoder.encode(operation, Some(&credentials()?), now())?;
    let answer =
        http::Response::builder().status(503).body("<html>").map(|response| operation.decode(&response));
    let error = answer.ok().and_then(Result::err).map(|error| error.to_string());
    println!("{} {} {:?}", request.method(), request.uri(), request.body());
    println!("  {}", error.unwrap_or_default());

    let caller = Caller::new(Encoder::new(encoder.endpoint().clone()), RetryPolicy::default());
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let credentials = Arc::new(credentials()?);
    let call = Call::new(Arc::new(caller), operation.clone(), Some(credentials), deadlines, 7);
    let mut step = call.start(now());
    let outcome = loop {
        step = match step {
            Step::Send(_, then) => {
                then.resume(now(), Err(Error::transport(TransportKind::Closed, "there is no network")))
            }
            Step::Wait(wait, then) => {
                println!("  wait {wait:?}");
                then.resume(now(), ())
            }
            Step::Done(outcome) => break outcome,
        };
    };
    println!("  {}", outcome.err().map(|error| error.to_string()).unwrap_or_default());
    Ok(())
}

fn credentials() -> Result<Credentials, Error> {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}
