//! What all answers have in common: who may ask, what a session is made of, how it is issued.

pub(super) mod identity;
pub(super) mod roles;
pub(super) mod scoped;
pub(super) mod sessions;
mod trust;

use std::sync::atomic::Ordering;

use time::{Duration, OffsetDateTime};

use super::clock;
use super::form::Form;
use super::ids;
use super::keys::{AccessKey, Kind, Principal, Session};
use super::model::Operation;
use super::refusal::Refusal;
use super::service::Service;
use super::xml::Node;

/// What `SessionTokenUtilization` is a percentage of. AWS promises no maximum; this is its usual one.
const SESSION_TOKEN_MAXIMUM: usize = 4096;
/// The longest token that this server makes, even if the model's maximum is not enforced.
const LONGEST_SESSION_TOKEN: usize = 65_536;
/// What `PackedPolicySize` is a percentage of.
const PACKED_POLICY_MAXIMUM: usize = 2048;

/// What names of sessions begin with that botocore and this client make up.
const GENERATED_SESSIONS: [&str; 2] = ["botocore-session-", "sts-"];

/// An authenticated call with valid parameters.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) form: &'a Form,
    pub(super) caller: Option<&'a AccessKey>,
    pub(super) now: OffsetDateTime,
}

/// What STS itself forbids, whatever policies say.
pub(super) fn permit(operation: &Operation, caller: &AccessKey) -> Result<(), Refusal> {
    let action = operation.name;
    let temporary = caller.session_token.is_some();
    let arn = caller.arn();
    match (action, caller.principal.kind) {
        ("GetCallerIdentity", _) => Ok(()),
        // Federated users and sessions of GetSessionToken may call this operation, unlike most others.
        ("GetScopedCredentials", _) if temporary => Ok(()),
        ("GetScopedCredentials", _) => Err(scoped::long_term_caller()),
        ("GetSessionToken" | "GetFederationToken", _) if temporary => {
            Err(Refusal::access_denied(format!("Cannot call {action} with session credentials")))
        }
        ("AssumeRole", Kind::Root) => {
            Err(Refusal::access_denied("Roles may not be assumed by root accounts."))
        }
        (_, Kind::FederatedUser) => Err(unauthorized(arn, action)),
        // Credentials of GetSessionToken.
        (_, Kind::User | Kind::Root) if temporary && action != "AssumeRole" => Err(unauthorized(arn, action)),
        _ => Ok(()),
    }
}

fn unauthorized(arn: &str, action: &str) -> Refusal {
    Refusal::access_denied(format!("User: {arn} is not authorized to perform: sts:{action}"))
}

impl<'a> Call<'a> {
    /// A parameter that the model requires.
    fn required(&self, name: &str) -> &'a str {
        self.form.get(name).unwrap_or_default()
    }

    /// The caller of an operation that is signed.
    fn caller(&self) -> Result<&'a AccessKey, Refusal> {
        self.caller.ok_or_else(|| Refusal::new(500, "InternalFailure", "There is no caller."))
    }

    fn duration(&self, default: i64) -> Duration {
        Duration::seconds(self.form.number("DurationSeconds").unwrap_or(default))
    }

    /// The expiration that `DurationSeconds` requests; `default` seconds from now without it.
    fn expires(&self, default: i64) -> OffsetDateTime {
        self.now.saturating_add(self.duration(default))
    }

    /// Issues a temporary key and describes it: `<Credentials>`, and what the model says about the token's size.
    fn issue(
        &self,
        principal: Principal,
        expires: OffsetDateTime,
        session: Session,
    ) -> Result<Issued, Refusal> {
        let minimum = self.form.number("MinimumSessionTokenSize").unwrap_or_default();
        let minimum = usize::try_from(minimum).unwrap_or_default();
        if minimum > LONGEST_SESSION_TOKEN {
            let message = format!("MinimumSessionTokenSize must be at most {LONGEST_SESSION_TOKEN}");
            return Err(Refusal::validation(message));
        }
        let token = ids::session_token(minimum);
        let key = AccessKey {
            access_key_id: self.issued_id(principal.account()),
            secret_access_key: ids::secret_access_key(),
            session_token: Some(token.clone()),
            expires: Some(expires),
            session,
            principal,
        };
        let credentials = Node::Group(
            "Credentials",
            vec![
                Node::text("AccessKeyId", &key.access_key_id),
                Node::text("SecretAccessKey", &key.secret_access_key),
                Node::text("SessionToken", &token),
                Node::text("Expiration", clock::expiration(expires)),
            ],
        );
        let token_size = vec![
            Node::text("SessionTokenUtilization", percentage(token.len(), SESSION_TOKEN_MAXIMUM).to_string()),
            Node::text("SessionTokenSize", token.len().to_string()),
        ];
        self.service.keys().issue(key);
        Ok(Issued { credentials, token_size })
    }

    /// The id of a key that is issued. One that is stable is that of the caller's key and of the parameters, apart from
    /// those that nobody chose.
    fn issued_id(&self, account: &str) -> String {
        if !self.service.stable_key_ids.load(Ordering::Relaxed) {
            return ids::access_key_id("ASIA", account);
        }
        let caller = self.caller.map_or("", |caller| caller.access_key_id.as_str());
        let is_chosen = |name: &str, value: &str| match name {
            "TokenCode" => false,
            "RoleSessionName" => !GENERATED_SESSIONS.iter().any(|start| value.starts_with(start)),
            _ => true,
        };
        let mut parameters = self.form.sorted();
        parameters.retain(|name, value| is_chosen(name, value));
        ids::stable_access_key_id("ASIA", account, &format!("{caller} {parameters:?}"))
    }

    /// Refuses a session policy that is not a JSON object.
    fn check_policy(&self) -> Result<(), Refusal> {
        let Some(policy) = self.form.get("Policy") else { return Ok(()) };
        match serde_json::from_str(policy) {
            Ok(serde_json::Value::Object(_)) => Ok(()),
            _ => Err(Refusal::new(400, "MalformedPolicyDocument", "This policy contains invalid Json")),
        }
    }

    /// `<PackedPolicySize>`, if there is anything to pack.
    fn packed_policy_size(&self) -> Result<Option<Node>, Refusal> {
        let mut size = self.form.get("Policy").map_or(0, str::len);
        for list in ["PolicyArns", "Tags"] {
            let members = self.form.list(list)?.unwrap_or_default();
            size += members.iter().flat_map(|member| member.values()).map(|value| value.len()).sum::<usize>();
        }
        Ok((size > 0)
            .then(|| Node::text("PackedPolicySize", percentage(size, PACKED_POLICY_MAXIMUM).to_string())))
    }
}

/// A key that was just made known to the server, as the reply shows it.
#[derive(Debug)]
struct Issued {
    credentials: Node,
    token_size: Vec<Node>,
}

/// Rounded up, and never beyond the hundred.
fn percentage(part: usize, whole: usize) -> usize {
    (part * 100).div_ceil(whole).min(100)
}

#[cfg(test)]
mod tests;
