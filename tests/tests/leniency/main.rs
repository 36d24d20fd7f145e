//! What a call puts up with when it is told to: a role that STS does not know yet, and one that allows shorter sessions
//! only. In virtual time, and against the local STS.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Response};
use sts_proto::operation::{
    AssumeRole, AssumeRoleOutput, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, GetCallerIdentity,
    GetSessionToken, Operation,
};
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Error, ErrorCode, Reply, RetryPolicy, RetryReason};
use sts_tests::server::{self, Role, Server, TrustPolicy};

mod drivers;
mod durations;
mod roles;

const OK: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s\
                  </SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-11-20T18:08:48Z</Expiration>\
                  </Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn></AssumedRoleUser>\
                  </AssumeRoleResult></AssumeRoleResponse>";
const OVER_MAXIMUM: &str = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
const OVER_CHAIN: &str =
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
const ROLE: &str = "arn:aws:iam::123456789012:role/New";

/// A role like `AssumeRole::new`.
fn role() -> AssumeRole {
    AssumeRole::new(ROLE, "session")
}

fn reply(status: u16, body: &str) -> Answer {
    let mut response = Response::new(Body::from(body.as_bytes().to_vec()));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    reply(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn denied() -> Answer {
    refusal(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")
}

const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };

/// The service in virtual time.
struct World {
    caller: Arc<Caller>,
    deadlines: Deadlines,
    /// What the requests had to say about themselves.
    sent: Vec<String>,
    waits: Vec<f64>,
}

impl World {
    fn new(policy: RetryPolicy) -> Self {
        let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
        let caller = Arc::new(Caller::new(Encoder::new(endpoint), policy));
        Self { caller, deadlines: DEADLINES, sent: Vec::new(), waits: Vec::new() }
    }

    /// Makes a call; `answer` gets the seconds since it began and the request's form.
    fn call<O: Operation>(
        &mut self,
        operation: O,
        set: impl FnOnce(Call<O>) -> Call<O>,
        answer: impl Fn(f64, &str) -> Answer,
    ) -> Result<Reply<O::Output>, Error> {
        let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
        let call = Call::new(Arc::clone(&self.caller), operation, Some(Arc::new(key)), self.deadlines, 5);
        let start = OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time");
        let mut now = start;
        let mut step = set(call).start(now);
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let form = self.sent(&transmit.request);
                    let at = (now - start).as_seconds_f64();
                    now += Duration::from_millis(10);
                    then.resume(now, answer(at, &form))
                }
                Step::Wait(wait, then) => {
                    self.waits.push(wait.as_secs_f64());
                    now += wait;
                    then.resume(now, ())
                }
                Step::Done(outcome) => return outcome,
            };
            assert!(self.sent.len() < 100, "a call that never ends");
        }
    }

    fn sent(&mut self, request: &Request<Body>) -> String {
        self.sent.push(request.headers()["amz-sdk-request"].to_str().expect("text").to_owned());
        String::from_utf8(request.body().as_ref().to_vec()).expect("a form")
    }
}

fn reasons(retries: &[sts_proto::Retry]) -> Vec<RetryReason> {
    retries.iter().map(|retry| retry.reason).collect()
}
