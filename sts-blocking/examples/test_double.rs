//! A transport for tests: it keeps what was sent and answers from a list, so that code which uses STS can be tested
//! without a network.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sts_blocking::operation::GetCallerIdentity;
use sts_blocking::{Body, Client, Credentials, Error, Transport, TransportKind, http};

/// Shared, so that the test can look at it after the client has taken it.
#[derive(Clone, Default)]
struct Double(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sent: Vec<http::Request<Body>>,
    answers: VecDeque<(u16, &'static str)>,
}

impl Double {
    fn answer(self, status: u16, body: &'static str) -> Self {
        self.state().answers.push_back((status, body));
        self
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Double {
    fn send(&self, request: http::Request<Body>, _: Duration) -> Result<http::Response<Body>, Error> {
        let mut state = self.state();
        state.sent.push(request);
        let Some((status, body)) = state.answers.pop_front() else {
            return Err(Error::transport(TransportKind::Closed, "the test double has no answer left"));
        };
        let mut response = http::Response::new(Body::from(body.as_bytes().to_vec()));
        *response.status_mut() =
            http::StatusCode::from_u16(status).map_err(|e| Error::transport(TransportKind::Other, e))?;
        Ok(response)
    }
}

fn main() -> Result<(), Error> {
    let double = Double::default()
        .answer(
            403,
            "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>
             <Message>The security token included in the request is expired</Message></Error>
             <RequestId>r1</RequestId></ErrorResponse>",
        )
        .answer(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/Alice</Arn>
             <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult>
             </GetCallerIdentityResponse>",
        );
    let client = Client::with_transport(double.clone())
        .region("eu-west-1")
        .credentials(Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")?)
        .build()?;

    let error = client.send(GetCallerIdentity::new()).expect_err("the first answer is a refusal");
    assert!(error.is_expired_token());
    println!("{error}");

    let reply = client.send(GetCallerIdentity::new())?;
    println!("{}, after {} requests", reply.arn, double.state().sent.len());
    Ok(())
}
