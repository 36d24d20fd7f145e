//! The pieces of an XML document, one after the other: tags, texts, references.
//!
//! What it does not take, though XML has it: a DOCTYPE, and with it entities of one's own. What it takes, though XML has it
//! not: attributes of any form, as long as their quotes match, for nobody here reads them; and `--` in comments.

use crate::reply::{MAX_DEPTH, ReplyFault};

type Result<T> = std::result::Result<T, ReplyFault>;

/// The longest reference, from after the `&` to before the `;`.
const MAX_REFERENCE: usize = 16;

/// How many bytes of a text are looked at together.
const LANES: usize = 32;

/// A piece of a document. Comments and instructions are none.
pub(super) enum Piece<'x> {
    /// An element begins.
    Start,
    /// The innermost element ends.
    End,
    /// Text as it stands there.
    Text(&'x str),
    /// Text in which nothing is escaped.
    CData(&'x str),
    /// What stands between `&` and `;`.
    Reference(&'x str),
    /// What the declaration at the beginning says after `<?xml`.
    Declaration(&'x str),
    /// The end of the document, with no element open.
    Eof,
}

pub(super) struct Scanner<'x> {
    text: &'x str,
    at: usize,
    /// Where the names of the elements that are open begin and end, prefixes included. Not slices: they would be twice as
    /// much to make and to move.
    open: [(u32, u32); MAX_DEPTH],
    depth: usize,
    /// The name of the element that began last, without its prefix.
    name: &'x str,
    /// Whether an element that has no inside has begun and is yet to end.
    is_empty: bool,
}

impl<'x> Scanner<'x> {
    pub(super) fn new(text: &'x str) -> Self {
        Self { text, at: 0, open: [(0, 0); MAX_DEPTH], depth: 0, name: "", is_empty: false }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The name of the element that began last, without its prefix.
    pub(super) fn local_name(&self) -> &'x str {
        self.name
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'x str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn syntax(&self) -> ReplyFault {
        ReplyFault::Syntax { position: self.at }
    }

    pub(super) fn next(&mut self) -> Result<Piece<'x>> {
        if self.is_empty {
            self.is_empty = false;
            self.depth -= 1;
            return Ok(Piece::End);
        }
        loop {
            let rest = self.rest();
            let piece = match rest.as_bytes() {
                [] if self.depth == 0 => return Ok(Piece::Eof),
                [] | [b'<'] => return Err(ReplyFault::Truncated),
                [b'<', b'/', ..] => self.end(rest)?,
                [b'<', b'!', ..] => match self.bang(rest)? {
                    Some(piece) => piece,
                    None => continue,
                },
                [b'<', b'?', ..] => match self.instruction(rest)? {
                    Some(piece) => piece,
                    None => continue,
                },
                [b'<', ..] => self.start(rest)?,
                [b'&', ..] => self.reference(rest)?,
                bytes => {
                    let length = self.plain(bytes)?;
                    Piece::Text(self.take(rest, length))
                }
            };
            return Ok(piece);
        }
    }

    /// The next so many bytes, which end before or behind an ASCII character.
    fn take(&mut self, rest: &'x str, length: usize) -> &'x str {
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Up to a mark that must come, which is passed over.
    fn up_to(&mut self, rest: &'x str, skipped: usize, mark: &str) -> Result<&'x str> {
        let inside = rest.get(skipped..).unwrap_or_default();
        let length = inside.find(mark).ok_or(ReplyFault::Truncated)?;
        self.at += skipped + length + mark.len();
        Ok(inside.get(..length).unwrap_or_default())
    }

    /// How much text there is. Control characters have no place in XML, and none in what is shown to people.
    fn plain(&self, bytes: &[u8]) -> Result<usize> {
        let is_special = |b: u8| (b < b' ') | (b == b'<') | (b == b'&');
        // Many bytes at a time, as long as there is nothing special about any.
        let (lanes, _) = bytes.as_chunks::<LANES>();
        let lane = |lane: &[u8; LANES]| lane.iter().fold(false, |found, b| found | is_special(*b));
        // White space between elements begins with a line end, and is short.
        let lanes = if bytes.first().is_some_and(|&b| b < b' ') { &[] } else { lanes };
        let mut length = LANES * lanes.iter().position(lane).unwrap_or(lanes.len());
        while let Some(&byte) = bytes.get(length) {
            match TEXT[usize::from(byte)] {
                Text::Part => length += 1,
                Text::End => break,
                Text::Forbidden => return Err(ReplyFault::Syntax { position: self.at + length }),
            }
        }
        Ok(length)
    }

    fn start(&mut self, rest: &'x str) -> Result<Piece<'x>> {
        let inside = rest.get(1..).unwrap_or_default().as_bytes();
        let mut name = inside.iter().position(|&b| !NAME[usize::from(b)]).ok_or(ReplyFault::Truncated)?;
        let prefix = name;
        let mut local = 0;
        if inside.get(prefix) == Some(&b':') {
            local = prefix + 1;
            let after = inside.iter().skip(local).position(|&b| b != b':' && !NAME[usize::from(b)]);
            name = local + after.ok_or(ReplyFault::Truncated)?;
        }
        if prefix == 0 || matches!(inside.first(), Some(b'0'..=b'9' | b'-' | b'.')) {
            return Err(self.syntax());
        }
        let length = match inside.get(name) {
            Some(b'>') => name,
            Some(b'/') if inside.get(name + 1).is_some_and(|&b| b != b'>') => return Err(self.syntax()),
            Some(b'/' | b' ' | b'\t' | b'\n' | b'\r') => name + self.tag(inside.get(name..))?,
            _ => return Err(self.syntax()),
        };
        self.is_empty = length > name && inside.get(length - 1) == Some(&b'/');
        self.name = rest.get(1 + local..1 + name).unwrap_or_default();
        let place = u32::try_from(self.at + 1).ok().zip(u32::try_from(self.at + 1 + name).ok());
        *self.open.get_mut(self.depth).ok_or(ReplyFault::TooDeep)? = place.ok_or(ReplyFault::TooDeep)?;
        self.depth += 1;
        self.at += length + 2;
        Ok(Piece::Start)
    }

    /// The length of the rest of a tag, up to its `>`, which can stand in quotes as well.
    fn tag(&self, inside: Option<&[u8]>) -> Result<usize> {
        let mut quote = None;
        for (i, &byte) in inside.unwrap_or_default().iter().enumerate() {
            match (quote, byte) {
                (_, b'<') => return Err(self.syntax()),
                (None, b'>') => return Ok(i),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        Err(ReplyFault::Truncated)
    }

    fn end(&mut self, rest: &'x str) -> Result<Piece<'x>> {
        let expected = self.depth.checked_sub(1).and_then(|depth| self.open.get(depth));
        let expected = expected.and_then(|&(start, end)| self.text.get(start as usize..end as usize));
        let expected = expected.ok_or_else(|| self.syntax())?;
        let inside = rest.get(2..).unwrap_or_default();
        let length = match inside.strip_prefix(expected).map(|after| after.bytes().next()) {
            Some(Some(b'>')) => expected.len(),
            _ => {
                let length = inside.find('>').ok_or(ReplyFault::Truncated)?;
                if inside.get(..length).map(str::trim_ascii_end) != Some(expected) {
                    return Err(self.syntax());
                }
                length
            }
        };
        self.at += length + 3;
        self.depth -= 1;
        Ok(Piece::End)
    }

    fn bang(&mut self, rest: &'x str) -> Result<Option<Piece<'x>>> {
        const CDATA: &str = "<![CDATA[";
        const COMMENT: &str = "<!--";
        const DOCTYPE: &str = "<!DOCTYPE";
        if rest.starts_with(COMMENT) {
            self.up_to(rest, COMMENT.len(), "-->")?;
            return Ok(None);
        }
        if rest.starts_with(CDATA) {
            return self.up_to(rest, CDATA.len(), "]]>").map(|text| Some(Piece::CData(text)));
        }
        let is_doctype = rest.get(..DOCTYPE.len()).is_some_and(|mark| mark.eq_ignore_ascii_case(DOCTYPE));
        let is_cut = [CDATA, COMMENT, DOCTYPE].iter().any(|mark| mark.starts_with(rest));
        Err(match (is_doctype, is_cut) {
            (true, _) => ReplyFault::Doctype,
            (_, true) => ReplyFault::Truncated,
            _ => self.syntax(),
        })
    }

    fn instruction(&mut self, rest: &'x str) -> Result<Option<Piece<'x>>> {
        let is_named = rest.as_bytes().get(2).is_none_or(|&b| NAME[usize::from(b)]);
        if !is_named {
            return Err(self.syntax());
        }
        let inside = self.up_to(rest, 2, "?>")?;
        let declared = inside.strip_prefix("xml").filter(|declared| {
            declared.is_empty() || declared.starts_with(|c: char| c.is_ascii_whitespace())
        });
        Ok(declared.map(Piece::Declaration))
    }

    fn reference(&mut self, rest: &'x str) -> Result<Piece<'x>> {
        let inside = rest.get(1..).unwrap_or_default();
        let is_part = |&b: &u8| b.is_ascii_alphanumeric() || b == b'#';
        let length = inside.bytes().take(MAX_REFERENCE + 1).take_while(is_part).count();
        match inside.as_bytes().get(length) {
            Some(b';') => {
                self.at += length + 2;
                Ok(Piece::Reference(inside.get(..length).unwrap_or_default()))
            }
            Some(_) => Err(self.syntax()),
            None => Err(ReplyFault::Truncated),
        }
    }
}

/// What a byte is to a text.
#[derive(Clone, Copy)]
enum Text {
    Part,
    End,
    Forbidden,
}

static TEXT: [Text; 256] = {
    let mut table = [Text::Part; 256];
    let mut byte = 0;
    while byte < b' ' {
        if !matches!(byte, b'\t' | b'\n' | b'\r') {
            table[byte as usize] = Text::Forbidden;
        }
        byte += 1;
    }
    table[b'<' as usize] = Text::End;
    table[b'&' as usize] = Text::End;
    table
};

/// What can be part of a name, but the colon. Beyond ASCII, everything: no name that we look for is there.
static NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | 0x80..);
        byte += 1;
    }
    table
};

/// The encoding in a declaration, if it names one; an error if it is none.
pub(super) fn encoding(declaration: &str) -> std::result::Result<Option<&str>, ()> {
    let mut rest = declaration.trim_ascii_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(())?;
        let mut after = after.trim_ascii_start().chars();
        let quote = after.next().filter(|c| matches!(c, '"' | '\'')).ok_or(())?;
        let (value, after) = after.as_str().split_once(quote).ok_or(())?;
        if name.trim_ascii_end() == "encoding" {
            return Ok(Some(value));
        }
        rest = after.trim_ascii_start();
    }
    Ok(None)
}
