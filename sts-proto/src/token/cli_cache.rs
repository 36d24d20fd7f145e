//! The files in which the AWS CLI and boto3 keep the credentials of roles, so that both find what the other has fetched:
//! `~/.aws/cli/cache/<name>.json`, readable by its owner only.
//!
//! The name is the SHA-1 of the request, the content is the reply. Both are those of botocore.
//!
//! ```
//! use sts_proto::operation::AssumeRole;
//! use sts_proto::token::cli_cache;
//!
//! let operation = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "botocore-session-1795194528").duration_seconds(900);
//! // The name of the session was generated, so it is no part of the file's name.
//! let name = cli_cache::file_name(&operation, true)?;
//! assert_eq!(name, "7e4422a0f99a06a7a447b707002dd5ea98d28743.json");
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::fmt::Write as _;

use sha1::{Digest, Sha1};
use time::Duration;
use zeroize::Zeroizing;

use super::json::{self, Value, object};
use crate::arn::Arn;
use crate::body::Body;
use crate::constraint::{Integer, List, Members, Shape, Text};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::operation::Operation;
use crate::shape::AssumedRoleUser;
use crate::source::json::Json;
use crate::timestamp;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// What botocore wants the credentials in a file to have left.
const LEFT: Duration = Duration::minutes(15);

/// What STS grants where no duration is asked for, in seconds.
const DEFAULT_SECONDS: u32 = 3600;

/// What the credentials in the file of a request for so many seconds must have left to be used: a quarter of an hour, as
/// botocore has it, and a third of the session at most. By botocore's rule alone a session of 900 seconds would never be
/// taken from its file, and each program would ask for one of its own.
///
/// ```
/// use sts_proto::time::Duration;
/// use sts_proto::token::cli_cache::least_left;
///
/// assert_eq!(least_left(None), Duration::minutes(15));
/// assert_eq!(least_left(Some(900)), Duration::minutes(5));
/// ```
#[must_use]
pub fn least_left(duration_seconds: Option<u32>) -> Duration {
    LEFT.min(Duration::seconds(i64::from(duration_seconds.unwrap_or(DEFAULT_SECONDS)) / 3))
}

/// The name of the file for a request: AssumeRole, or AssumeRoleWithWebIdentity.
///
/// `generated_session_name` says that nobody chose the session's name; it is left out then. An MFA code and a web identity
/// token are never part of the name.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the policy is no JSON, or holds a number that Python might write in another way.
pub fn file_name<O: Operation>(operation: &O, generated_session_name: bool) -> Result<String, Error> {
    let mut arguments = Arguments { members: vec![Vec::new()], generated_session_name, policy_error: false };
    operation.members(&mut arguments);
    let refused =
        || Error::setting("Policy", "must be JSON with plain numbers, else the cache has no name for it");
    let members = arguments.members.pop().filter(|_| !arguments.policy_error).ok_or_else(refused)?;
    // Each character becomes an escape of six at worst, each comma and colon gets a space: no growth leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(8 * operation.form().as_query().len()));
    if !dump(&mut text, &Json::Object(members)) {
        return Err(refused());
    }
    Ok(format!("{}.json", hex::encode(Sha1::digest(text.as_bytes()))))
}

/// The walk that collects a request's arguments as botocore has them.
struct Arguments {
    /// The structures that are open, the innermost last.
    members: Vec<Vec<(Zeroizing<String>, Json)>>,
    generated_session_name: bool,
    policy_error: bool,
}

impl Arguments {
    fn set(&mut self, name: &str, value: Json) {
        if let Some(members) = self.members.last_mut() {
            members.push((name.to_owned().into(), value));
        }
    }
}

impl Members for Arguments {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        let is_left_out = match rule.name {
            "RoleSessionName" => self.generated_session_name,
            "TokenCode" | "WebIdentityToken" => true,
            _ => false,
        };
        match value.filter(|_| !is_left_out) {
            // Two texts of one policy are one policy.
            Some(policy) if rule.name == "Policy" => match Json::read(policy.as_bytes()) {
                Ok(policy) => self.set(rule.name, policy),
                Err(_) => self.policy_error = true,
            },
            Some(value) => self.set(rule.name, Json::Text(value.into())),
            None => {}
        }
    }

    fn integer(&mut self, rule: &'static Integer, value: Option<u32>) {
        if let Some(value) = value {
            self.set(rule.name, Json::Integer(value.into()));
        }
    }

    fn structure<T: Shape>(&mut self, name: &'static str, _required: bool, value: Option<&T>) {
        if let Some(value) = value {
            self.members.push(Vec::new());
            value.members(self);
            let members = self.members.pop().unwrap_or_default();
            self.set(name, Json::Object(members));
        }
    }

    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]) {
        let items: Vec<_> = items
            .iter()
            .map(|item| {
                self.members.push(Vec::new());
                item.members(self);
                let mut members = self.members.pop().unwrap_or_default();
                // The item of a list of texts has no name.
                if T::IS_STRUCTURE {
                    Json::Object(members)
                } else {
                    members.pop().map_or(Json::Null, |(_, text)| text)
                }
            })
            .collect();
        if !items.is_empty() {
            self.set(rule.name, Json::List(items));
        }
    }
}

/// As Python's `json.dumps(…, sort_keys=True)`; false where the same text is not certain. What [`Json::read`] gives is at most
/// 128 deep, so this is no deeper.
fn dump(out: &mut Zeroizing<String>, value: &Json) -> bool {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Json::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        // Python's integers have no end, and it writes the exponents of fractions in its own way.
        Json::Number(number) => match number.parse::<f64>() {
            _ if number == "-0" => out.push('0'),
            _ if !number.contains(['.', 'e', 'E']) => out.push_str(number),
            Ok(f) if f == 0.0 || (1e-4..1e16).contains(&f.abs()) => {
                let _ = write!(out, "{f:?}");
            }
            _ => return false,
        },
        Json::Text(text) => json::string(out, text.expose()),
        Json::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                if !dump(out, item) {
                    return false;
                }
            }
            out.push(']');
        }
        Json::Object(members) => {
            // In the order of code points, which is that of UTF-8, whatever order the map has.
            let mut sorted: Vec<_> = members.iter().map(|(name, member)| (name.as_str(), member)).collect();
            // Of two with the same name, the last counts: reversed, it is the first, and stays.
            sorted.reverse();
            sorted.sort_by_key(|(name, _)| *name);
            sorted.dedup_by_key(|(name, _)| *name);
            out.push('{');
            for (i, (name, member)) in sorted.into_iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                json::string(out, name);
                out.push_str(": ");
                if !dump(out, member) {
                    return false;
                }
            }
            out.push('}');
        }
    }
    true
}

/// The content of the file: the parts of an AssumeRole's reply that botocore reads.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the credentials have no session token or no expiration, without which the CLI does not take
/// them; or expire outside of the years 0 to 9999.
pub fn write(credentials: &Credentials, user: Option<&AssumedRoleUser>) -> Result<Body, Error> {
    let missing = |name| Error::setting(name, "is required: the cache is for temporary credentials");
    let token = credentials.session_token().ok_or_else(|| missing("SessionToken"))?;
    let expiration = timestamp::exact(credentials.expiration().ok_or_else(|| missing("Expiration"))?)?;
    let account = user.and_then(|user| Arn::parse(&user.arn).ok()).map(|arn| arn.account());
    let account = credentials.account_id().or(account).filter(|account| !account.is_empty());
    let inner = object([
        Some(("AccessKeyId", Value::Text(credentials.access_key_id()))),
        Some(("SecretAccessKey", Value::Text(credentials.secret_access_key().expose()))),
        Some(("SessionToken", Value::Text(token.expose()))),
        Some(("Expiration", Value::Text(&expiration))),
        account.map(|account| ("AccountId", Value::Text(account))),
    ]);
    let user = user.map(|user| {
        object([
            Some(("AssumedRoleId", Value::Text(&user.assumed_role_id))),
            Some(("Arn", Value::Text(&user.arn))),
        ])
    });
    let mut json = object([
        Some(("Credentials", Value::Json(&inner))),
        user.as_ref().map(|user| ("AssumedRoleUser", Value::Json(user))),
    ]);
    Ok(Body::from(std::mem::take(&mut *json).into_bytes()))
}

/// Reads such a file; `None` for one that is damaged or of something else, which the CLI passes over as well. Whether the
/// credentials have expired is the caller's to judge.
#[must_use]
pub fn read(file: &[u8]) -> Option<Credentials> {
    read_with_user(file).map(|(credentials, _)| credentials)
}

/// The credentials of such a file, and the ARN of the session that they are of, if the file has it.
pub(crate) fn read_with_user(file: &[u8]) -> Option<(Credentials, Option<String>)> {
    if file.len() > MAX_FILE_BYTES {
        return None;
    }
    let json = Json::read(file).ok()?;
    let user = json.get("AssumedRoleUser").ok().flatten();
    let user = user.and_then(|user| user.text("Arn").ok().flatten()).map(|arn| arn.expose().to_owned());
    let members = json.get("Credentials").ok()??;
    let take = |name| members.text(name).ok().flatten();
    let id = take("AccessKeyId")?;
    let credentials = Credentials::new(id.expose(), take("SecretAccessKey")?).ok()?;
    let credentials = credentials.with_session_token(take("SessionToken")?).ok()?;
    let expiration = take("Expiration")?;
    let credentials = credentials.with_expiration(timestamp::parse_expiration(expiration.expose())?);
    let credentials = match take("AccountId") {
        Some(id) => credentials.with_account_id(id.expose()),
        None => credentials,
    };
    Some((credentials, user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{AssumeRole, AssumeRoleWithWebIdentity};

    const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

    fn name(operation: &impl Operation) -> String {
        file_name(operation, false).unwrap()
    }

    #[test]
    fn what_is_no_part_of_the_name() {
        let operation = AssumeRole::new(ROLE, "s");
        assert_eq!(
            file_name(&operation, true).unwrap(),
            file_name(&AssumeRole::new(ROLE, "t"), true).unwrap()
        );
        assert_ne!(name(&operation), name(&AssumeRole::new(ROLE, "t")));
        assert_ne!(name(&operation), file_name(&operation, true).unwrap());
        let tagged = |value: &str| name(&AssumeRole::new(ROLE, "s").tag("Team", value));
        assert_ne!(tagged("a"), tagged("b"));
        let with_code = operation.clone().serial_number("arn:aws:iam::1:mfa/A").token_code("123456");
        assert_eq!(name(&with_code), name(&with_code.clone().token_code("654321")));
        assert_ne!(name(&with_code), name(&operation));
        let web = |token: &str| name(&AssumeRoleWithWebIdentity::new(ROLE, "s", token));
        assert_eq!(web("a"), web("b"));
    }

    #[test]
    fn policies_are_compared_as_json() {
        let with = |policy: &str| file_name(&AssumeRole::new(ROLE, "s").policy(policy), false);
        assert_eq!(
            with(r#"{"b":1,"a":[0.5,null,true]}"#).unwrap(),
            with(r#" {"a": [0.5, null, true], "b": 1} "#).unwrap()
        );
        for policy in ["", "{", "x", "1e300", "[0.00001]", "[12345678901234567890.5]"] {
            let error = with(policy).unwrap_err().to_string();
            assert!(error.contains("`Policy`"), "{error}");
        }
    }

    #[test]
    fn numbers_are_those_of_python() {
        let with = |policy: &str| file_name(&AssumeRole::new(ROLE, "s").policy(policy), false).unwrap();
        for (ours, pythons) in [("[-0]", "[0]"), ("[1.50]", "[1.5]"), (r#"{"a":1,"a":2}"#, r#"{"a":2}"#)] {
            assert_eq!(with(ours), with(pythons));
        }
        let large = with("[123456789012345678901234567890]");
        assert_ne!(large, with("[123456789012345678901234567891]"));
    }

    #[test]
    fn what_is_written_is_read() {
        let at = time::OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
        let credentials = Credentials::new("ASIA", "s").unwrap().with_session_token("t").unwrap();
        assert!(write(&credentials, None).unwrap_err().to_string().contains("`Expiration`"));
        let credentials = credentials.with_expiration(at);
        assert_eq!(read(write(&credentials, None).unwrap().as_ref()), Some(credentials.clone()));
        let user = AssumedRoleUser {
            assumed_role_id: "AROA:s".to_owned(),
            arn: "arn:aws:sts::123456789012:assumed-role/Deploy/s".to_owned(),
        };
        let file = write(&credentials, Some(&user)).unwrap();
        assert_eq!(read(file.as_ref()), Some(credentials.with_account_id("123456789012")));
        let text = std::str::from_utf8(file.as_ref()).unwrap();
        assert_eq!(read(text.replace("48Z", "48UTC").as_bytes()).unwrap().expiration(), Some(at));
        for file in [
            "",
            "{}",
            "[]",
            "{\"Credentials\": 1}",
            &text.replace("ASIA", ""),
            &text.replace("2026", "x"),
            &text[1..],
        ] {
            assert_eq!(read(file.as_bytes()), None, "{file}");
        }
    }
}
