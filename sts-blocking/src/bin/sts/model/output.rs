//! What the replies hold, in the service model's order.

/// A member of a reply.
pub(crate) struct Member {
    /// AWS's name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) kind: Kind,
    /// Whether there is no result without it, so that a reply without it is an error.
    pub(crate) required: bool,
}

impl Member {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// What a member of a reply is.
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A text that is of no use if it is empty.
    Token,
    /// A number.
    Integer,
    /// A moment.
    Timestamp,
    /// A structure.
    Structure(&'static [Member]),
    /// A structure of the parts of temporary credentials.
    Credentials(&'static [Member]),
    /// A map of texts.
    Map,
}

const fn text(name: &'static str) -> Member {
    Member { name, kind: Kind::Text, required: false }
}

const fn integer(name: &'static str) -> Member {
    Member { name, kind: Kind::Integer, required: false }
}

const fn structure(name: &'static str, members: &'static [Member]) -> Member {
    Member { name, kind: Kind::Structure(members), required: false }
}

const CREDENTIALS: Member = Member {
    name: "Credentials",
    kind: Kind::Credentials(&[
        text("AccessKeyId").required(),
        text("SecretAccessKey").required(),
        text("SessionToken").required(),
        EXPIRATION.required(),
    ]),
    required: true,
};
const EXPIRATION: Member = Member { name: "Expiration", kind: Kind::Timestamp, required: false };
const ASSUMED_ROLE_USER: Member = structure("AssumedRoleUser", &[text("AssumedRoleId"), text("Arn")]);
const FEDERATED_USER: Member = structure("FederatedUser", &[text("FederatedUserId"), text("Arn")]);
const SESSION_INFO: Member = structure("SessionInfo", &[text("ScopedSessionId"), text("Arn")]);
const TRUSTED_IDENTITY_PROPAGATION_CONTEXT: Member =
    structure("TrustedIdentityPropagationContext", &[ORIGIN_IDENTITY, TRANSACTION_CONTEXT]);
const ORIGIN_IDENTITY: Member = structure(
    "OriginIdentity",
    &[text("Subject"), text("SubjectType"), text("Issuer"), text("FederatedProviderArn")],
);
const TRANSACTION_CONTEXT: Member = structure("TransactionContext", &[IDENTITY_PROVIDER]);
const IDENTITY_PROVIDER: Member = Member { name: "IdentityProvider", kind: Kind::Map, required: false };
const WEB_IDENTITY_TOKEN: Member = Member { name: "WebIdentityToken", kind: Kind::Token, required: true };
const PACKED_POLICY_SIZE: Member = integer("PackedPolicySize");
const SOURCE_IDENTITY: Member = text("SourceIdentity");
const SESSION_TOKEN_UTILIZATION: Member = integer("SessionTokenUtilization");
const SESSION_TOKEN_SIZE: Member = integer("SessionTokenSize");

pub(super) const ASSUME_ROLE: &[Member] = &[
    CREDENTIALS,
    ASSUMED_ROLE_USER,
    PACKED_POLICY_SIZE,
    SOURCE_IDENTITY,
    SESSION_TOKEN_UTILIZATION,
    SESSION_TOKEN_SIZE,
];
pub(super) const ASSUME_ROLE_WITH_SAML: &[Member] = &[
    CREDENTIALS,
    ASSUMED_ROLE_USER,
    PACKED_POLICY_SIZE,
    text("Subject"),
    text("SubjectType"),
    text("Issuer"),
    text("Audience"),
    text("NameQualifier"),
    SOURCE_IDENTITY,
    SESSION_TOKEN_UTILIZATION,
    SESSION_TOKEN_SIZE,
    TRUSTED_IDENTITY_PROPAGATION_CONTEXT,
];
pub(super) const ASSUME_ROLE_WITH_WEB_IDENTITY: &[Member] = &[
    CREDENTIALS,
    text("SubjectFromWebIdentityToken"),
    ASSUMED_ROLE_USER,
    PACKED_POLICY_SIZE,
    text("Provider"),
    text("Audience"),
    SOURCE_IDENTITY,
    SESSION_TOKEN_UTILIZATION,
    SESSION_TOKEN_SIZE,
    TRUSTED_IDENTITY_PROPAGATION_CONTEXT,
];
pub(super) const ASSUME_ROOT: &[Member] =
    &[CREDENTIALS, SOURCE_IDENTITY, SESSION_TOKEN_UTILIZATION, SESSION_TOKEN_SIZE];
pub(super) const DECODE_AUTHORIZATION_MESSAGE: &[Member] = &[text("DecodedMessage").required()];
pub(super) const GET_ACCESS_KEY_INFO: &[Member] = &[text("Account").required()];
pub(super) const GET_CALLER_IDENTITY: &[Member] = &[text("UserId"), text("Account"), text("Arn")];
pub(super) const GET_DELEGATED_ACCESS_TOKEN: &[Member] =
    &[CREDENTIALS, PACKED_POLICY_SIZE, text("AssumedPrincipal")];
pub(super) const GET_FEDERATION_TOKEN: &[Member] =
    &[CREDENTIALS, FEDERATED_USER, PACKED_POLICY_SIZE, SESSION_TOKEN_UTILIZATION, SESSION_TOKEN_SIZE];
pub(super) const GET_SCOPED_CREDENTIALS: &[Member] = &[
    CREDENTIALS,
    SESSION_INFO,
    SESSION_TOKEN_UTILIZATION,
    SESSION_TOKEN_SIZE,
    integer("ScopedPoliciesCount"),
    SOURCE_IDENTITY,
];
pub(super) const GET_SESSION_TOKEN: &[Member] = &[CREDENTIALS, SESSION_TOKEN_UTILIZATION, SESSION_TOKEN_SIZE];
pub(super) const GET_WEB_IDENTITY_TOKEN: &[Member] = &[WEB_IDENTITY_TOKEN, EXPIRATION];
