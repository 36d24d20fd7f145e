//! What `Form` writes, `form::parse` reads; and `form::parse` reads whatever there is.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sts_proto::form::{self, Form};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    /// Anything, for the reader.
    text: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    assert_eq!(read(&written(&input.pairs)), owned(&input.pairs), "what is written is read again");

    let read_once = read(input.text);
    let read_twice = read(&written(&read_once));
    assert_eq!(read_once, read_twice, "reading {:?} settles it", input.text);

    // The same rules as the URL standard: `+` is a space, a broken escape stands for itself, what is no UTF-8
    // becomes U+FFFD, and an empty pair is none.
    let expected: Vec<_> = form_urlencoded::parse(input.text.as_bytes())
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    assert_eq!(read_once, expected, "{:?} is read as the URL standard says", input.text);
});

fn written<S: AsRef<str>>(pairs: &[(S, S)]) -> String {
    let mut form = Form::new();
    for (name, value) in pairs {
        form.pair(name.as_ref(), value.as_ref());
    }
    let body = form.into_body();
    assert_eq!(format!("{body:?}"), format!("Body({} bytes)", body.as_ref().len()));
    let text = String::from_utf8(body.into_vec()).expect("a form is ASCII");
    assert_is_encoded(&text);
    text
}

/// RFC 3986's unreserved characters, escapes with capital digits, and the two separators.
fn assert_is_encoded(text: &str) {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_right = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'&' | b'=' => true,
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| matches!(digit, Some(b'0'..=b'9' | b'A'..=b'F'))),
            _ => false,
        };
        assert!(is_right, "{:?} in {text:?}", char::from(byte));
    }
}

fn read(text: &str) -> Vec<(String, String)> {
    form::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
