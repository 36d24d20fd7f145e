//! A command line to words, without a shell. The words may be secrets.

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::xml::push;

/// By whose rules a command line becomes words. No variable, wildcard, pipe or redirection means anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Splitting {
    /// Those of a POSIX shell: words between white space; `'…'` as it stands; `"…"` with `\"` and `\\`; elsewhere a
    /// backslash takes the next character as it stands.
    #[default]
    Posix,
    /// Those of Windows' C library: words between spaces and tabs; `"…"`; backslashes stand for themselves, unless a `"`
    /// follows: then two are one, and an odd one takes the quote as it stands.
    Windows,
}

impl Splitting {
    /// The words, the first of which is the program. None at all where there is nothing but white space.
    ///
    /// # Errors
    /// What is wrong; goes on from "the command".
    pub(super) fn split(self, command: &str) -> Result<Vec<Secret>, &'static str> {
        match self {
            Self::Posix => posix(command),
            Self::Windows => windows(command),
        }
    }
}

/// The words up to now, in memory that is wiped.
#[derive(Default)]
struct Words {
    whole: Vec<Secret>,
    /// The word that has begun, perhaps an empty one.
    open: Option<Zeroizing<String>>,
}

impl Words {
    fn begin(&mut self) {
        self.open.get_or_insert_default();
    }

    fn push(&mut self, c: char) {
        push(self.open.get_or_insert_default(), c.encode_utf8(&mut [0; 4]));
    }

    fn end(&mut self) {
        self.whole.extend(self.open.take().map(|mut word| Secret::from(std::mem::take(&mut *word))));
    }

    fn finish(mut self) -> Vec<Secret> {
        self.end();
        self.whole
    }
}

const UNCLOSED: &str = "has a quote that is not closed";

fn posix(command: &str) -> Result<Vec<Secret>, &'static str> {
    let mut words = Words::default();
    let mut quote = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_ascii_whitespace() => words.end(),
            (None, '\'' | '"') => {
                quote = Some(c);
                words.begin();
            }
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => {
                let next = chars.next().ok_or("ends with a backslash")?;
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    words.push('\\');
                }
                words.push(next);
            }
            (_, c) => words.push(c),
        }
    }
    if quote.is_some() { Err(UNCLOSED) } else { Ok(words.finish()) }
}

fn windows(command: &str) -> Result<Vec<Secret>, &'static str> {
    let mut words = Words::default();
    let mut is_quoted = false;
    let mut backslashes = 0;
    for c in command.chars() {
        match c {
            '\\' => {
                backslashes += 1;
                continue;
            }
            '"' => {
                words.begin();
                (0..backslashes / 2).for_each(|_| words.push('\\'));
                if backslashes % 2 == 1 {
                    words.push('"');
                } else {
                    is_quoted = !is_quoted;
                }
                backslashes = 0;
                continue;
            }
            _ => {}
        }
        (0..backslashes).for_each(|_| words.push('\\'));
        backslashes = 0;
        if !is_quoted && matches!(c, ' ' | '\t') {
            words.end();
        } else {
            words.push(c);
        }
    }
    (0..backslashes).for_each(|_| words.push('\\'));
    if is_quoted { Err(UNCLOSED) } else { Ok(words.finish()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(words: &[Secret]) -> Vec<&str> {
        words.iter().map(Secret::expose).collect()
    }

    #[test]
    fn posix_words() {
        for (command, words) in [
            ("a b\tc\n", &["a", "b", "c"][..]),
            (r#"'a b' "c d"e'f'"#, &["a b", "c def"]),
            (r#"a\ b \"c \\ '\' "\"\\\n$x""#, &["a b", "\"c", "\\", "\\", r#""\\n$x"#]),
            (r#"x '' """#, &["x", "", ""]),
            ("a | b > c; $(d) `e` *", &["a", "|", "b", ">", "c;", "$(d)", "`e`", "*"]),
            (" ", &[]),
        ] {
            assert_eq!(exposed(&posix(command).unwrap()), words, "{command}");
        }
        for command in ["'a", "\"a", "\"a\\\"", "a\\"] {
            assert!(posix(command).is_err(), "{command}");
        }
    }

    #[test]
    fn windows_words() {
        for (command, words) in [
            (r#""C:\Program Files\x.exe" --p C:\a\b\"#, &[r"C:\Program Files\x.exe", "--p", r"C:\a\b\"][..]),
            (r#"\\server\share "a b\\" c"#, &[r"\\server\share", r"a b\", "c"]),
            (r#"a\"b "a\\\"b" 'c d'"#, &[r#"a"b"#, r#"a\"b"#, "'c", "d'"]),
            (r#"x "" y"z w""#, &["x", "", "yz w"]),
            ("\t ", &[]),
        ] {
            assert_eq!(exposed(&windows(command).unwrap()), words, "{command}");
        }
        assert!(windows(r#"a "b\""#).is_err());
    }
}
