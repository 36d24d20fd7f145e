//! The JSON inside of a decoded message, as values.

use serde_json::Value;

use crate::error::Error;
use crate::operation::DecodeAuthorizationMessageOutput;
use crate::reply::{Metadata, ReplyFault};

/// Why a request to some service of AWS was refused.
///
/// ```
/// use sts_proto::operation::{DecodeAuthorizationMessage, Operation};
///
/// let response = http::Response::new(
///     r#"<DecodeAuthorizationMessageResponse><DecodeAuthorizationMessageResult><DecodedMessage>
///        {"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[{"statementId":"NoEc2","effect":"DENY",
///        "actions":{"items":[{"value":"ec2:*"}]}}]},"context":{"principal":{"id":"AIDA","arn":"arn:aws:iam::1:user/A"},
///        "action":"ec2:RunInstances","resource":"arn:aws:ec2:::instance/*","conditions":{"items":[{"key":"ec2:Region",
///        "values":{"items":[{"value":"eu-west-1"}]}}]}}}
///        </DecodedMessage></DecodeAuthorizationMessageResult></DecodeAuthorizationMessageResponse>"#,
/// );
/// let message = DecodeAuthorizationMessage::new("…").decode(&response)?.message()?;
/// assert!(!message.allowed && message.explicit_deny);
/// assert_eq!(message.action.as_deref(), Some("ec2:RunInstances"));
/// assert_eq!(message.matched_statements[0].id.as_deref(), Some("NoEc2"));
/// assert_eq!(message.conditions[0].values, ["eu-west-1"]);
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationMessage {
    /// Whether it would be allowed; `false` in every message that has been seen.
    pub allowed: bool,
    /// Whether a statement denies it, rather than no statement allowing it.
    pub explicit_deny: bool,
    /// The statements that decided.
    pub matched_statements: Vec<Statement>,
    /// Who asked, by unique id.
    pub principal_id: Option<String>,
    /// Who asked, by ARN.
    pub principal_arn: Option<String>,
    /// What was asked for, such as `ec2:RunInstances`.
    pub action: Option<String>,
    /// The ARN of what it was asked of.
    pub resource: Option<String>,
    /// The condition keys of the request and their values.
    pub conditions: Vec<Condition>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// `ALLOW` or `DENY`.
    pub effect: Option<String>,
    /// The principals that it names.
    pub principals: Vec<String>,
    /// The actions that it names.
    pub actions: Vec<String>,
    /// The resources that it names.
    pub resources: Vec<String>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
}

/// A condition key and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// The key, such as `aws:SourceIp`.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

impl DecodeAuthorizationMessageOutput {
    /// The message as values. Feature `json`.
    ///
    /// # Errors
    /// [`ErrorKind::Response`](crate::ErrorKind::Response): the message is no JSON object, or does not say whether the
    /// request is allowed.
    pub fn message(&self) -> Result<AuthorizationMessage, Error> {
        let message =
            serde_json::from_str(&self.decoded_message).ok().as_ref().and_then(AuthorizationMessage::read);
        message
            .ok_or_else(|| Error::response(ReplyFault::Value { name: "DecodedMessage" }, Metadata::default()))
    }
}

impl AuthorizationMessage {
    fn read(message: &Value) -> Option<Self> {
        let context = &message["context"];
        Some(Self {
            allowed: message["allowed"].as_bool()?,
            explicit_deny: message["explicitDeny"].as_bool().unwrap_or_default(),
            matched_statements: items(&message["matchedStatements"]).map(Statement::read).collect(),
            principal_id: text(&context["principal"]["id"]),
            principal_arn: text(&context["principal"]["arn"]),
            action: text(&context["action"]),
            resource: text(&context["resource"]),
            conditions: conditions(&context["conditions"]),
        })
    }
}

impl Statement {
    fn read(statement: &Value) -> Self {
        Self {
            id: text(&statement["statementId"]).filter(|id| !id.is_empty()),
            effect: text(&statement["effect"]),
            principals: values(&statement["principals"]),
            actions: values(&statement["actions"]),
            resources: values(&statement["resources"]),
            conditions: conditions(&statement["conditions"]),
        }
    }
}

/// Lists are objects with a member `items`.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}

fn values(list: &Value) -> Vec<String> {
    items(list).filter_map(|item| text(&item["value"])).collect()
}

fn conditions(list: &Value) -> Vec<Condition> {
    items(list)
        .filter_map(|item| Some(Condition { key: text(&item["key"])?, values: values(&item["values"]) }))
        .collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_an_error() {
        for decoded_message in ["", "{", "[]", "null", "{}", r#"{"allowed":"no"}"#] {
            let output = DecodeAuthorizationMessageOutput { decoded_message: decoded_message.to_owned() };
            assert_eq!(output.message().unwrap_err().kind(), crate::ErrorKind::Response, "{decoded_message}");
        }
        let output = DecodeAuthorizationMessageOutput { decoded_message: r#"{"allowed":true}"#.to_owned() };
        assert!(output.message().unwrap().allowed);
    }
}
