//! Error documents in JSON, which STS sends to those who ask for JSON and some gateways send to everybody.
//!
//! One pass over the tokens, without recursion: only the names and texts that an error has are wanted, so a JSON
//! library, which would be a sixth of this crate's dependencies, is not.

use zeroize::Zeroizing;

use super::document::{Refusal, is_request_id, set_request_id};
use super::{MAX_DEPTH, Metadata, ReplyFault};
use crate::xml::push;

/// `{"Error":{"Code","Message","Type"},"RequestId"}`, or the flat form with `__type`, `code` or `Code`.
pub(super) fn refusal(body: &[u8], metadata: &mut Metadata) -> Result<Refusal, ReplyFault> {
    let text = std::str::from_utf8(body).map_err(|e| ReplyFault::NotUtf8 { position: e.valid_up_to() })?;
    let mut scanner = Scanner { text, at: 0 };
    let mut refusal = Refusal::default();
    // The objects and arrays that are open, each with whether its members are those of the error, and the member name
    // that the next value belongs to.
    let mut open: Vec<(u8, bool)> = Vec::new();
    let mut name: Option<Zeroizing<String>> = None;
    loop {
        match scanner.token()? {
            Token::Open(bracket) => {
                if open.len() == MAX_DEPTH {
                    return Err(ReplyFault::TooDeep);
                }
                // What stands deeper belongs to something else.
                let is_error = open.is_empty()
                    || (open.len() == 1 && name.as_ref().is_some_and(|name| **name == "Error"));
                open.push((bracket, is_error));
                name = None;
            }
            Token::Close(bracket) => {
                if open.pop().map(|(bracket, _)| bracket) != Some(bracket - 2) {
                    return Err(scanner.fault());
                }
                name = None;
                if open.is_empty() {
                    scanner.end()?;
                    return Ok(refusal);
                }
            }
            Token::Text(value) => {
                if scanner.is_name() {
                    name = Some(value);
                } else if let Some(name) =
                    name.take().filter(|_| open.last().is_some_and(|(_, is_error)| *is_error))
                {
                    if is_request_id(name.as_bytes()) {
                        set_request_id(&value, metadata);
                    } else if *name == "__type" {
                        refusal.set("Code", value.rsplit('#').next().unwrap_or(&value));
                    } else {
                        refusal.set(&name, &value);
                    }
                }
            }
            Token::Other => name = None,
        }
    }
}

enum Token {
    Open(u8),
    Close(u8),
    Text(Zeroizing<String>),
    /// A number or a word.
    Other,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn fault(&self) -> ReplyFault {
        if self.at >= self.text.len() { ReplyFault::Truncated } else { ReplyFault::NotXml }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|b| b.is_ascii_whitespace() || *b == b',') {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn token(&mut self) -> Result<Token, ReplyFault> {
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                self.at += 1;
                Ok(Token::Open(bracket))
            }
            Some(bracket @ (b'}' | b']')) => {
                self.at += 1;
                Ok(Token::Close(bracket))
            }
            Some(b'"') => self.string().map(Token::Text),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                let rest = &self.text.as_bytes()[self.at..];
                let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
                self.at += rest.iter().position(|b| !word(b)).unwrap_or(rest.len());
                Ok(Token::Other)
            }
            _ => Err(self.fault()),
        }
    }

    /// Whether the text just read is a member's name; passes over the colon.
    fn is_name(&mut self) -> bool {
        let is_name = self.peek() == Some(b':');
        self.at += usize::from(is_name);
        is_name
    }

    fn string(&mut self) -> Result<Zeroizing<String>, ReplyFault> {
        let mut out = Zeroizing::new(String::new());
        // The first half of a pair of escapes for one character, if that was the last thing.
        let mut half: Option<u32> = None;
        let mut chars = self.text[self.at + 1..].char_indices();
        while let Some((i, c)) = chars.next() {
            let first = half.take();
            let c = match c {
                '"' => {
                    self.at += i + 2;
                    return Ok(out);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('u') => {
                        let mut unit = 0;
                        for _ in 0..4 {
                            let (_, digit) = chars.next().ok_or(ReplyFault::Truncated)?;
                            unit = unit << 4 | digit.to_digit(16).ok_or(ReplyFault::NotXml)?;
                        }
                        let code = match (first, unit) {
                            (Some(first), 0xdc00..0xe000) => {
                                // What stands for a half by itself.
                                out.pop();
                                0x10000 + ((first - 0xd800) << 10) + unit - 0xdc00
                            }
                            _ => {
                                half = Some(unit).filter(|unit| (0xd800..0xdc00).contains(unit));
                                unit
                            }
                        };
                        // A half is none.
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    Some(c @ ('"' | '\\' | '/')) => c,
                    Some(_) => return Err(ReplyFault::NotXml),
                    None => return Err(ReplyFault::Truncated),
                },
                c => c,
            };
            push(&mut out, c.encode_utf8(&mut [0; 4]));
        }
        Err(ReplyFault::Truncated)
    }

    fn end(&mut self) -> Result<(), ReplyFault> {
        if self.peek().is_none() { Ok(()) } else { Err(ReplyFault::NotXml) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::redact::Redaction;

    #[test]
    fn escapes_numbers_and_nesting() {
        let body = r#" {"a":[1,{"b":null,"Code":"Z"}],"c":{"Code":"Z"},"Error":{"Code":"X\u0041\"","n":-1.5e3,"Message":"\ud83d\udd12l\n\\\ud800"}} "#;
        let error = refusal(body.as_bytes(), &mut Metadata::default())
            .unwrap()
            .into_error(Metadata::default(), Redaction::NONE);
        assert_eq!((error.code_text(), error.message()), ("XA\"", Some("🔒l\n\\\u{fffd}")));
    }

    #[test]
    fn halves_of_characters() {
        for (escapes, expected) in [
            (r"\ud83d\udd12", "🔒"),
            (r"\ud83d", "\u{fffd}"),
            (r"\udd12", "\u{fffd}"),
            (r"\udd12\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ud83d\udd12", "\u{fffd}🔒"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\n\udd12", "\u{fffd}\n\u{fffd}"),
            (r"\udbff\udfff\ud800\udc00", "\u{10ffff}\u{10000}"),
        ] {
            let body = format!(r#"{{"Code":"X","Message":"{escapes}"}}"#);
            let error = refusal(body.as_bytes(), &mut Metadata::default()).unwrap();
            assert_eq!(
                error.into_error(Metadata::default(), Redaction::NONE).message(),
                Some(expected),
                "{escapes}"
            );
        }
    }

    #[test]
    fn escapes_that_are_none() {
        for escape in
            [r"\u+041", r"\u-041", r"\u004", r"\u00é1", "\\u\u{661}\u{662}\u{663}\u{664}", r"\U0041", r"\x41"]
        {
            let body = format!(r#"{{"Code":"X{escape}"}}"#);
            assert_eq!(
                refusal(body.as_bytes(), &mut Metadata::default()).err(),
                Some(ReplyFault::NotXml),
                "{escape}"
            );
        }
        for cut in [r#"{"Code":"X\u"#, r#"{"Code":"X\u00"#, r#"{"Code":"X\"#, r#"{"Code":"X\ud83d"#] {
            assert_eq!(
                refusal(cut.as_bytes(), &mut Metadata::default()).err(),
                Some(ReplyFault::Truncated),
                "{cut}"
            );
        }
    }

    #[test]
    fn every_cut_and_garbage_is_refused() {
        let body = br#"{"Error":{"Code":"X","Message":"y\u0041"},"RequestId":"r"}"#;
        for end in 0..body.len() {
            assert!(refusal(&body[..end], &mut Metadata::default()).is_err(), "cut at {end}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(refusal(deep.as_bytes(), &mut Metadata::default()), Err(ReplyFault::TooDeep)));
        for body in ["{]", "{}x", "{'a'}", "{\"a\\x\"}", "{\u{1}}"] {
            assert!(refusal(body.as_bytes(), &mut Metadata::default()).is_err(), "{body}");
        }
    }
}
