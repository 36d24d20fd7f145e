//! Trust policies: read from JSON, strictly, and asked.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::context::{Asker, Context};

/// Who may assume a role, under which conditions: the document that IAM calls `AssumeRolePolicyDocument`.
///
/// ```
/// use sts_tests::server::TrustPolicy;
///
/// let policy = r#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole",
///     "Condition": {"StringEquals": {"sts:ExternalId": "secret-handshake"}}}}"#;
/// policy.parse::<TrustPolicy>()?;
/// # Ok::<(), sts_tests::server::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    statements: Vec<Statement>,
}

/// Why a document is no trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(String);

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no trust policy: {}", self.0)
    }
}

impl std::error::Error for InvalidPolicy {}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    principals: Principals,
    actions: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Principals {
    Everybody,
    Named { aws: Vec<String>, federated: Vec<String> },
}

/// `"ForAnyValue:StringLikeIfExists": {"key": ["value"]}`
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    quantifier: Option<Quantifier>,
    test: Test,
    negated: bool,
    if_exists: bool,
    /// In lower case.
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    All,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Null,
}

impl FromStr for TrustPolicy {
    type Err = InvalidPolicy;

    fn from_str(json: &str) -> Result<Self, InvalidPolicy> {
        Self::from_value(&serde_json::from_str(json).map_err(|error| InvalidPolicy(error.to_string()))?)
    }
}

impl TrustPolicy {
    /// Anybody may.
    #[must_use]
    pub fn everybody() -> Self {
        let statement = |principals| Statement {
            allows: true,
            principals,
            actions: vec!["sts:*".to_owned()],
            conditions: Vec::new(),
        };
        Self { statements: vec![statement(Principals::Everybody)] }
    }

    pub(in crate::server) fn from_value(value: &Value) -> Result<Self, InvalidPolicy> {
        known(value, &["Version", "Id", "Statement"])?;
        let statements = match &value["Statement"] {
            Value::Array(statements) => statements.iter().map(Statement::read).collect::<Result<_, _>>()?,
            Value::Object(_) => vec![Statement::read(&value["Statement"])?],
            _ => return Err(InvalidPolicy("Statement is missing".to_owned())),
        };
        Ok(Self { statements })
    }

    /// One explicit refusal outweighs everything; without an explicit permission there is none.
    pub(in crate::server) fn allows(&self, action: &str, asker: Asker<'_>, context: &Context) -> bool {
        let speaking = self.statements.iter().filter(|statement| statement.speaks_of(action, asker, context));
        let mut effects: Vec<_> = speaking.map(|statement| statement.allows).collect();
        effects.sort_unstable();
        effects.first() == Some(&true)
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, InvalidPolicy> {
        known(value, &["Sid", "Effect", "Principal", "Action", "Condition"])?;
        let allows = match value["Effect"].as_str() {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(InvalidPolicy("Effect must be Allow or Deny".to_owned())),
        };
        let principals = match &value["Principal"] {
            Value::String(all) if all == "*" => Principals::Everybody,
            Value::Object(members) => {
                // Services do not call this server.
                known(&value["Principal"], &["AWS", "Federated", "Service", "CanonicalUser"])?;
                let list = |name: &str| members.get(name).map_or(Ok(Vec::new()), |value| texts(name, value));
                Principals::Named { aws: list("AWS")?, federated: list("Federated")? }
            }
            _ => return Err(InvalidPolicy("Principal must be \"*\" or an object".to_owned())),
        };
        let mut conditions = Vec::new();
        if let Some(operators) = value.get("Condition") {
            for (operator, keys) in object("Condition", operators)? {
                for (key, values) in object(operator, keys)? {
                    conditions.push(Condition::read(operator, key, texts(key, values)?)?);
                }
            }
        }
        Ok(Self { allows, principals, actions: texts("Action", &value["Action"])?, conditions })
    }

    fn speaks_of(&self, action: &str, asker: Asker<'_>, context: &Context) -> bool {
        let named = match &self.principals {
            Principals::Everybody => true,
            Principals::Named { aws, federated } => {
                aws.iter().any(|named| asker.is_aws(named))
                    || federated.iter().any(|named| asker.is_federated(named))
            }
        };
        let action = action.to_ascii_lowercase();
        named
            && self.actions.iter().any(|pattern| like(&pattern.to_ascii_lowercase(), &action))
            && self.conditions.iter().all(|condition| condition.holds(context))
    }
}

impl Condition {
    fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Self, InvalidPolicy> {
        let (quantifier, rest) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            _ => (None, operator),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" | "Bool" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Test::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Test::Like, true),
            "Null" => (Test::Null, false),
            _ => return Err(InvalidPolicy(format!("the operator {operator} is not supported"))),
        };
        Ok(Self { quantifier, test, negated, if_exists, key: key.to_ascii_lowercase(), values })
    }

    fn holds(&self, context: &Context) -> bool {
        let found = context.get(&self.key);
        if self.test == Test::Null {
            return self.values.iter().any(|value| (value == "true") == found.is_none());
        }
        let Some(found) = found else {
            return self.if_exists || self.quantifier == Some(Quantifier::All) || self.negated;
        };
        let matches = |found: &String| {
            self.values.iter().any(|value| match self.test {
                Test::Equals => value == found,
                Test::EqualsIgnoreCase => value.eq_ignore_ascii_case(found),
                Test::Like | Test::Null => like(value, found),
            })
        };
        match self.quantifier {
            Some(Quantifier::All) => found.iter().all(|value| matches(value) != self.negated),
            Some(Quantifier::Any) => found.iter().any(|value| matches(value) != self.negated),
            None => found.iter().any(matches) != self.negated,
        }
    }
}

/// `*` stands for any text, `?` for one character. Linear but for the last star, which is enough.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Refuses other members: a misspelled one would change who is trusted.
fn known(value: &Value, names: &[&str]) -> Result<(), InvalidPolicy> {
    let members = value.as_object().ok_or_else(|| InvalidPolicy("an object is expected".to_owned()))?;
    let unknown = members.keys().find(|name| !names.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| Err(InvalidPolicy(format!("{name} is not supported"))))
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a serde_json::Map<String, Value>, InvalidPolicy> {
    value.as_object().ok_or_else(|| InvalidPolicy(format!("{name} must be an object")))
}

/// One text or several. Booleans and numbers count as what they look like.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, InvalidPolicy> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(InvalidPolicy(format!("{name} must be a text or a list of texts"))),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::keys::Principal;
    use super::*;

    fn holds(condition: &str, facts: &[(&str, &str)]) -> bool {
        let policy = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{condition}}}}}"#
        );
        let mut context = Context::default();
        facts.iter().for_each(|(key, value)| context.add(key, *value));
        let policy: TrustPolicy = policy.parse().expect(condition);
        policy.allows("sts:AssumeRole", Asker::Aws(&Principal::root("123456789012")), &context)
    }

    #[test]
    fn conditions() {
        let id = r#"{"StringEquals":{"sts:ExternalId":["a","b"]}}"#;
        assert!(
            holds(id, &[("sts:externalid", "b")])
                && !holds(id, &[("sts:ExternalId", "B")])
                && !holds(id, &[])
        );
        let not = r#"{"StringNotEquals":{"k":"a"}}"#;
        assert!(holds(not, &[("k", "b")]) && !holds(not, &[("k", "a")]) && holds(not, &[]));
        let mfa = r#"{"Bool":{"aws:MultiFactorAuthPresent":true}}"#;
        assert!(holds(mfa, &[("aws:MultiFactorAuthPresent", "true")]) && !holds(mfa, &[]));
        let mfa = r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#;
        assert!(holds(mfa, &[]) && !holds(mfa, &[("aws:MultiFactorAuthPresent", "false")]));
        let like = r#"{"StringLike":{"k":"a*c?"}}"#;
        assert!(holds(like, &[("k", "abccd")]) && !holds(like, &[("k", "abdd")]));
        let all = r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}"#;
        assert!(holds(all, &[]) && holds(all, &[("aws:TagKeys", "a"), ("aws:TagKeys", "b")]));
        assert!(!holds(all, &[("aws:TagKeys", "a"), ("aws:TagKeys", "c")]));
        let any = r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}"#;
        assert!(!holds(any, &[]) && holds(any, &[("aws:TagKeys", "c"), ("aws:TagKeys", "a")]));
        let null = r#"{"Null":{"sts:SourceIdentity":"false"}}"#;
        assert!(!holds(null, &[]) && holds(null, &[("sts:SourceIdentity", "x")]));
        let both = r#"{"StringEquals":{"a":"1","b":"2"}}"#;
        assert!(holds(both, &[("a", "1"), ("b", "2")]) && !holds(both, &[("a", "1")]));
    }

    #[test]
    fn principals() {
        let user = Principal::user("123456789012", "alice");
        let session = Principal::role_session("123456789012", "Role", "me");
        let trusts = |principal: &str, asker: Asker<'_>| {
            let policy =
                format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"*"}}]}}"#);
            policy.parse::<TrustPolicy>().expect(principal).allows(
                "sts:AssumeRole",
                asker,
                &Context::default(),
            )
        };
        for principal in [
            r#"{"AWS":"arn:aws:iam::123456789012:root"}"#,
            r#"{"AWS":["1","123456789012"]}"#,
            r#"{"AWS":"*"}"#,
            r#""*""#,
        ] {
            assert!(
                trusts(principal, Asker::Aws(&user)) && trusts(principal, Asker::Aws(&session)),
                "{principal}"
            );
        }
        assert!(trusts(r#"{"AWS":"arn:aws:iam::123456789012:user/alice"}"#, Asker::Aws(&user)));
        assert!(trusts(r#"{"AWS":"arn:aws:iam::123456789012:role/path/Role"}"#, Asker::Aws(&session)));
        assert!(trusts(r#"{"AWS":"arn:aws:sts::123456789012:assumed-role/Role/me"}"#, Asker::Aws(&session)));
        for principal in [
            r#"{"AWS":"arn:aws:iam::123456789012:role/Other"}"#,
            r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#,
            r#"{"AWS":"arn:aws:iam::210987654321:root"}"#,
            r#"{"Federated":"*"}"#,
            r#"{"Service":"ec2.amazonaws.com"}"#,
        ] {
            assert!(
                !trusts(principal, Asker::Aws(&user)) && !trusts(principal, Asker::Aws(&session)),
                "{principal}"
            );
        }
        let federated = Asker::Federated { arn: "arn:aws:iam::1:oidc-provider/idp", name: "idp" };
        assert!(trusts(r#"{"Federated":"arn:aws:iam::1:oidc-provider/idp"}"#, federated));
        assert!(!trusts(r#"{"AWS":"*"}"#, federated));
    }

    #[test]
    fn a_refusal_outweighs_a_permission() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:Assume*"},
            {"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"Null":{"sts:ExternalId":true}}}]}"#;
        let policy: TrustPolicy = policy.parse().expect("a policy");
        let (user, mut context) = (Principal::root("1"), Context::default());
        let asker = Asker::Aws(&user);
        assert!(!policy.allows("sts:AssumeRole", asker, &context));
        assert!(!policy.allows("sts:TagSession", asker, &context));
        context.add("sts:ExternalId", "x");
        assert!(policy.allows("sts:assumerole", asker, &context));
        assert!(TrustPolicy::everybody().allows("sts:TagSession", asker, &context));
    }

    #[test]
    fn refuses_what_it_would_misread() {
        for (json, complaint) in [
            ("", "EOF"),
            ("[]", "an object is expected"),
            ("{}", "Statement is missing"),
            (r#"{"Statement":{"Effect":"allow"}}"#, "Effect must be Allow or Deny"),
            (r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#, "Principal must be"),
            (r#"{"Statement":{"Effect":"Allow","Principal":"*"}}"#, "Action must be"),
            (r#"{"Statement":{"Effect":"Allow","NotPrincipal":"*"}}"#, "NotPrincipal is not supported"),
            (
                r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{"IpAddress":{"a":"b"}}}}"#,
                "the operator IpAddress is not supported",
            ),
        ] {
            let error = json.parse::<TrustPolicy>().expect_err(json).to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
