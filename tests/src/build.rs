//! Operations out of JSON, with the names of the service model: `{"RoleArn": "arn:…", "Tags": [{"Key": "k", …}]}`.

use serde_json::{Map, Value, json};
use sts_proto::operation::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, DecodeAuthorizationMessage,
    GetAccessKeyInfo, GetCallerIdentity, GetDelegatedAccessToken, GetFederationToken, GetScopedCredentials,
    GetSessionToken, GetWebIdentityToken, SigningAlgorithm, SubjectMode,
};
use sts_proto::shape::{PolicyArn, ProvidedContext, Tag};

use crate::any::AnyOperation;

/// An operation, or why it cannot be built.
pub type Built = Result<Box<dyn AnyOperation>, String>;

/// What builds one operation.
type Builder = fn(&mut Params) -> Built;

/// The operations by AWS's names. A suite over the service model notices if one is missing.
const BUILDERS: [(&str, Builder); 12] = [
    ("AssumeRole", assume_role),
    ("AssumeRoleWithSAML", assume_role_with_saml),
    ("AssumeRoleWithWebIdentity", assume_role_with_web_identity),
    ("AssumeRoot", assume_root),
    ("DecodeAuthorizationMessage", decode_authorization_message),
    ("GetAccessKeyInfo", get_access_key_info),
    ("GetCallerIdentity", get_caller_identity),
    ("GetDelegatedAccessToken", get_delegated_access_token),
    ("GetFederationToken", get_federation_token),
    ("GetScopedCredentials", get_scoped_credentials),
    ("GetSessionToken", get_session_token),
    ("GetWebIdentityToken", get_web_identity_token),
];

/// The names of the operations that can be built.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILDERS.iter().map(|(name, _)| *name)
}

/// Whether there is such an operation.
#[must_use]
pub fn is_operation(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Builds an operation.
///
/// # Errors
/// There is no such operation; a required parameter is missing, a type is wrong, or a parameter is not one of the
/// operation's.
pub fn operation(name: &str, params: &Value) -> Built {
    let (_, builder) = BUILDERS.iter().find(|(known, _)| *known == name).ok_or("no such operation")?;
    let mut params = Params(params.as_object().ok_or("parameters are an object")?.clone());
    let built = builder(&mut params)?;
    params.finish()?;
    Ok(built)
}

/// An operation whose parameters do not matter, to read replies with.
///
/// # Errors
/// There is no such operation.
pub fn reader(name: &str) -> Built {
    let all = json!({
        "RoleArn": "-", "RoleSessionName": "-", "PrincipalArn": "-", "SAMLAssertion": "-", "WebIdentityToken": "-",
        "TargetPrincipal": "-", "TaskPolicyArn": {"arn": "-"}, "EncodedMessage": "-", "AccessKeyId": "-",
        "TradeInToken": "-", "Name": "-", "Audience": ["-"], "SigningAlgorithm": "-"
    });
    let (_, builder) = BUILDERS.iter().find(|(known, _)| *known == name).ok_or("no such operation")?;
    builder(&mut Params(all.as_object().cloned().unwrap_or_default()))
}

/// Parameters, taken out one by one: what is left over is unknown.
struct Params(Map<String, Value>);

type Taken<T> = Result<T, String>;

impl Params {
    fn required(&mut self, name: &str) -> Taken<String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    fn text(&mut self, name: &str) -> Taken<Option<String>> {
        self.0.remove(name).map(|value| text(name, &value)).transpose()
    }

    fn number(&mut self, name: &str) -> Taken<Option<u32>> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(Some).ok_or_else(|| format!("{name} is not a number of 32 bits"))
    }

    fn list<T>(&mut self, name: &str, item: fn(&str, &Value) -> Taken<T>) -> Taken<Option<Vec<T>>> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let items = value.as_array().ok_or_else(|| format!("{name} is not a list"))?;
        items.iter().map(|value| item(name, value)).collect::<Taken<_>>().map(Some)
    }

    fn texts(&mut self, name: &str) -> Taken<Option<Vec<String>>> {
        self.list(name, text)
    }

    fn tags(&mut self, name: &str) -> Taken<Option<Vec<Tag>>> {
        self.list(name, |name, value| {
            let [key, value] = members(name, value, ["Key", "Value"])?;
            Ok(Tag::new(key, value))
        })
    }

    fn policy_arns(&mut self, name: &str) -> Taken<Option<Vec<PolicyArn>>> {
        self.list(name, policy_arn)
    }

    fn contexts(&mut self, name: &str) -> Taken<Option<Vec<ProvidedContext>>> {
        self.list(name, |name, value| {
            let [arn, assertion] = members(name, value, ["ProviderArn", "ContextAssertion"])?;
            Ok(ProvidedContext::new(arn, assertion))
        })
    }

    fn finish(self) -> Taken<()> {
        match self.0.keys().next() {
            Some(name) => Err(format!("{name} is not a parameter of the operation")),
            None => Ok(()),
        }
    }
}

fn text(name: &str, value: &Value) -> Taken<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{name} is not a text"))
}

fn policy_arn(name: &str, value: &Value) -> Taken<PolicyArn> {
    let [arn] = members(name, value, ["arn"])?;
    Ok(PolicyArn::from(arn))
}

/// The members of a structure, which must be these.
fn members<const N: usize>(name: &str, value: &Value, names: [&str; N]) -> Taken<[String; N]> {
    let mut params = Params(value.as_object().ok_or_else(|| format!("{name} is not a structure"))?.clone());
    let mut texts = names.map(|_| String::new());
    for (member, text) in names.iter().zip(&mut texts) {
        *text = params.required(member)?;
    }
    params.finish()?;
    Ok(texts)
}

/// Calls the setters of those parameters that are given.
macro_rules! set {
    ($operation:ident, $params:ident, $($setter:ident: $kind:ident($name:literal)),* $(,)?) => {$(
        if let Some(value) = $params.$kind($name)? {
            $operation = $operation.$setter(value);
        }
    )*};
}

fn assume_role(params: &mut Params) -> Built {
    let mut operation = AssumeRole::new(params.required("RoleArn")?, params.required("RoleSessionName")?);
    set!(operation, params,
        policy_arns: policy_arns("PolicyArns"),
        policy: text("Policy"),
        duration_seconds: number("DurationSeconds"),
        tags: tags("Tags"),
        transitive_tag_keys: texts("TransitiveTagKeys"),
        external_id: text("ExternalId"),
        serial_number: text("SerialNumber"),
        token_code: text("TokenCode"),
        source_identity: text("SourceIdentity"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    for context in params.contexts("ProvidedContexts")?.into_iter().flatten() {
        operation = operation.provided_context(context);
    }
    Ok(Box::new(operation))
}

fn assume_role_with_saml(params: &mut Params) -> Built {
    let mut operation = AssumeRoleWithSaml::new(
        params.required("RoleArn")?,
        params.required("PrincipalArn")?,
        params.required("SAMLAssertion")?,
    );
    set!(operation, params,
        policy_arns: policy_arns("PolicyArns"),
        policy: text("Policy"),
        duration_seconds: number("DurationSeconds"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    Ok(Box::new(operation))
}

fn assume_role_with_web_identity(params: &mut Params) -> Built {
    let mut operation = AssumeRoleWithWebIdentity::new(
        params.required("RoleArn")?,
        params.required("RoleSessionName")?,
        params.required("WebIdentityToken")?,
    );
    set!(operation, params,
        provider_id: text("ProviderId"),
        policy_arns: policy_arns("PolicyArns"),
        policy: text("Policy"),
        duration_seconds: number("DurationSeconds"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    Ok(Box::new(operation))
}

fn assume_root(params: &mut Params) -> Built {
    let target = params.required("TargetPrincipal")?;
    let task = params.0.remove("TaskPolicyArn").ok_or("TaskPolicyArn is missing")?;
    let mut operation = AssumeRoot::new(target, policy_arn("TaskPolicyArn", &task)?);
    set!(operation, params,
        duration_seconds: number("DurationSeconds"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    Ok(Box::new(operation))
}

fn decode_authorization_message(params: &mut Params) -> Built {
    Ok(Box::new(DecodeAuthorizationMessage::new(params.required("EncodedMessage")?)))
}

fn get_access_key_info(params: &mut Params) -> Built {
    Ok(Box::new(GetAccessKeyInfo::new(params.required("AccessKeyId")?)))
}

fn get_caller_identity(_: &mut Params) -> Built {
    Ok(Box::new(GetCallerIdentity::new()))
}

fn get_delegated_access_token(params: &mut Params) -> Built {
    Ok(Box::new(GetDelegatedAccessToken::new(params.required("TradeInToken")?)))
}

fn get_federation_token(params: &mut Params) -> Built {
    let mut operation = GetFederationToken::new(params.required("Name")?);
    set!(operation, params,
        policy: text("Policy"),
        policy_arns: policy_arns("PolicyArns"),
        duration_seconds: number("DurationSeconds"),
        tags: tags("Tags"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    Ok(Box::new(operation))
}

fn get_scoped_credentials(params: &mut Params) -> Built {
    let mut operation = GetScopedCredentials::new();
    set!(operation, params,
        policy: text("Policy"),
        duration_seconds: number("DurationSeconds"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
        scoped_session_description: text("ScopedSessionDescription"),
    );
    Ok(Box::new(operation))
}

fn get_session_token(params: &mut Params) -> Built {
    let mut operation = GetSessionToken::new();
    set!(operation, params,
        duration_seconds: number("DurationSeconds"),
        serial_number: text("SerialNumber"),
        token_code: text("TokenCode"),
        minimum_session_token_size: number("MinimumSessionTokenSize"),
    );
    Ok(Box::new(operation))
}

fn get_web_identity_token(params: &mut Params) -> Built {
    let audience = params.texts("Audience")?.ok_or("Audience is missing")?;
    let algorithm = SigningAlgorithm::from(params.required("SigningAlgorithm")?.as_str());
    let mut operation = GetWebIdentityToken::new(audience, algorithm);
    if let Some(mode) = params.text("SubjectMode")? {
        operation = operation.subject_mode(SubjectMode::from(mode.as_str()));
    }
    set!(operation, params,
        duration_seconds: number("DurationSeconds"),
        scope: text("Scope"),
        tags: tags("Tags"),
    );
    Ok(Box::new(operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_arrive() {
        let params = json!({
            "Name": "Bob", "DurationSeconds": 900, "Tags": [{"Key": "k", "Value": "v"}], "PolicyArns": [{"arn": "a"}]
        });
        let debug = operation("GetFederationToken", &params).map(|operation| operation.debug()).unwrap();
        for part in ["\"Bob\"", "Some(900)", "key: \"k\", value: \"v\"", "PolicyArn(\"a\")"] {
            assert!(debug.contains(part), "{part} is not in {debug}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (params, sentence) in [
            (json!({}), "Name is missing"),
            (json!({"Name": 1}), "Name is not a text"),
            (json!({"Name": "Bob", "Nome": "Bob"}), "Nome is not a parameter of the operation"),
            (json!({"Name": "Bob", "Tags": [{"Key": "k"}]}), "Value is missing"),
            (json!({"Name": "Bob", "DurationSeconds": -1}), "DurationSeconds is not a number of 32 bits"),
        ] {
            assert_eq!(operation("GetFederationToken", &params).err().as_deref(), Some(sentence));
        }
        assert!(operation("NoSuchOperation", &json!({})).is_err());
    }

    #[test]
    fn every_operation_has_a_reader() {
        for name in names() {
            assert_eq!(reader(name).map(|operation| operation.name()), Ok(name.to_owned()));
        }
    }
}
