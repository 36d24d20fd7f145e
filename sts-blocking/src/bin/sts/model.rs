//! What the operations take and give.
//!
//! What they take is what the library knows of them: no parameter is listed here a second time. What they give is a
//! list of members in the service model's order.

use sts_blocking::operation::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, DecodeAuthorizationMessage,
    GetAccessKeyInfo, GetCallerIdentity, GetDelegatedAccessToken, GetFederationToken, GetScopedCredentials,
    GetSessionToken, GetWebIdentityToken, Operation, Parameter,
};

pub(crate) use output::{Kind as OutputKind, Member as OutputMember};
pub(crate) use shape::{Member, Shape};

mod output;
mod shape;

/// An operation as a subcommand.
pub(crate) struct Action {
    /// The subcommand's name.
    pub(crate) name: &'static str,
    /// AWS's name.
    pub(crate) action: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// How it is used, for `--help`.
    pub(crate) example: &'static str,
    /// What the reply holds.
    pub(crate) output: &'static [OutputMember],
    describe: fn() -> Input,
}

/// What an operation takes.
pub(crate) struct Input {
    /// Whether requests are signed.
    pub(crate) is_signed: bool,
    /// The parameters, in the service model's order.
    pub(crate) members: Vec<Member>,
}

impl Action {
    /// The subcommand of that name.
    pub(crate) fn of_name(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }

    /// What it takes.
    pub(crate) fn input(&self) -> Input {
        (self.describe)()
    }
}

fn of(operation: &impl Operation) -> Input {
    let parameters: Vec<Parameter> = operation.parameters();
    Input { is_signed: operation.is_signed(), members: shape::members(&parameters, "") }
}

/// Every operation, by name.
pub(crate) static ACTIONS: &[Action] = &[
    Action {
        name: "assume-role",
        action: "AssumeRole",
        about: "Gives out temporary credentials for a role",
        example: "sts assume-role --role-arn arn:aws:iam::123456789012:role/Deploy --role-session-name build-42 \\\n      --duration-seconds 900 --tags Key=Project,Value=website",
        output: output::ASSUME_ROLE,
        describe: || of(&AssumeRole::new("", "")),
    },
    Action {
        name: "assume-role-with-saml",
        action: "AssumeRoleWithSAML",
        about: "Gives out temporary credentials for a role to whoever has a SAML assertion",
        example: "sts assume-role-with-saml --role-arn arn:aws:iam::123456789012:role/Sso \\\n      --principal-arn arn:aws:iam::123456789012:saml-provider/Idp --saml-assertion file://assertion.b64",
        output: output::ASSUME_ROLE_WITH_SAML,
        describe: || of(&AssumeRoleWithSaml::new("", "", "")),
    },
    Action {
        name: "assume-role-with-web-identity",
        action: "AssumeRoleWithWebIdentity",
        about: "Gives out temporary credentials for a role to whoever has a token of an identity provider",
        example: "sts assume-role-with-web-identity --role-arn arn:aws:iam::123456789012:role/Ci \\\n      --role-session-name ci --web-identity-token file://token",
        output: output::ASSUME_ROLE_WITH_WEB_IDENTITY,
        describe: || of(&AssumeRoleWithWebIdentity::new("", "", "")),
    },
    Action {
        name: "assume-root",
        action: "AssumeRoot",
        about: "Gives out temporary credentials for a privileged task in a member account",
        example: "sts assume-root --target-principal 123456789012 \\\n      --task-policy-arn arn=arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy",
        output: output::ASSUME_ROOT,
        describe: || of(&AssumeRoot::new("", "")),
    },
    Action {
        name: "decode-authorization-message",
        action: "DecodeAuthorizationMessage",
        about: "Decodes what the message of a refusal holds in encoded form",
        example: "sts decode-authorization-message --encoded-message file://message --query DecodedMessage --output text",
        output: output::DECODE_AUTHORIZATION_MESSAGE,
        describe: || of(&DecodeAuthorizationMessage::new("")),
    },
    Action {
        name: "get-access-key-info",
        action: "GetAccessKeyInfo",
        about: "Tells the account that an access key belongs to",
        example: "sts get-access-key-info --access-key-id AKIAIOSFODNN7EXAMPLE",
        output: output::GET_ACCESS_KEY_INFO,
        describe: || of(&GetAccessKeyInfo::new("")),
    },
    Action {
        name: "get-caller-identity",
        action: "GetCallerIdentity",
        about: "Tells whose credentials are in use",
        example: "sts get-caller-identity --query Account --output text",
        output: output::GET_CALLER_IDENTITY,
        describe: || of(&GetCallerIdentity::new()),
    },
    Action {
        name: "get-delegated-access-token",
        action: "GetDelegatedAccessToken",
        about: "Trades a token in for temporary credentials",
        example: "sts get-delegated-access-token --trade-in-token -",
        output: output::GET_DELEGATED_ACCESS_TOKEN,
        describe: || of(&GetDelegatedAccessToken::new("")),
    },
    Action {
        name: "get-federation-token",
        action: "GetFederationToken",
        about: "Gives out temporary credentials for a federated user",
        example: "sts get-federation-token --name alice --policy file://policy.json",
        output: output::GET_FEDERATION_TOKEN,
        describe: || of(&GetFederationToken::new("")),
    },
    Action {
        name: "get-scoped-credentials",
        action: "GetScopedCredentials",
        about: "Returns credentials of the calling session with fewer permissions, a shorter life, or both",
        example: "sts get-scoped-credentials --policy file://read-only.json --duration-seconds 900",
        output: output::GET_SCOPED_CREDENTIALS,
        describe: || of(&GetScopedCredentials::new()),
    },
    Action {
        name: "get-session-token",
        action: "GetSessionToken",
        about: "Gives out temporary credentials for the user who asks, perhaps with MFA",
        example: "sts get-session-token --serial-number arn:aws:iam::123456789012:mfa/alice --token-code 123456",
        output: output::GET_SESSION_TOKEN,
        describe: || of(&GetSessionToken::new()),
    },
    Action {
        name: "get-web-identity-token",
        action: "GetWebIdentityToken",
        about: "Gives out a signed token that tells others who the caller is",
        example: "sts get-web-identity-token --audience https://service.example --signing-algorithm ES384",
        output: output::GET_WEB_IDENTITY_TOKEN,
        describe: || of(&GetWebIdentityToken::new([""], "")),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_actions() {
        for action in ACTIONS {
            assert_eq!(action.name, shape::kebab(action.action));
            assert!(action.example.starts_with(&format!("sts {}", action.name)), "{}", action.name);
        }
        assert!(ACTIONS.is_sorted_by_key(|action| action.name));
    }

    #[test]
    fn parameters_come_from_the_library() {
        let input = Action::of_name("assume-role").unwrap().input();
        let names: Vec<_> = input.members.iter().map(|member| member.option.as_str()).collect();
        assert_eq!(names[..3], ["role-arn", "role-session-name", "policy-arns"]);
        assert!(input.is_signed && !Action::of_name("assume-role-with-saml").unwrap().input().is_signed);
        let Shape::List { item, .. } = &input.members[5].shape else { panic!("tags are a list") };
        let Shape::Structure(members) = &**item else { panic!("of structures") };
        assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["Key", "Value"]);
    }

    #[test]
    fn enumeration_is_shown_with_its_values() {
        let input = Action::of_name("get-web-identity-token").unwrap().input();
        let mode = input.members.iter().find(|member| member.name == "SubjectMode").unwrap();
        assert_eq!(mode.rule, "one of AWSIdentity, OriginIdentity");
        let Shape::Text { values, .. } = mode.shape else { panic!("a text") };
        assert_eq!(values, ["AWSIdentity", "OriginIdentity"]);
    }
}
