//! What aws-sigv4 makes of a request, and where both signers must agree.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use sts_proto::http::Request;
use sts_proto::http::header::{AUTHORIZATION, HOST};
use sts_proto::sigv4::{Payload, SessionToken, Signing};

pub(crate) fn expected_parameters(
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
pub(crate) fn comparable(request: &Request<&[u8]>, signing: &Signing<'_>) -> bool {
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
pub(crate) fn comparable_presigned(request: &Request<&[u8]>) -> bool {
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
pub(crate) fn reference(
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
