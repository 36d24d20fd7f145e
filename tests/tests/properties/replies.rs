//! Replies and requests as bytes.

use super::*;

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
