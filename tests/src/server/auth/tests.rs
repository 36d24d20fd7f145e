use std::borrow::Cow;

use aws_sigv4::http_request::{PayloadChecksumKind, SessionTokenMode};

use super::super::Server;
use super::super::testing::{ASSUME, IDENTITY, Reply, Signing, exchange, post};
use super::*;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
     AWS Secret Access Key and signing method. Consult the service documentation for details.";

fn server() -> Server {
    Server::start().expect("a server")
}

fn identified(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.element("Arn"), Some("arn:aws:iam::123456789012:user/alice"));
}

/// Replaces text in a request.
fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn accepts_what_aws_sigv4_signs() {
    let sts = server();
    let key = sts.user();
    identified(&post(&sts, key, IDENTITY));
    identified(&exchange(&sts, &Signing::get(key, IDENTITY).bytes()));
    identified(&exchange(&sts, &Signing::presigned(key, IDENTITY, 60).bytes()));
    // A presigned POST with parameters in both places.
    let mut signing = Signing::presigned(key, "Action=GetCallerIdentity", 900);
    (signing.method, signing.body) = ("POST", "Version=2011-06-15");
    signing.headers.push(("content-type", "application/x-www-form-urlencoded"));
    identified(&exchange(&sts, &signing.bytes()));
    // Another path, region and payload header; white space, a repeated header, one that signers usually skip.
    let mut signing = Signing::post(key, IDENTITY);
    (signing.path, signing.region) = ("/a//b/../%20c", "default");
    signing.headers.extend([
        ("x-k8s-aws-id", "  a   b "),
        ("x-two", "1"),
        ("x-two", "2"),
        ("user-agent", "me"),
    ]);
    signing.settings.excluded_headers = None;
    signing.settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    identified(&exchange(&sts, &signing.bytes()));
    // Headers that are not signed, the date among them.
    let mut signing = Signing::post(key, IDENTITY);
    signing.headers.push(("accept", "*/*"));
    signing.settings.excluded_headers = Some(vec![Cow::Borrowed("accept"), Cow::Borrowed("x-amz-date")]);
    identified(&exchange(&sts, &edited(&signing.bytes(), "*/*", "text/xml")));
}

#[test]
fn reads_a_plus_in_a_query_as_a_plus() {
    let sts = server();
    let query =
        format!("{}%20c", ASSUME.replace("sess1", "a%2Bb").replace("TestRole", "TestRole&ExternalId=a"));
    let bytes = Signing::presigned(sts.user(), &query, 60).bytes();
    let reply = exchange(&sts, &edited(&bytes, "a%2Bb", "a+b"));
    // The session name was understood; the space is refused after the signature was accepted.
    assert_eq!(reply.error().1, "ValidationError", "{reply:?}");
    assert!(reply.error().2.contains("'a c' at 'externalId'") && !reply.error().2.contains("sessionName"));
    assert_eq!(
        exchange(&sts, &edited(&bytes, "a%20c", "a+c")).error(),
        (403, "SignatureDoesNotMatch", MISMATCH)
    );
}

#[test]
fn refuses_wrong_signatures() {
    let sts = server();
    let stranger = AccessKey { secret_access_key: "other".to_owned(), ..sts.user().clone() };
    assert_eq!(post(&sts, &stranger, IDENTITY).error(), (403, "SignatureDoesNotMatch", MISMATCH));
    let presigned = Signing::presigned(&stranger, IDENTITY, 60).bytes();
    assert_eq!(exchange(&sts, &presigned).error(), (403, "SignatureDoesNotMatch", MISMATCH));
    let mut signing = Signing::post(sts.user(), ASSUME);
    signing.headers.push(("x-amz-a", "b"));
    let bytes = signing.bytes();
    for (from, to) in [
        ("sess1", "sess2"),
        ("POST / ", "POST /x "),
        ("POST / ", "POST /?A=b "),
        ("host: sts.test", "host: sts.rest"),
        ("x-amz-a: b", "x-amz-a: c"),
        ("x-amz-a: b", "x-amz-a: b\r\nx-amz-a: c"),
        ("x-amz-a: b\r\n", ""),
        ("eu-central-1", "eu-central-2"),
        ("SignedHeaders=content-type;host;", "SignedHeaders=host;content-type;"),
        ("SignedHeaders=content-type", "SignedHeaders=Content-Type"),
        ("SignedHeaders=content-type", "SignedHeaders=content-type;content-type"),
        ("Signature=", "Signature=0"),
    ] {
        let reply = exchange(&sts, &edited(&bytes, from, to));
        assert_eq!(reply.error(), (403, "SignatureDoesNotMatch", MISMATCH), "{from} {to}");
    }
}

#[test]
fn refuses_wrong_scopes() {
    let sts = server();
    let mut signing = Signing::post(sts.user(), IDENTITY);
    signing.service = "s3";
    let wrong = "Credential should be scoped to correct service: 'sts'. ";
    assert_eq!(exchange(&sts, &signing.bytes()).error(), (403, "SignatureDoesNotMatch", wrong));
    let bytes = Signing::post(sts.user(), IDENTITY).bytes();
    for (from, to, message) in [
        ("aws4_request", "aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'."),
        ("eu-central-1", "", "scoped to a valid region"),
        (";host;", ";", "must be a 'SignedHeader'"),
    ] {
        let reply = exchange(&sts, &edited(&bytes, from, to));
        assert_eq!((reply.error().0, reply.error().1), (403, "SignatureDoesNotMatch"), "{reply:?}");
        assert!(reply.error().2.contains(message), "{reply:?}");
    }
    let today = clock::date(Signing::post(sts.user(), "").time.into());
    let reply = exchange(&sts, &edited(&bytes, &format!("/{today}/"), "/20150830/"));
    assert!(reply.error().2.starts_with("Date in Credential scope does not match YYYYMMDD"), "{reply:?}");
}

#[test]
fn refuses_incomplete_proofs() {
    let sts = server();
    let bytes = Signing::post(sts.user(), IDENTITY).bytes();
    let query = Signing::presigned(sts.user(), IDENTITY, 60).bytes();
    for (bytes, from, to, message) in [
        (&bytes, "SignedHeaders=", "Headers=", "requires 'SignedHeaders' parameter."),
        (&bytes, "x-amz-date:", "date:", "existence of either a 'X-Amz-Date'"),
        (
            &bytes,
            "authorization: AWS4-HMAC-SHA256 ",
            "authorization: Bearer x",
            "requires 'Credential' parameter. Authorization=Bearer",
        ),
        (
            &bytes,
            "authorization: AWS4-HMAC-SHA256 Credential=",
            "authorization: Basic ",
            "missing equal-sign",
        ),
        (&bytes, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "Unsupported AWS"),
        (&bytes, "/aws4_request", "", "exactly 5 slash-delimited elements"),
        (&bytes, "x-amz-date: 2", "x-amz-date: X", "ISO-8601"),
        (&bytes, "Signature=", "Signature=0,Signature=", "repeats"),
        (&bytes, "authorization:", "authorization: AWS4-HMAC-SHA256\r\nauthorization:", "Only one"),
        (&bytes, "POST / ", "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256 ", "Only one"),
        (&query, "X-Amz-Date", "X-Date", "must include 'X-Amz-Date'"),
        (&query, "X-Amz-Expires=60", "X-Amz-Expires=604801", "between 1 and 604800"),
        (&query, "X-Amz-Expires=60", "X-Amz-Expires=0", "between 1 and 604800"),
    ] {
        let reply = exchange(&sts, &edited(bytes, from, to));
        assert_eq!((reply.error().0, reply.error().1), (400, "IncompleteSignature"), "{from}: {reply:?}");
        assert!(reply.error().2.contains(message), "{from}: {reply:?}");
    }
    let none = (403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    assert_eq!(exchange(&sts, &edited(&bytes, "authorization:", "x-nothing:")).error(), none);
    let twice = edited(&query, "&X-Amz-Date", "&X-Amz-Expires=60&X-Amz-Date");
    assert_eq!(exchange(&sts, &twice).error().1, "MalformedInput");
}

#[test]
fn refuses_other_times_in_aws_words() {
    let sts = server();
    let window = WINDOW.whole_seconds();
    // A few seconds of tolerance: the machine may be slow.
    for offset in [5 - window, window - 5] {
        sts.set_clock_offset(offset);
        identified(&post(&sts, sts.user(), IDENTITY));
    }
    sts.set_clock_offset(3600);
    let at = Signing::post(sts.user(), IDENTITY).time;
    let mut signing = Signing::post(sts.user(), IDENTITY);
    signing.time = at;
    let reply = exchange(&sts, &signing.bytes());
    let (status, code, message) = reply.error();
    assert_eq!((status, code), (403, "SignatureDoesNotMatch"));
    let expected = format!("Signature expired: {} is now earlier than ", clock::timestamp(at.into()));
    assert!(message.starts_with(&expected) && message.ends_with(" - 15 min.)"), "{message}");
    sts.set_clock_offset(-3600);
    let reply = post(&sts, sts.user(), IDENTITY);
    assert!(reply.error().2.starts_with("Signature not yet current: "), "{reply:?}");
    assert!(reply.error().2.contains(" is still later than ") && reply.error().2.ends_with(" + 15 min.)"));
    let date = reply.header("date").expect("a date");
    let expected = OffsetDateTime::now_utc() - Duration::hours(1);
    assert_eq!(date[..16], clock::imf_fixdate(expected)[..16], "the Date header follows the clock");
}

#[test]
fn presigned_requests_last_as_long_as_they_say_but_no_longer_than_the_window() {
    let sts = server();
    let key = sts.user();
    identified(&exchange(&sts, &Signing::presigned(key, IDENTITY, 60).ago(50).bytes()));
    let reply = exchange(&sts, &Signing::presigned(key, IDENTITY, 60).ago(70).bytes());
    assert_eq!((reply.error().0, reply.error().1), (403, "AccessDenied"));
    assert!(reply.error().2.starts_with("Signature expired: ") && reply.error().2.ends_with(" - 60 sec.)"));
    identified(&exchange(&sts, &Signing::presigned(key, IDENTITY, EXPIRES_MAXIMUM).ago(890).bytes()));
    let reply = exchange(&sts, &Signing::presigned(key, IDENTITY, EXPIRES_MAXIMUM).ago(910).bytes());
    assert_eq!((reply.error().0, reply.error().1), (403, "SignatureDoesNotMatch"));
    assert!(reply.error().2.ends_with(" - 15 min.)"));
}

#[test]
fn temporary_keys_need_their_token_and_end() {
    let sts = server();
    let invalid = (403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let key = post(&sts, sts.user(), ASSUME).credentials();
    for unsigned in [false, true] {
        let mut signing = Signing::post(&key, IDENTITY);
        if unsigned {
            signing.settings.session_token_mode = SessionTokenMode::Exclude;
        }
        let reply = exchange(&sts, &signing.bytes());
        assert_eq!(
            reply.element("Arn"),
            Some("arn:aws:sts::123456789012:assumed-role/TestRole/sess1"),
            "{reply:?}"
        );
    }
    assert_eq!(exchange(&sts, &Signing::presigned(&key, IDENTITY, 60).bytes()).status, 200);

    let with = |token: Option<&str>| AccessKey { session_token: token.map(str::to_owned), ..key.clone() };
    assert_eq!(post(&sts, &with(None), IDENTITY).error(), invalid);
    assert_eq!(post(&sts, &with(Some("other")), IDENTITY).error(), invalid);
    let user = AccessKey { session_token: Some("token".to_owned()), ..sts.user().clone() };
    assert_eq!(post(&sts, &user, IDENTITY).error(), invalid, "a long-term key has no token");
    let stranger = AccessKey { access_key_id: "AKIAUNKNOWN".to_owned(), ..sts.user().clone() };
    assert_eq!(post(&sts, &stranger, IDENTITY).error(), invalid);

    sts.set_clock_offset(3605);
    let mut late = Signing::post(&key, IDENTITY);
    late.time += std::time::Duration::from_secs(3605);
    let expired = (403, "ExpiredToken", "The security token included in the request is expired");
    assert_eq!(exchange(&sts, &late.bytes()).error(), expired);
}
