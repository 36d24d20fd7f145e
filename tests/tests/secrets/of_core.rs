//! Signer, encoder, bytes.

use http::{Method, Response};
use sts_proto::certificate::Refusal;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, Progress, ReplyReader, TlsRecords};
use sts_proto::operation::*;
use sts_proto::sigv4::{Payload, SessionToken, Signing, SigningKey};
use sts_proto::{Encoder, Presign};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let credentials = credentials();
    show!(seen, encoder);
    let request = encoder.encode(&role(), Some(&credentials), NOW).unwrap();
    show!(seen, request);
    let bytes = http1::request(&request).unwrap();
    show!(seen, bytes);
    let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
    show!(seen, signing);
    show!(seen, SigningKey::derive(credentials.secret_access_key(), NOW, "eu-west-1", "sts").unwrap());
    show!(seen, encoder.signer().explain(&request, &signing).unwrap());
    let url = encoder.presign(&GetCallerIdentity::new(), &credentials, NOW, &Presign::default()).unwrap();
    show!(seen, url);
    seen.error(&encoder.presign(&role(), &credentials, NOW, &Presign::default()).unwrap_err());
    let broken =
        AssumeRole::new(JWT, KEY).external_id(format!("{EXTERNAL_ID}!")).policy("\0").token_code(PASSWORD);
    seen.error(&encoder.encode(&broken, Some(&credentials), NOW).unwrap_err());

    let text = reply("AssumeRole");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
    let mut reader = ReplyReader::new(&Method::POST);
    show!(seen, reader.feed(head.as_bytes()));
    show!(seen, reader.feed(&text.as_bytes()[..400]));
    show!(seen, reader);
    show!(seen, reader.feed(&text.as_bytes()[400..]));
    let mut records = TlsRecords::default();
    records.pass(SECRETS.join(" ").as_bytes());
    show!(seen, records);
    for end in (0..text.len()).step_by(7) {
        seen.error(&role().decode(&Response::new(&text[..end])).unwrap_err());
    }
    for junk in [
        SECRETS.join(" "),
        format!("<{KEY}>"),
        format!("<a>{TOKEN}<{KEY}</a>"),
        format!("<x {KEY}={TOKEN}/>"),
    ] {
        seen.error(&role().decode(&Response::new(junk)).unwrap_err());
    }
    parts(seen, &encoder);
}

/// What else is handed to the signer and the reader.
fn parts(seen: &Seen, encoder: &Encoder) {
    let credentials = credentials();
    show!(seen, Presign::default(), SessionToken::Signed, Payload::Sha256([7; 32]), **encoder.signer());
    let signing = Signing::new(&credentials, "eu-west-1", "sts", NOW);
    let minute = std::time::Duration::from_secs(60);
    let request = http::Request::get("https://h.test/").body("").unwrap();
    show!(seen, encoder.signer().explain_presigned(&request, &signing, minute).unwrap());
    let text = reply("AssumeRole");
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nA: b\r\n\r\n{text}", text.len());
    let progress = ReplyReader::new(&Method::POST).feed(whole.as_bytes()).unwrap();
    show!(seen, progress);
    if let Progress::Done(finished) = progress {
        show!(seen, finished);
    }
    for damage in
        [whole.replace("200 OK", KEY), whole.replace("A: b", &format!("{TOKEN} {KEY}")), SECRETS.join(" ")]
    {
        seen.outcome(&ReplyReader::new(&Method::POST).feed(damage.as_bytes()));
    }
    // Fields of errors, of every kind that there is.
    for kind in [Refusal::UnknownIssuer, Refusal::OtherHost(None), Refusal::Alert("bad".to_owned())] {
        show!(seen, kind, kind.words("h.test"));
    }
}
