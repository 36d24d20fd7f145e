//! `application/x-www-form-urlencoded`: the only percent-encoder, and the only writer of a request's parameters.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::body::Body;
use crate::constraint::{Integer, List, Members, Shape, Text};
use crate::{lanes, wipe};

/// Room for an ordinary request, so that the buffer rarely grows.
const CAPACITY: usize = 512;

/// Parameters in the making, percent-encoded by RFC 3986: everything but `A-Z a-z 0-9 - _ . ~` is escaped, space as
/// `%20`, so that the same text can stand in a body and in a presigned URL.
///
/// ```
/// use sts_proto::form::Form;
///
/// let mut form = Form::new();
/// form.pair("Action", "GetCallerIdentity");
/// form.pair("Key", "a b&c=d/é");
/// assert_eq!(form.into_body().as_ref(), b"Action=GetCallerIdentity&Key=a%20b%26c%3Dd%2F%C3%A9");
/// ```
#[derive(Default)]
pub struct Form {
    /// As long as it has room, so that nothing is cleared or cut off for each parameter.
    buffer: Zeroizing<Vec<u8>>,
    /// How much of it is written.
    filled: usize,
    /// Where in the buffer the path of the list item or structure stands that is being written: `Tags.member.1.` Until there is a
    /// member of it, that is behind what is filled, where the first one is going to begin.
    prefix: Range<usize>,
    /// Whether a value was written that must not stand in a URL.
    sensitive: bool,
}

/// By its size: it may hold secrets.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").field("bytes", &self.filled).finish_non_exhaustive()
    }
}

impl Form {
    /// A form without parameters.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: Zeroizing::new(vec![0; CAPACITY]), ..Self::default() }
    }

    /// Adds a parameter.
    pub fn pair(&mut self, name: &str, value: &str) {
        debug_assert!(self.prefix.is_empty(), "a parameter by its whole name, inside a structure");
        self.begin(most_encoded(name.len()) + most_encoded(value.len()));
        self.put_encoded(name.as_bytes());
        self.put(b"=");
        self.put_encoded(value.as_bytes());
    }

    /// Adds a parameter of the service model, in whose names there is nothing to escape.
    pub(crate) fn member(&mut self, name: &'static str, value: &[u8]) {
        self.begin(self.prefix.len() + name.len() + most_encoded(value.len()));
        if !self.prefix.is_empty() {
            // Of the first member it stands there already.
            self.buffer.copy_within(self.prefix.clone(), self.filled);
            self.filled += self.prefix.len();
        }
        self.put(name.as_bytes());
        self.put(b"=");
        self.put_encoded(value);
    }

    /// Puts a place before the names of the members to come: behind that which is there already, where the first of them is going
    /// to stand. Gives that which was there, to be put back. Here once for the items of all types.
    #[inline(never)]
    fn enter(&mut self, parts: &[&[u8]]) -> Range<usize> {
        let outer = self.prefix.clone();
        self.reserve("&".len() + outer.len() + parts.iter().map(|part| part.len()).sum::<usize>());
        let start = self.filled + usize::from(self.filled > 0);
        self.buffer.copy_within(outer.clone(), start);
        let mut end = start + outer.len();
        for part in parts {
            end += copy(part, &mut self.buffer[end..]);
        }
        self.prefix = start..end;
        outer
    }

    /// Room for another parameter of at most so many bytes; what is short enough for every byte to be escaped is written
    /// without looking first.
    fn begin(&mut self, most: usize) {
        self.reserve(most + 2);
        if self.filled > 0 {
            self.put(b"&");
        }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.filled += copy(bytes, &mut self.buffer[self.filled..]);
    }

    #[inline]
    fn put_encoded(&mut self, text: &[u8]) {
        self.filled += encode_short(text, &mut self.buffer[self.filled..]);
    }

    /// The parameters as a request's body.
    #[must_use]
    pub fn into_body(mut self) -> Body {
        self.buffer.truncate(self.filled);
        Body::from(self.buffer)
    }

    /// The parameters as the query of a URL.
    pub(crate) fn as_query(&self) -> &str {
        // Percent-encoded text is ASCII.
        std::str::from_utf8(&self.buffer[..self.filled]).unwrap_or_default()
    }

    pub(crate) fn set_sensitive(&mut self, sensitive: bool) {
        self.sensitive = sensitive;
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Grows without leaving a copy of the contents behind.
    #[inline]
    fn reserve(&mut self, more: usize) {
        let needed = self.filled + more;
        if needed > self.buffer.len() {
            self.grow(needed);
        }
    }

    #[inline(never)]
    fn grow(&mut self, needed: usize) {
        let mut larger = vec![0; needed.max(2 * self.buffer.len())];
        let written = self.filled.max(self.prefix.end);
        larger[..written].copy_from_slice(&self.buffer[..written]);
        wipe::bytes(&mut self.buffer);
        *self.buffer = larger;
    }
}

/// Gives the number of bytes written.
#[inline]
fn copy(bytes: &[u8], out: &mut [u8]) -> usize {
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

impl Members for Form {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        if let Some(value) = value {
            self.sensitive |= rule.sensitive;
            self.member(rule.name, value.as_bytes());
        }
    }

    fn integer(&mut self, rule: &'static Integer, value: Option<u32>) {
        if let Some(value) = value {
            self.member(rule.name, decimal(value, &mut [0; DIGITS]));
        }
    }

    fn structure<T: Shape>(&mut self, name: &'static str, _required: bool, value: Option<&T>) {
        if let Some(value) = value {
            let outer = self.enter(&[name.as_bytes(), b"."]);
            value.members(self);
            self.prefix = outer;
        }
    }

    /// An empty list is not sent. Lists of STS are not flattened: `Tags.member.1.Key`, counted from 1.
    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]) {
        let dot: &[u8] = if T::IS_STRUCTURE { b"." } else { b"" };
        for (number, item) in (1..).zip(items) {
            let outer =
                self.enter(&[rule.name.as_bytes(), b".member.", decimal(number, &mut [0; DIGITS]), dot]);
            item.members(self);
            self.prefix = outer;
        }
    }
}

/// Reads parameters: the inverse of [`Form`]. `+` is a space here, as HTML forms have it.
///
/// Escapes that are none (`%zz`) stand for themselves, and bytes that are no UTF-8 become U+FFFD.
///
/// ```
/// let pairs: Vec<_> = sts_proto::form::parse("Action=GetCallerIdentity&Key=a%20b").collect();
/// assert_eq!(pairs[1], ("Key".into(), "a b".into()));
/// ```
pub fn parse(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    })
}

/// The most digits of a number.
pub(crate) const DIGITS: usize = 10;

/// A number in decimal digits.
pub(crate) fn decimal(mut number: u32, digits: &mut [u8; DIGITS]) -> &[u8] {
    let mut at = DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// Bytes that are not escaped.
pub(crate) type Kept = [bool; 256];

/// RFC 3986, section 2.3: what is never escaped.
pub(crate) static UNRESERVED: Kept = kept(b"-_.~");

/// The same and the slashes of a path.
pub(crate) static PATH: Kept = kept(b"-_.~/");

const fn kept(marks: &[u8]) -> Kept {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    table
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Percent-encodes into `out`, leaving the bytes that are to be kept.
pub(crate) fn encode(text: &[u8], kept: &Kept, out: &mut impl FnMut(&[u8])) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| !kept[usize::from(b)]) {
        let byte = rest[at];
        if at > 0 {
            out(&rest[..at]);
        }
        out(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        rest = &rest[at + 1..];
    }
    if !rest.is_empty() {
        out(rest);
    }
}

/// What each byte becomes where all but what is unreserved is escaped, and in how many bytes.
static ESCAPES: [[u8; 4]; 256] = escapes();

const fn escapes() -> [[u8; 4]; 256] {
    let mut table = [[0; 4]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            if UNRESERVED[byte] { [byte as u8, 0, 0, 1] } else { [b'%', HEX[byte >> 4], HEX[byte & 15], 3] };
        byte += 1;
    }
    table
}

/// The most room that [`encode_short`] takes for so many bytes.
fn most_encoded(length: usize) -> usize {
    3 * length + 1
}

/// The same for short texts with much to escape, eight bytes at a time where all are kept, and else without a branch for
/// each. Gives the number of bytes written.
#[inline]
fn encode_short(text: &[u8], out: &mut [u8]) -> usize {
    let mut filled = 0;
    let (eights, rest) = text.as_chunks::<8>();
    for eight in eights {
        if lanes::all_in(eight, &UNRESERVED) {
            out[filled..filled + 8].copy_from_slice(eight);
            filled += 8;
        } else {
            filled += escape(eight, &mut out[filled..]);
        }
    }
    filled + escape(rest, &mut out[filled..])
}

#[inline(always)]
fn escape(text: &[u8], out: &mut [u8]) -> usize {
    let mut filled = 0;
    for &byte in text {
        let escape = ESCAPES[usize::from(byte)];
        // All four at once; what is too much is overwritten by the next.
        out[filled..filled + 4].copy_from_slice(&escape);
        filled += usize::from(escape[3]);
    }
    filled
}

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Cow<'_, str> {
    match decode_bytes(text.as_bytes(), plus_is_space) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}

/// Undoes percent-encoding, byte for byte.
pub(crate) fn decode_bytes(text: &[u8], plus_is_space: bool) -> Cow<'_, [u8]> {
    if !text.iter().any(|&b| b == b'%' || (b == b'+' && plus_is_space)) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(byte),
            },
            (b'+', _) if plus_is_space => out.push(b' '),
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}

/// Whether two digits behind a `%` stand for a byte that is escaped, in the letters that are written here.
pub(crate) fn is_escape(high: u8, low: u8) -> bool {
    let (Some(a), Some(b)) = (hex_digit(high), hex_digit(low)) else { return false };
    !high.is_ascii_lowercase() && !low.is_ascii_lowercase() && !UNRESERVED[usize::from(a << 4 | b)]
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{AssumeRole, Operation};

    #[test]
    fn decode_of_encode_is_the_identity() {
        let text: String = (0..0x300u32).chain([0x1f512, 0x10ffff]).filter_map(char::from_u32).collect();
        let mut form = Form::new();
        form.pair(&text, &text);
        form.pair("", "");
        let body = form.into_body().into_vec();
        let body = std::str::from_utf8(&body).unwrap();
        let pairs: Vec<_> = parse(body).collect();
        assert_eq!(pairs, [(text.as_str().into(), text.as_str().into()), ("".into(), "".into())]);
    }

    #[test]
    fn numbers_of_every_length_are_written() {
        for number in [0, 9, 10, 900, u32::MAX] {
            assert_eq!(decimal(number, &mut [0; DIGITS]), number.to_string().as_bytes());
        }
        let operation = AssumeRole::new("", "").transitive_tag_keys((1..=100).map(|i| format!("k{i}")));
        let form = operation.form();
        for i in 1..=100 {
            let expected = format!("TransitiveTagKeys.member.{i}");
            assert!(
                parse(form.as_query()).any(|pair| pair == (expected.as_str().into(), format!("k{i}").into()))
            );
        }
    }

    /// No operation has lists in structures in lists, yet.
    #[test]
    fn places_are_put_before_names_at_every_depth() {
        const NAME: Text = Text::optional("Name");
        const LIST: List = List::optional("List");

        struct Node(Option<String>, Vec<Self>);

        impl Shape for Node {
            fn members(&self, members: &mut impl Members) {
                members.list(&LIST, &self.1);
                members.text(&NAME, self.0.as_deref());
                members.structure("One", false, self.1.first());
            }

            fn template() -> Self {
                Self(None, Vec::new())
            }
        }

        fn pairs(node: &Node, path: &str, out: &mut Vec<(String, String)>) {
            for (number, item) in (1..).zip(&node.1) {
                pairs(item, &format!("{path}List.member.{number}."), out);
            }
            out.extend(node.0.iter().map(|name| (format!("{path}Name"), name.clone())));
            node.1.iter().take(1).for_each(|item| pairs(item, &format!("{path}One."), out));
        }

        let leaf = |length: usize| Node(Some("é".repeat(length)), Vec::new());
        let nothing = || Node(None, Vec::new());
        // Wherever there is no more room; in Miri each takes a second.
        for length in (0..600).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let inner = Node(None, vec![nothing(), leaf(40), leaf(1)]);
            let node = Node(Some("x".to_owned()), vec![leaf(length), nothing(), inner, leaf(200), nothing()]);
            let mut expected = Vec::new();
            pairs(&node, "", &mut expected);
            let mut form = Form { buffer: Zeroizing::new(vec![0; 1]), ..Form::default() };
            node.members(&mut form);
            let written = parse(form.as_query()).map(|(name, value)| (name.into_owned(), value.into_owned()));
            assert_eq!(written.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn broken_escapes_stand_for_themselves() {
        assert_eq!(decode("%", true), "%");
        assert_eq!(decode("%4", true), "%4");
        assert_eq!(decode("%zz%41+", true), "%zzA ");
        assert_eq!(decode("%41+", false), "A+");
        assert_eq!(decode("%ff", true), "\u{fffd}");
    }

    #[test]
    fn growth_keeps_what_was_written() {
        let mut form = Form::new();
        for _ in 0..100 {
            form.pair("Name", "value value");
        }
        assert_eq!(parse(form.as_query()).filter(|pair| pair.1 == "value value").count(), 100);
    }
}
