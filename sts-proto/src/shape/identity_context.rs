use super::SecretMap;
use crate::credentials::Secret;
use crate::reply::ReplyFault;
use crate::xml::{Cursor, Field};

/// On whose behalf a session acts, as STS took it from the identity provider's token.
///
/// Everything in it is sensitive: `Debug` shows lengths and counts only.
///
/// AWS: [TrustedIdentityPropagationContext](https://docs.aws.amazon.com/STS/latest/APIReference/API_TrustedIdentityPropagationContext.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedIdentityPropagationContext {
    /// The end user on whose behalf the session acts.
    pub origin_identity: Option<OriginIdentity>,
    /// What the identity provider asserted of the request beyond that.
    pub transaction_context: Option<TransactionContext>,
}

impl TrustedIdentityPropagationContext {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut origin_identity = Field::new("OriginIdentity");
        let mut transaction_context = Field::new("TransactionContext");
        while cursor.child()? {
            match cursor.name() {
                b"OriginIdentity" => origin_identity.set(OriginIdentity::read(cursor)?)?,
                b"TransactionContext" => transaction_context.set(TransactionContext::read(cursor)?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self {
            origin_identity: origin_identity.optional(),
            transaction_context: transaction_context.optional(),
        })
    }
}

/// The end user on whose behalf a session acts: its keys `aws:OriginIdentity/…`, those that it has.
///
/// AWS: [OriginIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_OriginIdentity.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginIdentity {
    /// The end user's id, from the claim that the context provider maps as the subject.
    pub subject: Option<Secret>,
    /// Whether the end user is a person (`user`) or a program (`workload`).
    pub subject_type: Option<Secret>,
    /// The token's `iss` claim without `https://`; for SAML a hash of the key that signed the assertion.
    pub issuer: Option<Secret>,
    /// The ARN of the IAM identity provider.
    pub federated_provider_arn: Option<Secret>,
}

impl OriginIdentity {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut subject = Field::new("Subject");
        let mut subject_type = Field::new("SubjectType");
        let mut issuer = Field::new("Issuer");
        let mut federated_provider_arn = Field::new("FederatedProviderArn");
        while cursor.child()? {
            match cursor.name() {
                b"Subject" => subject.set(cursor.secret_text()?)?,
                b"SubjectType" => subject_type.set(cursor.secret_text()?)?,
                b"Issuer" => issuer.set(cursor.secret_text()?)?,
                b"FederatedProviderArn" => federated_provider_arn.set(cursor.secret_text()?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self {
            subject: subject.optional(),
            subject_type: subject_type.optional(),
            issuer: issuer.optional(),
            federated_provider_arn: federated_provider_arn.optional(),
        })
    }
}

/// What the identity provider asserted of a request: the session's keys `aws:TransactionContext/…`.
///
/// AWS: [TransactionContext](https://docs.aws.amazon.com/STS/latest/APIReference/API_TransactionContext.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionContext {
    /// Values by the last part of the key: `department` for `aws:TransactionContext/IdentityProvider/department`.
    pub identity_provider: SecretMap,
}

impl TransactionContext {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut identity_provider = Field::new("IdentityProvider");
        while cursor.child()? {
            match cursor.name() {
                b"IdentityProvider" => identity_provider.set(cursor.map("IdentityProvider")?)?,
                _ => cursor.skip()?,
            }
        }
        Ok(Self { identity_provider: identity_provider.optional().unwrap_or_default() })
    }
}
