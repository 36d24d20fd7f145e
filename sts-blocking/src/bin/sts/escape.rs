//! Escapes for terminals.
//!
//! A service, a file or a variable may hold any text. Characters that move the cursor, colour the terminal or turn lines around
//! are escaped before a terminal gets the text.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use serde_json::Value;
use sts_proto::escape_controls;

use crate::output::put;

/// Whether the character steers a terminal, as the library has it. Line breaks and tabs are left to the text.
fn steers(c: char) -> bool {
    !matches!(c, ' '..='~' | '\n' | '\t')
        && matches!(escape_controls(&*c.encode_utf8(&mut [0; 4])), Cow::Owned(_))
}

/// The text with `\u{9b}` and the like in place of what steers a terminal. What a service says may hold anything, and scripts
/// compare it with what the AWS CLI prints: its line breaks and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |out, c| out.extend(c.escape_default()))
}

/// The text of JSON with JSON's own escapes in place of what steers a terminal, so that the values stay the same.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            put(out, format_args!("\\u{unit:04x}"));
        }
    })
}

fn escaped(text: &str, escape: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(6 * text.len());
    for c in text.chars() {
        if steers(c) { escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The value with all of its texts and names [`visible`]. Replies are at most 32 deep, so this is no deeper.
pub(crate) fn value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(self::value).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (visible(&name).into_owned(), self::value(member)))
            .collect(),
        other => other,
    }
}

/// The text as standard output gets it: [`visible`] for a terminal, else as it is.
pub(crate) fn for_stdout(text: &str) -> Cow<'_, str> {
    if io::stdout().is_terminal() { visible(text) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(visible("a\u{1b}[31m\nb\té\u{202e}\r\u{9b}"), "a\\u{1b}[31m\nb\té\\u{202e}\\r\\u{9b}");
        assert_eq!(json("\"é\u{202e}\u{9b}\""), r#""é\u202e\u009b""#);
        let text = serde_json::json!({"a\u{9b}": ["\r", 1]});
        assert_eq!(value(text).to_string(), r#"{"a\\u{9b}":["\\r",1]}"#);
        assert!(matches!(visible("é, 漢字 and 🙂\n"), Cow::Borrowed(_)));
    }
}
