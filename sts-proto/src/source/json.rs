//! JSON whose texts are secrets from the start, read by serde_json.
//!
//! A text with escapes passes through a buffer of serde_json's that is not wiped. AWS's documents have none in what is
//! secret: keys and tokens are ASCII without quotes.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::body::Body;
use crate::credentials::Secret;

/// A value. serde_json ends at a depth of 128, so nothing that walks over one can go deeper.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// What is no 64-bit integer with a sign.
    Float(f64),
    Text(Secret),
    List(Vec<Self>),
    /// In the document's order.
    Object(Vec<(String, Self)>),
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
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes)
            .map_err(|error| format!("is not JSON at line {}, column {}", error.line(), error.column()))
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

    /// Sets a member of an object: the one of that very name, or a new one at its end.
    pub(crate) fn set(&mut self, name: &str, value: Self) {
        if let Self::Object(members) = self {
            match members.iter_mut().find(|(member, _)| member == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            }
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
            Self::Float(number) => out(number.to_string().as_bytes()),
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Twice => "is there twice",
            Self::NoText => "is not a text",
        })
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        #[expect(clippy::cast_precision_loss, reason = "what is so large is no number that anybody reads")]
        Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(Secret::from(value)))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(Secret::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
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
    fn what_is_written_is_read_again() {
        let text = r#"{"a": [1, -2, 1.5, true, false, null, [], {}], "b\u0001\"\\é": "x\u000ay"}"#;
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(json.to_body().as_ref()).unwrap(), text);
        assert_eq!(Json::read(b"18446744073709551615").unwrap(), Json::Float(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn members_are_set() {
        let mut json = Json::read(br#"{"a":1,"b":2}"#).unwrap();
        json.set("a", Json::Bool(true));
        json.set("A", Json::Null);
        assert_eq!(json.to_body().as_ref(), br#"{"a": true, "b": 2, "A": null}"#);
    }

    #[test]
    fn garbage_is_refused_without_a_piece_of_it() {
        let error = Json::read(b"{\"k\":\"sEcReT\" oops}").unwrap_err();
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
