use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, Operation};
use sts_proto::step::{Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, RetryPolicy, http};

use crate::contest::Outcome;
use crate::memory::{KEY, REGION};
use crate::responder;

/// The AssumeRole that all peers send.
pub(crate) fn operation() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tag("Project", "Automation")
        .tag("CostCenter", "12345")
}

pub(crate) fn credentials() -> Outcome<Credentials> {
    Ok(Credentials::new(KEY.0, KEY.1)?)
}

pub(crate) fn encoder() -> Outcome<Encoder> {
    Ok(Encoder::new(EndpointOptions::new().region(REGION).resolve()?))
}

/// Checks, serializes and signs a request, with the key of the day at hand.
pub(crate) fn request() -> Outcome<impl FnMut() -> Outcome> {
    let (encoder, credentials) = (encoder()?, credentials()?);
    let now = OffsetDateTime::now_utc();
    Ok(move || {
        black_box(encoder.encode(&operation(), Some(&credentials), now)?);
        Ok(())
    })
}

/// Reads a reply.
pub(crate) fn reply() -> impl FnMut() -> Outcome {
    let (response, operation) = (http::Response::new(responder::document().into_bytes()), operation());
    move || {
        black_box(operation.decode(black_box(&response))?);
        Ok(())
    }
}

/// Both by the flow of a call.
pub(crate) fn call() -> Outcome<impl FnMut() -> Outcome> {
    let caller = Arc::new(Caller::new(encoder()?, RetryPolicy::default()));
    let (credentials, document) = (Arc::new(credentials()?), responder::document());
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    Ok(move || {
        // Twice by the clock, as a driver does.
        let now = OffsetDateTime::now_utc();
        let (caller, credentials) = (Arc::clone(&caller), Some(Arc::clone(&credentials)));
        let step = Call::new(caller, operation(), credentials, deadlines, 7).start(now);
        let Step::Send(transmit, then) = step else { return Err("no request".into()) };
        black_box(&transmit);
        let response = http::Response::new(Body::from(document.as_bytes().to_vec()));
        match then.resume(OffsetDateTime::now_utc(), Ok(response)) {
            Step::Done(result) => {
                black_box(result?);
                Ok(())
            }
            _ => Err("no result".into()),
        }
    })
}
