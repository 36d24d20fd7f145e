//! No block of memory that the core gives back holds a secret.
//!
//! The allocator looks through every block before it is freed. What the `http` crate keeps, the value of an outgoing
//! `x-amz-security-token` header, cannot be wiped by anybody; the test takes it out of the requests and keeps it.
//!
//! The one file with `unsafe`: an allocator cannot be written without, and this one hands everything to the system's.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::compatible::AssumeRoleWithCustomToken;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::*;
use sts_proto::proxy::ProxySettings;
use sts_proto::sigv4::Signing;
use sts_proto::step::{Resume, Step};
use sts_proto::{Body, Credentials, Encoder, Error, Presign, RetryPolicy, Secret, TransportKind};
use time::OffsetDateTime;

/// What is looked for: secrets that nothing else looks like, as they are and percent-encoded.
const SECRETS: [&str; 12] = [
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYxKEYONE",
    "wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYxKEYONE",
    "IQoJb3JpZ2luX2VjEXAMPLE//8wEaTOKENtwo=",
    "IQoJb3JpZ2luX2VjEXAMPLE%2F%2F8wEaTOKENtwo%3D",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.ASSERTIONthree",
    "external-id/four=4x",
    "external-id%2Ffour%3D4x",
    "{\"Sid\":\"policyFIVE\"}",
    "%7B%22Sid%22%3A%22policyFIVE%22%7D",
    "sEcReTfRoMrEpLySiX+/=",
    "tOkEnFrOmRePlYsEvEn+/=",
    "hunter EIGHT",
];
const KEY: &str = SECRETS[0];
const TOKEN: &str = SECRETS[2];
const JWT: &str = SECRETS[4];
const EXTERNAL_ID: &str = SECRETS[5];
const POLICY: &str = SECRETS[7];
const NEW_KEY: &str = SECRETS[9];
const NEW_TOKEN: &str = SECRETS[10];

struct Looking;

thread_local! {
    // Without destructors, so that they can be used at any time.
    /// Whether this thread's blocks are looked at.
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
    /// Which secrets were found in them, a bit each.
    static FOUND: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's; a block is only read, in its whole length, before it is given back, and
// `alloc_zeroed` has it initialised for that.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract. Zeroed, so that the whole block can be read later.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if IS_LOOKING.with(Cell::get) {
            // SAFETY: the block is the caller's, of that size, and was initialised by `alloc`.
            look(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }

    // `realloc` is the default one: a new block, a copy, and the old block through `dealloc`.
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

fn look(block: &[u8]) {
    for (i, secret) in SECRETS.iter().enumerate() {
        if contains(block, secret.as_bytes()) {
            FOUND.with(|found| found.set(found.get() | 1 << i));
        }
    }
}

/// Without memory of its own, and without much time: the first byte decides mostly.
fn contains(block: &[u8], secret: &[u8]) -> bool {
    let Some(last) = block.len().checked_sub(secret.len()) else { return false };
    (0..=last).any(|at| block[at] == secret[0] && &block[at..at + secret.len()] == secret)
}

/// Runs that, and gives the secrets that were in freed blocks.
fn looked<T>(what: impl FnOnce() -> T) -> (T, Vec<&'static str>) {
    FOUND.with(|found| found.set(0));
    IS_LOOKING.with(|is_looking| is_looking.set(true));
    let result = what();
    IS_LOOKING.with(|is_looking| is_looking.set(false));
    let found = FOUND.with(Cell::get);
    let secrets = SECRETS.iter().enumerate().filter(|(i, _)| found & (1 << i) != 0);
    (result, secrets.map(|(_, secret)| *secret).collect())
}

#[track_caller]
fn clean(name: &str, what: impl FnOnce()) {
    let ((), found) = looked(what);
    assert!(found.is_empty(), "{name} leaves behind {found:?}");
}

/// The test's own doing, which leaves behind what it likes.
fn unseen<T>(what: impl FnOnce() -> T) -> T {
    let was_looking = IS_LOOKING.with(|is_looking| is_looking.replace(false));
    let result = what();
    IS_LOOKING.with(|is_looking| is_looking.set(was_looking));
    result
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", KEY).unwrap().with_session_token(TOKEN).unwrap()
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap())
}

/// The listed exception: kept for ever.
fn keep_token<B>(request: &mut Request<B>) {
    if let Some(token) = request.headers_mut().remove("x-amz-security-token") {
        assert!(token.is_sensitive());
        mem::forget(token);
    }
}

fn role() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "session")
        .external_id(EXTERNAL_ID)
        .policy(POLICY)
        .tags((0..20).map(|i| (format!("key{i}"), "x".repeat(100))))
}

fn reply(action: &str) -> Body {
    let text = unseen(|| {
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>\
         {NEW_KEY}</SecretAccessKey><SessionToken>{NEW_TOKEN}</SessionToken><Expiration>2026-11-20T18:08:48Z\
         </Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>"
        )
    });
    Body::from(text.into_bytes())
}

/// The allocator itself: a test that finds nothing must be able to find something.
#[test]
fn a_secret_left_behind_is_found() {
    let ((), found) = looked(|| drop(black_box(NEW_KEY.to_owned())));
    assert_eq!(found, [NEW_KEY]);
    let ((), found) = looked(|| {
        let mut text = String::with_capacity(TOKEN.len());
        text.push_str(TOKEN);
        text.push_str(black_box("and more, so that it moves"));
        mem::forget(text);
    });
    assert_eq!(found, [TOKEN]);
    clean("a secret", || drop(black_box(Secret::from(NEW_KEY))));
}

#[test]
fn requests() {
    let (credentials, encoder) = (credentials(), encoder());
    macro_rules! encoded {
        ($($operation:expr),* $(,)?) => {$(
            clean(stringify!($operation), || {
                let operation = $operation;
                let mut request = encoder.encode(&operation, Some(&credentials), NOW).unwrap();
                black_box(format!("{operation:?} {request:?}"));
                keep_token(&mut request);
                drop(http1::request(&request).unwrap());
                drop(operation.clone());
            });
        )*};
    }
    let arn = "arn:aws:iam::123456789012:role/Deploy";
    encoded![
        role(),
        AssumeRoleWithSaml::new(arn, "arn:aws:iam::123456789012:saml-provider/Idp", JWT),
        AssumeRoleWithWebIdentity::new(arn, "session", JWT).policy(POLICY),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new(JWT),
        GetFederationToken::new("Bob").policy(POLICY),
        GetSessionToken::new(),
        RawAction::new("X").parameter("A", JWT).parameter("B", POLICY).parameter("C", "x".repeat(1000)),
        AssumeRoleWithCustomToken::new(JWT, arn),
    ];
    clean("an encoder and credentials", move || drop((encoder, credentials)));
}

#[test]
fn presigned_urls() {
    let (credentials, encoder) = (credentials(), encoder());
    clean("presign", || {
        let url = encoder.presign(&GetCallerIdentity::new(), &credentials, NOW, &Presign::default()).unwrap();
        black_box(format!("{url:?}"));
        drop(black_box([url.clone(), url]));
    });
    clean("a refusal to presign", || {
        let refused = encoder.presign(&role(), &credentials, NOW, &Presign::default());
        black_box(format!("{:?}", refused.unwrap_err()));
    });
    // By header, the token would be the value of one.
    clean("explain", || {
        let request = Request::get("https://h.test/").body("").unwrap();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
        let time = Duration::from_secs(60);
        black_box(format!("{:?}", encoder.signer().explain_presigned(&request, &signing, time).unwrap()));
    });
}

#[test]
fn replies() {
    clean("AssumeRole's reply", || {
        let reply = role().decode(&Response::new(reply("AssumeRole"))).unwrap();
        assert_eq!(reply.credentials.secret_access_key().expose(), NEW_KEY);
        black_box(format!("{reply:?}"));
        drop(black_box([reply.clone().into_output(), reply.into_output()]));
    });
    clean("a secret in pieces", || {
        let body = unseen(|| {
            let mut text = String::from_utf8(reply("AssumeRole").into_vec()).unwrap();
            text.insert_str(text.find(NEW_KEY).unwrap() + 5, "<!-- -->&#13;\n");
            Body::from(text.into_bytes())
        });
        let reply = role().decode(&Response::new(body)).unwrap();
        assert_eq!(reply.credentials.secret_access_key().expose(), NEW_KEY);
    });
    clean("a raw reply", || {
        let reply = RawAction::new("AssumeRole").decode(&Response::new(reply("AssumeRole"))).unwrap();
        black_box(format!("{reply:?}"));
    });
    clean("GetWebIdentityToken's reply", || {
        let text = unseen(|| {
            format!(
                "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>{JWT}</WebIdentityToken>\
             <Expiration>2026-11-20T17:13:48Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
            )
        });
        let operation = GetWebIdentityToken::new(["a"], SigningAlgorithm::Es384);
        operation.decode(&Response::new(Body::from(text.into_bytes()))).unwrap();
    });
    clean("replies that are cut", || {
        let whole = reply("AssumeRole");
        for end in 0..whole.as_ref().len() {
            let cut = Body::from(whole.as_ref()[..end].to_vec());
            black_box(format!("{:?}", role().decode(&Response::new(cut)).unwrap_err()));
        }
    });
}

#[test]
fn bytes_of_a_connection() {
    let body = reply("AssumeRole");
    let plain = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.as_ref().len());
    let chunks =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.as_ref().len());
    let padding = "0".repeat(20_000);
    let large = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n{padding}\r\n{:x}\r\n",
        body.as_ref().len()
    );
    for (head, end) in [(&plain, ""), (&chunks, "\r\n0\r\n\r\n"), (&large, "\r\n0\r\n\r\n"), (&large, "?")] {
        clean("http1", || {
            let mut reader = ReplyReader::new(&Method::POST);
            let _ = reader.feed(head.as_bytes()).unwrap();
            let mut outcome = Ok(Progress::More);
            for piece in body.as_ref().chunks(100).chain([end.as_bytes()]) {
                outcome = reader.feed(piece);
            }
            assert_eq!(outcome.is_ok(), end != "?");
            black_box(format!("{outcome:?}"));
        });
    }
}

/// A whole call: a failure, a refusal that echoes secrets, and a result.
#[test]
fn calls() {
    clean("a call", || {
        let caller = Arc::new(Caller::new(encoder(), RetryPolicy::default()));
        let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
        for is_refused in [false, true] {
            let call = Call::new(Arc::clone(&caller), role(), Some(Arc::new(credentials())), deadlines, 7);
            let mut step = call.start(NOW);
            let mut sent = 0;
            let outcome = loop {
                step = match step {
                    Step::Send(mut transmit, then) => {
                        sent += 1;
                        keep_token(&mut transmit.request);
                        black_box(format!("{transmit:?}"));
                        let answer = match (sent, is_refused) {
                            (1, _) => Err(Error::transport(TransportKind::Closed, "x")),
                            (_, false) => Ok(Response::new(reply("AssumeRole"))),
                            (_, true) => Ok(echo()),
                        };
                        then.resume(NOW, answer)
                    }
                    Step::Wait(_, then) => then.resume(NOW, ()),
                    Step::Done(outcome) => break outcome,
                };
            };
            assert_eq!(outcome.is_err(), is_refused);
            black_box(format!("{outcome:?}"));
            if let Err(error) = outcome {
                black_box(error.to_string());
            }
        }
    });
}

/// A service that shows the canonical request, the token in it, and a parameter.
fn echo() -> Response<Body> {
    let text = unseen(|| {
        format!(
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The Canonical String should have been\n'POST\
         \n/\n\nx-amz-security-token:{TOKEN}&#10;' ExternalId={} {EXTERNAL_ID}</Message><Detail>{TOKEN}</Detail></Error>\
         <RequestId>r</RequestId></ErrorResponse>",
            SECRETS[6]
        )
    });
    let mut response = Response::new(Body::from(text.into_bytes()));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    response
}

#[test]
fn settings() {
    clean("credentials that are refused", || {
        let (key, token) = unseen(|| (format!("{KEY}\n"), format!("{TOKEN} ")));
        black_box(Credentials::new("AKIA", key).unwrap_err().to_string());
        black_box(credentials().with_session_token(token).unwrap_err().to_string());
    });
    clean("the environment's credentials", || {
        let lookup = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
            "AWS_SESSION_TOKEN" => Some(TOKEN.to_owned()),
            _ => None,
        };
        black_box(format!("{:?}", sts_proto::source::environment::credentials(lookup).unwrap()));
    });
    clean("a proxy", || {
        let settings = ProxySettings::explicit("http://alice:hunter%20EIGHT@127.0.0.1:3128").unwrap();
        let url = http::Uri::from_static("https://sts.eu-west-1.amazonaws.com/");
        let proxy = settings.for_url(&url).unwrap().unwrap();
        assert_eq!(proxy.credentials().unwrap().1.expose(), "hunter EIGHT");
        black_box(format!("{settings:?} {proxy}"));
        drop(http1::connect(proxy, "sts.eu-west-1.amazonaws.com", 443));
    });
}
