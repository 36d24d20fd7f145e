//! What a `credential_process` prints: written for programs that are one, read by those that run one.
//!
//! AWS: [process credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
//!
//! ```
//! use sts_proto::token::process;
//! use sts_proto::Credentials;
//!
//! let credentials = Credentials::new("ASIAEXAMPLE", "secret")?.with_session_token("token")?;
//! let json = process::write(&credentials)?;
//! assert_eq!(
//!     json.as_ref(),
//!     br#"{"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token"}"#
//! );
//! assert_eq!(process::read(json.as_ref())?, credentials);
//! # Ok::<(), sts_proto::Error>(())
//! ```

use super::json::{Value, object};
use crate::body::Body;
use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::source::json::{Fault, Json};
use crate::timestamp;

/// The largest output that is read, in bytes. A session token has at most a few thousand.
pub const MAX_OUTPUT_BYTES: usize = 64 * 1024;

/// The one version of the contract.
const VERSION: u32 = 1;

/// The setting that errors name.
const SETTING: &str = "credential_process";

/// The credentials as JSON in one line, version 1 of the contract. What they have not is left out; without `Expiration` a
/// program never asks again.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the credentials expire outside of the years 0 to 9999.
pub fn write(credentials: &Credentials) -> Result<Body, Error> {
    let expiration = credentials.expiration().map(timestamp::exact).transpose()?;
    let token = credentials.session_token().map(Secret::expose);
    let mut json = object([
        Some(("Version", Value::Number(VERSION))),
        Some(("AccessKeyId", Value::Text(credentials.access_key_id()))),
        Some(("SecretAccessKey", Value::Text(credentials.secret_access_key().expose()))),
        token.map(|token| ("SessionToken", Value::Text(token))),
        expiration.as_deref().map(|at| ("Expiration", Value::Text(at))),
        credentials.account_id().map(|id| ("AccountId", Value::Text(id))),
    ]);
    Ok(Body::from(std::mem::take(&mut *json).into_bytes()))
}

/// Reads the output of a `credential_process`. Names are compared without regard to case, as AWS's SDK for Rust does;
/// unknown ones are passed over. Whether the credentials have expired is the caller's to judge.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the output has more than [`MAX_OUTPUT_BYTES`] or is no JSON object; its version is
/// not the number 1; a key is missing, no text, or cannot be what it should be; a name stands there twice; or the
/// expiration is not as in RFC 3339. The error never holds a piece of the output.
pub fn read(output: &[u8]) -> Result<Credentials, Error> {
    let refused = |rule: &'static str| Error::setting(SETTING, rule);
    if output.len() > MAX_OUTPUT_BYTES {
        return Err(Error::setting(
            SETTING,
            format!("printed {} bytes, and at most {MAX_OUTPUT_BYTES} are read", output.len()),
        ));
    }
    let json = Json::read(output).map_err(|_| refused("printed something that is not JSON"))?;
    if !matches!(json, Json::Object(_)) {
        return Err(refused("printed JSON that is not an object"));
    }
    match json.get("Version") {
        Ok(Some(Json::Integer(version))) if *version == i64::from(VERSION) => {}
        Err(fault) => return Err(unusable("Version", fault)),
        _ => return Err(refused("printed no `Version` that is the number 1")),
    }
    // `null` and an empty text count as none.
    let text = |name| json.text(name).map_err(|fault| unusable(name, fault));
    let required = |name| text(name)?.ok_or_else(|| unusable(name, Fault::Missing));
    let id = required("AccessKeyId")?;
    let mut credentials = Credentials::new(id.expose(), required("SecretAccessKey")?)?;
    if let Some(token) = text("SessionToken")? {
        credentials = credentials.with_session_token(token)?;
    }
    if let Some(at) = text("Expiration")? {
        let at = timestamp::parse_expiration(at.expose());
        let at = at.ok_or_else(|| {
            refused("printed an `Expiration` that is no time as in RFC 3339, from the year 2000 to 9999")
        })?;
        credentials = credentials.with_expiration(at);
    }
    if let Some(id) = text("AccountId")? {
        credentials = credentials.with_account_id(id.expose());
    }
    Ok(credentials)
}

fn unusable(name: &str, fault: Fault) -> Error {
    let rule = match fault {
        Fault::Missing => format!("printed no `{name}`"),
        Fault::Twice => format!("printed `{name}` twice"),
        Fault::NoText => format!("printed a `{name}` that is no text"),
    };
    Error::setting(SETTING, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let at = time::OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
        let bare = Credentials::new("AKID", "se\"cr\\et/é").unwrap();
        let whole =
            bare.clone().with_session_token("t").unwrap().with_expiration(at).with_account_id("123456789012");
        for credentials in [bare, whole] {
            assert_eq!(read(write(&credentials).unwrap().as_ref()).unwrap(), credentials);
        }
    }

    #[test]
    fn names_in_any_letters() {
        let output =
            br#" {"version":1,"ACCESSKEYID":"AKID","secretAccessKey":"s","sessiontoken":"","Expiration":null,
            "accountid":"1","More":{"a":[]}} "#;
        let credentials = read(output).unwrap();
        assert_eq!((credentials.access_key_id(), credentials.account_id()), ("AKID", Some("1")));
        assert!(credentials.session_token().is_none() && credentials.expiration().is_none());
    }

    #[test]
    fn what_is_refused_and_how() {
        let long = format!("{{\"Version\": 1, \"x\": \"{}\"}}", "x".repeat(MAX_OUTPUT_BYTES));
        let deep = "[".repeat(10_000);
        for (output, words) in [
            ("", "not JSON"),
            ("Enter MFA: {}", "not JSON"),
            (&deep, "not JSON"),
            ("[]", "not an object"),
            ("{}", "`Version`"),
            (r#"{"Version":"1","AccessKeyId":"a","SecretAccessKey":"sEcReT"}"#, "`Version`"),
            (r#"{"Version":2,"AccessKeyId":"a","SecretAccessKey":"sEcReT"}"#, "`Version`"),
            (r#"{"Version":1,"SecretAccessKey":"sEcReT"}"#, "no `AccessKeyId`"),
            (r#"{"Version":1,"AccessKeyId":"a"}"#, "no `SecretAccessKey`"),
            (r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":""}"#, "no `SecretAccessKey`"),
            (r#"{"Version":1,"AccessKeyId":7,"SecretAccessKey":"sEcReT"}"#, "`AccessKeyId` that is no text"),
            (r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"sEcReT","secretaccesskey":"x"}"#, "twice"),
            (r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"sEcReT\n"}"#, "newline"),
            (
                r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"sEcReT","SessionToken":"t t"}"#,
                "`SessionToken`",
            ),
            (
                r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"sEcReT","Expiration":"soon"}"#,
                "`Expiration`",
            ),
            (&long, "at most 65536"),
        ] {
            let error = read(output.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("sEcReT"), "{words}: {error}");
        }
    }
}
