//! Texts: without quotes where that is safe, else in single ones, else in double ones.

use super::super::put;

/// The column behind which a text is folded at its next space.
const BEST_WIDTH: usize = 80;

#[derive(Clone, Copy)]
pub(super) enum Style {
    /// A name: on one line.
    Key,
    /// A value, whose further lines are indented.
    Value { indent: usize },
}

/// Writes a text, and tells whether it needed no quotes.
pub(super) fn write(out: &mut String, text: &str, style: Style) -> bool {
    let analysis = Analysis::of(text);
    let is_key = matches!(style, Style::Key);
    let is_multiline = text.contains(is_break);
    let column = out.len() - out.rfind('\n').map_or(0, |newline| newline + 1);
    let column = out[out.len() - column..].chars().count();
    let mut writer = Writer { out, style, column };
    if analysis.may_be_plain && !text.is_empty() && !is_other_type(text) {
        writer.folded(text, false);
        true
    } else if analysis.may_be_single_quoted && !text.contains(['\'', '\n']) && !(is_key && is_multiline) {
        writer.push("'");
        writer.folded(text, true);
        writer.push("'");
        false
    } else {
        writer.double_quoted(text);
        false
    }
}

struct Analysis {
    may_be_plain: bool,
    may_be_single_quoted: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let is_space_at =
            |i: usize| chars.get(i).is_none_or(|&c| matches!(c, '\0' | ' ' | '\t' | '\r') || is_break(c));
        let mut has_indicator = text.starts_with("---") || text.starts_with("...");
        let (mut has_special, mut space_break, mut break_space) = (false, false, false);
        let (mut after_space, mut after_break, mut after_white) = (false, false, true);
        for (i, &c) in chars.iter().enumerate() {
            has_indicator |= match c {
                ':' | '?' if i == 0 => is_space_at(i + 1),
                '-' if i == 0 => is_space_at(i + 1),
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`'
                    if i == 0 =>
                {
                    true
                }
                ':' => is_space_at(i + 1),
                '#' => after_white,
                _ => false,
            };
            has_special |= !(c == '\n' || is_shown(c) || is_break(c));
            if c == ' ' {
                break_space |= after_break;
                (after_space, after_break) = (true, false);
            } else if is_break(c) {
                space_break |= after_space;
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_white = is_space_at(i);
        }
        let is_edge = |c: Option<&char>| c.is_some_and(|&c| c == ' ' || is_break(c));
        let has_edge = is_edge(chars.first()) || is_edge(chars.last());
        let has_break = chars.iter().any(|&c| is_break(c));
        let may_be_single_quoted = !has_special && !space_break && !break_space;
        let may_be_plain = may_be_single_quoted && !has_indicator && !has_edge && !has_break;
        Self { may_be_plain, may_be_single_quoted }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_shown(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
}

/// Whether the text without quotes would be something else than a text: a number, a truth, a moment.
fn is_other_type(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let words = [
        "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "<<", "=", ".nan",
        ".NaN", ".NAN",
    ];
    if words.contains(&text) || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let is_radix = |prefix: &str, accepts: fn(u8) -> bool| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| accepts(b) || b == b'_'))
    };
    let is_integer = digits(unsigned)
        || is_radix("0b", |b| matches!(b, b'0' | b'1'))
        || is_radix("0o", |b| matches!(b, b'0'..=b'7'))
        || is_radix("0x", |b| b.is_ascii_hexdigit());
    let may_be_number = text.starts_with(|c: char| c.is_ascii_digit() || "-+.".contains(c));
    may_be_number && (is_integer || is_float(unsigned)) || is_moment(text)
}

fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    if exponent.is_some_and(|exponent| exponent.is_empty() || !exponent.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => {
            whole.starts_with(|c: char| c.is_ascii_digit()) && digits(whole) && digits(fraction)
        }
        None => exponent.is_some() && mantissa.starts_with(|c: char| c.is_ascii_digit()) && digits(mantissa),
    }
}

/// `2026-01-02`, and with a time behind it.
fn is_moment(text: &str) -> bool {
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (day, time) = match rest.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => (&rest[..at], Some(&rest[at..])),
        None => (rest, None),
    };
    if year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return false;
    }
    match time {
        None => month.len() == 2 && day.len() == 2,
        Some(time) => {
            let clock = time.trim_start_matches(['T', 't', ' ', '\t']);
            let mut fields = clock.splitn(3, ':');
            let (hour, minute, second) = (fields.next(), fields.next(), fields.next());
            clock.len() < time.len()
                && hour.is_some_and(|hour| digits(hour, 2))
                && minute.is_some_and(|minute| minute.len() == 2 && digits(minute, 2))
                && second.is_some_and(|second| {
                    second.len() >= 2
                        && second.bytes().take(2).all(|b| b.is_ascii_digit())
                        && second.bytes().skip(2).all(|b| b.is_ascii_digit() || b".Zz+-: \t".contains(&b))
                })
        }
    }
}

struct Writer<'o> {
    out: &'o mut String,
    style: Style,
    column: usize,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self) {
        if let Style::Value { indent } = self.style {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(indent));
            self.column = indent;
        }
    }

    fn may_fold(&self) -> bool {
        matches!(self.style, Style::Value { .. }) && self.column > BEST_WIDTH
    }

    /// Without quotes, or what stands between single ones.
    fn folded(&mut self, text: &str, is_quoted: bool) {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            let run = |accepts: fn(char) -> bool| chars[at..].iter().take_while(|&&c| accepts(c)).count();
            if c == ' ' {
                let spaces = run(|c| c == ' ');
                let is_edge = is_quoted && (at == 0 || at + spaces == chars.len());
                if spaces == 1 && !is_edge && self.may_fold() {
                    self.new_line();
                } else {
                    self.push(&" ".repeat(spaces));
                }
                at += spaces;
            } else if is_break(c) {
                let breaks = run(is_break);
                for c in &chars[at..at + breaks] {
                    self.out.push(*c);
                }
                // The last one brings the indentation.
                if let Style::Value { indent } = self.style {
                    self.out.push_str(&" ".repeat(indent));
                    self.column = indent;
                }
                at += breaks;
            } else {
                let word = run(|c| c != ' ' && !is_break(c));
                let word: String = chars[at..at + word].iter().collect();
                self.push(&word);
                at += word.chars().count();
            }
        }
    }

    fn double_quoted(&mut self, text: &str) {
        self.push("\"");
        let chars: Vec<char> = text.chars().collect();
        let (mut start, mut end) = (0, 0);
        while end <= chars.len() {
            let c = chars.get(end).copied();
            let is_escaped =
                c.is_none_or(|c| matches!(c, '"' | '\\' | '\u{10000}'..) || is_break(c) || !is_shown(c));
            if is_escaped {
                if start < end {
                    self.push(&chars[start..end].iter().collect::<String>());
                    start = end;
                }
                if let Some(c) = c {
                    self.push(&escape(c));
                    start = end + 1;
                }
            }
            let is_inside = 0 < end && end + 1 < chars.len();
            if is_inside
                && (c == Some(' ') || start >= end)
                && matches!(self.style, Style::Value { .. })
                && self.column + end.saturating_sub(start) > BEST_WIDTH
            {
                let piece: String = chars.get(start..end).unwrap_or_default().iter().collect();
                self.push(&(piece + "\\"));
                start = start.max(end);
                self.new_line();
                if chars.get(start) == Some(&' ') {
                    self.push("\\");
                }
            }
            end += 1;
        }
        self.push("\"");
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let mut out = String::new();
            match u32::from(c) {
                code @ ..=0xff => put(&mut out, format_args!("\\x{code:02X}")),
                code @ ..=0xffff => put(&mut out, format_args!("\\u{code:04X}")),
                code => put(&mut out, format_args!("\\U{code:08X}")),
            }
            return out;
        }
    };
    format!("\\{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text, Style::Value { indent: 2 });
        out
    }

    #[test]
    fn quotes_only_where_they_are_needed() {
        for plain in ["a", "arn:aws:iam::1:user/x", "yes", "a#b", "2026-1", "1.2.3", "é", "-a", "0x"] {
            assert_eq!(shown(plain), plain);
        }
        for quoted in [
            "",
            "1",
            "-1.5",
            "true",
            "null",
            "a: b",
            "a #b",
            "{a}",
            "2026-01-02",
            "2026-01-02T03:04:05Z",
            " a",
            "@a",
            "1e3",
            "0x1F",
        ] {
            assert_eq!(shown(quoted), format!("'{quoted}'"));
        }
        assert_eq!(shown("'a"), "\"'a\"");
        assert_eq!(shown("a\tb"), "\"a\\tb\"");
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
    }

    #[test]
    fn long_texts_are_folded_at_spaces() {
        let text = format!("{} b", "a".repeat(100));
        assert_eq!(shown(&text), format!("{}\n  b", "a".repeat(100)));
        assert_eq!(shown(&"a".repeat(300)), "a".repeat(300));
    }
}
