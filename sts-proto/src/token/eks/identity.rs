//! Who made a token, from STS's answer.

use crate::arn::Arn;
use crate::error::Error;
use crate::error::redact::Redaction;
use crate::operation::{GetCallerIdentity, GetCallerIdentityOutput, Operation};
use crate::reply::{MAX_REPLY_BYTES, Metadata, ReplyFault, set_request_id};

/// Who made a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EksIdentity {
    /// The ARN as STS gives it: of a user, of a session, of the root.
    pub arn: String,
    /// The ARN to map to a user of the cluster: of a session that of its role, without the role's path, else the same.
    pub canonical_arn: String,
    /// The account, twelve digits.
    pub account: String,
    /// The unique id, `AROA…` or `AIDA…`, without the session; `account:name` for a federated user.
    pub user_id: String,
    /// The session's name, for a role.
    pub session_name: Option<String>,
    /// The access key that signed.
    pub access_key_id: String,
}

/// Reads STS's answer: JSON, which was asked for, or XML, which other servers send.
pub(super) fn read(
    response: &http::Response<impl AsRef<[u8]>>,
    access_key_id: &str,
    redaction: Redaction<'_>,
) -> Result<EksIdentity, Error> {
    read_unredacted(response, access_key_id).map_err(|mut error| {
        error.redact(redaction);
        error
    })
}

fn read_unredacted(
    response: &http::Response<impl AsRef<[u8]>>,
    access_key_id: &str,
) -> Result<EksIdentity, Error> {
    let operation = GetCallerIdentity::new();
    let body = response.body().as_ref();
    let is_json = body.trim_ascii_start().starts_with(b"{");
    let (output, metadata) = if is_json && response.status().is_success() && body.len() <= MAX_REPLY_BYTES {
        let mut metadata = Metadata::read(response);
        match from_json(body, &mut metadata) {
            Ok(output) => (output, metadata),
            Err(fault) => return Err(Error::response(fault, metadata).during(operation.action())),
        }
    } else {
        let reply = operation.decode(response)?;
        (reply.output, reply.metadata)
    };
    identity(output, access_key_id)
        .map_err(|fault| Error::response(fault, metadata).during(operation.action()))
}

fn from_json(body: &[u8], metadata: &mut Metadata) -> Result<GetCallerIdentityOutput, ReplyFault> {
    let value: serde_json::Value = serde_json::from_slice(body)
        .map_err(|error| if error.is_eof() { ReplyFault::Truncated } else { ReplyFault::NotXml })?;
    let response = &value["GetCallerIdentityResponse"];
    if let Some(id) = response["ResponseMetadata"]["RequestId"].as_str() {
        set_request_id(id, metadata);
    }
    let result = &response["GetCallerIdentityResult"];
    let text = |name: &'static str| match &result[name] {
        serde_json::Value::Null => Err(ReplyFault::Missing { name }),
        value => value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or(ReplyFault::Value { name }),
    };
    Ok(GetCallerIdentityOutput { user_id: text("UserId")?, account: text("Account")?, arn: text("Arn")? })
}

fn identity(output: GetCallerIdentityOutput, access_key_id: &str) -> Result<EksIdentity, ReplyFault> {
    let GetCallerIdentityOutput { user_id, account, arn } = output;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if !is_account {
        return Err(ReplyFault::Value { name: "Account" });
    }
    let bad_arn = || ReplyFault::Value { name: "Arn" };
    let parsed = Arn::parse(&arn).ok().filter(|parsed| parsed.account() == account).ok_or_else(bad_arn)?;
    let kind = parsed.resource().split('/').next().unwrap_or_default();
    let (canonical_arn, is_session) = match (parsed.service(), kind) {
        ("sts", "assumed-role") => (parsed.role_arn().ok_or_else(bad_arn)?, true),
        ("sts", "federated-user") | ("iam", "user" | "root") => (arn.clone(), false),
        _ => return Err(bad_arn()),
    };
    // `AROA…:session` is a session's; what stands before the colon of a federated user is the account.
    let (user_id, session_name) = if is_session {
        let (id, session) = user_id.split_once(':').ok_or(ReplyFault::Value { name: "UserId" })?;
        (id.to_owned(), Some(session.to_owned()))
    } else {
        (user_id, None)
    };
    if session_name.as_deref() != parsed.session_name() {
        return Err(ReplyFault::Value { name: "UserId" });
    }
    Ok(EksIdentity {
        canonical_arn,
        account,
        user_id,
        session_name,
        access_key_id: access_key_id.to_owned(),
        arn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(arn: &str, user_id: &str) -> Result<EksIdentity, Error> {
        let body = format!(
            r#" {{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"123456789012","Arn":"{arn}","UserId":"{user_id}"}},"ResponseMetadata":{{"RequestId":"r-1"}}}}}}"#
        );
        read(&http::Response::new(body), "ASIA", Redaction::NONE)
    }

    #[test]
    fn callers_of_all_kinds() {
        let session = reply("arn:aws:sts::123456789012:assumed-role/R/s", "AROAX:s").unwrap();
        assert_eq!(session.canonical_arn, "arn:aws:iam::123456789012:role/R");
        assert_eq!((session.user_id.as_str(), session.session_name.as_deref()), ("AROAX", Some("s")));
        for (arn, id) in [
            ("arn:aws:iam::123456789012:user/path/Alice", "AIDAX"),
            ("arn:aws:iam::123456789012:root", "123456789012"),
            ("arn:aws:sts::123456789012:federated-user/Bob", "123456789012:Bob"),
        ] {
            let identity = reply(arn, id).unwrap();
            assert_eq!((identity.canonical_arn.as_str(), identity.arn.as_str()), (arn, arn));
            assert_eq!((identity.user_id.as_str(), identity.session_name), (id, None));
        }
    }

    #[test]
    fn nothing_is_believed_that_does_not_fit() {
        for (arn, id) in [
            ("arn:aws:sts::123456789012:assumed-role/R/s", "AROAX"),
            ("arn:aws:sts::123456789012:assumed-role/R/s", "AROAX:t"),
            ("arn:aws:sts::123456789012:assumed-role/R", "AROAX:s"),
            ("arn:aws:sts::999999999999:assumed-role/R/s", "AROAX:s"),
            ("arn:aws:iam::123456789012:role/R", "AROAX"),
            ("arn:aws:s3::123456789012:user/R", "AIDAX"),
            ("x", "AIDAX"),
            ("", "AIDAX"),
            ("arn:aws:iam::123456789012:user/A", ""),
        ] {
            assert_eq!(reply(arn, id).unwrap_err().kind(), crate::ErrorKind::Response, "{arn} {id}");
        }
        for body in ["{", "{}", "[]", "", "{\"GetCallerIdentityResponse\":1}", "<html/>"] {
            let error = read(&http::Response::new(body), "ASIA", Redaction::NONE).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Response, "{body}");
        }
        let refusal =
            r#"{"Error":{"Code":"SignatureDoesNotMatch","Message":"no","Type":"Sender"},"RequestId":"r"}"#;
        let response = http::Response::builder().status(403).body(refusal).unwrap();
        assert_eq!(read(&response, "ASIA", Redaction::NONE).unwrap_err().kind(), crate::ErrorKind::Service);
    }
}
