//! What others say, as it may stand in a sentence.

use std::borrow::Cow;

/// A text on one line that does nothing to a terminal. Paths and names come from files and the environment, and messages from
/// services: a control character or a direction mark would let them lie about the rest of the line.
pub(crate) fn plain(text: Cow<'static, str>) -> Cow<'static, str> {
    if !text.chars().any(is_deceptive) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

pub(crate) fn is_deceptive(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_lie_about_the_rest_of_the_line_is_escaped() {
        assert_eq!(plain("a\u{61c}b\u{202e}c\nd\u{7f}".into()), "a\\u{61c}b\\u{202e}c\\u{a}d\\u{7f}");
        assert!(matches!(plain("é, 漢字 and 🙂".into()), Cow::Borrowed(_)));
    }
}
