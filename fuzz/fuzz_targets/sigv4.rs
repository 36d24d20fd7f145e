//! Our signer against `aws-sigv4`, and against itself.
//!
//! The request comes as text, so that seeds can be read and a dictionary helps: a line each for access key id,
//! secret, session token, region, service and `METHOD URL`, then a line for every header, an empty line, the body.

#![no_main]

use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::time::{Duration, SystemTime};

use arbitrary::Arbitrary;
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use libfuzzer_sys::fuzz_target;
use sts_proto::http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use sts_proto::http::{Method, Request, Uri};
use sts_proto::sigv4::{Payload, PresignedUrl, SessionToken, Signer, Signing, SigningKey};
use sts_proto::time::{OffsetDateTime, UtcOffset};
use sts_proto::{Credentials, ErrorKind, form};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    seconds: i64,
    nanoseconds: u32,
    offset: i32,
    expires: u32,
    normalize_path: bool,
    double_encode_path: bool,
    content_sha256_header: bool,
    token_after_signing: bool,
    payload: PayloadKind,
    text: Text<'a>,
}

#[derive(Arbitrary)]
struct Text<'a>(&'a [u8]);

/// What a finding is reported with: a text, not a list of numbers.
impl Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[derive(Arbitrary, Debug)]
enum PayloadKind {
    Body,
    Sha256(u8),
    Unsigned,
}

/// Everything as far as our signer takes it.
struct Case<'a> {
    request: Request<&'a [u8]>,
    credentials: Credentials,
    region: String,
    service: String,
}

fuzz_target!(|input: Input<'_>| {
    let Some(case) = Case::read(input.text.0) else { return };
    let mut signing = Signing::new(&case.credentials, &case.region, &case.service, input.time());
    signing.normalize_path = input.normalize_path;
    signing.double_encode_path = input.double_encode_path;
    signing.content_sha256_header = input.content_sha256_header;
    if input.token_after_signing {
        signing.session_token = SessionToken::AfterSigning;
    }
    signing.payload = match input.payload {
        PayloadKind::Body => Payload::Body,
        PayloadKind::Sha256(byte) => Payload::Sha256([byte; 32]),
        PayloadKind::Unsigned => Payload::Unsigned,
    };
    // One signer for both, so that the second time it uses a key that it kept.
    let signer = Signer::new();
    check_headers(&signer, &case.request, &signing);
    check_presigned(&signer, &case.request, &signing, Duration::from_secs(input.expires.into()));
});

impl Input<'_> {
    fn time(&self) -> OffsetDateTime {
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
    fn read(text: &'a [u8]) -> Option<Self> {
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

fn check_headers(signer: &Signer, request: &Request<&[u8]>, signing: &Signing<'_>) {
    let mut signed = request.clone();
    let explanation = signer.explain(request, signing);
    if let Err(error) = signer.sign(&mut signed, signing) {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(explanation.is_err());
        return;
    }
    let explanation = explanation.expect("what is signed can be explained");
    let authorization = signed.headers()[AUTHORIZATION].to_str().expect("text");
    assert!(authorization.ends_with(&format!(", Signature={}", explanation.signature)), "{authorization}");
    let key = SigningKey::derive(
        signing.credentials.secret_access_key(),
        signing.time,
        signing.region,
        signing.service,
    )
    .expect("the scope is right");
    assert_eq!(key.sign(&explanation.string_to_sign), explanation.signature);

    // What is signed once more, by a signer without keys, is as it was.
    let mut again = signed.clone();
    Signer::new().sign(&mut again, signing).expect("it was signed before");
    assert_eq!(again.headers(), signed.headers());

    if comparable(request, signing) {
        let (instructions, signature) = reference(request, signing, None);
        for (name, value) in instructions.headers() {
            assert_eq!(signed.headers()[name].to_str().ok(), Some(value), "{name}");
        }
        assert_eq!(explanation.signature, signature);
    }
}

fn check_presigned(signer: &Signer, request: &Request<&[u8]>, signing: &Signing<'_>, expires: Duration) {
    let explanation = signer.explain_presigned(request, signing, expires);
    let presigned = match signer.presign(request, signing, expires) {
        Ok(presigned) => presigned,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(explanation.is_err());
            return;
        }
    };
    let signature = explanation.expect("what is presigned can be explained").signature;
    let url = presigned.expose();
    assert!(url.contains(&format!("&X-Amz-Signature={signature}")), "{url}");
    assert!(!format!("{presigned:?}").contains(&signature), "{presigned:?}");
    if url.len() < usize::from(u16::MAX) - 1 {
        let to_send = presigned.expose_request().expect("a URL");
        assert_eq!(to_send.uri().path(), path_sent(request.uri()));
        assert_eq!(to_send.headers(), request.headers());
        assert!(signer.presign(&to_send, signing, expires).is_err(), "signed twice");
    }

    if comparable(request, signing) && comparable_presigned(request) {
        let (instructions, expected) = reference(request, signing, Some(expires));
        assert_eq!(signature, expected);
        assert_eq!(parameters(&presigned), expected_parameters(request, &instructions));
    }
}

/// An empty path is sent as a slash.
fn path_sent(uri: &Uri) -> &str {
    if uri.path().is_empty() { "/" } else { uri.path() }
}

fn parameters(presigned: &PresignedUrl) -> Vec<(String, String)> {
    let query = presigned.expose().split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<_> = form::parse(query).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    pairs.sort();
    pairs
}

fn expected_parameters(
    request: &Request<&[u8]>,
    instructions: &SigningInstructions,
) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    let own = form_urlencoded::parse(query.as_bytes()).map(|(n, v)| (n.into_owned(), v.into_owned()));
    let added = instructions.params().iter().map(|(n, v)| ((*n).to_owned(), v.clone().into_owned()));
    let mut pairs: Vec<_> = own.chain(added).collect();
    pairs.sort();
    pairs
}

/// Whether both signers must agree on the request. Both sign it, and rightly, differently or not at all where:
fn comparable(request: &Request<&[u8]>, signing: &Signing<'_>) -> bool {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let token = signing.credentials.session_token().map_or(0, |token| token.len());
    let names: usize = request.headers().keys().map(|name| name.as_str().len() + 1).sum();
    let has_host = request.headers().contains_key(HOST);

    // aws-sigv4 puts the canonical query in a URL of the `http` crate, which holds 65,534 bytes, and panics if it
    // does not fit. Escaped, a byte becomes three.
    3 * (uri.path().len() + query.len() + token + names) < 60_000
        // aws-sigv4 panics on a URL that has no authority, unless there is a `host` header, and on one that is
        // nothing but an authority (`CONNECT`).
        && uri.path().starts_with('/')
        && (has_host || uri.authority().is_some())
        // aws-sigv4 takes user and password into the `host` that it makes; we leave them out, as clients do.
        && (has_host || uri.authority().is_none_or(|authority| !authority.as_str().contains('@')))
        // aws-sigv4 refuses header values that are not ASCII, and keeps tabs, which we treat as the spaces that
        // they are to HTTP.
        && request.headers().values().all(|value| value.as_bytes().iter().all(|b| (b' '..=b'~').contains(b)))
        // aws-sigv4 reads `+` in a query as a space, as forms do; we as itself, as AWS does.
        && !query.contains('+')
        // aws-sigv4 replaces what is not UTF-8 behind the escapes of a query by U+FFFD; we keep the bytes.
        && form_urlencoded::parse(query.as_bytes()).all(|(n, v)| !n.contains('\u{fffd}') && !v.contains('\u{fffd}'))
        // aws-sigv4 takes a path that is not encoded twice as it stands; we give it its one canonical spelling.
        && (signing.double_encode_path || is_canonical(uri.path()))
}

/// Besides, in presigned URLs:
fn comparable_presigned(request: &Request<&[u8]>) -> bool {
    // aws-sigv4 does not sign these headers here, nor the token's when the token comes after signing; we sign all
    // that we are given.
    ["x-amz-user-agent", "x-amz-checksum-mode", "x-amz-security-token"]
        .iter()
        .all(|name| !request.headers().contains_key(*name))
}

/// Unreserved characters and slashes as they are, all else as escapes with capital digits.
fn is_canonical(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |b: u8| if b.is_ascii_lowercase() { None } else { char::from(b).to_digit(16) };
                match (digit(*high), digit(*low)) {
                    // An escaped slash is not a slash.
                    (Some(2), Some(15)) => after,
                    (Some(high), Some(low)) if !is_plain((high << 4 | low) as u8) => after,
                    _ => return false,
                }
            }
            (first, after) if is_plain(*first) => after,
            _ => return false,
        };
    }
    true
}

/// What aws-sigv4 makes of it.
fn reference(
    request: &Request<&[u8]>,
    signing: &Signing<'_>,
    presigned: Option<Duration>,
) -> (SigningInstructions, String) {
    let mut settings = SigningSettings::default();
    settings.excluded_headers = Some(UNSIGNED.iter().copied().map(Cow::Borrowed).collect());
    settings.expires_in = presigned;
    if presigned.is_some() {
        settings.signature_location = SignatureLocation::QueryParams;
    }
    if !signing.normalize_path {
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if !signing.double_encode_path {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
    }
    if signing.content_sha256_header {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if signing.session_token == SessionToken::AfterSigning {
        settings.session_token_mode = SessionTokenMode::Exclude;
    }

    let credentials = AwsCredentials::new(
        signing.credentials.access_key_id(),
        signing.credentials.secret_access_key().expose(),
        signing.credentials.session_token().map(|token| token.expose().to_owned()),
        None,
        "fuzz",
    );
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(signing.region)
        .name(signing.service)
        .time(SystemTime::from(signing.time))
        .settings(settings)
        .build()
        .expect("all is set")
        .into();
    let body = match signing.payload {
        Payload::Sha256(digest) => {
            SignableBody::Precomputed(digest.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        Payload::Unsigned => SignableBody::UnsignedPayload,
        _ => SignableBody::Bytes(request.body()),
    };
    let uri = request.uri().to_string();
    let headers = request.headers().iter().filter_map(|(name, value)| {
        // Our `sign` takes them out and puts in its own; aws-sigv4 wants that done by its caller.
        let is_replaced = presigned.is_none() && (name == AUTHORIZATION || name == "x-amz-security-token");
        (!is_replaced).then(|| (name.as_str(), value.to_str().expect("ASCII")))
    });
    let signable =
        SignableRequest::new(request.method().as_str(), uri, headers, body).expect("it is a URL already");
    sign(signable, &parameters).expect("aws-sigv4 takes what is comparable").into_parts()
}

/// Those of `sigv4/canonical.rs`, which leaves out more than aws-sigv4 does by itself.
const UNSIGNED: &[&str] = &[
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];
