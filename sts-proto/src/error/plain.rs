//! The one escape: texts of others as they may stand in one line of a message.
//!
//! # Design
//! Paths, names and values come from files and the environment, messages from services. A control character or a direction
//! mark in them would let them lie about the rest of a line, forge the next line of a log, or steer a terminal. So whatever
//! makes a message escapes the texts that go into it: [`Error`](crate::Error) and its parts, the reports, the log lines. Those
//! who hand a text over do not escape it.

use std::borrow::Cow;
use std::fmt;

/// Escapes all characters of a text that would not stay on one line or would steer a terminal.
///
/// Those are the control characters (C0, DEL and C1, so also line breaks and tabs), the marks that turn the direction of
/// writing, those without width, and the separators U+2028 and U+2029. Each becomes `\n`, `\r`, `\t` or `\u{…}` with its
/// number in hexadecimal. Everything else stays as it is, backslashes too, so to escape twice is to escape once.
///
/// Errors, log lines and reports of this library are escaped already. It is for what a program prints of its own.
///
/// ```
/// use sts_proto::escape_controls;
///
/// assert_eq!(escape_controls("a\u{1b}[2J\nb\u{202e}"), r"a\u{1b}[2J\nb\u{202e}");
/// assert_eq!(escape_controls("é, 漢字 and 🙂"), "é, 漢字 and 🙂");
/// ```
pub fn escape_controls<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    escaped(text.into())
}

#[inline(never)]
fn escaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_deceptive(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_deceptive(c: char) -> bool {
    // Nearly all are printable ASCII.
    if matches!(c, ' '..='~') {
        return false;
    }
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let has_no_width = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    c.is_control() || turns || has_no_width
}

/// Writes what a type of somebody else shows, escaped. `{:#?}` keeps the line breaks that it makes.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_fmt(&mut Writer { out: f, keeps_lines: false }, format_args!("{}", self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            fmt::Write::write_fmt(&mut Writer { out: f, keeps_lines: true }, format_args!("{:#?}", self.0))
        } else {
            fmt::Write::write_fmt(&mut Writer { out: f, keeps_lines: false }, format_args!("{:?}", self.0))
        }
    }
}

struct Writer<'w, 'f> {
    out: &'w mut fmt::Formatter<'f>,
    keeps_lines: bool,
}

impl fmt::Write for Writer<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !self.keeps_lines {
            return self.out.write_str(&escape_controls(text));
        }
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => {
                    self.out.write_str(&escape_controls(line))?;
                    self.out.write_str("\n")?;
                }
                None => self.out.write_str(&escape_controls(line))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_lie_about_its_line_is_escaped() {
        assert_eq!(
            escape_controls("a\u{61c}b\u{202e}c\r\n\td\u{7f}\u{9b}\u{2028}\u{200b}\u{feff}"),
            r"a\u{61c}b\u{202e}c\r\n\td\u{7f}\u{9b}\u{2028}\u{200b}\u{feff}"
        );
        assert!(matches!(escape_controls("é, 漢字 and 🙂"), Cow::Borrowed(_)));
        let once = escape_controls("\\\u{1b}\n").into_owned();
        assert_eq!(escape_controls(once.as_str()), once);
    }

    #[test]
    fn what_others_show_is_escaped() {
        struct Raw;
        impl fmt::Debug for Raw {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a\u{1b}\nb")
            }
        }
        assert_eq!(format!("{:?}", Escaped(Raw)), r"a\u{1b}\nb");
        assert_eq!(format!("{:#?}", Escaped(Some(Raw))), "Some(\n    a\\u{1b}\n    b,\n)");
        assert_eq!(Escaped("a\r").to_string(), r"a\r");
    }
}
