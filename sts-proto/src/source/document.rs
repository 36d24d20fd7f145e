//! The documents in which AWS's services and tools hand out credentials: the same members under different names.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::json::{Fault, Json};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::reply;
use crate::timestamp;

/// How the members are named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) access_key_id: &'static str,
    pub(super) secret_access_key: &'static str,
    pub(super) token: &'static str,
    pub(super) expiration: &'static str,
    pub(super) account_id: &'static str,
    /// Whether credentials without a session token and an expiration are refused.
    pub(super) are_temporary: bool,
}

/// What instances and containers get.
pub(super) const METADATA: Names = Names {
    access_key_id: "AccessKeyId",
    secret_access_key: "SecretAccessKey",
    token: "Token",
    expiration: "Expiration",
    account_id: "AccountId",
    are_temporary: true,
};

/// The credentials in a document, with the source's name.
pub(super) fn credentials(json: &Json, names: &Names, source: &'static str) -> Result<Credentials, Error> {
    let fault = |name: &str, fault: Fault| wrong(source, format!("`{name}` {fault}"));
    let required = |name: &'static str| json.required(name).map_err(|f| fault(name, f));
    let optional = |name: &'static str| json.text(name).map_err(|f| fault(name, f));
    let id = required(names.access_key_id)?.expose();
    // What a service or a command gives is no input of the caller's, and may be good the next time.
    let mut credentials = Credentials::new(id, required(names.secret_access_key)?)
        .map_err(|error| {
            let words = format!("`{}` or `{}` cannot be used", names.access_key_id, names.secret_access_key);
            wrong(source, words).caused_by(error)
        })?
        .with_source(source);
    let token = if names.are_temporary { Some(required(names.token)?) } else { optional(names.token)? };
    if let Some(token) = token {
        credentials = credentials
            .with_session_token(token)
            .map_err(|error| wrong(source, format!("`{}` cannot be used", names.token)).caused_by(error))?;
    }
    match json.get(names.expiration).map_err(|f| fault(names.expiration, f))? {
        Some(value) => {
            let words = "is no time as in RFC 3339, nor in milliseconds since 1970";
            let at =
                time_of(value).ok_or_else(|| wrong(source, format!("`{}` {words}", names.expiration)))?;
            credentials = credentials.with_expiration(at);
        }
        None if names.are_temporary => return Err(fault(names.expiration, Fault::Missing)),
        None => {}
    }
    if let Some(account_id) = optional(names.account_id)? {
        credentials = credentials.with_account_id(account_id.expose());
    }
    Ok(credentials)
}

fn wrong(source: &'static str, words: impl Into<Cow<'static, str>>) -> Error {
    Error::credentials(source, format!("in the answer, {}", words.into()))
}

/// A time in RFC 3339, or in milliseconds since 1970.
fn time_of(value: &Json) -> Option<OffsetDateTime> {
    let at = match value {
        Json::Text(text) => timestamp::parse(text.expose())?,
        Json::Integer(milliseconds) => {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(*milliseconds) * 1_000_000).ok()?
        }
        _ => return None,
    };
    reply::expiration(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, names: &Names) -> Result<Credentials, Error> {
        credentials(&Json::read(text.as_bytes()).unwrap(), names, "test")
    }

    const WHOLE: &str = r#"{"AccessKeyId":"AKID","SecretAccessKey":"sEcReT","Token":"t","Expiration":
        "2009-02-13T23:31:30Z","AccountId":"123456789012"}"#;

    #[test]
    fn every_member_is_read() {
        let found = read(WHOLE, &METADATA).unwrap();
        assert_eq!((found.access_key_id(), found.secret_access_key().expose()), ("AKID", "sEcReT"));
        assert_eq!(found.session_token().unwrap().expose(), "t");
        assert_eq!(found.expiration().unwrap().unix_timestamp(), 1_234_567_890);
        assert_eq!((found.account_id(), found.source()), (Some("123456789012"), Some("test")));
        let milliseconds = WHOLE.replace("\"2009-02-13T23:31:30Z\"", "1234567890000");
        assert_eq!(read(&milliseconds, &METADATA).unwrap(), found);
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_shown() {
        let long_term = Names { are_temporary: false, ..METADATA };
        for name in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
            let text = WHOLE.replace(&format!("\"{name}\""), "\"Other\"");
            let error = read(&text, &METADATA).unwrap_err();
            assert!(error.to_string().ends_with(&format!("in the answer, `{name}` is missing")), "{error}");
            assert!(!format!("{error:?}").contains("sEcReT"), "{error:?}");
            assert_eq!(read(&text, &long_term).is_ok(), matches!(name, "Token" | "Expiration"), "{name}");
        }
        for (from, to) in [
            ("\"AKID\"", "7"),
            ("\"AKID\"", "\"A/B\""),
            ("2009-02-13T23:31:30Z", "tomorrow"),
            ("2009-", "1009-"),
            ("\"2009-02-13T23:31:30Z\"", "9223372036854775807"),
            ("\"2009-02-13T23:31:30Z\"", "[]"),
            ("\"AccountId\"", "\"token\""),
            ("sEcReT", "sEcReT\\n"),
            ("\"t\"", "\"sEcReT t\""),
        ] {
            let error = read(&WHOLE.replace(from, to), &METADATA).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Credentials, "{error}");
            assert!(!format!("{error} {error:?}").contains("sEcReT"), "{error:?}");
        }
    }
}
