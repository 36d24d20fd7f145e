//! Credentials as environment variables, in the words of each shell.
//!
//! The texts are those of `aws configure export-credentials`. A value that a shell would read otherwise is quoted; one that
//! cannot be quoted is refused, never changed.
//!
//! AWS: [export-credentials](https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html).
//!
//! ```
//! use sts_proto::token::env::{self, EnvFormat};
//! use sts_proto::Credentials;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "it's $ecret")?;
//! let text = env::write(&credentials, EnvFormat::Sh)?;
//! let keys = b"export AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nexport AWS_SECRET_ACCESS_KEY='it'\\''s $ecret'\n";
//! assert!(text.as_ref().starts_with(keys));
//! # Ok::<(), sts_proto::Error>(())
//! ```

use zeroize::Zeroizing;

use super::json::{Value, object};
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Rule, Violation};
use crate::timestamp;

/// Who is to read the variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EnvFormat {
    /// `export X=v`: sh, bash, zsh. The CLI's `env`.
    Sh,
    /// `X=v`: dotenv files, `docker --env-file` where nothing is quoted. The CLI's `env-no-export`.
    Dotenv,
    /// `set -gx X v`: fish. The CLI's `fish`.
    Fish,
    /// `$Env:X="v"`: PowerShell. The CLI's `powershell`.
    PowerShell,
    /// `set X=v`: cmd.exe. The CLI's `windows-cmd`.
    Cmd,
    /// One JSON object.
    Json,
}

/// Variables that lead an AWS SDK or tool to other credentials than new keys in its environment.
///
/// Some are read together with the keys (`AWS_SECURITY_TOKEN`, which botocore reads before `AWS_SESSION_TOKEN`), some
/// choose a profile (the SDK for JavaScript then ignores the keys), and some name a source that an SDK asks before the keys
/// (the SDK for .NET 3 asks for a web identity first) or after them. [`changes`] removes those that it does not set. Names that begin
/// with `AWS_BEARER_TOKEN_` are not listed, for there is one for each service: remove them too.
pub const FOREIGN_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CREDENTIAL_FILE",
];

/// Writes the credentials as variables: the text of their [`changes`].
///
/// Dotenv files and JSON cannot remove a variable: load them into an environment without [`FOREIGN_VARIABLES`].
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): as for [`changes`] and [`write_changes`]. AWS's own values can
/// always be written.
pub fn write(credentials: &Credentials, format: EnvFormat) -> Result<Body, Error> {
    let changes = changes(credentials)?;
    let borrowed: Vec<_> =
        changes.iter().map(|(name, value)| (*name, value.as_ref().map(Secret::expose))).collect();
    write_changes(&borrowed, format)
}

/// Returns the changes of an environment that make these credentials the ones of its programs.
///
/// Set are `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and if the credentials have them `AWS_SESSION_TOKEN`,
/// `AWS_CREDENTIAL_EXPIRATION` and `AWS_ACCOUNT_ID`. The other [`FOREIGN_VARIABLES`] are removed (`None`).
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the expiration is outside of the years 0 to 9999.
pub fn changes(credentials: &Credentials) -> Result<Vec<(&'static str, Option<Secret>)>, Error> {
    let expiration = credentials.expiration().map(timestamp::exact).transpose()?;
    let set = [
        Some(("AWS_ACCESS_KEY_ID", Secret::from(credentials.access_key_id()))),
        Some(("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().clone())),
        credentials.session_token().map(|token| ("AWS_SESSION_TOKEN", token.clone())),
        expiration.map(|at| ("AWS_CREDENTIAL_EXPIRATION", Secret::from(at))),
        credentials.account_id().map(|account| ("AWS_ACCOUNT_ID", Secret::from(account))),
    ];
    let mut changes: Vec<_> = set.into_iter().flatten().map(|(name, value)| (name, Some(value))).collect();
    for &name in FOREIGN_VARIABLES {
        if changes.iter().all(|(known, _)| *known != name) {
            changes.push((name, None));
        }
    }
    Ok(changes)
}

/// Writes changes of an environment: each variable with its value, or `None` to remove the variable.
///
/// Values come first, in the given order, each on a line of its own. Dotenv files and JSON cannot remove a variable: removals
/// are left out there.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a name has other characters than ASCII letters, digits and
/// `_`, or a value cannot be quoted for that reader (control characters for all but JSON; `'` for dotenv files; curly
/// quotation marks for PowerShell; `"`, `%` and `!` for cmd.exe).
pub fn write_changes(changes: &[(&str, Option<&str>)], format: EnvFormat) -> Result<Body, Error> {
    for (name, _) in changes {
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.bytes().all(is_name_byte)
        {
            return Err(Error::setting("Variable", "must have a name of ASCII letters, digits and `_`"));
        }
    }
    let values = changes.iter().filter_map(|&(name, value)| Some((name, value?)));
    if format == EnvFormat::Json {
        let mut json =
            object(values.map(|(name, value)| Some((name, Value::Text(value)))).collect::<Vec<_>>());
        return Ok(Body::from(std::mem::take(&mut *json).into_bytes()));
    }
    // In the worst case each byte of a value becomes four, and a line has 64 more around its name and value.
    let most: usize =
        changes.iter().map(|(name, value)| name.len() + 4 * value.unwrap_or_default().len() + 64).sum();
    let mut out = Zeroizing::new(String::with_capacity(most));
    for (name, value) in values {
        line(&mut out, format, name, value)?;
    }
    let removed: Vec<_> =
        changes.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    remove(&mut out, format, &removed);
    Ok(Body::from(std::mem::take(&mut *out).into_bytes()))
}

/// Removes the variables, in one line where the reader takes several names.
fn remove(out: &mut Zeroizing<String>, format: EnvFormat, names: &[&str]) {
    if format == EnvFormat::Sh && !names.is_empty() {
        out.push_str("unset");
        names.iter().for_each(|name| out.extend([" ", name]));
        out.push('\n');
    }
    for name in names {
        match format {
            EnvFormat::Fish => out.extend(["set -eg ", name, "\n"]),
            EnvFormat::PowerShell => out.extend(["$Env:", name, "=$null\n"]),
            EnvFormat::Cmd => out.extend(["set ", name, "=\n"]),
            EnvFormat::Sh | EnvFormat::Dotenv | EnvFormat::Json => {}
        }
    }
}

fn line(out: &mut Zeroizing<String>, format: EnvFormat, name: &str, value: &str) -> Result<(), Error> {
    // What no shell of these sees anything in, wherever in a word it stands but at the beginning.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_/+=.:@-".contains(c);
    let plain = !value.is_empty() && value.chars().all(is_plain);
    let refuse =
        |bad: fn(char) -> bool, reader: &str| match value.chars().position(|c| bad(c) || c.is_control()) {
            Some(position) => {
                let length = value.chars().count();
                let rule = format!(
                    "cannot be written for {reader}: character {position} of {length} cannot be quoted"
                );
                Err(Error::invalid_input(vec![Violation::new(name.to_owned(), Rule::Setting(rule.into()))]))
            }
            None => Ok(()),
        };
    match format {
        EnvFormat::Sh => {
            refuse(|_| false, "a shell")?;
            out.extend(["export ", name, "="]);
            quoted(out, plain, value, '\'', |c| if c == '\'' { Some("'\\''") } else { None });
        }
        EnvFormat::Dotenv => {
            refuse(|c| c == '\'', "a dotenv file")?;
            out.extend([name, "="]);
            quoted(out, plain, value, '\'', |_| None);
        }
        EnvFormat::Fish => {
            refuse(|_| false, "fish")?;
            out.extend(["set -gx ", name, " "]);
            quoted(out, plain, value, '\'', |c| match c {
                '\'' => Some("\\'"),
                '\\' => Some("\\\\"),
                _ => None,
            });
        }
        EnvFormat::PowerShell => {
            // PowerShell takes curly quotation marks for straight ones.
            refuse(|c| matches!(c, '\u{2018}'..='\u{201b}' | '\u{201c}'..='\u{201e}'), "PowerShell")?;
            out.extend(["$Env:", name, "="]);
            quoted(out, false, value, '"', |c| match c {
                '"' => Some("`\""),
                '$' => Some("`$"),
                '`' => Some("``"),
                _ => None,
            });
        }
        EnvFormat::Cmd => {
            refuse(|c| matches!(c, '"' | '%' | '!'), "cmd.exe")?;
            // The quotation marks are no part of the value where they stand around the whole assignment.
            let mark = if plain { "" } else { "\"" };
            out.extend(["set ", mark, name, "=", value, mark]);
        }
        EnvFormat::Json => {}
    }
    out.push('\n');
    Ok(())
}

/// The value between quotation marks, unless it is plain.
fn quoted(
    out: &mut Zeroizing<String>,
    plain: bool,
    value: &str,
    mark: char,
    escape: fn(char) -> Option<&'static str>,
) {
    if plain {
        return out.push_str(value);
    }
    out.push(mark);
    for c in value.chars() {
        match escape(c) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out.push(mark);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [EnvFormat; 6] = [
        EnvFormat::Sh,
        EnvFormat::Dotenv,
        EnvFormat::Fish,
        EnvFormat::PowerShell,
        EnvFormat::Cmd,
        EnvFormat::Json,
    ];

    fn written(secret: &str, format: EnvFormat) -> Result<String, Error> {
        let text = write(&Credentials::new("AKID", secret).unwrap(), format)?;
        let text = String::from_utf8(text.into_vec()).unwrap();
        Ok(text.lines().find(|line| line.contains("SECRET_ACCESS_KEY")).unwrap().to_owned())
    }

    #[test]
    fn ordinary_credentials_are_written_as_the_cli_does() {
        let at = time::OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
        let credentials = Credentials::new("ASIA", "a/b+c").unwrap().with_session_token("t/+==").unwrap();
        let text = |format| {
            let body = write(&credentials.clone().with_expiration(at), format).unwrap();
            String::from_utf8(body.into_vec()).unwrap()
        };
        let mut texts = ALL.map(text).into_iter();
        let mut next = || texts.next().unwrap();
        assert_eq!(
            next(),
            "export AWS_ACCESS_KEY_ID=ASIA\nexport AWS_SECRET_ACCESS_KEY=a/b+c\nexport AWS_SESSION_TOKEN=t/+==\n\
             export AWS_CREDENTIAL_EXPIRATION=2026-11-20T17:08:48Z\n\
             unset AWS_ACCESS_KEY AWS_SECRET_KEY AWS_SECURITY_TOKEN AWS_ACCOUNT_ID AWS_PROFILE AWS_DEFAULT_PROFILE \
             AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI \
             AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN \
             AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_CREDENTIAL_FILE\n"
        );
        assert_eq!(next().lines().nth(2), Some("AWS_SESSION_TOKEN=t/+=="));
        assert_eq!(next().lines().nth(2), Some("set -gx AWS_SESSION_TOKEN t/+=="));
        assert_eq!(next().lines().nth(2), Some("$Env:AWS_SESSION_TOKEN=\"t/+==\""));
        assert_eq!(next().lines().nth(2), Some("set AWS_SESSION_TOKEN=t/+=="));
        assert!(
            next().starts_with("{\"AWS_ACCESS_KEY_ID\": \"ASIA\", \"AWS_SECRET_ACCESS_KEY\": \"a/b+c\", ")
        );
    }

    #[test]
    fn long_term_keys_remove_the_token_of_earlier_credentials() {
        let credentials = Credentials::new("AKID", "s").unwrap();
        for (format, line) in [
            (EnvFormat::Sh, " AWS_SESSION_TOKEN "),
            (EnvFormat::Fish, "\nset -eg AWS_SESSION_TOKEN\n"),
            (EnvFormat::PowerShell, "\n$Env:AWS_SESSION_TOKEN=$null\n"),
            (EnvFormat::Cmd, "\nset AWS_SESSION_TOKEN=\n"),
        ] {
            let text = write(&credentials, format).unwrap();
            let text = std::str::from_utf8(text.as_ref()).unwrap();
            assert!(text.contains(line), "{format:?}: {text}");
            // What the text sets it does not remove.
            assert_eq!(text.matches("AWS_ACCESS_KEY_ID").count(), 1, "{format:?}: {text}");
        }
        for format in [EnvFormat::Dotenv, EnvFormat::Json] {
            let text = write(&credentials, format).unwrap();
            assert!(!std::str::from_utf8(text.as_ref()).unwrap().contains("TOKEN"), "{format:?}");
        }
    }

    #[test]
    fn names_that_a_shell_would_read_are_refused() {
        for name in ["", "A B", "A;b", "A=b", "1A", "É"] {
            for format in ALL {
                assert!(write_changes(&[(name, None)], format).is_err(), "{name} {format:?}");
            }
        }
    }

    #[test]
    fn what_a_shell_would_read_is_quoted_or_refused() {
        for (format, secret, expected) in [
            (EnvFormat::Sh, "a'b`$(c)\\ \"", Some("export AWS_SECRET_ACCESS_KEY='a'\\''b`$(c)\\ \"'")),
            (EnvFormat::Sh, "~/é", Some("export AWS_SECRET_ACCESS_KEY='~/é'")),
            (EnvFormat::Dotenv, "a#b $c", Some("AWS_SECRET_ACCESS_KEY='a#b $c'")),
            (EnvFormat::Dotenv, "a'b", None),
            (EnvFormat::Fish, "a'b\\$c(d)", Some("set -gx AWS_SECRET_ACCESS_KEY 'a\\'b\\\\$c(d)'")),
            (EnvFormat::PowerShell, "a\"b$c`d'", Some("$Env:AWS_SECRET_ACCESS_KEY=\"a`\"b`$c``d'\"")),
            (EnvFormat::PowerShell, "a\u{201d}b", None),
            (EnvFormat::Cmd, "a&b|c>d^e", Some("set \"AWS_SECRET_ACCESS_KEY=a&b|c>d^e\"")),
            (EnvFormat::Cmd, "a%b", None),
            (EnvFormat::Cmd, "a!b", None),
            (EnvFormat::Cmd, "a\"b", None),
            (
                EnvFormat::Json,
                "a\"b\\",
                Some("{\"AWS_ACCESS_KEY_ID\": \"AKID\", \"AWS_SECRET_ACCESS_KEY\": \"a\\\"b\\\\\"}"),
            ),
        ] {
            match (written(secret, format), expected) {
                (Ok(line), Some(expected)) => assert_eq!(line, expected),
                (Err(error), None) => {
                    let error = error.to_string();
                    assert!(error.contains("`AWS_SECRET_ACCESS_KEY`") && error.contains("1 of 3"), "{error}");
                }
                (outcome, _) => panic!("{format:?} {secret}: {outcome:?}"),
            }
        }
    }
}
