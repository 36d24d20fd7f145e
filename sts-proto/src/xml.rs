//! A cursor over an XML document: the only reader of replies.
//!
//! It sits on a scanner of our own, which knows what a credentials client needs of XML: a depth limit, no DOCTYPE and hence
//! no entities but XML's own five, UTF-8 only, no recursion, and an error for a document that ends too early. Names
//! are compared without their namespace prefix. Errors tell a position, never a piece of the document: after one
//! flipped bit a secret can stand where a tag name should be.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::reply::ReplyFault;

use scanner::{Piece, Scanner};

mod scanner;

type Result<T> = std::result::Result<T, ReplyFault>;

/// One step through the document.
pub(crate) enum Token<'x> {
    /// An element begins; [`Cursor::name`] is its name.
    Start,
    /// The innermost element ends.
    End,
    /// A piece of the innermost element's text, unescaped.
    Text(Cow<'x, str>),
}

/// A place in a document: always inside the element that was entered last.
pub struct Cursor<'x>(Scanner<'x>);

impl<'x> Cursor<'x> {
    /// Enters the root element of the document in `bytes`.
    pub(crate) fn new(bytes: &'x [u8]) -> Result<Self> {
        let text =
            std::str::from_utf8(bytes).map_err(|e| ReplyFault::NotUtf8 { position: e.valid_up_to() })?;
        // A byte order mark may stand before the document, and is no part of it.
        let mut scanner = Scanner::new(text.strip_prefix('\u{feff}').unwrap_or(text));
        loop {
            match scanner.next()? {
                Piece::Start => return Ok(Self(scanner)),
                Piece::Declaration(declaration) => match scanner::encoding(declaration) {
                    Ok(Some(name)) if !is_utf8(name) => return Err(ReplyFault::Charset),
                    Ok(_) => {}
                    Err(()) => return Err(scanner.syntax()),
                },
                Piece::Text(text) if is_blank(text) => {}
                Piece::Eof => return Err(ReplyFault::Truncated),
                _ => return Err(scanner.syntax()),
            }
        }
    }

    /// The local name of the element that began last.
    pub(crate) fn name(&self) -> &'x str {
        self.0.local_name()
    }

    /// The next step, whatever it is.
    pub(crate) fn token(&mut self) -> Result<Token<'x>> {
        Ok(match self.0.next()? {
            Piece::Start => Token::Start,
            Piece::End => Token::End,
            Piece::Text(text) => Token::Text(Cow::Borrowed(text)),
            Piece::CData(text) if text.bytes().all(is_allowed) => Token::Text(Cow::Borrowed(text)),
            Piece::Reference(name) => Token::Text(self.referred(name)?),
            Piece::CData(_) | Piece::Declaration(_) => return Err(self.0.syntax()),
            Piece::Eof => return Err(ReplyFault::Truncated),
        })
    }

    fn referred(&self, name: &str) -> Result<Cow<'x, str>> {
        let Some(number) = name.strip_prefix('#') else {
            return predefined(name).map(Cow::Borrowed).ok_or_else(|| self.0.syntax());
        };
        let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
        // The standard library would take a sign; none gets here.
        let c = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = c.filter(|&c| is_character(c)).ok_or_else(|| self.0.syntax())?;
        Ok(Cow::Owned(c.to_string()))
    }

    /// Enters the next child of the innermost element, or leaves that element when there is none. Text between
    /// children is passed over.
    pub(crate) fn child(&mut self) -> Result<bool> {
        loop {
            match self.token()? {
                Token::Start => return Ok(true),
                Token::End => return Ok(false),
                Token::Text(_) => {}
            }
        }
    }

    /// Leaves the innermost element, whatever is in it.
    pub(crate) fn skip(&mut self) -> Result<()> {
        let inside = self.0.depth();
        while self.0.depth() >= inside {
            self.token()?;
        }
        Ok(())
    }

    /// The text of the innermost element without white space at its ends; leaves the element.
    pub(crate) fn text(&mut self) -> Result<Cow<'x, str>> {
        let mut all = Cow::Borrowed("");
        loop {
            match self.token()? {
                Token::Text(piece) if all.is_empty() => all = line_ends(piece),
                Token::Text(piece) => all.to_mut().push_str(&line_ends(piece)),
                Token::End => break,
                Token::Start => return Err(self.0.syntax()),
            }
        }
        Ok(match all {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
            Cow::Owned(text) if text.trim_ascii().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
        })
    }

    /// The text of the innermost element without any white space; leaves the element.
    ///
    /// One buffer is enough for it, so that no copy is left behind.
    pub(crate) fn secret(&mut self) -> Result<Secret> {
        let mut all = Zeroizing::new(String::new());
        loop {
            match self.token()? {
                Token::Text(piece) => {
                    if all.capacity() == 0 {
                        // Almost always the one piece that there is; else the rest of the document is a bound.
                        let rest = self.0.rest();
                        let more = if rest.starts_with("</") { 0 } else { rest.len() };
                        all.reserve_exact(piece.len() + more);
                    }
                    let piece = piece.trim_ascii();
                    // Looked through to the end, so that it can be done many bytes at a time.
                    if piece.bytes().fold(false, |found, b| found | (b <= b' ')) {
                        piece.split_ascii_whitespace().for_each(|part| all.push_str(part));
                    } else {
                        all.push_str(piece);
                    }
                }
                Token::End => return Ok(Secret::from(std::mem::take(&mut *all))),
                Token::Start => return Err(self.0.syntax()),
            }
        }
    }

    /// The same, and an error if nothing is left of it.
    pub(crate) fn required_secret(&mut self, name: &'static str) -> Result<Secret> {
        let secret = self.secret()?;
        if secret.is_empty() { Err(ReplyFault::Value { name }) } else { Ok(secret) }
    }

    /// The number in the innermost element; leaves the element.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<u32> {
        self.text()?.parse().map_err(|_| ReplyFault::Value { name })
    }

    /// Checks that nothing but white space, comments and instructions follows the root, which has been left.
    pub(crate) fn finish(mut self) -> Result<()> {
        loop {
            match self.0.next()? {
                Piece::Eof => return Ok(()),
                Piece::Text(text) if is_blank(text) => {}
                _ => return Err(self.0.syntax()),
            }
        }
    }
}

/// A child element that may stand once.
pub(crate) struct Field<T> {
    name: &'static str,
    value: Option<T>,
}

impl<T> Field<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    /// Two credentials in one reply are no credential: a second one is an error, never a choice.
    pub(crate) fn set(&mut self, value: T) -> Result<()> {
        if self.value.replace(value).is_some() {
            return Err(ReplyFault::Twice { name: self.name });
        }
        Ok(())
    }

    pub(crate) fn required(self) -> Result<T> {
        self.value.ok_or(ReplyFault::Missing { name: self.name })
    }

    /// For a text without which the result would be useless: an empty one is as bad as none.
    pub(crate) fn required_text(self) -> Result<T>
    where
        T: AsRef<str>,
    {
        let name = self.name;
        let value = self.required()?;
        if value.as_ref().is_empty() { Err(ReplyFault::Value { name }) } else { Ok(value) }
    }

    pub(crate) fn optional(self) -> Option<T> {
        self.value
    }
}

fn is_utf8(encoding: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_whitespace())
}

/// XML 1.0, section 2.11: a reader sees every line end as one line feed. Not for secrets, whose copies it would leave.
fn line_ends(text: Cow<'_, str>) -> Cow<'_, str> {
    // Looked through to the end, so that it can be done many bytes at a time.
    if text.bytes().fold(false, |found, b| found | (b == b'\r')) {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

/// XML 1.0, production `Char`.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Control characters have no place in XML, and none in what is shown to people.
fn is_allowed(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r')
}

fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "apos" => "'",
        "gt" => ">",
        "lt" => "<",
        "quot" => "\"",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::MAX_DEPTH;

    fn text(document: &str) -> Result<String> {
        let mut cursor = Cursor::new(document.as_bytes())?;
        let text = cursor.text()?.into_owned();
        cursor.finish()?;
        Ok(text)
    }

    #[test]
    fn text_is_unescaped_trimmed_and_joined() {
        assert_eq!(text("<a> x &amp; <![CDATA[<y>]]><!-- no -->&#x21;\r\n </a>").unwrap(), "x & <y>!");
        assert_eq!(text("<a/>").unwrap(), "");
        assert_eq!(text("\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<a>b\r\nc</a>\n").unwrap(), "b\nc");
    }

    #[test]
    fn secrets_lose_all_white_space() {
        for document in ["<a>\n AB\n CD </a>", "<a>A<!-- -->B&#67;D</a>", "<a><![CDATA[AB]]>CD</a>"] {
            let mut cursor = Cursor::new(document.as_bytes()).unwrap();
            assert_eq!(cursor.secret().unwrap().expose(), "ABCD", "{document}");
        }
    }

    #[test]
    fn names_lose_their_prefix() {
        assert_eq!(Cursor::new(b"<p:Name xmlns:p='u'/>").unwrap().name(), "Name");
    }

    #[test]
    fn what_is_refused() {
        use ReplyFault::*;
        assert!(matches!(text("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"), Err(Doctype)));
        assert!(matches!(text("<a>&e;</a>"), Err(Syntax { .. })));
        assert!(matches!(text("<?xml version='1.0' encoding='utf-16'?><a/>"), Err(Charset)));
        assert!(matches!(text("<a>x</a>y"), Err(Syntax { .. })));
        assert!(matches!(text("<a>x</a><b/>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>x</b>"), Err(Syntax { .. })));
        assert!(matches!(text("x<a/>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>\u{1b}[31m</a>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>&#27;[31m</a>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>&#xFFFE;</a>"), Err(Syntax { .. })));
        assert!(matches!(Cursor::new(b"<a>\xff</a>"), Err(NotUtf8 { position: 3 })));
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        assert!(matches!(Cursor::new(deep.as_bytes()).unwrap().skip(), Err(TooDeep)));
    }

    #[test]
    fn every_cut_is_noticed() {
        let document = "<?xml version='1.0'?><a><b c='d'>x&amp;y</b><e/></a>";
        for end in 0..document.len() {
            let outcome = Cursor::new(&document.as_bytes()[..end]).and_then(|mut cursor| {
                cursor.skip()?;
                cursor.finish()
            });
            assert!(outcome.is_err(), "cut at {end}");
        }
    }

    /// The steps through a document, texts in one piece; `None` if it is refused.
    fn ours(document: &str) -> Option<Vec<String>> {
        let mut cursor = Cursor::new(document.as_bytes()).ok()?;
        let mut steps = vec![format!("<{}", cursor.name())];
        while cursor.0.depth() > 0 {
            match cursor.token().ok()? {
                Token::Start => steps.push(format!("<{}", cursor.name())),
                Token::End => steps.push(">".to_owned()),
                Token::Text(text) => push(&mut steps, &text),
            }
        }
        cursor.finish().ok()?;
        Some(steps)
    }

    fn theirs(document: &str) -> Option<Vec<String>> {
        use quick_xml::events::Event;
        let mut reader = quick_xml::Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut steps = Vec::new();
        let mut depth = 0;
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    depth += 1;
                    steps.push(format!("<{}", start.local_name().into_inner()));
                }
                Event::End(_) => {
                    depth -= 1;
                    steps.push(">".to_owned());
                }
                Event::Text(text) if depth > 0 => push(&mut steps, &text.into_inner()),
                Event::CData(text) => push(&mut steps, &text.into_inner()),
                Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                    Some(c) => push(&mut steps, c.encode_utf8(&mut [0; 4])),
                    None => push(&mut steps, predefined(&name)?),
                },
                Event::Eof => return Some(steps),
                _ => {}
            }
        }
    }

    fn push(steps: &mut Vec<String>, text: &str) {
        match steps.last_mut() {
            Some(last) if last.starts_with('"') => last.push_str(text),
            _ => steps.push(format!("\"{text}")),
        }
    }

    #[test]
    fn what_is_taken_is_what_another_parser_makes_of_it() {
        let documents = [
            "<?xml version='1.0' encoding=\"utf-8\"?>\n<a xmlns:p='u'><p:b c='d>' e=\"'\"/>x &amp; &#x21;\
             <![CDATA[<y>]]>]]<!-- - --><?z y?>\u{e9}<b ></b ></a>\n<!-- -->",
            "<a><b>0123456789012345678901234567890123456789&quot;0123456789012345678901234567890</b></a>",
        ];
        let mut taken = 0;
        for document in documents {
            assert_eq!(ours(document), theirs(document));
            assert!(ours(document).is_some());
            let places: Vec<_> = document.char_indices().map(|(i, c)| (i, c.len_utf8())).collect();
            for (at, length) in places {
                for mark in [
                    "", "<", ">", "&", "/", "!", "?", "-", "]", "'", "\"", "=", " ", "\0", "x", ":", ";", "#",
                ] {
                    for end in [at, at + length] {
                        let changed = format!("{}{mark}{}", &document[..at], &document[end..]);
                        if let Some(steps) = ours(&changed) {
                            assert_eq!(Some(steps), theirs(&changed), "{changed}");
                            taken += 1;
                        }
                    }
                }
            }
        }
        assert!(taken > 1000, "{taken}");
    }

    #[test]
    fn errors_hold_no_piece_of_the_document() {
        let outcome = text("<a>wJ<alrSECRET</a>").unwrap_err();
        assert!(!format!("{outcome} {outcome:?}").contains("SECRET"));
    }
}
