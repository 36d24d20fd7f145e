//! What the fuzzer's bytes mean.

use std::fmt::{self, Debug};

use arbitrary::Arbitrary;
use sts_proto::Credentials;
use sts_proto::http::header::{HeaderName, HeaderValue};
use sts_proto::http::{Method, Request, Uri};
use sts_proto::time::{OffsetDateTime, UtcOffset};

#[derive(Arbitrary, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
    pub(crate) offset: i32,
    pub(crate) expires: u32,
    pub(crate) normalize_path: bool,
    pub(crate) double_encode_path: bool,
    pub(crate) content_sha256_header: bool,
    pub(crate) token_after_signing: bool,
    pub(crate) payload: PayloadKind,
    pub(crate) text: Text<'a>,
}

#[derive(Arbitrary)]
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

/// What a finding is reported with: a text, not a list of numbers.
impl Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[derive(Arbitrary, Debug)]
pub(crate) enum PayloadKind {
    Body,
    Sha256(u8),
    Unsigned,
}

/// Everything as far as our signer takes it.
pub(crate) struct Case<'a> {
    pub(crate) request: Request<&'a [u8]>,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Input<'_> {
    pub(crate) fn time(&self) -> OffsetDateTime {
        // The years -9999 to 9999, which is what `time` holds; the signer takes 0 to 9999 of them.
        let nanoseconds =
            i128::from(self.seconds % 377_705_116_800) * 1_000_000_000 + i128::from(self.nanoseconds);
        let time =
            OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let offset = UtcOffset::from_whole_seconds(self.offset % 93_599).unwrap_or(UtcOffset::UTC);
        time.checked_to_offset(offset).unwrap_or(time)
    }
}

impl<'a> Case<'a> {
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let mut rest = text;
        let mut line = || {
            let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            let line = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            line
        };
        let (id, secret, token) = (line(), line(), line());
        let (region, service, target) = (line(), line(), line());
        let mut request = Request::new(&[][..]);
        let space = target.iter().position(|&b| b == b' ')?;
        *request.method_mut() = Method::from_bytes(&target[..space]).ok()?;
        *request.uri_mut() = uri(&target[space + 1..])?;
        loop {
            let line = line();
            if line.is_empty() {
                break;
            }
            let Some(colon) = line.iter().position(|&b| b == b':') else { continue };
            let name = HeaderName::from_bytes(&line[..colon]);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&line[colon + 1..])) {
                request.headers_mut().append(name, value);
            }
        }
        *request.body_mut() = rest;
        let region = String::from_utf8_lossy(region).into_owned();
        let service = String::from_utf8_lossy(service).into_owned();
        Some(Self { request, credentials: credentials(id, secret, token), region, service })
    }
}

/// The URL as it is, or with escapes for what cannot stand in one.
fn uri(text: &[u8]) -> Option<Uri> {
    Uri::try_from(text).ok().or_else(|| {
        let escaped: String = text
            .iter()
            .map(|&b| if b.is_ascii_graphic() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        Uri::try_from(escaped).ok()
    })
}

/// The credentials as they are, or without what is refused in them.
fn credentials(id: &[u8], secret: &[u8], token: &[u8]) -> Credentials {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let graphic = |bytes: &[u8]| {
        let text: String = bytes.iter().copied().filter(u8::is_ascii_graphic).map(char::from).collect();
        let text = text.replace(['/', ','], "");
        if text.is_empty() { "x".to_owned() } else { text }
    };
    let long_term = Credentials::new(text(id), text(secret))
        .or_else(|_| Credentials::new(graphic(id), graphic(secret)))
        .expect("graphic characters make credentials");
    if token.is_empty() {
        return long_term;
    }
    long_term
        .clone()
        .with_session_token(text(token))
        .or_else(|_| long_term.with_session_token(graphic(token)))
        .expect("graphic characters make a token")
}
