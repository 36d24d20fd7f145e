//! JSON whose texts are secrets from the start: the names and texts of a document are in memory that is wiped, be the document
//! good or damaged.

use std::fmt;

use zeroize::Zeroizing;

use crate::body::Body;
use crate::credentials::Secret;

pub(crate) use reader::Damage;

mod reader;

/// A value. The reader ends at a depth of 128, so nothing that walks over one can go deeper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Json {
    #[default]
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is no 64-bit integer with a sign, as the document writes it.
    Number(String),
    Text(Secret),
    List(Vec<Self>),
    /// In the document's order. In a damaged document a secret may stand where a name should.
    Object(Vec<(Zeroizing<String>, Self)>),
}

/// Why a member cannot be used; goes on from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    Twice,
    NoText,
}

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// Where it ceases to be JSON, in words without any piece of it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Damage> {
        reader::read(bytes)
    }

    /// An object of these texts, in their order.
    pub(crate) fn of_texts<'t>(members: impl IntoIterator<Item = (&'t str, &'t Secret)>) -> Self {
        let members = members.into_iter();
        Self::Object(members.map(|(name, text)| (name.to_owned().into(), Self::Text(text.clone()))).collect())
    }

    /// A number as it is written in JSON.
    fn number(text: &str) -> Self {
        // Zero can have a sign, which an integer has not.
        text.parse()
            .ok()
            .filter(|_| text != "-0")
            .map_or_else(|| Self::Number(text.to_owned()), Self::Integer)
    }

    /// The member of that name, case aside; `None` where it is missing or null.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&Self>, Fault> {
        let Self::Object(members) = self else { return Ok(None) };
        let mut named = members.iter().filter(|(member, _)| member.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            // Two secrets are no secret to choose from.
            (Some(_), Some(_)) => Err(Fault::Twice),
            (Some((_, value)), None) if *value != Self::Null => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// The text of that member; `None` where it is missing, null or empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&Secret>, Fault> {
        match self.get(name)? {
            Some(Self::Text(text)) if text.is_empty() => Ok(None),
            Some(Self::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::NoText),
            None => Ok(None),
        }
    }

    /// The text of that member, which must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&Secret, Fault> {
        self.text(name)?.ok_or(Fault::Missing)
    }

    /// The first of these members that is a text, for messages.
    pub(crate) fn any_text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name).ok().flatten()).map(Secret::expose)
    }

    /// Sets a member of an object: the one that [`get`](Self::get) finds by that name, or a new one at its end. Should there be
    /// several, the others go.
    pub(crate) fn set(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return };
        let is_it = |(member, _): &(Zeroizing<String>, Self)| member.eq_ignore_ascii_case(name);
        match members.iter().position(is_it) {
            Some(at) => {
                members[at].1 = value;
                let mut index = 0;
                members.retain(|member| {
                    index += 1;
                    index <= at + 1 || !is_it(member)
                });
            }
            None => members.push((name.to_owned().into(), value)),
        }
    }

    /// The document, in one buffer that never grows, for growth leaves copies behind.
    pub(crate) fn to_body(&self) -> Body {
        let mut length = 0;
        self.write(&mut |part| length += part.len());
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        self.write(&mut |part| out.extend_from_slice(part));
        Body::from(out)
    }

    fn write(&self, out: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Null => out(b"null"),
            Self::Bool(true) => out(b"true"),
            Self::Bool(false) => out(b"false"),
            Self::Integer(number) => out(number.to_string().as_bytes()),
            Self::Number(number) => out(number.as_bytes()),
            Self::Text(text) => write_text(text.expose(), out),
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    out(if i == 0 { b"[" } else { b", " });
                    item.write(out);
                }
                out(if items.is_empty() { b"[]" } else { b"]" });
            }
            Self::Object(members) => {
                for (i, (name, value)) in members.iter().enumerate() {
                    out(if i == 0 { b"{" } else { b", " });
                    write_text(name, out);
                    out(b": ");
                    value.write(out);
                }
                out(if members.is_empty() { b"{}" } else { b"}" });
            }
        }
    }
}

fn write_text(text: &str, out: &mut dyn FnMut(&[u8])) {
    out(b"\"");
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\') || c < ' ') {
        let (plain, escaped) = rest.split_at(at);
        out(plain.as_bytes());
        let mut chars = escaped.chars();
        match chars.next() {
            Some(c @ ('"' | '\\')) => out(&[b'\\', c as u8]),
            Some(c) => out(format!("\\u{:04x}", c as u32).as_bytes()),
            None => {}
        }
        rest = chars.as_str();
    }
    out(rest.as_bytes());
    out(b"\"");
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is not JSON at line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Twice => "is there twice",
            Self::NoText => "is not a text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_case_aside_and_once() {
        let json = Json::read(br#"{"AccountID":"1","a":null,"e":"","n":1,"Two":"x","two":"y"}"#).unwrap();
        assert_eq!(json.required("accountid").unwrap().expose(), "1");
        assert_eq!((json.required("a"), json.text("e")), (Err(Fault::Missing), Ok(None)));
        assert_eq!((json.text("n"), json.text("TWO")), (Err(Fault::NoText), Err(Fault::Twice)));
        assert_eq!(Json::read(b"[1]").unwrap().required("x"), Err(Fault::Missing));
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let text = r#"{"a": [1, -2, 1.5, true, false, null, [], {}], "b\u0001\"\\é": "x\u000ay"}"#;
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(json.to_body().as_ref()).unwrap(), text);
        for number in [
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "18446744073709551616",
            "123456789012345678901234567890",
            "-0",
            "0.10",
            "1E+400",
            "3.141592653589793238462643383279",
        ] {
            let json = Json::read(number.as_bytes()).unwrap();
            assert_eq!(std::str::from_utf8(json.to_body().as_ref()).unwrap(), number);
        }
    }

    #[test]
    fn members_are_set() {
        let mut json = Json::read(br#"{"a":1,"b":2}"#).unwrap();
        json.set("a", Json::Bool(true));
        json.set("c", Json::Null);
        assert_eq!(json.to_body().as_ref(), br#"{"a": true, "b": 2, "c": null}"#);
        // What `get` takes for the member is the one that is set, and there is one.
        for text in [r#"{"TOKEN":1,"b":2}"#, r#"{"ToKeN":1,"b":2,"token":3,"Token":4}"#] {
            let mut json = Json::read(text.as_bytes()).unwrap();
            json.set("Token", Json::Text("new".into()));
            assert_eq!(json.required("token").unwrap().expose(), "new", "{text}");
            json.set("b", Json::Null);
            assert!(json.to_body().as_ref().ends_with(br#"": "new", "b": null}"#), "{text}");
        }
    }

    #[test]
    fn garbage_is_refused_without_a_piece_of_it() {
        let error = Json::read(b"{\"k\":\"sEcReT\" oops}").unwrap_err().to_string();
        assert_eq!(error, "is not JSON at line 1, column 15");
        for bytes in [&b""[..], b"{", b"{} x", b"\xff", "[".repeat(100_000).as_bytes()] {
            assert!(Json::read(bytes).is_err());
        }
    }

    #[test]
    fn texts_do_not_show() {
        assert!(!format!("{:?}", Json::read(br#"["sEcReT"]"#).unwrap()).contains("sEcReT"));
    }
}
