//! An STS in memory, and clients of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use futures_lite::future;
use sts_async::operation::AssumeRole;
use sts_async::step::Answer;
use sts_async::time::OffsetDateTime;
use sts_async::time::format_description::well_known::Rfc3339;
use sts_async::{Body, Credentials, Error, RetryPolicy, TransportKind, http};

/// What STS makes of a call of AssumeRole.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    /// Credentials that live so many seconds.
    Grant(i64),
    Refuse(&'static str),
    Down,
}

/// An STS in memory.
#[derive(Clone, Default)]
pub(crate) struct Sts(pub(crate) Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    says: VecDeque<Say>,
    /// How often a role was assumed.
    roles: usize,
    /// The access keys that other calls were signed with.
    pub(crate) keys: Vec<String>,
    /// How many of those calls are refused, and with what.
    pub(crate) refusals: VecDeque<&'static str>,
    under_way: usize,
    pub(crate) most_under_way: usize,
}

impl Sts {
    pub(crate) fn new(says: impl IntoIterator<Item = Say>) -> Self {
        let sts = Self::default();
        sts.0.lock().unwrap().says.extend(says);
        sts
    }

    pub(crate) fn roles(&self) -> usize {
        self.0.lock().unwrap().roles
    }

    fn begin(&self) {
        let mut state = self.0.lock().unwrap();
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
    }

    fn end(&self, request: &http::Request<Body>) -> Answer {
        let mut state = self.0.lock().unwrap();
        state.under_way -= 1;
        let action = std::str::from_utf8(request.body().as_ref()).unwrap();
        let action = action.strip_prefix("Action=").unwrap().split('&').next().unwrap();
        if action.starts_with("AssumeRole") {
            state.roles += 1;
            return match state.says.pop_front().unwrap_or(Say::Grant(3600)) {
                Say::Down => Err(Error::transport(TransportKind::Closed, "down")),
                Say::Refuse(code) => Ok(refusal(code)),
                Say::Grant(lifetime) => {
                    let at = SystemTime::now() + Duration::from_secs(lifetime.try_into().unwrap());
                    let at = OffsetDateTime::from(at).format(&Rfc3339).unwrap();
                    let granted = GRANTED.replace("{action}", action).replace("{at}", &at);
                    Ok(reply(200, granted.replace("{n}", &state.roles.to_string())))
                }
            };
        }
        let signed = request.headers().get("authorization").unwrap().to_str().unwrap();
        let key = signed.split_once("Credential=").unwrap().1.split_once('/').unwrap().0;
        state.keys.push(key.to_owned());
        Ok(state.refusals.pop_front().map_or_else(|| reply(200, IDENTITY.to_owned()), refusal))
    }
}

fn refusal(code: &str) -> http::Response<Body> {
    reply(
        403,
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>"),
    )
}

fn reply(status: u16, body: String) -> http::Response<Body> {
    http::Response::builder().status(status).body(Body::from(body.into_bytes())).unwrap()
}

impl sts_blocking::Transport for Sts {
    fn send(&self, request: http::Request<Body>, _: Duration) -> Answer {
        self.begin();
        thread::sleep(Duration::from_millis(50));
        self.end(&request)
    }
}

impl sts_async::Transport for Sts {
    async fn send(&self, request: http::Request<Body>, _: Duration) -> Answer {
        self.begin();
        let under_way = UnderWay(Some(self));
        for _ in 0..20 {
            future::yield_now().await;
        }
        std::mem::forget(under_way);
        self.end(&request)
    }

    async fn sleep(&self, _: Duration) {
        future::yield_now().await;
    }
}

/// Counts a request that was dropped.
struct UnderWay<'a>(Option<&'a Sts>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(sts) = self.0 {
            sts.0.lock().unwrap().under_way -= 1;
        }
    }
}

pub(crate) fn key() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap()
}

pub(crate) fn role(name: &str) -> AssumeRole {
    AssumeRole::new(format!("arn:aws:iam::123456789012:role/{name}"), "session")
}

pub(crate) fn blocking(sts: &Sts) -> (sts_blocking::Client, sts_blocking::Provider) {
    let client = sts_blocking::Client::with_transport(sts.clone())
        .region("eu-west-1")
        .credentials(key())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let provider = sts_blocking::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    (client, provider)
}

pub(crate) fn tasks(sts: &Sts) -> (sts_async::Client<Sts>, sts_async::Provider<Sts>) {
    let client = sts_async::Client::with_transport(sts.clone())
        .region("eu-west-1")
        .credentials(key())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let provider = sts_async::AssumeRoleProvider::new(&client, role("r")).build().unwrap();
    (client, provider)
}

const GRANTED: &str = "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIA{n}</AccessKeyId>\
    <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{at}</Expiration>\
    </Credentials><AssumedRoleUser><AssumedRoleId>AROA:r</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/\
    r/r</Arn></AssumedRoleUser></{action}Result></{action}Response>";
const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/\
    r/r</Arn><UserId>AROA:r</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
