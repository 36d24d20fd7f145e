//! What a request of a scenario gets.

use std::time::Duration;

use sts_proto::http::Method;
use sts_proto::http1::{Progress, ReplyReader};
use sts_proto::step::Answer;
use sts_proto::time::{Duration as SignedDuration, OffsetDateTime};
use sts_proto::{Error, TransportKind};

use super::fields::Fields;
use crate::server;

/// The result of a `GetCallerIdentity`.
const OK: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/alice</Arn>\
                  <UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata>\
                  <RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>";

/// The result of an `AssumeRole`.
const ROLE: &str = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>\
                    arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA\
                    </AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>\
                    2026-11-20T18:08:48Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

/// What one request gets.
#[derive(Clone, Debug)]
pub struct Scripted {
    what: What,
    /// How long it takes.
    pub after: Duration,
}

#[derive(Clone, Debug)]
enum What {
    Reply { status: u16, headers: Vec<(String, String)>, date: Option<i64>, body: Vec<u8> },
    Raw(Vec<u8>),
    Fail(TransportKind),
}

impl Scripted {
    pub(super) fn read(name: &str, value: serde_json::Value, of_role: bool) -> Self {
        let mut fields = Fields::of(name, value);
        let after = Duration::from_millis(fields.number("after_ms").unwrap_or(10));
        let what = if let Some(raw) = fields.text("raw") {
            What::Raw(raw.into_bytes())
        } else if let Some(kind) = fields.text("fail") {
            What::Fail(failure(name, &kind))
        } else {
            let is_ok = fields.flag("ok").unwrap_or(false);
            let body = fields
                .text("body")
                .or_else(|| is_ok.then(|| (if of_role { ROLE } else { OK }).to_owned()))
                .or_else(|| {
                    let code = fields.text("code")?;
                    let message = fields.text("message").map(|text| format!("<Message>{text}</Message>"));
                    let inside = format!("<Code>{code}</Code>{}", message.unwrap_or_default());
                    Some(format!("<ErrorResponse><Error>{inside}</Error></ErrorResponse>"))
                });
            let body =
                body.map_or_else(|| vec![b' '; fields.number("body_bytes").unwrap_or(0)], String::into_bytes);
            let headers = fields.take("headers").unwrap_or_default();
            let headers = headers.as_object().into_iter().flatten().map(|(name, value)| {
                (name.clone(), value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned())
            });
            What::Reply {
                status: fields.number("status").unwrap_or(200),
                headers: headers.collect(),
                date: fields.number("date_s"),
                body,
            }
        };
        fields.end();
        Self { what, after }
    }

    /// What a transport would make of it. The reply goes through the parser, as it would over a socket.
    ///
    /// # Errors
    ///
    /// It is a failure, or bytes that are no reply.
    pub fn answer(&self, now: OffsetDateTime) -> Answer {
        let bytes = match &self.what {
            What::Fail(kind) => return Err(Error::transport(*kind, "as the scenario wants it")),
            What::Raw(bytes) => bytes.clone(),
            What::Reply { status, headers, date, body } => {
                let mut head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers.iter().chain(&dated(*date, now)) {
                    head.extend([name, ": ", value, "\r\n"]);
                }
                [head.as_bytes(), b"\r\n", body].concat()
            }
        };
        let mut reader = ReplyReader::new(&Method::POST);
        let finished = match reader.feed(&bytes)? {
            Progress::Done(finished) => finished,
            Progress::More => reader.end()?,
        };
        Ok(finished.response)
    }

    /// What the local server is to do; `None` for a failure that no reply makes.
    #[must_use]
    pub fn for_server(&self, now: OffsetDateTime) -> Option<server::Answer> {
        match &self.what {
            What::Fail(_) => None,
            What::Raw(bytes) if bytes.is_empty() => Some(server::Answer::Close),
            What::Raw(bytes) => Some(server::Answer::raw(bytes)),
            What::Reply { status, headers, date, body } => {
                let headers = headers.iter().cloned().chain(dated(*date, now)).collect();
                Some(server::Answer::Reply { status: *status, headers, body: body.clone() })
            }
        }
    }

    /// The same with `x-amz-retry-after`, and how long it takes, divided by this.
    #[must_use]
    pub fn hastened(&self, by: u32) -> Self {
        let mut hastened = Self { after: self.after / by, ..self.clone() };
        if let What::Reply { headers, .. } = &mut hastened.what {
            for (_, value) in headers.iter_mut().filter(|(name, _)| name == "x-amz-retry-after") {
                if let Ok(number) = value.parse::<u32>() {
                    *value = (number / by).to_string();
                }
            }
        }
        hastened
    }
}

fn dated(date: Option<i64>, now: OffsetDateTime) -> Option<(String, String)> {
    let at = now.saturating_add(SignedDuration::seconds(date?));
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    let (day, year, (hour, minute, second)) = (at.day(), at.year(), at.to_hms());
    let text = format!("{weekday:.3}, {day:02} {month:.3} {year} {hour:02}:{minute:02}:{second:02} GMT");
    Some(("Date".to_owned(), text))
}

pub(super) fn failure(name: &str, text: &str) -> TransportKind {
    match text {
        "dns" => TransportKind::Dns,
        "connect" => TransportKind::Connect,
        "proxy" => TransportKind::Proxy,
        "proxy_refused" => TransportKind::ProxyRefused,
        "timeout" => TransportKind::Timeout,
        "tls" => TransportKind::Tls,
        "closed" => TransportKind::Closed,
        "protocol" => TransportKind::Protocol,
        "too_large" => TransportKind::TooLarge,
        "other" => TransportKind::Other,
        _ => panic!("{name}: {text:?} is no failure"),
    }
}
