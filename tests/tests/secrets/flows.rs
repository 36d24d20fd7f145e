//! A call with a failure, a result and an echo, with every event.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::step::{Direct, Step};
use sts_proto::{Body, Encoder, Error, RetryPolicy, TransportKind};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    show!(seen, RetryPolicy::default(), Direct);
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()).observer(seen.clone()));
    show!(seen, *caller);
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
    show!(seen, deadlines);
    let too_long = "<ErrorResponse><Error><Code>ValidationError</Code><Message>The requested DurationSeconds exceeds the \
                    MaxSessionDuration set for this role.</Message></Error></ErrorResponse>";
    let runs = [
        [(503, echo(&SENT)), (200, reply("AssumeRole"))],
        [(503, echo(&SENT)), (403, echo(&SENT))],
        [(400, too_long.to_owned()), (200, reply("AssumeRole"))],
    ];
    for answers in runs {
        let role = role().duration_seconds(43_200);
        let call = Call::new(Arc::clone(&caller), role, Some(Arc::new(credentials())), deadlines, 7);
        let call = call.lower_duration(true);
        let mut answers = Vec::from(answers);
        show!(seen, call);
        let mut step = call.start(NOW);
        let outcome = loop {
            use sts_proto::step::Resume;
            show!(seen, step);
            step = match step {
                Step::Send(transmit, then) => {
                    show!(seen, transmit, then);
                    let (status, body) = answers.remove(0);
                    let mut response = Response::new(Body::from(body.into_bytes()));
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                    then.resume(NOW, Ok(response))
                }
                Step::Wait(_, then) => {
                    show!(seen, then);
                    then.resume(NOW, ())
                }
                Step::Done(outcome) => break outcome,
            };
        };
        match &outcome {
            Ok(reply) => show!(seen, *reply, reply.metadata.lowered_duration),
            Err(error) => {
                assert!(error.to_string().contains("[redacted]"), "{error}");
                seen.error(error);
            }
        }
    }
    seen.error(&Error::transport(TransportKind::Closed, "x").during("AssumeRole"));
}
