//! Calls through anything that a network, a service and a clock can do: they end, within their limits, and tell truly
//! how often they were sent.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{HeaderValue, Response, StatusCode};
use sts_proto::operation::GetCallerIdentity;
use sts_proto::step::{Answer, Resume, Step};
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{
    Body, Credentials, Encoder, Error, ErrorCode, ErrorKind, Retry, RetryMode, RetryPolicy, TransportKind,
};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const OK: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/A</Arn>\
                  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
                  </GetCallerIdentityResponse>";

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let (policy, corrects_skew, skew) = (bytes.policy(), bytes.flag(), bytes.seconds());
    let full = policy.quota;
    let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
    let caller = Arc::new(Caller::new(Encoder::new(endpoint), policy.clone()).corrects_skew(corrects_skew));
    caller.set_skew(SignedDuration::seconds(skew));
    let set = caller.skew();
    let mut now = bytes.time();
    // Several calls of one client, as long as there is input: what they share goes on from one to the next.
    for _ in 0..8 {
        now = call(&mut bytes, &caller, &policy, now);
        assert!(caller.quota() <= full, "{} of {full} are left", caller.quota());
        assert!(corrects_skew || caller.skew() == set, "what was set stays");
        if bytes.0.is_empty() {
            break;
        }
    }
});

/// One call; gives the time at its end.
fn call(
    bytes: &mut Bytes<'_>,
    caller: &Arc<Caller>,
    policy: &RetryPolicy,
    mut now: OffsetDateTime,
) -> OffsetDateTime {
    let deadlines = Deadlines { attempt: bytes.duration(), total: bytes.duration() };
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", SECRET).expect("credentials");
    let call = Call::new(
        Arc::clone(caller),
        GetCallerIdentity::new(),
        Some(Arc::new(credentials)),
        deadlines,
        bytes.number(),
    );
    let mut step = call.start(now);
    let (mut sent, mut waits, mut spent) = (0, Vec::new(), Duration::ZERO);
    let mut id: Option<HeaderValue> = None;
    loop {
        step = match step {
            Step::Send(transmit, then) => {
                sent += 1;
                assert!(sent <= policy.max_attempts.max(1), "attempt {sent} of {}", policy.max_attempts);
                assert!(!transmit.timeout.is_zero() && transmit.timeout <= deadlines.attempt);
                assert!(spent.checked_add(transmit.timeout).is_some_and(|spent| spent <= deadlines.total));
                let headers = transmit.request.headers();
                let expected = format!("attempt={sent}; max={}", policy.max_attempts.max(1));
                assert_eq!(headers["amz-sdk-request"], expected);
                let this = &headers["amz-sdk-invocation-id"];
                assert_eq!(id.get_or_insert_with(|| this.clone()), this);
                let before = now;
                now = bytes.later(now);
                spent += Duration::try_from(now - before).unwrap_or_default().min(transmit.timeout);
                then.resume(now, bytes.answer(now))
            }
            Step::Wait(wait, then) => {
                waits.push(wait);
                spent += wait;
                assert!(spent < deadlines.total, "it waits past its deadline");
                now = bytes.later(now.saturating_add(wait.try_into().unwrap_or(SignedDuration::MAX)));
                then.resume(now, ())
            }
            Step::Done(Ok(reply)) => {
                let retries = &reply.metadata.retries;
                check(policy, &waits, retries, reply.metadata.waited());
                assert_eq!((sent, sent as usize), (reply.metadata.attempts, retries.len() + 1));
                return now;
            }
            Step::Done(Err(error)) => {
                check(policy, &waits, error.retries(), error.waited());
                assert_eq!(sent, error.attempts());
                // It waited and could not send after that: there is no signature, or the clock was set and the limit is
                // further away.
                let is_limited = policy.mode == RetryMode::Adaptive && error.is_timeout();
                let was_not_sent = error.kind() == ErrorKind::InvalidInput || sent == 0 || is_limited;
                assert!(was_not_sent || sent as usize == error.retries().len() + 1);
                assert!(!error.to_string().is_empty() && !format!("{error:?}").contains(SECRET));
                return now;
            }
        };
    }
}

fn check(policy: &RetryPolicy, waits: &[Duration], retries: &[Retry], waited: Duration) {
    assert_eq!(waited, waits.iter().sum::<Duration>());
    // In adaptive mode there are waits for the limit as well.
    let is_adaptive = policy.mode == RetryMode::Adaptive;
    assert!(is_adaptive || retries.iter().map(|retry| retry.wait).eq(waits.iter().copied()));
}

/// The input as a list of decisions. When it is used up, every number is 0 and every answer is a success.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// From one to nine bytes: the first says how many others there are, or is a number that is often wrong.
    fn number(&mut self) -> u64 {
        match self.byte() {
            0xff => u64::MAX,
            0xfe => u64::from(u32::MAX),
            count @ 0xf0..=0xf8 => {
                let taken = self.take(usize::from(count & 0xf));
                taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            small => small.into(),
        }
    }

    fn small(&mut self) -> u32 {
        self.number().try_into().unwrap_or(u32::MAX)
    }

    fn seconds(&mut self) -> i64 {
        let (number, is_negative) = (self.number(), self.flag());
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        if is_negative { -number } else { number }
    }

    fn duration(&mut self) -> Duration {
        match self.byte() % 8 {
            0 => Duration::MAX,
            1 => Duration::from_secs(self.number()),
            2 => Duration::from_nanos(self.number()),
            3 => Duration::from_secs(5),
            4 => Duration::from_secs(60),
            5 => Duration::ZERO,
            _ => Duration::from_millis(self.number()),
        }
    }

    fn time(&mut self) -> OffsetDateTime {
        match self.byte() {
            0 => OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time"),
            1 => OffsetDateTime::UNIX_EPOCH,
            _ => OffsetDateTime::from_unix_timestamp(self.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }

    /// The clock after something took its time, or after it was set.
    fn later(&mut self, now: OffsetDateTime) -> OffsetDateTime {
        let difference = match self.byte() % 4 {
            0 => SignedDuration::milliseconds(10),
            1 => SignedDuration::seconds(self.seconds()),
            _ => self.duration().try_into().unwrap_or(SignedDuration::MAX),
        };
        now.saturating_add(difference)
    }

    fn policy(&mut self) -> RetryPolicy {
        let mut policy = match self.byte() % 8 {
            0 => return RetryPolicy::default(),
            1 => return RetryPolicy::standard_before_2026(),
            2 => return RetryPolicy::javascript_v2(self.small(), self.duration()),
            3 => RetryPolicy::default().backoff(|retry, _| (retry < 9).then_some(Duration::from_secs(3))),
            4 => RetryPolicy::default().backoff(|_, _| Some(Duration::MAX)),
            5 => RetryPolicy::default().backoff(|_, _| Some(Duration::ZERO)),
            6 => RetryPolicy::adaptive(),
            _ => RetryPolicy::default(),
        };
        policy.max_attempts = self.small();
        policy.base = self.duration();
        policy.throttling_base = self.duration();
        policy.cap = self.duration();
        policy.quota = self.small();
        policy.cost = self.small();
        policy.throttling_cost = self.small();
        policy.timeout_cost = self.small();
        policy
    }

    fn answer(&mut self, now: OffsetDateTime) -> Answer {
        if self.0.is_empty() {
            return Ok(Response::new(Body::from(OK.as_bytes().to_vec())));
        }
        let kinds = [
            TransportKind::Dns,
            TransportKind::Connect,
            TransportKind::Proxy,
            TransportKind::ProxyRefused,
            TransportKind::Timeout,
            TransportKind::Tls,
            TransportKind::Closed,
            TransportKind::Protocol,
            TransportKind::TooLarge,
            TransportKind::Other,
        ];
        let kind = self.byte();
        if let Some(kind) = kinds.get(usize::from(kind)) {
            return Err(Error::transport(*kind, "as the input wants it"));
        }
        let status = [200, 400, 403, 429, 500, 503][usize::from(kind) % 6];
        Ok(self.reply(status, now))
    }

    fn reply(&mut self, status: u16, now: OffsetDateTime) -> Response<Body> {
        let what = self.byte();
        let status = if what & 0x80 == 0 { status } else { self.small() as u16 };
        let date = if what & 0x40 == 0 { None } else { Some(self.date(now)) };
        let age = (what & 0x20 != 0).then(|| b"1".to_vec());
        let after = match what & 0x18 {
            0x08 => Some(self.number().to_string().into_bytes()),
            0x10 => Some(self.some().to_vec()),
            _ => None,
        };
        let code = &ErrorCode::KNOWN[usize::from(self.byte()) % ErrorCode::KNOWN.len()];
        let body = match what & 3 {
            0 => OK.as_bytes().to_vec(),
            1 => format!("<ErrorResponse><Error><Code>{}</Code></Error></ErrorResponse>", code.as_str())
                .into_bytes(),
            2 => Vec::new(),
            _ => self.some().to_vec(),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        for (name, value) in [("date", date), ("age", age), ("x-amz-retry-after", after)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn some(&mut self) -> &'b [u8] {
        let count = self.byte();
        self.take(count.into())
    }

    /// A `Date` some way off, or anything.
    fn date(&mut self, now: OffsetDateTime) -> Vec<u8> {
        if self.flag() {
            return self.some().to_vec();
        }
        let at = now.saturating_add(SignedDuration::seconds(self.seconds()));
        let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
        let (hour, minute, second) = at.to_hms();
        format!(
            "{weekday:.3}, {:02} {month:.3} {:04} {hour:02}:{minute:02}:{second:02} GMT",
            at.day(),
            at.year()
        )
        .into_bytes()
    }
}
