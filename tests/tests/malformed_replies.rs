//! Replies that are damaged in every way that can be thought of: always a typed error or a result, never a panic.
//!
//! The undamaged ones are recorded from the local STS, one for each operation, results and a refusal.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sts_blocking::http::{Request, Response};
use sts_blocking::operation::*;
use sts_blocking::{Body, Client, Credentials, Error, ErrorKind, Timeouts, Transport, UreqTransport};
use sts_tests::server::Server;

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

/// Passes requests on and keeps the replies.
struct Recorder {
    inner: UreqTransport,
    replies: Arc<Mutex<Vec<Response<Vec<u8>>>>>,
}

impl Transport for Recorder {
    fn send(&self, request: Request<Body>, timeout: Duration) -> Result<Response<Body>, Error> {
        let response = self.inner.send(request, timeout)?;
        let (parts, body) = response.into_parts();
        let copy = Response::from_parts(parts.clone(), body.as_ref().to_vec());
        self.replies.lock().expect("no panic while it is held").push(copy);
        Ok(Response::from_parts(parts, body))
    }
}

/// Reads a damaged reply with the operation that the undamaged one belongs to.
type Decode = Box<dyn Fn(&Response<Vec<u8>>) -> Result<String, Error>>;

struct Case {
    name: String,
    reply: Response<Vec<u8>>,
    decode: Decode,
}

impl Case {
    fn with_body(&self, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
        let (parts, _) = self.reply.clone().into_parts();
        Response::from_parts(parts, body.into())
    }

    fn is_refusal(&self) -> bool {
        !self.reply.status().is_success()
    }
}

fn cases() -> Vec<Case> {
    let server = Server::start().expect("a port on loopback");
    let user = server.user();
    let replies = Arc::new(Mutex::new(Vec::new()));
    let recorder = Recorder { inner: UreqTransport::new(Timeouts::default()), replies: Arc::clone(&replies) };
    let client = Client::builder()
        .region("us-east-1")
        .endpoint_url(server.url())
        .credentials(
            Credentials::new(user.access_key_id(), user.secret_access_key())
                .expect("well-formed credentials"),
        )
        .transport(recorder)
        .build()
        .expect("complete settings");
    let session = client.send(GetSessionToken::new()).expect("a session").into_output().credentials;
    let in_session = client.with_credentials(session);
    let mut cases = Vec::new();
    macro_rules! record {
        ($client:expr; $($operation:expr),* $(,)?) => {$(
            let operation = $operation;
            let _ = $client.send(operation.clone());
            let reply = replies.lock().expect("no panic while it is held").pop().expect("a reply");
            let name = format!("{} {}", operation.action(), reply.status().as_u16());
            let decode: Decode =
                Box::new(move |reply| operation.decode(reply).map(|reply| format!("{:?}", reply.output)));
            cases.push(Case { name, reply, decode });
        )*};
    }
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln";
    let saml = "PFJlc3BvbnNlPjxOYW1lSUQ+Ym9iPC9OYW1lSUQ+PC9SZXNwb25zZT4=";
    let task = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
    record![client;
        AssumeRole::new(ROLE, "session").source_identity("Alice"),
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", saml),
        AssumeRoleWithWebIdentity::new(ROLE, "session", jwt),
        AssumeRoot::new("123456789012", task),
        DecodeAuthorizationMessage::new(server.encode_authorization_message(r#"{"allowed":false}"#)),
        GetAccessKeyInfo::new(user.access_key_id()),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new("token"),
        GetFederationToken::new("Bob"),
        GetSessionToken::new(),
        GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Rs256),
        GetCallerIdentity::new().unsigned(),
    ];
    record![in_session; GetScopedCredentials::new().duration_seconds(900).policy("{}")];
    cases
}

#[test]
fn the_recorded_replies_are_what_they_should_be() {
    let cases = cases();
    assert_eq!(cases.len(), 13);
    for case in &cases {
        let outcome = (case.decode)(&case.reply);
        assert_eq!(outcome.is_err(), case.is_refusal(), "{}: {outcome:?}", case.name);
    }
    assert_eq!(cases.iter().filter(|case| case.is_refusal()).count(), 1);
}

#[test]
fn truncated_at_every_byte() {
    for case in cases() {
        let body = case.reply.body().trim_ascii_end();
        for end in 0..body.len() {
            let error = (case.decode)(&case.with_body(&body[..end])).expect_err(&case.name);
            assert_eq!(error.kind(), ErrorKind::Response, "{} cut at {end}: {error}", case.name);
        }
    }
}

#[test]
fn every_byte_flipped() {
    let mut damaged = 0usize;
    for case in cases() {
        let body = case.reply.body().clone();
        for at in 0..body.len() {
            for mask in [0x01, 0x04, 0x20, 0x80, 0xff] {
                let mut body = body.clone();
                body[at] ^= mask;
                check(&case, body);
                damaged += 1;
            }
            for byte in [0, b'<', b'>', b'&', b'"', b'\r'] {
                let mut body = body.clone();
                body[at] = byte;
                check(&case, body);
                damaged += 1;
            }
        }
    }
    assert!(damaged > 50_000, "{damaged}");
}

/// A damaged reply gives a result only if nothing is missing from it, and an error only of the kinds for replies.
fn check(case: &Case, body: Vec<u8>) {
    match (case.decode)(&case.with_body(body)) {
        Ok(_) => assert!(!case.is_refusal(), "{}", case.name),
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::Response | ErrorKind::Service),
            "{}: {error}",
            case.name
        ),
    }
}

#[test]
fn other_documents_in_its_place() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><r>&b;&b;</r>";
    for case in cases() {
        let action = case.name.split(' ').next().unwrap();
        let inside = |inside: &str| format!("<{action}Response>{inside}</{action}Response>").into_bytes();
        let documents: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("white space", b" \r\n\t".to_vec()),
            ("wrong root", b"<OtherResponse/>".to_vec()),
            ("nothing in it", inside("")),
            ("an empty result", inside(&format!("<{action}Result/>"))),
            ("10 MB", vec![b'x'; 10 << 20]),
            ("10 MB of XML", inside(&"<a/>".repeat(10 << 18))),
            ("deep", deep.clone().into_bytes()),
            ("deep inside", inside(&deep)),
            ("entity bomb", bomb.as_bytes().to_vec()),
            ("unknown entity", inside("&bomb;")),
            ("not UTF-8", inside("\u{e9}").into_iter().map(|b| if b == 0xc3 { 0xff } else { b }).collect()),
            ("UTF-16", "<\u{0}a\u{0}/\u{0}>\u{0}".into()),
            ("UTF-16 with a mark", b"\xff\xfe<\0a\0/\0>\0".to_vec()),
            ("Latin-1", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>".to_vec()),
            ("HTML", b"<!DOCTYPE html><html><body>Bad gateway</body></html>".to_vec()),
            ("text", b"upstream connect error".to_vec()),
            ("unclosed comment", b"<!-- <a/>".to_vec()),
            ("unclosed CDATA", inside("<![CDATA[")),
            ("zeros", vec![0; 1000]),
        ];
        for (what, body) in documents {
            let error = (case.decode)(&case.with_body(body)).expect_err(what);
            assert_eq!(error.kind(), ErrorKind::Response, "{}, {what}: {error}", case.name);
            assert!(error.to_string().len() < 1000, "{}, {what}", case.name);
        }
    }
}

#[test]
fn members_missing_twice_or_of_no_value() {
    let members = [
        ("AccessKeyId", ["", "\n", "AKIA/x"]),
        ("SecretAccessKey", ["", " ", "\u{1}"]),
        ("SessionToken", ["", "\n \n", "\u{e9}"]),
        ("Expiration", ["", "1926-01-02T03:04:05Z", "2126-13-02T03:04:05Z"]),
    ];
    for case in cases().iter().filter(|case| text(case).contains("<AccessKeyId>")) {
        for (name, values) in members {
            let (start, end) = element(&text(case), name);
            let whole = text(case)[start..end].to_owned();
            let open = format!("<{name}>");
            let mut bodies = vec![
                ("missing", text(case).replacen(&whole, "", 1)),
                ("twice", text(case).replacen(&whole, &whole.repeat(2), 1)),
                ("in another element", text(case).replacen(&whole, &format!("<Other>{whole}</Other>"), 1)),
                ("with an element in it", text(case).replacen(&open, &format!("{open}<b/>"), 1)),
            ];
            bodies
                .extend(values.map(|value| {
                    (value, text(case).replacen(&whole, &format!("{open}{value}</{name}>"), 1))
                }));
            for (what, body) in bodies {
                let error = (case.decode)(&case.with_body(body)).expect_err(what);
                assert_eq!(error.kind(), ErrorKind::Response, "{} {name} {what:?}: {error}", case.name);
            }
        }
    }
}

fn text(case: &Case) -> String {
    String::from_utf8(case.reply.body().clone()).expect("UTF-8")
}

/// Where an element begins and ends.
fn element(text: &str, name: &str) -> (usize, usize) {
    let start = text.find(&format!("<{name}>")).expect(name);
    let close = format!("</{name}>");
    (start, start + text[start..].find(&close).expect(name) + close.len())
}
