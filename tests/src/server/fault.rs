//! What can go wrong on command.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest pause that is taken from a text.
const PAUSE_LIMIT: u64 = 3_600_000;

/// Something that goes wrong with one request, or with one connection.
///
/// Its text form, which [`Display`](fmt::Display) writes and [`FromStr`] reads, is what the option `--fault` and the
/// control endpoint take: `throttle`, `500`, `503-empty`, `delay=250` (milliseconds), `no-answer`, `reset-before-head`,
/// `reset-in-head`, `reset-in-body`, `truncate`, `wrong-length`, `chunked`, `chunked-garbage`, `drip=5` (milliseconds
/// before each byte), `html`, `date=-3600` (seconds), `close`, `tls-alert`, `certificate=expired` (or `self-signed`,
/// `wrong-host`, `not-yet-valid`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 400 `Throttling`, "Rate exceeded".
    Throttle,
    /// This status, with an error document of STS or with no body at all.
    Status {
        /// The status code.
        status: u16,
        /// Whether an error document comes with it.
        body: bool,
    },
    /// The right answer, this much later.
    Delay(Duration),
    /// No answer, and the connection stays open.
    NoAnswer,
    /// The connection is reset in place of an answer.
    ResetBeforeHead,
    /// The connection is reset in the middle of the answer's head.
    ResetInHead,
    /// The connection is reset in the middle of the answer's body.
    ResetInBody,
    /// Half of the body that `Content-Length` promises, then the end of the connection.
    TruncatedBody,
    /// A `Content-Length` of half the body. The connection lasts, so the other half stands before the next answer.
    WrongLength,
    /// The right answer in chunks. No client may mind.
    Chunked,
    /// An answer in chunks, the second of which is none.
    ChunkedGarbage,
    /// The right answer, this long before each of its bytes.
    SlowDrip(Duration),
    /// The page of a proxy that means well, with status 200.
    Html,
    /// The right answer, with a `Date` this many seconds ahead of the server's clock.
    SkewedDate(i64),
    /// The right answer, and then the end of a connection that was to last.
    CloseAfterReply,
    /// A TLS alert in place of a handshake. Waits for a connection that speaks TLS.
    TlsAlert,
    /// A certificate that must be refused. Waits for a connection that speaks TLS.
    Certificate(BadCertificate),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadCertificate {
    /// It was valid until yesterday.
    Expired,
    /// It will be valid from tomorrow on.
    NotYetValid,
    /// Nobody vouches for it.
    SelfSigned,
    /// It is for another host.
    WrongHost,
}

impl BadCertificate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Expired, Self::NotYetValid, Self::SelfSigned, Self::WrongHost];

    fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::SelfSigned => "self-signed",
            Self::WrongHost => "wrong-host",
        }
    }
}

impl Fault {
    /// Whether it strikes before there is a request.
    pub(super) fn is_of_handshake(&self) -> bool {
        matches!(self, Self::TlsAlert | Self::Certificate(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, body: true } => write!(f, "{status}"),
            Self::Status { status, body: false } => write!(f, "{status}-empty"),
            Self::Delay(pause) => write!(f, "delay={}", pause.as_millis()),
            Self::SlowDrip(pause) => write!(f, "drip={}", pause.as_millis()),
            Self::SkewedDate(seconds) => write!(f, "date={seconds}"),
            Self::Certificate(bad) => write!(f, "certificate={}", bad.name()),
            plain => f.write_str(PLAIN.iter().find(|(_, fault)| fault == plain).map_or("", |(name, _)| name)),
        }
    }
}

/// Those without a value.
const PLAIN: [(&str, Fault); 12] = [
    ("throttle", Fault::Throttle),
    ("no-answer", Fault::NoAnswer),
    ("reset-before-head", Fault::ResetBeforeHead),
    ("reset-in-head", Fault::ResetInHead),
    ("reset-in-body", Fault::ResetInBody),
    ("truncate", Fault::TruncatedBody),
    ("wrong-length", Fault::WrongLength),
    ("chunked", Fault::Chunked),
    ("chunked-garbage", Fault::ChunkedGarbage),
    ("html", Fault::Html),
    ("close", Fault::CloseAfterReply),
    ("tls-alert", Fault::TlsAlert),
];

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = PLAIN.iter().map(|(name, _)| *name).collect();
        write!(
            f,
            "{:?} is no fault: there are {}, delay=MILLISECONDS, drip=MILLISECONDS, date=SECONDS, certificate=KIND, \
             and statuses such as 500 and 503-empty",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let pause = |value: &str| {
            let milliseconds = value.parse().ok().filter(|value| *value <= PAUSE_LIMIT);
            milliseconds.map(Duration::from_millis)
        };
        let parsed = match text.split_once('=') {
            Some(("delay", value)) => pause(value).map(Self::Delay),
            Some(("drip", value)) => pause(value).map(Self::SlowDrip),
            Some(("date", value)) => value.parse().ok().map(Self::SkewedDate),
            Some(("certificate", value)) => {
                BadCertificate::ALL.into_iter().find(|bad| bad.name() == value).map(Self::Certificate)
            }
            Some(_) => None,
            None => {
                let (digits, body) =
                    text.strip_suffix("-empty").map_or((text, true), |digits| (digits, false));
                let status = digits.parse().ok().filter(|status| (400..600).contains(status));
                let status = status.map(|status| Self::Status { status, body });
                status
                    .or_else(|| PLAIN.iter().find(|(name, _)| *name == text).map(|(_, fault)| fault.clone()))
            }
        };
        parsed.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_faults_are_the_same() {
        let mut texts: Vec<_> = PLAIN.iter().map(|(name, _)| (*name).to_owned()).collect();
        texts.extend(["500", "503-empty", "delay=250", "drip=0", "date=-3600"].map(str::to_owned));
        texts.extend(BadCertificate::ALL.map(|bad| Fault::Certificate(bad).to_string()));
        for text in texts {
            assert_eq!(text.parse::<Fault>().expect(&text).to_string(), text);
        }
        for text in ["", "delay", "delay=-1", "delay=99999999999", "200", "certificate=", "throttle=1", "é"]
        {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
