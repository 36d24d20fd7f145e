//! The one redaction: what a server says may echo what it was sent, such as the canonical request with the session token in
//! it, a parameter that breaks a rule, or a header in the id of its reply.
//!
//! # Design
//! What is kept of a reply besides its result (ids, code, message, details, the name of its root) is cleaned where the reply is
//! read, with the secrets of its request at hand. So errors, results, events and log lines need not know of secrets.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::constraint::{Integer, List, Members, Shape, Text};
use crate::credentials::Credentials;
use crate::operation::Operation;

/// What is shorter is no secret, and would be found in innocent words.
const SHORTEST: usize = 4;

/// How often what is escaped is unescaped: a form in JSON in XML.
const LEVELS: usize = 3;

const REDACTED: &str = "[redacted]";

/// A function that hands each secret of a request to another.
type Each<'s> = dyn Fn(&mut dyn FnMut(&str)) + 's;

/// The secrets of a request.
#[derive(Clone, Copy)]
pub(crate) struct Redaction<'s>(&'s Each<'s>);

impl<'s> Redaction<'s> {
    /// Of a request without secrets.
    #[cfg(test)]
    pub(crate) const NONE: Redaction<'static> = Redaction(&|_| {});

    pub(crate) fn new(each: &'s Each<'s>) -> Self {
        Self(each)
    }

    /// Takes the secrets out of a text that a server sent: plain, percent-encoded, with the escapes of XML, HTML or JSON, in any
    /// mixture of these, and with `+` and a space taken for the same. The time is linear in the text for each secret.
    pub(crate) fn clean(self, text: &mut String) {
        if text.len() < SHORTEST {
            return;
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        // No escape is shorter than what it stands for.
        let fits = |secret: &str| (SHORTEST..=text.len()).contains(&secret.len());
        let mut may_hold = false;
        (self.0)(&mut |secret| {
            if fits(secret) {
                may_hold = true;
                found.extend(text.match_indices(secret).map(|(at, _)| at..at + secret.len()));
            }
        });
        // Most ids have no other form, and are shorter than every secret.
        let mut level = if may_hold { Level::of(text) } else { None };
        for _ in 0..=LEVELS {
            let Some(form) = &level else { break };
            (self.0)(&mut |secret| {
                if fits(secret) {
                    form.find(&normal(secret.as_bytes()), &mut found);
                }
            });
            level = form.unescaped();
        }
        if !found.is_empty() {
            replace(text, found);
        }
    }
}

/// A text after some rounds of resolving its escapes.
struct Level {
    bytes: Zeroizing<Vec<u8>>,
    /// Where in the text each of the bytes is from.
    places: Vec<Range<usize>>,
    normal: Zeroizing<String>,
}

impl Level {
    /// The text as it is; none where it has no other form.
    fn of(text: &str) -> Option<Self> {
        let places = |length| (0..length).map(|at| at..at + 1).collect();
        let has_forms = text.contains(['%', '&', '\\', '+', ' ']);
        has_forms.then(|| Self::new(Zeroizing::new(text.as_bytes().to_vec()), places(text.len())))
    }

    fn new(bytes: Zeroizing<Vec<u8>>, places: Vec<Range<usize>>) -> Self {
        let normal = normal(&bytes);
        Self { bytes, places, normal }
    }

    /// The next level; none where there is no escape.
    fn unescaped(&self) -> Option<Self> {
        // Nothing grows: no copy is left behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        let mut places = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            let mut buffer = [0; 4];
            let (length, unescaped) = unescape(&self.bytes[at..], &mut buffer).unwrap_or((1, 1));
            if length == 1 {
                buffer[0] = byte;
            }
            let place = self.places[at].start..self.places[at + length - 1].end;
            bytes.extend_from_slice(&buffer[..unescaped]);
            places.extend(std::iter::repeat_n(place, unescaped));
            at += length;
        }
        (bytes.len() < self.bytes.len()).then(|| Self::new(bytes, places))
    }

    fn find(&self, wanted: &str, found: &mut Vec<Range<usize>>) {
        let (mut seen, mut index) = (0, 0);
        let length = wanted.chars().count();
        for (at, _) in self.normal.match_indices(wanted) {
            index += self.normal[seen..at].chars().count();
            seen = at;
            if let Some([first, ..]) = self.places.get(index..index + length)
                && let Some(last) = self.places.get(index + length - 1)
            {
                found.push(first.start..last.end);
            }
        }
    }
}

/// Bytes as a text of as many characters, so that they can be searched. `+` is a space in forms, and in others not.
fn normal(bytes: &[u8]) -> Zeroizing<String> {
    let mut normal = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    normal.extend(bytes.iter().map(|byte| if *byte == b'+' { ' ' } else { char::from(*byte) }));
    normal
}

/// The escape at the beginning of the bytes: its length, and the length of the text that it stands for.
fn unescape(bytes: &[u8], out: &mut [u8; 4]) -> Option<(usize, usize)> {
    match bytes {
        [b'%', high, low, ..] => {
            out[0] = digit(*high)? << 4 | digit(*low)?;
            Some((3, 1))
        }
        [b'\\', b'u', rest @ ..] => {
            let unit = unit(rest)?;
            match rest {
                // Two of them for one character.
                [_, _, _, _, b'\\', b'u', second @ ..] if (0xd800..0xdc00).contains(&unit) => {
                    let second = self::unit(second).filter(|unit| (0xdc00..0xe000).contains(unit))?;
                    encoded(0x10000 + ((unit - 0xd800) << 10) + second - 0xdc00, out)
                        .map(|length| (12, length))
                }
                _ => encoded(unit, out).map(|length| (6, length)),
            }
        }
        [b'\\', letter, ..] => {
            out[0] = match letter {
                b'"' | b'\'' | b'\\' | b'/' => *letter,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                _ => return None,
            };
            Some((2, 1))
        }
        [b'&', rest @ ..] => {
            // The longest is `&#x0010ffff;` with some zeros.
            let end = rest.iter().take(16).position(|byte| *byte == b';')?;
            let name = std::str::from_utf8(&rest[..end]).ok()?;
            let number = match name {
                "amp" => 0x26,
                "lt" => 0x3c,
                "gt" => 0x3e,
                "quot" => 0x22,
                "apos" => 0x27,
                _ => {
                    let number = name.strip_prefix('#')?;
                    match number.strip_prefix(['x', 'X']) {
                        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                        None => number.parse().ok()?,
                    }
                }
            };
            encoded(number, out).map(|length| (end + 2, length))
        }
        _ => None,
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Four hexadecimal digits.
fn unit(bytes: &[u8]) -> Option<u32> {
    let mut digits = bytes.get(..4)?.iter().map(|byte| digit(*byte));
    digits.try_fold(0, |unit, digit| Some(unit << 4 | u32::from(digit?)))
}

fn encoded(number: u32, out: &mut [u8; 4]) -> Option<usize> {
    char::from_u32(number).map(|c| c.encode_utf8(out).len())
}

/// Without a copy of what else is a secret in the text.
fn replace(text: &mut String, mut found: Vec<Range<usize>>) {
    found.sort_unstable_by_key(|place| (place.start, place.end));
    found.dedup();
    let mut clean = String::with_capacity(text.len() + found.len() * REDACTED.len());
    let mut end = 0;
    for place in found {
        // One that holds another, or begins in it, is one with it.
        if place.start >= end {
            clean.push_str(text.get(end..place.start).unwrap_or_default());
            clean.push_str(REDACTED);
        }
        end = end.max(place.end);
    }
    clean.push_str(text.get(end..).unwrap_or_default());
    drop(Zeroizing::new(std::mem::replace(text, clean)));
}

/// Hands each secret that signs requests to a function.
pub(crate) fn of_credentials(credentials: Option<&Credentials>, found: &mut dyn FnMut(&str)) {
    if let Some(credentials) = credentials {
        found(credentials.secret_access_key().expose());
        credentials.session_token().into_iter().for_each(|token| found(token.expose()));
    }
}

/// Hands each sensitive parameter of an operation to a function.
pub(crate) fn for_each_secret(operation: &impl Operation, found: &mut dyn FnMut(&str)) {
    operation.members(&mut Secrets(found));
}

struct Secrets<'f>(&'f mut dyn FnMut(&str));

impl Members for Secrets<'_> {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        if let Some(value) = value.filter(|_| rule.sensitive) {
            (self.0)(value);
        }
    }

    fn integer(&mut self, _: &'static Integer, _: Option<u32>) {}

    fn structure<T: Shape>(&mut self, _: &'static str, _: bool, value: Option<&T>) {
        if let Some(value) = value {
            value.members(self);
        }
    }

    fn list<T: Shape>(&mut self, _: &'static List, items: &[T]) {
        items.iter().for_each(|item| item.members(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str, secrets: &[&str]) -> String {
        let mut text = text.to_owned();
        Redaction::new(&|found| secrets.iter().for_each(|secret| found(secret))).clean(&mut text);
        text
    }

    #[test]
    fn secret_is_found_in_every_form() {
        for (text, secret, expected) in [
            ("a t/k=n b t%2Fk%3Dn c", "t/k=n", "a [redacted] b [redacted] c"),
            ("a+%2f{ a+%2F%7B a%20%2f%7b a%2520", "a /{", "[redacted] [redacted] [redacted] a%2520"),
            (r#"\"t\/k+n\" \u0074/k n \u0074%2fk%2Bn"#, "t/k+n", r#"\"[redacted]\" [redacted] [redacted]"#),
            (
                "&lt;t&amp;k&#x3c;n&gt; t%26k%3Cn t%26amp;k&lt;n",
                "t&k<n",
                "&lt;[redacted]&gt; [redacted] [redacted]",
            ),
            (r"é\u00e9%C3%A9&#233;\ud83d\udd12x", "éééé🔒", "[redacted]x"),
            ("a%25252Fb%2525252Fc", "a/b/c", "a%25252Fb%2525252Fc"),
            ("a%252Fb%2Fcd", "a/b/cd", "[redacted]"),
            ("a%2", "a%2x", "a%2"),
            ("t%2Fk%3Dn", "t%2Fk%3Dn", "[redacted]"),
            (r"x\u00", "x\u{0}\u{0}\u{0}", r"x\u00"),
            ("abc", "b", "abc"),
        ] {
            assert_eq!(clean(text, &[secret]), expected, "{secret} in {text}");
        }
    }

    #[test]
    fn secret_that_holds_another_leaves_nothing() {
        for secrets in [["sEcReT", "sEcReTkey"], ["sEcReTkey", "sEcReT"]] {
            assert_eq!(clean("a sEcReTkey, sEcReT.", &secrets), "a [redacted], [redacted].");
        }
        assert_eq!(clean("abcdefgh", &["abcde", "defgh"]), "[redacted]");
    }

    #[test]
    fn time_is_linear() {
        // To compare at every place would take 2^38 steps.
        let text = format!("{}%", "a".repeat(1 << 20));
        assert_eq!(clean(&text, &[&format!("{}b", "a".repeat(1 << 19))]), text);
        assert_eq!(
            clean(&text, &["aaaa"]),
            "[redacted]%".replace("[redacted]", &"[redacted]".repeat(1 << 18))
        );
    }
}
