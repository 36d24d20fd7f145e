//! Hand-written character classes for the patterns of the service model.
//!
//! A class never rejects a character that its pattern accepts. Where it accepts more, the comment says so; the
//! tests prove both over all code points with the `regex` crate. One pattern is more than a set of characters: see
//! [`Class::arrangement`]. Patterns are read as Smithy has it: the dialect of
//! ECMA 262, in which `\w` and `\d` are ASCII, anchored at both ends.

/// A pattern of the service model, as a test of single characters.
#[derive(Debug)]
pub(crate) struct Class {
    /// The pattern as in the service model.
    pub(crate) pattern: &'static str,
    pub(crate) accepts: fn(char) -> bool,
    /// The bytes of ASCII that it accepts, for texts that are nothing else: nearly all.
    pub(crate) plain: [bool; 256],
    /// The position of the first character that is accepted, but not there; for texts of accepted characters only.
    arrangement: Option<fn(&str) -> Option<usize>>,
}

impl Class {
    /// The position of the first character that does not fit, in characters. `is_plain`: all are in the table.
    pub(crate) fn misfit(&self, text: &str, is_plain: bool) -> Option<usize> {
        let stranger = if is_plain { None } else { text.chars().position(|c| !(self.accepts)(c)) };
        stranger.or_else(|| self.arrangement?(text))
    }
}

/// Bytes from `first` to `last`, and those of `more`.
const fn table(ranges: &[(u8, u8)], more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < ranges.len() {
        let (mut byte, last) = ranges[i];
        while byte <= last {
            table[byte as usize] = true;
            byte += 1;
        }
        i += 1;
    }
    i = 0;
    while i < more.len() {
        table[more[i] as usize] = true;
        i += 1;
    }
    table
}

/// `\w`, `\d`, and what XML has of ASCII.
const WORDS: &[(u8, u8)] = &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];
const TENS: &[(u8, u8)] = &[(b'0', b'9')];
const TEXTS: &[(u8, u8)] = &[(b'\t', b'\n'), (b'\r', b'\r'), (b' ', 0x7f)];

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Session names, user names and source identities.
pub(crate) static NAME: Class = Class {
    pattern: r"[\w+=,.@-]*",
    accepts: |c| is_word(c) || matches!(c, '+' | '=' | ',' | '.' | '@' | '-'),
    plain: table(WORDS, b"+=,.@-"),
    arrangement: None,
};

pub(crate) static EXTERNAL_ID: Class = Class {
    pattern: r"[\w+=,.@:\/-]*",
    accepts: |c| is_word(c) || matches!(c, '+' | '=' | ',' | '.' | '@' | ':' | '/' | '-'),
    plain: table(WORDS, b"+=,.@:/-"),
    arrangement: None,
};

pub(crate) static SERIAL_NUMBER: Class = Class {
    pattern: r"[\w+=/:,.@-]*",
    accepts: |c| is_word(c) || matches!(c, '+' | '=' | '/' | ':' | ',' | '.' | '@' | '-'),
    plain: table(WORDS, b"+=/:,.@-"),
    arrangement: None,
};

pub(crate) static WORD: Class =
    Class { pattern: r"[\w]*", accepts: is_word, plain: table(WORDS, b""), arrangement: None };

pub(crate) static DIGITS: Class =
    Class { pattern: r"[\d]*", accepts: |c| c.is_ascii_digit(), plain: table(TENS, b""), arrangement: None };

/// Accepts more: the controls U+007F to U+0084 and U+0086 to U+009F. The pattern's last range is meant to be U+10000
/// to U+10FFFF, but is spelt so that some regex engines read it as `0` to U+10FF, which holds those controls. What
/// either reading accepts is let through.
pub(crate) static ARN: Class = Class {
    pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    accepts: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    plain: table(TEXTS, b""),
    arrangement: None,
};

pub(crate) static POLICY: Class = Class {
    pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    accepts: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'),
    plain: table(TEXTS, b""),
    arrangement: None,
};

/// Accepts more: characters that are alphabetic without being letters, such as vowel signs and circled letters.
/// The standard library tells `Alphabetic` apart, which holds `\p{L}`, and not `\p{L}` itself.
fn is_tag_character(c: char) -> bool {
    // `is_whitespace` is `\p{Z}` and seven controls.
    c.is_alphabetic()
        || c.is_numeric()
        || (c.is_whitespace() && !c.is_control())
        || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

pub(crate) static TAG_KEY: Class = Class {
    pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
    accepts: is_tag_character,
    plain: table(WORDS, b" .:/=+-@"),
    arrangement: None,
};

pub(crate) static TAG_VALUE: Class = Class {
    pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    accepts: is_tag_character,
    plain: table(WORDS, b" .:/=+-@"),
    arrangement: None,
};

pub(crate) static DESCRIPTION: Class = Class {
    pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
    accepts: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}'),
    plain: table(&[(b'\t', b'\n'), (b'\r', b'\r'), (b' ', b'~')], b""),
    arrangement: None,
};

/// OAuth 2.0 scopes (RFC 6749, section 3.3) without commas, with one space between.
pub(crate) static SCOPE: Class = Class {
    pattern: r"[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+( [\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+)*",
    accepts: |c| matches!(c, ' '..='~') && !matches!(c, '"' | ',' | '\\'),
    plain: table(&[(b' ', b'!'), (b'#', b'+'), (b'-', b'['), (b']', b'~')], b""),
    arrangement: Some(misplaced_space),
};

/// The first space that begins the text or follows another one, else the one that ends the text.
fn misplaced_space(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let follows = bytes.windows(2).position(|pair| pair == b"  ").map(|at| at + 1);
    let ends = || bytes.len().checked_sub(1).filter(|_| bytes.ends_with(b" "));
    if bytes.starts_with(b" ") { Some(0) } else { follows.or_else(ends) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    /// The model's pattern in the regex crate's spelling.
    fn regex(pattern: &str) -> Regex {
        let escape = Regex::new(r"\\u(10FFFF|10000|[0-9A-F]{4})").unwrap();
        let pattern = pattern.replace(r"\w", "0-9A-Za-z_").replace(r"\d", "0-9").replace(r"\/", "/");
        let pattern = escape.replace_all(&pattern, r"\x{$1}").into_owned();
        Regex::new(&format!("^(?:{pattern})$")).unwrap()
    }

    /// What the class accepts beyond its pattern; panics if it rejects what the pattern accepts.
    fn excess(class: &Class) -> Vec<char> {
        let regex = regex(class.pattern);
        let mut buffer = [0; 4];
        (0..=0x10ffff)
            .filter_map(char::from_u32)
            .filter(|&c| {
                let by_pattern = regex.is_match(c.encode_utf8(&mut buffer));
                let by_class = (class.accepts)(c);
                assert!(by_class || !by_pattern, "{} rejects U+{:04X}", class.pattern, c as u32);
                by_class && !by_pattern
            })
            .collect()
    }

    #[test]
    fn the_tables_are_the_classes() {
        for class in [
            &NAME,
            &EXTERNAL_ID,
            &SERIAL_NUMBER,
            &WORD,
            &DIGITS,
            &ARN,
            &POLICY,
            &TAG_KEY,
            &TAG_VALUE,
            &DESCRIPTION,
            &SCOPE,
        ] {
            for byte in 0..=u8::MAX {
                let accepted = byte.is_ascii() && (class.accepts)(char::from(byte));
                assert_eq!(class.plain[usize::from(byte)], accepted, "{}: {byte:#x}", class.pattern);
            }
        }
    }

    #[test]
    fn scope_arrangement_is_that_of_the_pattern() {
        let regex = regex(SCOPE.pattern);
        // Every text of up to six of two scope characters, a space and a stranger.
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..6 {
            let to = texts.len();
            for at in from..to {
                for c in ['a', '~', ' ', ','] {
                    texts.push(format!("{}{c}", texts[at]));
                }
            }
            from = to;
        }
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let is_plain = text.bytes().all(|b| SCOPE.plain[usize::from(b)]);
            let misfit = SCOPE.misfit(text, is_plain);
            assert_eq!(misfit.is_none(), regex.is_match(text), "{text:?}");
            assert!(misfit.is_none_or(|at| matches!(text.as_bytes()[at], b' ' | b',')), "{text:?}");
        }
        for (text, at) in [(" a", 0), ("a  b ", 2), ("a b ", 3), ("a,b", 1), (" ", 0)] {
            assert_eq!(SCOPE.misfit(text, !text.contains(',')), Some(at), "{text:?}");
        }
        assert_eq!(excess(&SCOPE), [' ']);
    }

    #[test]
    fn exact_classes() {
        for class in [&NAME, &EXTERNAL_ID, &SERIAL_NUMBER, &WORD, &DIGITS, &POLICY, &DESCRIPTION] {
            assert_eq!(excess(class), [], "{}", class.pattern);
        }
    }

    #[test]
    fn the_arn_class_accepts_the_controls_of_the_other_reading() {
        let expected: Vec<_> = ('\u{7f}'..='\u{9f}').filter(|&c| c != '\u{85}').collect();
        assert_eq!(excess(&ARN), expected);
    }

    #[test]
    fn the_tag_classes_accept_alphabetic_characters_only() {
        for class in [&TAG_KEY, &TAG_VALUE] {
            let excess = excess(class);
            // Numbers, too, where the standard library knows a newer Unicode than the regex crate.
            let odd: String = excess.iter().filter(|c| !c.is_alphabetic() && !c.is_numeric()).collect();
            assert_eq!(odd, "");
            assert!(excess.contains(&'Ⓐ') && !excess.iter().any(char::is_ascii));
        }
    }
}
