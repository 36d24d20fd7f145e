//! Laws that hold for all inputs, on a few hundred random ones each. `PROPTEST_CASES=100000` tries more.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use regex::Regex;
use serde_json::json;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::form::{self, Form};
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::*;
use sts_proto::sigv4::{Signer, Signing};
use sts_proto::step::{Resume, Step};
use sts_proto::{
    Body, Credentials, Encoder, Error, ErrorKind, Presign, RetryPolicy, TransportKind, Validation,
};
use sts_tests::build;
use time::{OffsetDateTime, UtcOffset};

/// As many cases as a second's wait is worth, unless the environment wants more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 128 };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

/// Any text, with what is special somewhere more often than by chance.
fn text() -> impl Strategy<Value = String> {
    let special =
        select(vec!["&", "=", "%", "+", " ", "%41", "%zz", "<", "]]>", "é", "\u{1f512}", "\0", "/", "~"]);
    prop_oneof![
        any::<String>(),
        vec(prop_oneof![special.prop_map(str::to_owned), "[a-z]{1,3}"], 0..8)
            .prop_map(|parts| parts.concat())
    ]
}

/// A moment of the years that a signature can name.
fn moment() -> impl Strategy<Value = OffsetDateTime> {
    (-62_135_596_800_i64..253_402_300_800)
        .prop_map(|seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap())
}

/// A moment of all that there are, in any time zone.
fn any_moment() -> impl Strategy<Value = OffsetDateTime> {
    let ends = select(vec![-377_705_116_800_i64, 253_402_300_799, 0, i64::from(i32::MAX)]);
    let seconds = prop_oneof![ends, -377_705_116_800_i64..253_402_300_800];
    (seconds, -93_599_i32..93_600).prop_map(|(seconds, offset)| {
        let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        time.checked_to_offset(UtcOffset::from_whole_seconds(offset).unwrap()).unwrap_or(time)
    })
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        select(vec![Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1), Duration::MAX]),
        any::<Duration>(),
        (0..100_000_u64).prop_map(Duration::from_millis),
    ]
}

fn key() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").unwrap()
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap())
}

proptest! {
    #![proptest_config(config())]

    /// What a form writes is read back by ours and by another reader, and is plain ASCII.
    #[test]
    fn a_form_is_read_as_it_was_written(pairs in vec((text(), text()), 0..6)) {
        let mut form = Form::new();
        pairs.iter().for_each(|(name, value)| form.pair(name, value));
        let written = String::from_utf8(form.into_body().into_vec()).unwrap();
        prop_assert!(written.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%&=".contains(&b)));
        let read: Vec<(String, String)> =
            form::parse(&written).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        prop_assert_eq!(&read, &pairs);
        let theirs: Vec<(String, String)> = form_urlencoded::parse(written.as_bytes()).into_owned().collect();
        prop_assert_eq!(read, theirs);
    }

    /// Any text is read as the URL standard says.
    #[test]
    fn any_form_is_read_alike(written in text()) {
        let ours: Vec<_> = form::parse(&written).collect();
        let theirs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(written.as_bytes()).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// Neither the order of parameters, nor their spelling, nor that of headers changes a signature; another value does.
    #[test]
    fn a_signature_is_of_the_meaning(
        (pairs, shuffled) in vec(("[a-z]{1,4}", "[ -~]{0,6}"), 0..5)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        spellings in vec(any::<bool>(), 64),
        path in "(/[a-z.~%]{0,4}){1,4}",
        value in "[!-~]([ -~]{0,8}[!-~])?",
        time in moment(),
    ) {
        let escaped = |text: &str, all: &mut dyn FnMut() -> bool| -> String {
            let digits = |b: u8, small: bool| if small { format!("%{b:02x}") } else { format!("%{b:02X}") };
            text.bytes().map(|b| {
                let is_plain = b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
                if is_plain && !all() { char::from(b).to_string() } else { digits(b, all()) }
            }).collect()
        };
        let query = |pairs: &[(String, String)], choice: &mut dyn FnMut() -> bool| {
            let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escaped(name, choice), escaped(value, choice)));
            pairs.collect::<Vec<_>>().join("&")
        };
        let path = path.replace('%', "%25");
        let request = |query: String, headers: &[(&'static str, String)]| {
            let mut request = Request::get(format!("https://h.test{path}?{query}"));
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            request.body("").unwrap()
        };
        let mut spelling = spellings.iter().copied().cycle();
        let one = request(query(&pairs, &mut || false), &[("x-a", value.clone()), ("x-b", "1".to_owned())]);
        let loose = format!("  {} \t", value.replace(' ', "  "));
        let same = request(
            query(&shuffled, &mut || spelling.next().unwrap_or_default()),
            &[("x-b", "1 ".to_owned()), ("x-a", loose)],
        );
        let credentials = key();
        let signing = Signing::new(&credentials, "eu-west-1", "sts", time);
        let signer = Signer::new();
        let explanation = signer.explain(&one, &signing).unwrap();
        prop_assert_eq!(&explanation, &signer.explain(&same, &signing).unwrap());
        let other = request(query(&pairs, &mut || false), &[("x-a", format!("{value}!")), ("x-b", "1".to_owned())]);
        prop_assert_ne!(explanation.signature, signer.explain(&other, &signing).unwrap().signature);
    }

    /// What is presigned is verified by a signer that is not ours.
    #[test]
    fn what_is_presigned_is_verified(
        parameters in vec(("[A-Za-z.]{1,8}", "[ -~é]{0,12}"), 0..5),
        token in prop::option::of("[!-~]{1,40}"),
        header in prop::option::of("[!-~]{1,12}"),
        time in moment().prop_filter("after the epoch of `SystemTime`'s crate", |time| time.year() >= 1970),
        expires in 1..604_801_u64,
    ) {
        let credentials = match &token {
            Some(token) => key().with_session_token(token.as_str()).unwrap(),
            None => key(),
        };
        let operation = parameters.iter().fold(RawAction::new("GetCallerIdentity"), |operation, (name, value)| {
            operation.parameter(format!("P{name}"), value.as_str())
        });
        let mut options = Presign::new(Duration::from_secs(expires)).allow_sensitive();
        if let Some(header) = &header {
            options = options.header(HeaderName::from_static("x-k8s-aws-id"), HeaderValue::from_str(header).unwrap());
        }
        let url = encoder().presign(&operation, &credentials, time, &options).unwrap();
        let (base, query) = url.expose().split_once('?').unwrap();
        let (signing, own): (Vec<_>, Vec<_>) = query.split('&').partition(|pair| pair.starts_with("X-Amz-"));
        let of = |name: &str| {
            let pair = signing.iter().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.map(|value| form::parse(&format!("v={value}")).next().unwrap().1.into_owned())
        };
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(of("X-Amz-Expires").unwrap().parse().unwrap()));
        let identity = aws_credential_types::Credentials::new(
            "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token.clone(), None, "test",
        ).into();
        let theirs = v4::SigningParams::builder()
            .identity(&identity).region("eu-west-1").name("sts").time(SystemTime::from(time)).settings(settings)
            .build().unwrap().into();
        let headers = header.iter().map(|value| ("x-k8s-aws-id", value.as_str()));
        let signable =
            SignableRequest::new("GET", format!("{base}?{}", own.join("&")), headers, SignableBody::Bytes(b"")).unwrap();
        let expected = sign(signable, &theirs).unwrap().into_parts().1;
        prop_assert_eq!(of("X-Amz-Signature"), Some(expected));
        prop_assert_eq!(of("X-Amz-Security-Token"), token);
    }
}

/// A text as XML has it: each character plain, as an entity, a reference or in a CDATA section, with comments between.
fn xml(text: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().copied().cycle();
    let mut out = String::new();
    for c in text.chars() {
        let choice = choices.next().unwrap_or_default();
        let code = u32::from(c);
        match choice % 8 {
            0 => write!(out, "&#{code};").unwrap(),
            1 => write!(out, "&#x{code:X};").unwrap(),
            2 if c != ']' && c != '>' => write!(out, "<![CDATA[{c}]]>").unwrap(),
            3 => out.push_str("<!-- <no> & -->"),
            _ => {}
        }
        if matches!(choice % 8, 0 | 1) || (choice % 8 == 2 && c != ']' && c != '>') {
            continue;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if choice > 99 => out.push_str("&quot;"),
            '\'' if choice > 99 => out.push_str("&apos;"),
            _ => out.push(c),
        }
    }
    out
}

/// What XML can hold and keeps as it is.
fn value() -> impl Strategy<Value = String> {
    "[!-~é\u{20ac}\u{1f512}]([ -~\n\té\u{20ac}\u{1f512}\u{fffd}]{0,20}[!-~é])?"
}

fn response(body: String) -> Response<Vec<u8>> {
    Response::new(body.into_bytes())
}

proptest! {
    #![proptest_config(config())]

    /// A reply with any values, written in any way that XML has, gives those values.
    #[test]
    fn a_reply_is_read_as_it_was_written(
        id in "[A-Z0-9]{16,32}",
        secret in "[!-~]{1,40}",
        token in "[!-~]{1,200}",
        seconds in 946_684_800_i64..4_102_444_800,
        (role, arn, source) in (value(), value(), prop::option::of(value())),
        percent in any::<u32>(),
        choices in vec(any::<u8>(), 1..40),
        order in Just([0, 1, 2, 3]).prop_shuffle(),
        request_id in "[a-f0-9-]{1,36}",
    ) {
        let expiration = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let at = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", expiration.year(), u8::from(expiration.month()),
            expiration.day(), expiration.hour(), expiration.minute(), expiration.second(),
        );
        let element = |name: &str, text: &str| format!("<{name} a='&lt;'>{}</{name}>\r\n", xml(text, &choices));
        let in_order = |parts: [String; 4]| order.map(|i| parts[i].clone()).concat();
        let credentials = in_order([
            element("AccessKeyId", &id), element("SecretAccessKey", &secret), element("SessionToken", &token),
            element("Expiration", &at),
        ]);
        let members = in_order([
            format!("<Credentials>{credentials}</Credentials>"),
            format!("<AssumedRoleUser>{}{}</AssumedRoleUser>", element("AssumedRoleId", &role), element("Arn", &arn)),
            element("SessionTokenUtilization", &percent.to_string()),
            source.as_deref().map(|source| element("SourceIdentity", source)).unwrap_or_default(),
        ]);
        let body = format!(
            "<?xml version='1.0'?><AssumeRoleResponse xmlns='u'><AssumeRoleResult>{members}<New><a/></New>\
             </AssumeRoleResult><ResponseMetadata>{}</ResponseMetadata></AssumeRoleResponse>",
            element("RequestId", &request_id),
        );
        let reply = AssumeRole::new("-", "-").decode(&response(body.clone())).unwrap();
        prop_assert_eq!(reply.credentials.access_key_id(), id);
        prop_assert_eq!(reply.credentials.secret_access_key().expose(), secret);
        prop_assert_eq!(reply.credentials.session_token().unwrap().expose(), token);
        prop_assert_eq!(reply.credentials.expiration(), Some(expiration));
        prop_assert_eq!(&reply.assumed_role_user.assumed_role_id, &role);
        prop_assert_eq!(&reply.assumed_role_user.arn, &arn);
        prop_assert_eq!(reply.session_token_utilization, Some(percent));
        prop_assert_eq!(&reply.source_identity, &source);
        prop_assert_eq!(reply.metadata.request_id.as_deref(), Some(request_id.as_str()));

        // Without its end it is none.
        let cut = usize::try_from(seconds).unwrap() % body.len();
        let error = AssumeRole::new("-", "-").decode(&Response::new(&body.as_bytes()[..cut])).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Response);
    }

    /// Any bytes for a reply are a result or an error of a kind for replies, with any status.
    #[test]
    fn any_bytes_are_a_typed_outcome(body in vec(any::<u8>(), 0..200), status in 100..1000_u16) {
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        for name in build::names() {
            if let Err(error) = build::reader(name).unwrap().reply(&response) {
                prop_assert!(matches!(error.kind(), ErrorKind::Response | ErrorKind::Service), "{}", error);
                prop_assert!(!error.to_string().contains(char::is_control));
            }
        }
    }

    /// However the bytes of a reply are sliced, the outcome is the same.
    #[test]
    fn slices_make_no_difference(
        headers in subsequence(vec![
            "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "A: b\r\n", "A:\r\n",
            "Content-Length: 0\r\n", " folded\r\n", "B: c\n",
        ], 0..4),
        body in prop_oneof![
            Just("hello".to_owned()), Just("5\r\nhello\r\n0\r\n\r\n".to_owned()),
            Just("2;x\r\nhe\r\n3\r\nllo\r\n0\r\nT: 1\r\n\r\n".to_owned()), "[0-9a-f\r\n;]{0,20}",
        ],
        interim in prop::option::of(Just("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n")),
        status in select(vec!["200 OK", "204 No", "503 ", "304 X"]),
        flipped in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        sizes in vec(1..20_usize, 1..12),
    ) {
        let mut bytes =
            format!("{}HTTP/1.1 {status}\r\n{}\r\n{body}", interim.unwrap_or_default(), headers.concat()).into_bytes();
        if let Some((at, byte)) = flipped {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = read(&bytes, &[bytes.len()]);
        prop_assert_eq!(&whole, &read(&bytes, &sizes));
        prop_assert_eq!(&whole, &read(&bytes, &[1]));
    }

    /// What is written as a request is a request: its head has one empty line, and the body follows whole.
    #[test]
    fn a_request_is_written_whole(name in "x-[a-z]{1,8}", value in "[ -~\t]{0,20}", body in vec(any::<u8>(), 0..50)) {
        let request = Request::post("http://h.test/p?q").header(name.as_str(), value.as_str()).body(body.clone()).unwrap();
        let bytes = http1::request(&request).unwrap().into_vec();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        prop_assert_eq!(&bytes[end + 4..], &body[..]);
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut parsed = httparse::Request::new(&mut headers);
        prop_assert!(parsed.parse(&bytes).unwrap().is_complete());
        let found = |wanted: &str| parsed.headers.iter().find(|header| header.name == wanted).map(|header| header.value);
        let length = body.len().to_string();
        prop_assert_eq!(found("content-length"), Some(length.as_bytes()));
        prop_assert_eq!(found(&name).map(<[u8]>::trim_ascii), Some(value.as_bytes().trim_ascii()));
    }
}

/// Status, body and whether the connection is kept; or why not.
type Outcome = Result<(u16, Vec<u8>, bool), (TransportKind, String)>;

fn read(bytes: &[u8], sizes: &[usize]) -> Outcome {
    let described = |error: Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        (error.transport_kind().unwrap(), cause.unwrap_or_default())
    };
    let mut reader = ReplyReader::new(&Method::POST);
    let (mut rest, mut sizes) = (bytes, sizes.iter().copied().cycle());
    let mut finished = None;
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(sizes.next().unwrap().min(rest.len()));
        rest = more;
        if finished.is_some() {
            return Err((TransportKind::Protocol, "there are bytes after the end".to_owned()));
        }
        match reader.feed(piece).map_err(described)? {
            Progress::More => {}
            Progress::Done(done) => finished = Some(done),
        }
    }
    let finished = match finished {
        Some(finished) => finished,
        None => reader.end().map_err(described)?,
    };
    Ok((finished.response.status().as_u16(), finished.response.into_body().into_vec(), finished.keep_alive))
}

proptest! {
    #![proptest_config(config())]

    /// No time, length of time, date of a server or policy makes a call panic or go on for ever.
    #[test]
    fn no_time_is_too_odd(
        times in vec(any_moment(), 1..12),
        (attempt, total) in (any_duration(), any_duration()),
        (base, cap) in (any_duration(), any_duration()),
        (max_attempts, quota, cost) in (0..6_u32, any::<u32>(), any::<u32>()),
        skew in prop::option::of(any::<i64>()),
        date in prop_oneof![
            Just("Fri, 20 Nov 2026 17:08:48 GMT".to_owned()), Just("Mon, 01 Jan 0001 00:00:00 GMT".to_owned()),
            Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()), "[ -~]{0,30}",
        ],
        after in prop_oneof![Just(u64::MAX.to_string()), any::<u64>().prop_map(|n| n.to_string()), "[ -~]{0,6}"],
        expiration in prop::option::of(any_moment()),
        seed in any::<u64>(),
    ) {
        let mut policy = RetryPolicy::default();
        policy.max_attempts = max_attempts;
        (policy.base, policy.throttling_base, policy.cap) = (base, base, cap);
        (policy.quota, policy.cost) = (quota, cost);
        let caller = Caller::new(encoder(), policy);
        if let Some(seconds) = skew {
            caller.set_skew(time::Duration::seconds(seconds));
        }
        let credentials = key().with_session_token("t").unwrap();
        let credentials = expiration.into_iter().fold(credentials, Credentials::with_expiration);
        let deadlines = Deadlines { attempt, total };
        let call = Call::new(Arc::new(caller), GetCallerIdentity::new(), Some(Arc::new(credentials)), deadlines, seed);
        let mut times = times.into_iter().cycle();
        let mut now = || times.next().unwrap();
        let mut step = call.start(now());
        let mut sent = 0;
        let outcome = loop {
            step = match step {
                Step::Send(_, then) => {
                    sent += 1;
                    prop_assert!(sent <= max_attempts.max(1));
                    let body = "<Error><Code>RequestExpired</Code><Message>x</Message></Error>";
                    let mut reply = Response::new(Body::from(body.as_bytes().to_vec()));
                    *reply.status_mut() = (if sent % 2 == 0 { 503 } else { 400 }).try_into().unwrap();
                    for (name, value) in [("date", &date), ("x-amz-retry-after", &after)] {
                        if let Ok(value) = HeaderValue::from_str(value) {
                            reply.headers_mut().insert(name, value);
                        }
                    }
                    then.resume(now(), Ok(reply))
                }
                Step::Wait(wait, then) => {
                    prop_assert!(wait < total, "{:?} of {:?}", wait, total);
                    then.resume(now(), ())
                }
                Step::Done(outcome) => break outcome,
            };
        };
        let error = outcome.unwrap_err();
        prop_assert!(!error.to_string().is_empty());
        prop_assert_ne!(format!("{:?}", error), "");
    }

    /// A presigned URL has a time or is refused, whatever is asked for.
    #[test]
    fn any_expiry_is_taken_or_refused(
        time in any_moment(), expires in any_duration(), expiration in prop::option::of(any_moment()),
    ) {
        let credentials = expiration.into_iter().fold(key(), Credentials::with_expiration);
        match encoder().presign(&GetCallerIdentity::new(), &credentials, time, &Presign::new(expires)) {
            Ok(url) => {
                prop_assert!((Duration::from_secs(1)..=Duration::from_secs(604_800)).contains(&expires));
                prop_assert!(expiration.is_none_or(|expiration| url.expires_at() <= expiration));
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidInput),
        }
    }
}

/// Parameters that are texts, where they stand and what they must match, besides what else their operation needs.
struct Field {
    operation: &'static str,
    name: &'static str,
    least: usize,
    most: usize,
    pattern: &'static str,
    /// Whether ours may take what the pattern does not; why is told where its class is.
    is_wider: bool,
}

const FIELDS: [Field; 7] = [
    Field {
        operation: "AssumeRole",
        name: "RoleSessionName",
        least: 2,
        most: 64,
        pattern: "[0-9A-Za-z_+=,.@-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "ExternalId",
        least: 2,
        most: 1224,
        pattern: "[0-9A-Za-z_+=,.@:/-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "SerialNumber",
        least: 9,
        most: 256,
        pattern: "[0-9A-Za-z_+=/:,.@-]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "TokenCode",
        least: 6,
        most: 6,
        pattern: "[0-9]*",
        is_wider: false,
    },
    Field {
        operation: "AssumeRole",
        name: "RoleArn",
        least: 20,
        most: 2048,
        pattern: r"[\t\n\r -~\u0085\u00A0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]+",
        is_wider: true,
    },
    Field {
        operation: "AssumeRole",
        name: "Policy",
        least: 1,
        most: usize::MAX,
        pattern: r"[\t\n\r -\u00FF]+",
        is_wider: false,
    },
    Field {
        operation: "GetAccessKeyInfo",
        name: "AccessKeyId",
        least: 16,
        most: 128,
        pattern: "[0-9A-Za-z_]*",
        is_wider: false,
    },
];

proptest! {
    #![proptest_config(config())]

    /// A parameter is taken exactly if its length is within the limits and another engine says that it matches.
    #[test]
    fn what_is_taken_matches_the_pattern(
        field in 0..FIELDS.len(),
        value in prop_oneof![
            any::<String>(), "[ -~]{0,40}", "[A-Za-z0-9_+=,.@:/-]{0,40}", "[0-9]{5,7}", "[A-Za-z0-9_]{1,130}",
            ("[A-Za-z0-9_]{16,40}", any::<char>()).prop_map(|(mut text, c)| { text.push(c); text }),
        ],
    ) {
        let field = &FIELDS[field];
        let length = value.chars().count();
        let matches = Regex::new(&format!("^(?s:{})$", field.pattern.replace('$', r"\z"))).unwrap().is_match(&value)
            && !value.ends_with('\n') | value.is_empty() | field.pattern.contains(r"\n");
        let should = !value.is_empty() && matches && (field.least..=field.most).contains(&length);
        let mut params = match field.operation {
            "AssumeRole" => json!({"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "session"}),
            _ => json!({}),
        };
        params[field.name] = json!(value);
        let operation = build::operation(field.operation, &params).unwrap();
        let outcome = operation.check(Validation::default().relations(false));
        let broken: Vec<_> = outcome.as_ref().err().into_iter().flat_map(Error::violations).collect();
        prop_assert!(broken.iter().all(|violation| violation.parameter() == field.name), "{:?}", broken);
        if should {
            prop_assert!(broken.is_empty(), "{} refused: {:?}", field.name, broken);
        } else if !field.is_wider {
            prop_assert!(!broken.is_empty(), "{} taken: {:?}", field.name, value);
        }
        // No violation shows the value.
        let shown = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        prop_assert!(length < 12 || !shown.contains(&value));
    }
}
