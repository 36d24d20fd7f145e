//! A call with a failure, a result and an echo, with every event.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::step::Step;
use sts_proto::{Body, Encoder, Error, RetryPolicy, TransportKind};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()).observer(seen.clone()));
    seen.debug(&caller);
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    for last in [(200, reply("AssumeRole")), (403, echo())] {
        let call = Call::new(Arc::clone(&caller), role(), Some(Arc::new(credentials())), deadlines, 7);
        let mut answers = vec![(503, echo()), last];
        let mut step = call.start(NOW);
        let outcome = loop {
            use sts_proto::step::Resume;
            step = match step {
                Step::Send(transmit, then) => {
                    seen.debug(&transmit);
                    let (status, body) = answers.remove(0);
                    let mut response = Response::new(Body::from(body.into_bytes()));
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    then.resume(NOW, Ok(response))
                }
                Step::Wait(_, then) => then.resume(NOW, ()),
                Step::Done(outcome) => break outcome,
            };
        };
        match &outcome {
            Ok(reply) => seen.debug(reply),
            Err(error) => {
                assert!(error.to_string().contains("[redacted]"), "{error}");
                seen.error(error);
            }
        }
    }
    seen.error(&Error::transport(TransportKind::Closed, "x").during("AssumeRole"));
}
