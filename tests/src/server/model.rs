//! The operations: their parameters, the rules of these parameters, and the functions that answer.
//!
//! A transcript of the service model of version 2011-06-15, written apart from the client's on purpose.

use super::constraint::{Enforcement, Pattern, Rule};
use super::form::Form;
use super::operations::{Call, identity, roles, scoped, sessions};
use super::refusal::Refusal;
use super::xml::Node;

/// The only version there ever was.
pub(super) const VERSION: &str = "2011-06-15";

/// An action of the service.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Whether a signature is required. The other operations bring their own proof.
    pub(super) signed: bool,
    pub(super) parameters: &'static [Parameter],
    pub(super) answer: fn(&Call<'_>) -> Result<Vec<Node>, Refusal>,
}

/// A parameter of an action.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) rule: Rule,
}

impl Operation {
    /// Reports all violations at once, in the order of the model.
    pub(super) fn check(&self, form: &Form, enforcement: Enforcement) -> Result<(), Refusal> {
        let mut violations = Vec::new();
        for parameter in self.parameters {
            parameter.rule.check(parameter, form, enforcement, &mut violations)?;
        }
        match violations.len() {
            0 => Ok(()),
            1 => Err(Refusal::validation(format!("1 validation error detected: {}", violations[0]))),
            n => {
                Err(Refusal::validation(format!("{n} validation errors detected: {}", violations.join("; "))))
            }
        }
    }
}

const fn required(name: &'static str, rule: Rule) -> Parameter {
    Parameter { name, required: true, rule }
}

const fn optional(name: &'static str, rule: Rule) -> Parameter {
    Parameter { name, required: false, rule }
}

const fn text(min: usize, max: usize, pattern: Pattern) -> Rule {
    Rule::Text { min, max, pattern }
}

const ARN: Rule = text(20, 2048, Pattern::Arn);
const SESSION_NAME: Rule = text(2, 64, Pattern::Name);
const SOURCE_IDENTITY: Rule = text(2, 256, Pattern::Name);
const POLICY: Rule = text(1, 2048, Pattern::Policy);
/// The model set no upper limit for `AssumeRole` since 2026.
const UNRESTRICTED_POLICY: Rule = text(1, usize::MAX, Pattern::Policy);
const ROLE_DURATION: Rule = Rule::Number { min: 900, max: 43_200 };
const SESSION_DURATION: Rule = Rule::Number { min: 900, max: 129_600 };
const MFA_SERIAL: Rule = text(9, 256, Pattern::Serial);
const MFA_CODE: Rule = text(6, 6, Pattern::Digits);
const MINIMUM_TOKEN: Parameter = optional("MinimumSessionTokenSize", Rule::Number { min: 0, max: 4096 });

/// All operations.
pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        name: "AssumeRole",
        signed: true,
        parameters: &[
            required("RoleArn", ARN),
            required("RoleSessionName", SESSION_NAME),
            optional("PolicyArns", Rule::PolicyArns),
            optional("Policy", UNRESTRICTED_POLICY),
            optional("DurationSeconds", ROLE_DURATION),
            optional("Tags", Rule::Tags),
            optional("TransitiveTagKeys", Rule::TagKeys),
            optional("ExternalId", text(2, 1224, Pattern::ExternalId)),
            optional("SerialNumber", MFA_SERIAL),
            optional("TokenCode", MFA_CODE),
            optional("SourceIdentity", SOURCE_IDENTITY),
            optional("ProvidedContexts", Rule::ProvidedContexts),
            MINIMUM_TOKEN,
        ],
        answer: roles::assume_role,
    },
    Operation {
        name: "AssumeRoleWithSAML",
        signed: false,
        parameters: &[
            required("RoleArn", ARN),
            required("PrincipalArn", ARN),
            required("SAMLAssertion", Rule::Secret { min: 4, max: 100_000 }),
            optional("PolicyArns", Rule::PolicyArns),
            optional("Policy", POLICY),
            optional("DurationSeconds", ROLE_DURATION),
            MINIMUM_TOKEN,
        ],
        answer: roles::assume_role_with_saml,
    },
    Operation {
        name: "AssumeRoleWithWebIdentity",
        signed: false,
        parameters: &[
            required("RoleArn", ARN),
            required("RoleSessionName", SESSION_NAME),
            required("WebIdentityToken", Rule::Secret { min: 4, max: 20_000 }),
            optional("ProviderId", text(4, 2048, Pattern::Any)),
            optional("PolicyArns", Rule::PolicyArns),
            optional("Policy", POLICY),
            optional("DurationSeconds", ROLE_DURATION),
            MINIMUM_TOKEN,
        ],
        answer: roles::assume_role_with_web_identity,
    },
    Operation {
        name: "AssumeRoot",
        signed: true,
        parameters: &[
            required("TargetPrincipal", text(12, 2048, Pattern::Any)),
            required("TaskPolicyArn", Rule::PolicyArn),
            optional("DurationSeconds", Rule::Number { min: 0, max: 900 }),
            MINIMUM_TOKEN,
        ],
        answer: roles::assume_root,
    },
    Operation {
        name: "DecodeAuthorizationMessage",
        signed: true,
        parameters: &[required("EncodedMessage", text(1, 10_240, Pattern::Any))],
        answer: identity::decode_authorization_message,
    },
    Operation {
        name: "GetAccessKeyInfo",
        signed: true,
        parameters: &[required("AccessKeyId", text(16, 128, Pattern::Word))],
        answer: identity::get_access_key_info,
    },
    Operation {
        name: "GetCallerIdentity",
        signed: true,
        parameters: &[],
        answer: identity::get_caller_identity,
    },
    Operation {
        name: "GetDelegatedAccessToken",
        signed: true,
        parameters: &[required("TradeInToken", Rule::Secret { min: 0, max: usize::MAX })],
        answer: sessions::get_delegated_access_token,
    },
    Operation {
        name: "GetFederationToken",
        signed: true,
        parameters: &[
            required("Name", text(2, 32, Pattern::Name)),
            optional("Policy", POLICY),
            optional("PolicyArns", Rule::PolicyArns),
            optional("DurationSeconds", SESSION_DURATION),
            optional("Tags", Rule::Tags),
            MINIMUM_TOKEN,
        ],
        answer: sessions::get_federation_token,
    },
    Operation {
        name: "GetScopedCredentials",
        signed: true,
        parameters: &[
            optional("Policy", POLICY),
            optional("DurationSeconds", Rule::Number { min: 1, max: 129_600 }),
            MINIMUM_TOKEN,
            optional("ScopedSessionDescription", text(2, 256, Pattern::Description)),
        ],
        answer: scoped::get_scoped_credentials,
    },
    Operation {
        name: "GetSessionToken",
        signed: true,
        parameters: &[
            optional("DurationSeconds", SESSION_DURATION),
            optional("SerialNumber", MFA_SERIAL),
            optional("TokenCode", MFA_CODE),
            MINIMUM_TOKEN,
        ],
        answer: sessions::get_session_token,
    },
    Operation {
        name: "GetWebIdentityToken",
        signed: true,
        parameters: &[
            required("Audience", Rule::Audiences),
            optional("DurationSeconds", Rule::Number { min: 60, max: 3600 }),
            required("SigningAlgorithm", Rule::OneOf(&["RS256", "ES384"])),
            optional("Scope", text(1, 256, Pattern::Scope)),
            optional("SubjectMode", Rule::OneOf(&["AWSIdentity", "OriginIdentity"])),
            optional("Tags", Rule::Tags),
        ],
        answer: identity::get_web_identity_token,
    },
];
