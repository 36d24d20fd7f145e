//! A writer of JSON for what is known beforehand, in the form that Python's `json.dumps` gives: ASCII only, with a
//! space after each comma and colon.
//!
//! By hand because a JSON library would leave copies of secrets behind in buffers that it lets grow.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// What a member may be.
pub(super) enum Value<'a> {
    Text(&'a str),
    #[cfg(feature = "token")]
    Number(u32),
    /// JSON already.
    Json(&'a str),
}

impl Value<'_> {
    /// The most bytes that it takes: an escape of six for every byte of a text.
    fn most(&self) -> usize {
        match self {
            Self::Text(text) => 6 * text.len() + 2,
            #[cfg(feature = "token")]
            Self::Number(_) => 10,
            Self::Json(json) => json.len(),
        }
    }
}

/// An object of the members that are there, in their order.
pub(super) fn object<'a>(members: impl AsRef<[Option<(&'a str, Value<'a>)>]>) -> Zeroizing<String> {
    let members = members.as_ref();
    let most = members.iter().flatten().map(|(name, value)| 6 * name.len() + value.most() + 6);
    let mut out = Zeroizing::new(String::with_capacity(2 + most.sum::<usize>()));
    out.push('{');
    for (i, (name, value)) in members.iter().flatten().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        string(&mut out, name);
        out.push_str(": ");
        match value {
            Value::Text(text) => string(&mut out, text),
            #[cfg(feature = "token")]
            Value::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Value::Json(json) => out.push_str(json),
        }
    }
    out.push('}');
    out
}

/// A text in quotes. What is not printable ASCII is escaped, as UTF-16 where it needs two units.
pub(super) fn string(out: &mut Zeroizing<String>, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "json")]
    #[test]
    fn a_json_library_reads_the_same_text() {
        let text: String =
            (0..0x3000u32).chain([0xffff, 0x10000, 0x10ffff]).filter_map(char::from_u32).collect();
        let json = object([Some(("a\"é", Value::Text(&text))), None, Some(("n", Value::Json("7")))]);
        assert!(json.is_ascii());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["a\"é"], text.as_str());
        assert_eq!(value["n"], 7);
        assert_eq!(object([None]).as_str(), "{}");
        assert_eq!(object([Some(("a", Value::Json("[]")))]).as_str(), r#"{"a": []}"#);
    }

    #[test]
    fn secrets_are_not_moved_by_growth() {
        let text = "\u{7f}".repeat(100);
        let json = object([Some(("a", Value::Text(&text)))]);
        assert!(json.len() <= json.capacity() && json.capacity() <= 2 + 6 + 602 + 6, "{}", json.capacity());
    }
}
