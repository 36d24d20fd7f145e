//! A cursor over an XML document: the only reader of replies.
//!
//! It sits on quick-xml's events and adds what a credentials client needs: a depth limit, no DOCTYPE and hence no
//! entities but XML's own five, UTF-8 only, no recursion, and an error for a document that ends too early. Names
//! are compared without their namespace prefix. Errors tell a position, never a piece of the document: after one
//! flipped bit a secret can stand where a tag name should be.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::{Zeroize, Zeroizing};

use crate::credentials::Secret;
use crate::lanes;
use crate::reply::{MAX_DEPTH, ReplyFault};

pub(crate) use field::Field;

mod field;
mod map;

type Result<T> = std::result::Result<T, ReplyFault>;

/// One step through the document.
pub(crate) enum Token<'x> {
    /// An element begins; [`Cursor::name`] is its name.
    Start,
    /// The innermost element ends.
    End,
    /// A piece of the innermost element's text.
    Text(Piece<'x>),
}

/// A piece of text, unescaped.
pub(crate) struct Piece<'x> {
    pub(crate) text: Cow<'x, str>,
    /// Whether it is nothing but visible ASCII, so that no white space, control character or line end need be looked for.
    is_plain: bool,
}

/// A place in a document: always inside the element that was entered last.
pub struct Cursor<'x> {
    reader: Reader<&'x [u8]>,
    /// The whole document.
    bytes: &'x [u8],
    /// The name of the element that began last, without its prefix.
    name: &'x [u8],
    /// How many bytes were passed over without quick-xml, which does not count them.
    passed: usize,
    /// Whether the element has no inside, and is yet to end.
    is_empty: bool,
    /// Whether all text since [`watch`](Self::watch) was plain.
    saw_plain: bool,
    depth: usize,
}

/// The names of the elements that are open are kept by quick-xml in a buffer that grows with each. A name that is as long as
/// those of a reply together lets it grow once.
const PRIMER: &[u8] = b"<oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo></>";

impl<'x> Cursor<'x> {
    /// Enters the root element of the document in `bytes`.
    pub(crate) fn new(bytes: &'x [u8]) -> Result<Self> {
        let mut reader = Reader::from_reader(PRIMER);
        reader.config_mut().check_end_names = false;
        while !reader.get_ref().is_empty() {
            // Neither is an error: the end's name is not looked at.
            let _ = reader.read_event();
        }
        reader.config_mut().check_end_names = true;
        // That it is UTF-8 is seen by quick-xml, piece by piece.
        *reader.get_mut() = without_mark(bytes);
        let mut cursor =
            Self { reader, bytes, name: b"", passed: 0, is_empty: false, saw_plain: true, depth: 0 };
        loop {
            match cursor.event()? {
                start @ (Event::Start(_) | Event::Empty(_)) => {
                    cursor.seldom(Ok(start))?;
                    return Ok(cursor);
                }
                Event::Decl(declaration) => match declaration.encoding() {
                    Some(Ok(name)) if !is_utf8(&name) => return Err(ReplyFault::Charset),
                    Some(Err(_)) => return Err(cursor.syntax()),
                    _ => {}
                },
                Event::Text(text) if is_blank(&text) => {}
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return Err(ReplyFault::Truncated),
                Event::DocType(_) => return Err(ReplyFault::Doctype),
                _ => return Err(cursor.syntax()),
            }
        }
    }

    /// The local name of the element that began last, to be compared as the bytes that it is in the document.
    #[inline]
    pub(crate) fn name(&self) -> &'x [u8] {
        self.name
    }

    /// The same as a text.
    pub(crate) fn name_text(&self) -> &'x str {
        // Quick-xml has looked at the tag, and it is cut at ASCII only.
        std::str::from_utf8(self.name).unwrap_or_default()
    }

    /// The next step, whatever it is.
    #[inline(always)]
    pub(crate) fn token(&mut self) -> Result<Token<'x>> {
        if self.leaves_empty() {
            return Ok(Token::End);
        }
        loop {
            // Matched as it comes: a conversion of the error would move every event once more.
            match self.reader.read_event() {
                Ok(Event::End(_)) => {
                    self.depth -= 1;
                    return Ok(Token::End);
                }
                Ok(Event::Text(text)) => return self.piece(text.into_inner()).map(Token::Text),
                other => {
                    if let Some(token) = self.seldom(other)? {
                        return Ok(token);
                    }
                }
            }
        }
    }

    /// Leaves the innermost element, if it has no inside.
    #[inline(always)]
    fn leaves_empty(&mut self) -> bool {
        let leaves = std::mem::take(&mut self.is_empty);
        self.depth -= usize::from(leaves);
        leaves
    }

    /// What is met in few places, or in few replies.
    #[inline(never)]
    fn seldom(
        &mut self,
        event: std::result::Result<Event<'x>, quick_xml::Error>,
    ) -> Result<Option<Token<'x>>> {
        let event = event.map_err(|error| self.fault(&error))?;
        let is_empty = matches!(event, Event::Empty(_));
        Ok(match event {
            Event::Start(element) | Event::Empty(element) => {
                self.enter(&element, is_empty)?;
                Some(Token::Start)
            }
            Event::Text(text) => Some(Token::Text(self.piece(text.into_inner())?)),
            Event::CData(text) => Some(Token::Text(self.piece(text.into_inner())?)),
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref() {
                    Ok(Some(c)) if is_character(c) => Cow::Owned(c.to_string()),
                    Ok(None) => Cow::Borrowed(predefined(&reference).ok_or_else(|| self.syntax())?),
                    _ => return Err(self.syntax()),
                };
                self.saw_plain = false;
                Some(Token::Text(Piece { text, is_plain: false }))
            }
            Event::Comment(_) | Event::PI(_) => None,
            Event::DocType(_) => return Err(ReplyFault::Doctype),
            Event::Eof => return Err(ReplyFault::Truncated),
            _ => return Err(self.syntax()),
        })
    }

    /// Control characters have no place in XML, and none in what is shown to people.
    #[inline(always)]
    fn piece(&mut self, text: Cow<'x, str>) -> Result<Piece<'x>> {
        // True of nearly all texts: ids, ARNs, keys, tokens and dates.
        let is_plain = lanes::all_visible(text.as_bytes());
        self.saw_plain &= is_plain;
        if is_plain || !has_control(&text) { Ok(Piece { text, is_plain }) } else { Err(self.syntax()) }
    }

    /// Enters the next child of the innermost element, or leaves that element when there is none. Text between
    /// children is passed over.
    pub(crate) fn child(&mut self) -> Result<bool> {
        if self.leaves_empty() {
            return Ok(false);
        }
        self.pass_indent();
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => {
                    self.enter(&element, false)?;
                    return Ok(true);
                }
                Ok(Event::End(_)) => {
                    self.depth -= 1;
                    return Ok(false);
                }
                other => {
                    if let Some(Token::Start) = self.seldom(other)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// From here on, [`saw_plain_text`](Self::saw_plain_text) tells of the texts.
    pub(crate) fn watch(&mut self) {
        self.saw_plain = true;
    }

    /// Whether all text since then was nothing but visible ASCII, so that what was made of it need not be looked through again. The
    /// line feeds and spaces that [`child`](Self::child) passes over do not count; other white space does.
    pub(crate) fn saw_plain_text(&self) -> bool {
        self.saw_plain
    }

    /// Leaves the innermost element, whatever is in it.
    pub(crate) fn skip(&mut self) -> Result<()> {
        let outside = self.depth - 1;
        while self.depth > outside {
            self.token()?;
        }
        Ok(())
    }

    /// The text of the innermost element without white space at its ends; leaves the element.
    pub(crate) fn text(&mut self) -> Result<Cow<'x, str>> {
        let mut all = Cow::Borrowed("");
        let mut is_plain = true;
        loop {
            match self.token()? {
                Token::Text(piece) => {
                    is_plain &= piece.is_plain;
                    let text = if piece.is_plain { piece.text } else { line_ends(piece.text) };
                    if all.is_empty() {
                        all = text;
                    } else {
                        all.to_mut().push_str(&text);
                    }
                }
                Token::End => break,
                Token::Start => return Err(self.syntax()),
            }
        }
        Ok(if is_plain { all } else { trimmed(all) })
    }

    /// The text of the innermost element without any white space; leaves the element.
    ///
    /// One buffer is enough for it, so that no copy is left behind.
    pub(crate) fn secret(&mut self) -> Result<Secret> {
        let mut all = self.gather(|all, piece| {
            if piece.is_plain {
                all.push_str(&piece.text);
            } else {
                piece.text.split_ascii_whitespace().for_each(|part| all.push_str(part));
            }
        })?;
        Ok(Secret::from(std::mem::take(&mut *all)))
    }

    /// The text of the innermost element as [`text`](Self::text) reads it, but as a secret; leaves the element.
    pub(crate) fn secret_text(&mut self) -> Result<Secret> {
        let all = self.gather(|all, piece| {
            let mut rest = &*piece.text;
            // As `line_ends`, without a copy.
            while let Some((line, behind)) = rest.split_once('\r') {
                all.push_str(line);
                all.push('\n');
                rest = behind.strip_prefix('\n').unwrap_or(behind);
            }
            all.push_str(rest);
        })?;
        Ok(Secret::from(all.trim_ascii()))
    }

    /// The pieces of the innermost element's text, put into one buffer by `push`, which adds no byte; leaves the element.
    #[inline(always)]
    fn gather(&mut self, push: impl Fn(&mut String, &Piece<'x>)) -> Result<Zeroizing<String>> {
        let mut all = Zeroizing::new(String::new());
        loop {
            match self.token()? {
                Token::Text(piece) => {
                    if all.capacity() == 0 {
                        // Almost always the one piece that there is; else the rest of the document is a bound.
                        let rest = self.reader.get_ref();
                        let more = if rest.starts_with(b"</") { 0 } else { rest.len() };
                        all.reserve_exact(piece.text.len() + more);
                    }
                    push(&mut all, &piece);
                }
                Token::End => return Ok(all),
                Token::Start => return Err(self.syntax()),
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
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Text(text) if is_blank(&text) => {}
                Event::Comment(_) | Event::PI(_) => {}
                Event::DocType(_) => return Err(ReplyFault::Doctype),
                _ => return Err(self.syntax()),
            }
        }
    }

    /// Passes over a line feed and spaces, which is nearly all that stands between elements: eight bytes at a time, and
    /// without an event.
    #[inline(always)]
    fn pass_indent(&mut self) {
        const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
        let before = *self.reader.get_ref();
        let mut rest = before.strip_prefix(b"\n").unwrap_or(before);
        while let Some(eight) = rest.first_chunk::<8>() {
            let spaces = (u64::from_le_bytes(*eight) ^ SPACES).trailing_zeros() as usize / 8;
            rest = &rest[spaces..];
            if spaces < 8 {
                break;
            }
        }
        self.passed += before.len() - rest.len();
        *self.reader.get_mut() = rest;
    }

    #[inline(always)]
    fn enter(&mut self, element: &BytesStart<'_>, is_empty: bool) -> Result<()> {
        // An event can only be kept as a whole, which costs more than to look for the name where it stands in the document: from
        // there on come what is in the tag, its end, and what quick-xml is yet to read.
        let end = if is_empty { "/>".len() } else { ">".len() };
        let start = self.bytes.len().saturating_sub(element.len() + end + self.reader.get_ref().len());
        let name = self.bytes.get(start..start + element.name().into_inner().len()).unwrap_or_default();
        debug_assert!(name == element.name().into_inner().as_bytes(), "another name than quick-xml's");
        self.name = if lanes::any(name, |b| b == b':') { without_prefix(name) } else { name };
        self.is_empty = is_empty;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(ReplyFault::TooDeep) } else { Ok(()) }
    }

    #[inline]
    fn event(&mut self) -> Result<Event<'x>> {
        self.reader.read_event().map_err(|error| self.fault(&error))
    }

    #[cold]
    fn fault(&self, error: &quick_xml::Error) -> ReplyFault {
        use quick_xml::Error;
        use quick_xml::errors::{IllFormedError, SyntaxError};

        match error {
            // What is missing at the end of the document is what a cut connection takes away.
            Error::Syntax(_) | Error::IllFormed(IllFormedError::UnclosedReference)
                if self.position() >= without_mark(self.bytes).len() =>
            {
                ReplyFault::Truncated
            }
            // Of these nothing is counted as read.
            Error::Syntax(SyntaxError::UnclosedTag | SyntaxError::InvalidBangMarkup)
                if matches!(self.reader.get_ref(), [b'<'] | [b'<', b'!']) =>
            {
                ReplyFault::Truncated
            }
            Error::Encoding(_) => {
                let valid = std::str::from_utf8(self.bytes).err().map(|error| error.valid_up_to());
                ReplyFault::NotUtf8 { position: valid.unwrap_or_else(|| self.position()) }
            }
            _ => self.syntax(),
        }
    }

    fn syntax(&self) -> ReplyFault {
        ReplyFault::Syntax { position: self.position() }
    }

    fn position(&self) -> usize {
        let read = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        read.saturating_add(self.passed).saturating_sub(PRIMER.len())
    }
}

/// Appends, without leaving a copy of what was there before.
pub(crate) fn push(text: &mut Zeroizing<String>, piece: &str) {
    let needed = text.len() + piece.len();
    if needed > text.capacity() {
        let mut larger = String::with_capacity(needed.max(2 * text.capacity()));
        larger.push_str(text);
        text.zeroize();
        **text = larger;
    }
    text.push_str(piece);
}

/// A byte order mark may stand before a document, and is no part of it.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn is_utf8(encoding: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_whitespace())
}

fn without_prefix(name: &[u8]) -> &[u8] {
    let colon = name.iter().position(|&b| b == b':');
    colon.map_or(name, |colon| &name[colon + 1..])
}

/// Whether there is a control character other than white space.
#[inline(never)]
fn has_control(text: &str) -> bool {
    let is_control = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
    // Few texts have any, line ends included, which is sooner found out.
    lanes::any(text.as_bytes(), |b| b < b' ') && text.bytes().any(is_control)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) if text.trim_ascii().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    }
}

/// XML 1.0, section 2.11: a reader sees every line end as one line feed. Not for secrets, whose copies it would leave.
fn line_ends(text: Cow<'_, str>) -> Cow<'_, str> {
    if lanes::any(text.as_bytes(), |b| b == b'\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

/// XML 1.0, production `Char`.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
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

    fn text(document: &str) -> Result<String> {
        let mut cursor = Cursor::new(document.as_bytes())?;
        let text = cursor.text()?.into_owned();
        cursor.finish()?;
        Ok(text)
    }

    #[test]
    fn plain_text_is_told_from_other_text() {
        let is_plain = |document: &str| {
            let mut cursor = Cursor::new(document.as_bytes()).unwrap();
            cursor.watch();
            while cursor.child().unwrap() {
                cursor.text().unwrap();
            }
            cursor.saw_plain_text()
        };
        assert!(is_plain("<a>\n    <b>x</b>\n    <c><![CDATA[y]]></c>\n</a>"));
        for other in ["<b> x</b>", "<b>\u{e9}</b>", "<b>&amp;</b>", "<b>&#x21;</b>", "<b>x</b>\r\n", "\t<b/>"]
        {
            assert!(!is_plain(&format!("<a>{other}</a>")), "{other:?}");
        }
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
    fn secret_texts_are_read_as_texts_are() {
        for document in [
            "<a> x &amp; <![CDATA[<y>]]><!-- no -->&#x21;\r\n </a>",
            "<a/>",
            "<a>\n </a>",
            "<a>b\r\nc\rd\n\r\re</a>",
            "<a>\u{a0}J\u{fc}rgen &lt;K&gt; </a>",
        ] {
            let mut cursor = Cursor::new(document.as_bytes()).unwrap();
            assert_eq!(cursor.secret_text().unwrap().expose(), text(document).unwrap(), "{document}");
            cursor.finish().unwrap();
        }
    }

    #[test]
    fn names_lose_their_prefix() {
        assert_eq!(Cursor::new(b"<p:Name xmlns:p='u'/>").unwrap().name(), b"Name");
    }

    /// The names of the root's children, which have none themselves.
    fn children(document: &str) -> Result<Vec<&str>> {
        let mut cursor = Cursor::new(document.as_bytes())?;
        let mut names = Vec::new();
        while cursor.child()? {
            names.push(cursor.name_text());
            cursor.skip()?;
        }
        cursor.finish()?;
        Ok(names)
    }

    #[test]
    fn children_are_found_whatever_stands_between_them() {
        for between in [
            "",
            "\n",
            "\n  ",
            "\n       ",
            "\n        ",
            "\r\n\t",
            "  \n\n",
            " <!-- no --> \n ",
            "\n text &amp; \n",
            "é",
        ] {
            let parts = [
                "<a>",
                "<b>x</b>",
                "<p:c d='>'/>",
                "<e f = 'g'\n></e>",
                "<\u{e9}/>",
                "<f />",
                "<g><h/></g>",
                "</a>\n",
            ];
            for document in [parts.join(between), parts.join(&format!("{between}{}", " ".repeat(40)))] {
                for before in
                    ["", "\u{feff}", "<?xml version='1.0'?>\n", "\u{feff}<?xml version='1.0'?><!-- i -->\n "]
                {
                    let document = format!("{before}{document}");
                    assert_eq!(Cursor::new(document.as_bytes()).unwrap().name(), b"a", "{document:?}");
                    assert_eq!(
                        children(&document).unwrap(),
                        ["b", "c", "e", "\u{e9}", "f", "g"],
                        "{document:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn errors_count_what_was_passed_over() {
        let document = "<a>\n          <b/>\n    \n<b/>\n  <b>&no;</b></a>";
        let at = document.find("no;").unwrap();
        let Err(ReplyFault::Syntax { position }) = children(document) else {
            panic!("an entity that is none")
        };
        assert_eq!(position, at + "no;".len());
        for end in 1..document.find("<b>").unwrap() {
            assert!(matches!(children(&document[..end]), Err(ReplyFault::Truncated)), "cut at {end}");
        }
    }

    #[test]
    fn what_is_refused() {
        use ReplyFault::*;
        assert!(matches!(text("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"), Err(Doctype)));
        assert!(matches!(text("<a>&e;</a>"), Err(Syntax { .. })));
        assert!(matches!(text("<?xml version='1.0' encoding='utf-16'?><a/>"), Err(Charset)));
        assert!(matches!(text("<a>x</a>y"), Err(Syntax { .. })));
        assert!(matches!(text("<a>x</a><b/>"), Err(Syntax { .. })));
        for wrong_end in ["<a>x</b>", "<a>x</>", "<a>x</A>", "<a><b>x</a></b>", "<a>x</a></a>", "<a>x</a></>"]
        {
            let outcome = Cursor::new(wrong_end.as_bytes()).and_then(|mut cursor| {
                cursor.skip()?;
                cursor.finish()
            });
            assert!(matches!(outcome, Err(Syntax { .. })), "{wrong_end}");
        }
        assert!(matches!(text("x<a/>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>\u{1b}[31m</a>"), Err(Syntax { .. })));
        assert!(matches!(text("<a>&#27;[31m</a>"), Err(Syntax { .. })));
        for no_character in ["<a>&#xFFFE;</a>", "<a>&#xD800;</a>", "<a>&#57343;</a>", "<a>&#x110000;</a>"] {
            assert!(matches!(text(no_character), Err(Syntax { .. })), "{no_character}");
        }
        for wrong in
            [&b"<a>\xff</a>"[..], b"<a><!--\xff--></a>", b"<a/>\xff", b"\xef\xbb\xbf<\xff/>", b"<a \xff=''/>"]
        {
            let outcome = Cursor::new(wrong).and_then(|mut cursor| {
                cursor.skip()?;
                cursor.finish()
            });
            let position = std::str::from_utf8(wrong).unwrap_err().valid_up_to();
            assert!(matches!(outcome, Err(NotUtf8 { position: p }) if p == position), "{wrong:?}");
        }
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        assert!(matches!(Cursor::new(deep.as_bytes()).unwrap().skip(), Err(TooDeep)));
    }

    #[test]
    fn every_cut_is_noticed() {
        let document = "<?xml version='1.0'?><a><!-- no --><b c='d'>x&amp;y</b><![CDATA[z]]><e/></a>";
        for end in 0..document.len() {
            let outcome = Cursor::new(&document.as_bytes()[..end]).and_then(|mut cursor| {
                cursor.skip()?;
                cursor.finish()
            });
            assert!(matches!(outcome, Err(ReplyFault::Truncated)), "cut at {end}");
        }
    }

    #[test]
    fn errors_hold_no_piece_of_the_document() {
        let outcome = text("<a>wJ<alrSECRET</a>").unwrap_err();
        assert!(!format!("{outcome} {outcome:?}").contains("SECRET"));
    }
}
