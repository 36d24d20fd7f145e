//! A command line to words, without a shell.

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
    pub(super) fn split(self, command: &str) -> Result<Vec<String>, &'static str> {
        match self {
            Self::Posix => posix(command),
            Self::Windows => windows(command),
        }
    }
}

const UNCLOSED: &str = "has a quote that is not closed";

fn posix(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => {
                let next = chars.next().ok_or("ends with a backslash")?;
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(UNCLOSED) } else { Ok(words) }
}

fn windows(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut backslashes = 0;
    for c in command.chars() {
        match c {
            '\\' => {
                backslashes += 1;
                continue;
            }
            '"' => {
                let word = word.get_or_insert_default();
                word.extend(std::iter::repeat_n('\\', backslashes / 2));
                if backslashes % 2 == 1 {
                    word.push('"');
                } else {
                    is_quoted = !is_quoted;
                }
                backslashes = 0;
                continue;
            }
            _ => {}
        }
        if backslashes > 0 {
            word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
            backslashes = 0;
        }
        if !is_quoted && matches!(c, ' ' | '\t') {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(c);
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    if is_quoted { Err(UNCLOSED) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(posix(command).unwrap(), words, "{command}");
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
            assert_eq!(windows(command).unwrap(), words, "{command}");
        }
        assert!(windows(r#"a "b\""#).is_err());
    }
}
