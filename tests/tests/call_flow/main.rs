//! Calls with all their attempts, in virtual time: no socket, no sleep, and the same answer for the same seed.

use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Response};
use sts_proto::operation::{GetCallerIdentity, GetCallerIdentityOutput};
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{
    Body, Credentials, Encoder, Error, ErrorKind, Reply, RetryPolicy, RetryReason, TransportKind,
};

mod deadlines;
mod retries;

const OK: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/A</Arn>\
                  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
                  </GetCallerIdentityResponse>";

type Outcome = Result<Reply<GetCallerIdentityOutput>, Error>;

fn caller(policy: RetryPolicy) -> Arc<Caller> {
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    Arc::new(Caller::new(Encoder::new(endpoint), policy))
}

fn credentials() -> Arc<Credentials> {
    Arc::new(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials"))
}

fn reply(status: u16, body: &str) -> Answer {
    let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

fn refusal(status: u16, code: &str) -> Answer {
    reply(status, &format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
}

fn failure(kind: TransportKind) -> Answer {
    Err(Error::transport(kind, "as the test wants it"))
}

/// A world in which a request takes as long as the test says.
struct World {
    now: OffsetDateTime,
    waits: Vec<Duration>,
    timeouts: Vec<Duration>,
    requests: Vec<Request<Body>>,
}

impl World {
    fn new() -> Self {
        let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
        Self { now, waits: Vec::new(), timeouts: Vec::new(), requests: Vec::new() }
    }

    /// Drives a call to its end; `answer` gets the number of the request and gives the time it takes and the answer.
    fn call(
        &mut self,
        caller: &Arc<Caller>,
        deadlines: Deadlines,
        seed: u64,
        mut answer: impl FnMut(usize) -> (Duration, Answer),
    ) -> Outcome {
        let operation = GetCallerIdentity::new();
        let call = Call::new(Arc::clone(caller), operation, Some(credentials()), deadlines, seed);
        let mut step = call.start(self.now);
        for number in 0..100 {
            step = match step {
                Step::Send(transmit, then) => {
                    self.timeouts.push(transmit.timeout);
                    self.requests.push(transmit.request);
                    let (took, answer) = answer(self.requests.len());
                    self.now += took;
                    then.resume(self.now, answer)
                }
                Step::Wait(wait, then) => {
                    self.waits.push(wait);
                    self.now += wait;
                    then.resume(self.now, ())
                }
                Step::Done(outcome) => return outcome,
            };
            assert!(number < 99, "a call that never ends");
        }
        unreachable!("the loop returns or panics")
    }
}

const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };

fn attempts(answer: impl Fn() -> Answer) -> (Outcome, World) {
    let mut world = World::new();
    let caller = caller(RetryPolicy::default());
    let outcome = world.call(&caller, DEADLINES, 1, |_| (Duration::from_millis(10), answer()));
    (outcome, world)
}
