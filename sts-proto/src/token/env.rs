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
//! assert_eq!(text.as_ref(), b"export AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nexport AWS_SECRET_ACCESS_KEY='it'\\''s $ecret'\n");
//! # Ok::<(), sts_proto::Error>(())
//! ```

use zeroize::Zeroizing;

use super::json::{Value, object};
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
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

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and where there are such `AWS_SESSION_TOKEN` and
/// `AWS_CREDENTIAL_EXPIRATION`, each on a line of its own.
///
/// A variable of the credentials before stays as it was if these have none in its place: unset `AWS_SESSION_TOKEN` where
/// long-term credentials follow temporary ones.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a value cannot be quoted for that reader (`'` for dotenv files; curly quotation
/// marks for PowerShell; `"`, `%` and `!` for cmd.exe), or the expiration is outside of the years 0 to 9999. AWS's own
/// values can always be written.
pub fn write(credentials: &Credentials, format: EnvFormat) -> Result<Body, Error> {
    let expiration = credentials.expiration().map(timestamp::exact).transpose()?;
    let variables = [
        Some(("AWS_ACCESS_KEY_ID", credentials.access_key_id())),
        Some(("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().expose())),
        credentials.session_token().map(Secret::expose).map(|token| ("AWS_SESSION_TOKEN", token)),
        expiration.as_deref().map(|at| ("AWS_CREDENTIAL_EXPIRATION", at)),
    ];
    if format == EnvFormat::Json {
        let mut json = object(variables.map(|pair| pair.map(|(name, value)| (name, Value::Text(value)))));
        return Ok(Body::from(std::mem::take(&mut *json).into_bytes()));
    }
    // At worst each byte of a value becomes four, and a line has 64 more around it.
    let most: usize = variables.iter().flatten().map(|(_, value)| 4 * value.len() + 64).sum();
    let mut out = Zeroizing::new(String::with_capacity(most));
    for (name, value) in variables.into_iter().flatten() {
        line(&mut out, format, name, value)?;
    }
    Ok(Body::from(std::mem::take(&mut *out).into_bytes()))
}

fn line(
    out: &mut Zeroizing<String>,
    format: EnvFormat,
    name: &'static str,
    value: &str,
) -> Result<(), Error> {
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
                Err(Error::setting(name, rule))
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
        Ok(text.lines().last().unwrap().to_owned())
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
             export AWS_CREDENTIAL_EXPIRATION=2026-11-20T17:08:48Z\n"
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
