//! A reader of JSON that leaves no copy of a text behind, whatever the document is like.
//!
//! # Design
//! A JSON library unescapes texts in a buffer of its own and lets it grow, and drops what it has read when the document proves
//! damaged. Here the end of a text is found first; then it is unescaped into memory that is large enough and wiped. Without
//! recursion: the lists and objects that are open are kept in a list.

use zeroize::Zeroizing;

use super::Json;
use crate::credentials::Secret;

/// The deepest nesting. AWS's documents go three deep, and policies eight.
pub(super) const MAX_DEPTH: usize = 128;

/// Where a document ceases to be JSON. Holds no piece of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(super) line: usize,
    pub(super) column: usize,
    /// Whether the document ends too early.
    pub(crate) is_end: bool,
}

/// A list or an object that is open.
enum Open {
    List(Vec<Json>),
    /// With the name that the next value belongs to.
    Object(Vec<(Zeroizing<String>, Json)>, Zeroizing<String>),
}

pub(super) fn read(bytes: &[u8]) -> Result<Json, Damage> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(damage(bytes, error.valid_up_to())),
    };
    let mut reader = Reader { bytes, text, at: 0 };
    reader.document().ok_or_else(|| damage(bytes, reader.at))
}

/// Lines and columns count from 1.
fn damage(bytes: &[u8], at: usize) -> Damage {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Damage { line, column, is_end: at >= bytes.len() }
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    /// Where the reader is; after a failure, what is wrong.
    at: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<Json> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // A value begins here, or what is open ends that is empty.
            let mut value = match self.peek()? {
                b'[' | b'{' if open.len() == MAX_DEPTH => return None,
                b'[' => {
                    self.at += 1;
                    if !self.passes(b']') {
                        open.push(Open::List(Vec::new()));
                        continue;
                    }
                    Json::List(Vec::new())
                }
                b'{' => {
                    self.at += 1;
                    if !self.passes(b'}') {
                        let name = self.name()?;
                        open.push(Open::Object(Vec::new(), name));
                        continue;
                    }
                    Json::Object(Vec::new())
                }
                b'"' => Json::Text(self.secret()?),
                _ => self.word()?,
            };
            // It ends what is open, as often as it stands at its end.
            loop {
                let (end, is_last) = match open.last_mut() {
                    None => return (self.peek().is_none()).then_some(value),
                    Some(Open::List(items)) => {
                        items.push(value);
                        (b']', !self.passes(b','))
                    }
                    Some(Open::Object(members, name)) => {
                        members.push((std::mem::take(name), value));
                        let is_last = !self.passes(b',');
                        if !is_last {
                            *name = self.name()?;
                        }
                        (b'}', is_last)
                    }
                };
                if !is_last {
                    break;
                }
                if !self.passes(end) {
                    return None;
                }
                value = match open.pop()? {
                    Open::List(items) => Json::List(items),
                    Open::Object(members, _) => Json::Object(members),
                };
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn passes(&mut self, mark: u8) -> bool {
        let is_there = self.peek() == Some(mark);
        self.at += usize::from(is_there);
        is_there
    }

    /// The name of a member, and the colon.
    fn name(&mut self) -> Option<Zeroizing<String>> {
        self.peek().filter(|byte| *byte == b'"')?;
        let name = self.string()?;
        self.passes(b':').then_some(name)
    }

    fn secret(&mut self) -> Option<Secret> {
        self.string().map(|mut text| Secret::from(std::mem::take(&mut *text)))
    }

    /// A text; the reader is at its quote.
    fn string(&mut self) -> Option<Zeroizing<String>> {
        let start = self.at + 1;
        let mut end = start;
        let mut has_escapes = false;
        loop {
            match self.bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    end += 2;
                }
                Some(byte) if *byte >= b' ' => end += 1,
                // A control character, or no end.
                _ => {
                    self.at = end.min(self.bytes.len());
                    return None;
                }
            }
        }
        // No escape is shorter than what it stands for: nothing grows.
        let mut text = Zeroizing::new(String::with_capacity(end - start));
        self.at = start;
        if has_escapes {
            while self.at < end {
                let rest = &self.text[self.at..end];
                let plain = rest.find('\\').unwrap_or(rest.len());
                text.push_str(&rest[..plain]);
                self.at += plain;
                if self.at < end {
                    text.push(self.escape()?);
                }
            }
        } else {
            text.push_str(&self.text[start..end]);
        }
        self.at = end + 1;
        Some(text)
    }

    /// The character of an escape; the reader is at its backslash.
    fn escape(&mut self) -> Option<char> {
        let letter = *self.bytes.get(self.at + 1)?;
        let c = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit(self.at)?;
                // Two escapes for one character.
                let is_half = (0xd800..0xdc00).contains(&first);
                let code = if is_half {
                    let second = self.unit(self.at + 6).filter(|unit| (0xdc00..0xe000).contains(unit))?;
                    0x10000 + ((first - 0xd800) << 10) + second - 0xdc00
                } else {
                    first
                };
                let c = char::from_u32(code)?;
                self.at += if is_half { 12 } else { 6 };
                return Some(c);
            }
            _ => return None,
        };
        self.at += 2;
        Some(c)
    }

    /// The number in an escape `\u0041` at that place.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Json> {
        let rest = &self.text[self.at..];
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if rest.starts_with(word) {
                self.at += word.len();
                return Some(value);
            }
        }
        let start = self.at;
        self.at += usize::from(self.bytes.get(self.at) == Some(&b'-'));
        match self.digits()? {
            1 => {}
            // No number begins with a zero but zero.
            length if self.bytes.get(self.at - length) == Some(&b'0') => return None,
            _ => {}
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(Json::number(&self.text[start..self.at]))
    }

    /// Passes over the digits, one at least; their number.
    fn digits(&mut self) -> Option<usize> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_by_its_place() {
        for (text, line, column, is_end) in [
            ("", 1, 1, true),
            ("{\n \"a\" 1}", 2, 6, false),
            ("{\"a\":\"b", 1, 8, true),
            ("[1,]", 1, 4, false),
            ("{\"a\":1,}", 1, 8, false),
            ("1 2", 1, 3, false),
            ("\"\\x\"", 1, 2, false),
            ("\"\\ud800\"", 1, 2, false),
            ("\"\\ud800\\u0041\"", 1, 2, false),
            ("\"\t\"", 1, 2, false),
            ("01", 1, 3, true),
            ("-", 1, 2, true),
            ("1.", 1, 3, true),
            ("[", 1, 2, true),
            ("'a'", 1, 1, false),
            ("\u{feff}1", 1, 1, false),
        ] {
            assert_eq!(read(text.as_bytes()), Err(Damage { line, column, is_end }), "{text}");
        }
        assert!(!read(b"\"a\xff\"").unwrap_err().is_end);
        assert!(read("[".repeat(MAX_DEPTH).as_bytes()).unwrap_err().is_end);
        assert!(!read("[".repeat(100_000).as_bytes()).unwrap_err().is_end);
        let deepest = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        read(deepest.as_bytes()).unwrap();
    }

    /// The reader takes and refuses what a well-known library does, for documents that differ in few bytes.
    #[cfg(feature = "json")]
    #[test]
    fn documents_are_read_as_serde_json_reads_them() {
        let good = r#" {"a": [1, -2.5e+3, 0, true, false, null, [], {}], "b\"\\\/\b\f\n\r\t": "é\u00e9\ud83d\udd12🔒", "": {"c": [[""]]}} "#;
        let mut documents = vec![good.to_owned()];
        let marks = [
            "", " ", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "u", "t", "\u{7f}", "\n",
            "d83d",
        ];
        for (at, c) in good.char_indices() {
            documents.push(good[..at].to_owned());
            documents.extend(marks.map(|mark| format!("{}{mark}{}", &good[..at], &good[at..])));
            documents
                .extend(marks.map(|mark| format!("{}{mark}{}", &good[..at], &good[at + c.len_utf8()..])));
        }
        let mut count = [0; 2];
        for document in &documents {
            let ours = read(document.as_bytes()).ok();
            let theirs: Option<serde_json::Value> = serde_json::from_str(document).ok();
            count[usize::from(ours.is_some())] += 1;
            match (&ours, &theirs) {
                // Two members of one name are one for them.
                (Some(ours), Some(theirs)) => {
                    let written: serde_json::Value = serde_json::from_slice(ours.to_body().as_ref()).unwrap();
                    assert_eq!(written, *theirs, "{document}");
                }
                _ => assert_eq!(ours.is_some(), theirs.is_some(), "{document}"),
            }
        }
        assert!(count.iter().all(|count| *count > 300), "{count:?}");
    }
}
