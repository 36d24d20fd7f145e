//! Our signer against `aws-sigv4`, and against itself.
//!
//! The request comes as text, so that seeds can be read and a dictionary helps: a line each for access key id,
//! secret, session token, region, service and `METHOD URL`, then a line for every header, an empty line, the body.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sts_proto::http::header::AUTHORIZATION;
use sts_proto::http::{Request, Uri};
use sts_proto::sigv4::{Payload, PresignedUrl, SessionToken, Signer, Signing, SigningKey};
use sts_proto::{ErrorKind, form};

use input::{Case, Input, PayloadKind};
use reference::{comparable, comparable_presigned, expected_parameters, reference};

mod input;
mod reference;

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
