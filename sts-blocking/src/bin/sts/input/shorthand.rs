//! The AWS CLI's shorthand for structures: `Key=a,Value=b`, lists `a=[b,c]`, structures in structures `a={b=c}`, quotes,
//! `\,` for a comma, and `key@=file://PATH`.
//!
//! AWS: [shorthand syntax](https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html). It accepts and
//! refuses what the AWS CLI's parser does, oddities and all, and says the same.

use serde_json::{Map, Value};
use sts_proto::escape_controls;

use super::{file, parse_failure};
use crate::failure::Failure;

/// The deepest nesting; STS's parameters go one deep.
const MAX_DEPTH: usize = 16;

/// Parses the shorthand that was given for an option.
pub(super) fn parse(text: &str, option: &str, is_sensitive: bool) -> Result<Value, Failure> {
    let chars = text.chars().collect();
    let mut parser = Parser { chars, at: 0, depth: 0, reads_files: false, option, is_sensitive };
    parser.parameter().map_err(|stop| match stop {
        Stop::Failure(failure) => failure,
        Stop::Syntax { expected, received, at } => {
            let sentence = format!("Expected: '{expected}', received: '{received}' for input:");
            parser.place(at).complete(option, sentence)
        }
        Stop::Twice { key, at } => {
            let sentence = format!("Second instance of key \"{key}\" encountered for input:");
            parser
                .place(at)
                .complete(option, sentence)
                .line("This is often because there is a preceding \",\" instead of a space.")
        }
    })
}

/// Why parsing went no further.
enum Stop {
    Syntax { expected: String, received: String, at: usize },
    Twice { key: String, at: usize },
    Failure(Failure),
}

struct Parser<'o> {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    /// Whether the value stands behind `@=`.
    reads_files: bool,
    option: &'o str,
    is_sensitive: bool,
}

impl Parser<'_> {
    fn parameter(&mut self) -> Result<Value, Stop> {
        let mut members = Map::new();
        let (key, value) = self.pair()?;
        members.insert(key, value);
        let mut last = self.at;
        while self.at < self.chars.len() {
            self.expect_loosely(',')?;
            let (key, value) = self.pair()?;
            if members.contains_key(&key) {
                return Err(Stop::Twice { key, at: last + 1 });
            }
            members.insert(key, value);
            last = self.at;
        }
        Ok(Value::Object(members))
    }

    fn pair(&mut self) -> Result<(String, Value), Stop> {
        let key = self.key_and_sign()?;
        let value = match self.current() {
            None => Value::from(""),
            Some('[') => self.list()?,
            Some('{') => self.structure()?,
            Some(_) => self.values()?,
        };
        Ok((key, value))
    }

    /// A key and `=` or `@=`.
    fn key_and_sign(&mut self) -> Result<String, Stop> {
        let start = self.at;
        while self.current().is_some_and(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c)) {
            self.at += 1;
        }
        let key = self.slice(start, self.at);
        self.reads_files = self.expect_loosely('@').is_ok();
        self.expect_loosely('=')?;
        Ok(key)
    }

    /// One value, or several with commas between them. A comma before what turns out to be a key ends them.
    fn values(&mut self) -> Result<Value, Stop> {
        let first = self.first_value()?;
        self.skip_space();
        if self.current() != Some(',') {
            return Ok(first);
        }
        self.expect_loosely(',')?;
        let mut list = vec![first];
        loop {
            match self.next_of_values() {
                Ok((value, is_last)) => {
                    list.push(value);
                    if is_last {
                        break;
                    }
                }
                Err(stop @ Stop::Failure(_)) => return Err(stop),
                Err(stop) if self.at >= self.chars.len() => return Err(stop),
                Err(_) => {
                    while self.at > 0 && self.current() != Some(',') {
                        self.at -= 1;
                    }
                    break;
                }
            }
        }
        match (list.len(), list.pop()) {
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                list.push(last);
                Ok(Value::Array(list))
            }
            (_, None) => Ok(Value::Array(list)),
        }
    }

    fn next_of_values(&mut self) -> Result<(Value, bool), Stop> {
        let value = match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => self.bare(follows_in_list).ok_or_else(|| self.unexpected("<second>", "<none>"))?,
        };
        let value = self.resolve(value)?;
        self.skip_space();
        if self.at >= self.chars.len() {
            return Ok((value, true));
        }
        self.expect_loosely(',')?;
        Ok((value, false))
    }

    fn list(&mut self) -> Result<Value, Stop> {
        self.expect_loosely('[')?;
        self.descend()?;
        let mut items = Vec::new();
        while self.current() != Some(']') {
            items.push(self.inner_value()?);
            self.comma_unless(']')?;
        }
        self.expect(']')?;
        self.depth -= 1;
        Ok(Value::Array(items))
    }

    fn structure(&mut self) -> Result<Value, Stop> {
        self.expect_loosely('{')?;
        self.descend()?;
        let mut members = Map::new();
        while self.current() != Some('}') {
            let key = self.key_and_sign()?;
            let value = self.inner_value()?;
            self.comma_unless('}')?;
            members.insert(key, value);
        }
        self.expect('}')?;
        self.depth -= 1;
        Ok(Value::Object(members))
    }

    fn inner_value(&mut self) -> Result<Value, Stop> {
        match self.current() {
            Some('[') => self.list(),
            Some('{') => self.structure(),
            _ => self.first_value(),
        }
    }

    fn comma_unless(&mut self, end: char) -> Result<(), Stop> {
        self.skip_space();
        if self.current() != Some(end) {
            self.expect(',')?;
            self.skip_space();
        }
        Ok(())
    }

    fn descend(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let sentence = format!("Shorthand nests deeper than {MAX_DEPTH}");
            return Err(Stop::Failure(parse_failure(self.option, sentence)));
        }
        Ok(())
    }

    fn first_value(&mut self) -> Result<Value, Stop> {
        let value = match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => match self.bare(follows_first) {
                Some(value) => value,
                None => return Ok(Value::from("")),
            },
        };
        self.resolve(value)
    }

    /// A value without quotes.
    fn bare(&mut self, follows: fn(char) -> bool) -> Option<String> {
        let start = self.at;
        let mut accepts: fn(char) -> bool = starts;
        let mut out = String::new();
        while let Some(c) = self.current() {
            if c == '\\' && self.chars.get(self.at + 1) == Some(&',') {
                out.push(',');
                self.at += 2;
            } else if accepts(c) {
                out.push(c);
                self.at += 1;
            } else {
                break;
            }
            accepts = follows;
        }
        (self.at > start).then(|| out.trim_end().to_owned())
    }

    fn quoted(&mut self, quote: char) -> Result<String, Stop> {
        let start = self.at + 1;
        let mut end = None;
        let mut at = start;
        while let Some(&c) = self.chars.get(at) {
            if c == '\\' && self.chars.get(at + 1) == Some(&quote) {
                // Should there be no other quote, this one is the end, and the backslash an ordinary character.
                end = Some(at + 1);
                at += 2;
            } else if c == quote {
                end = Some(at);
                break;
            } else {
                at += 1;
            }
        }
        let kind = if quote == '"' { "<double quoted>" } else { "<singled quoted>" };
        let end = end.ok_or_else(|| self.unexpected(kind, "<none>"))?;
        self.at = end + 1;
        Ok(self.slice(start, end).replace(&format!("\\{quote}"), &quote.to_string()).replace("\\\\", "\\"))
    }

    fn resolve(&self, value: String) -> Result<Value, Stop> {
        if !self.reads_files {
            return Ok(value.into());
        }
        let loaded = file::load(&value, self.option, false).map_err(Stop::Failure)?;
        Ok(loaded.unwrap_or(value).into())
    }

    fn expect(&mut self, c: char) -> Result<(), Stop> {
        match self.current() {
            Some(current) if current == c => {
                self.at += 1;
                Ok(())
            }
            Some(current) => Err(self.unexpected(&c.to_string(), &current.to_string())),
            None => Err(self.unexpected(&c.to_string(), "EOF")),
        }
    }

    /// With white space before and after it.
    fn expect_loosely(&mut self, c: char) -> Result<(), Stop> {
        self.skip_space();
        self.expect(c)?;
        self.skip_space();
        Ok(())
    }

    fn unexpected(&self, expected: &str, received: &str) -> Stop {
        Stop::Syntax { expected: expected.to_owned(), received: received.to_owned(), at: self.at }
    }

    fn skip_space(&mut self) {
        while self.current().is_some_and(|c| matches!(c, ' ' | '\t'..='\r')) {
            self.at += 1;
        }
    }

    fn current(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> String {
        self.chars.get(start..end).unwrap_or_default().iter().collect()
    }

    /// The place in the input, unless there may be a secret in it.
    fn place(&self, at: usize) -> Place {
        if self.is_sensitive {
            return Place::Hidden(format!(" [{} characters], at character {}", self.chars.len(), at + 1));
        }
        let before = escape_controls(self.slice(0, at.min(self.chars.len()))).chars().count();
        Place::Shown { input: self.slice(0, self.chars.len()), mark: format!("{}^", " ".repeat(before)) }
    }
}

/// Where in the input something is wrong.
enum Place {
    /// The words for it, which go on from the sentence.
    Hidden(String),
    /// The input, which becomes one line, and the line with a mark below the place.
    Shown { input: String, mark: String },
}

impl Place {
    fn complete(self, option: &str, sentence: String) -> Failure {
        match self {
            Self::Hidden(words) => parse_failure(option, sentence + &words),
            Self::Shown { input, mark } => parse_failure(option, sentence).line(&input).line(&mark),
        }
    }
}

/// The AWS CLI's classes end with the basic plane.
fn is_basic(c: char) -> bool {
    c <= '\u{ffff}'
}

fn starts(c: char) -> bool {
    c > ' ' && is_basic(c) && !matches!(c, '"' | '\'' | ',' | '=' | '[' | '{')
}

fn follows_first(c: char) -> bool {
    c.is_whitespace() || c > ' ' && is_basic(c) && !matches!(c, '"' | '\'' | ',' | ']' | '}')
}

fn follows_in_list(c: char) -> bool {
    c.is_whitespace() || c > ' ' && is_basic(c) && !matches!(c, '"' | '\'' | ',' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Value {
        parse(text, "x", false).unwrap()
    }

    fn refused(text: &str) -> String {
        parse(text, "x", false).unwrap_err().text().to_owned()
    }

    #[test]
    fn what_stands_in_the_manual() {
        for (text, value) in [
            ("Key=a,Value=b", json!({"Key": "a", "Value": "b"})),
            ("a=b,c,d=e", json!({"a": ["b", "c"], "d": "e"})),
            ("a=[b,'c d']", json!({"a": ["b", "c d"]})),
            ("a={b=c,d=[e,{f=g}]}", json!({"a": {"b": "c", "d": ["e", {"f": "g"}]}})),
            ("a=", json!({"a": ""})),
            ("a=,b=c", json!({"a": "", "b": "c"})),
            (r"a=b\,c", json!({"a": "b,c"})),
            (r#"a="b,c=d""#, json!({"a": "b,c=d"})),
            (r"a='it\'s'", json!({"a": "it's"})),
            (r"a='x\'", json!({"a": "x\\"})),
            ("a = b c , d = e", json!({"a": "b c", "d": "e"})),
            ("a=b=c", json!({"a": "b=c"})),
            ("a=Schlüssel", json!({"a": "Schlüssel"})),
        ] {
            assert_eq!(parsed(text), value, "{text}");
        }
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        assert_eq!(
            refused("a"),
            "Error parsing parameter '--x': Expected: '=', received: 'EOF' for input:\na\n ^"
        );
        assert_eq!(
            refused("Key=a,Value=b,Key=c"),
            "Error parsing parameter '--x': Second instance of key \"Key\" encountered for input:\n\
             Key=a,Value=b,Key=c\n              ^\nThis is often because there is a preceding \",\" instead of a space."
        );
        for text in ["", "a={", "a=[b", "a='b", "a=b]", "a={b}", "a=\u{1f600}"] {
            assert!(parse(text, "x", false).is_err(), "{text}");
        }
        assert!(refused(&format!("a={}", "[".repeat(100_000))).contains("deeper"));
    }
}
