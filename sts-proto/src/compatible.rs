//! Operations of S3-compatible servers: what MinIO, and servers that follow it, add to STS or take away from it.
//!
//! They are sent like all others, to an endpoint given by URL. Roles need no ARN here: the identity itself decides what
//! one may do.
//!
//! MinIO: [Security Token Service](https://min.io/docs/minio/linux/developers/security-token-service.html).
//!
//! ```
//! use sts_proto::Encoder;
//! use sts_proto::compatible::AssumeRoleWithLdapIdentity;
//! use sts_proto::endpoint::EndpointOptions;
//! use time::OffsetDateTime;
//!
//! let encoder = Encoder::new(EndpointOptions::new().url("https://minio.example.com:9000").resolve()?);
//! let operation = AssumeRoleWithLdapIdentity::new("alice", "password").duration_seconds(3600);
//! let request = encoder.encode(&operation, None, OffsetDateTime::UNIX_EPOCH)?;
//! assert!(request.body().as_ref().starts_with(b"Action=AssumeRoleWithLDAPIdentity&Version=2011-06-15&LDAPUsername"));
//! # Ok::<(), sts_proto::Error>(())
//! ```

pub use assume_role::AssumeRole;
pub use assume_role_with_certificate::AssumeRoleWithCertificate;
pub use assume_role_with_client_grants::AssumeRoleWithClientGrants;
pub use assume_role_with_custom_token::AssumeRoleWithCustomToken;
pub use assume_role_with_ldap_identity::AssumeRoleWithLdapIdentity;
pub use assume_role_with_web_identity::AssumeRoleWithWebIdentity;

use crate::constraint::{Integer, Members, Text, class};
use crate::credentials::{Credentials, Secret};
use crate::reply::ReplyFault;
use crate::shape::{self, AssumedRoleUser};
use crate::xml::{Cursor, Field};

mod assume_role;
mod assume_role_with_certificate;
mod assume_role_with_client_grants;
mod assume_role_with_custom_token;
mod assume_role_with_ldap_identity;
mod assume_role_with_web_identity;

static POLICY: Text = Text::optional("Policy").length(1, 2048).of(&class::POLICY).sensitive();
/// From 15 minutes to a year.
static DURATION_SECONDS: Integer = Integer::optional("DurationSeconds", 900, 31_536_000);
static TOKEN_REVOKE_TYPE: Text = Text::optional("TokenRevokeType");
static ROLE_ARN: Text = Text::optional("RoleArn").length(20, 2048).of(&class::ARN);
static ROLE_SESSION_NAME: Text = Text::optional("RoleSessionName").length(2, 64).of(&class::NAME);

/// The parameters that all operations here have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Common {
    policy: Option<Secret>,
    duration_seconds: Option<u32>,
    token_revoke_type: Option<String>,
}

impl Common {
    fn members(&self, members: &mut impl Members) {
        members.text(&POLICY, self.policy.as_ref().map(Secret::expose));
        members.integer(&DURATION_SECONDS, self.duration_seconds);
        members.text(&TOKEN_REVOKE_TYPE, self.token_revoke_type.as_deref());
    }
}

/// The setters of [`Common`].
macro_rules! common_setters {
    () => {
        /// An inline policy, as JSON, that limits the session. 1 to 2,048 characters.
        #[must_use]
        pub fn policy(mut self, policy: impl Into<crate::Secret>) -> Self {
            self.common.policy = Some(policy.into());
            self
        }

        /// How long the credentials last, in seconds: 900 to 31,536,000, a year. MinIO's default is 3,600.
        #[must_use]
        pub fn duration_seconds(mut self, seconds: u32) -> Self {
            self.common.duration_seconds = Some(seconds);
            self
        }

        /// A name under which the credentials can be revoked together.
        #[must_use]
        pub fn token_revoke_type(mut self, name: impl Into<String>) -> Self {
            self.common.token_revoke_type = Some(name.into());
            self
        }
    };
}
use common_setters;

/// The result of every operation here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The temporary credentials.
    pub credentials: Credentials,
    /// Who one is with them. MinIO leaves both members empty.
    pub assumed_role_user: Option<AssumedRoleUser>,
    /// Who one is with them, from [`AssumeRoleWithCustomToken`].
    pub assumed_user: Option<String>,
    /// The token's `aud` claim.
    pub audience: Option<String>,
    /// The token's `iss` claim.
    pub provider: Option<String>,
    /// The token's `sub` claim.
    pub subject: Option<String>,
}

impl Output {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ReplyFault> {
        let mut credentials = Field::new("Credentials");
        let mut assumed_role_user = Field::new("AssumedRoleUser");
        let mut assumed_user = Field::new("AssumedUser");
        let mut audience = Field::new("Audience");
        let mut provider = Field::new("Provider");
        let mut subject = Field::new("SubjectFromToken");
        while cursor.child()? {
            match cursor.name() {
                b"Credentials" => credentials.set(shape::read_credentials(cursor)?)?,
                b"AssumedRoleUser" => assumed_role_user.set(AssumedRoleUser::read(cursor)?)?,
                b"AssumedUser" => assumed_user.set(cursor.text()?.into_owned())?,
                b"Audience" => audience.set(cursor.text()?.into_owned())?,
                b"Provider" => provider.set(cursor.text()?.into_owned())?,
                b"SubjectFromToken" | b"SubjectFromWebIdentityToken" => {
                    subject.set(cursor.text()?.into_owned())?;
                }
                _ => cursor.skip()?,
            }
        }
        Ok(Self {
            credentials: credentials.required()?,
            assumed_role_user: assumed_role_user.optional(),
            assumed_user: assumed_user.optional(),
            audience: audience.optional(),
            provider: provider.optional(),
            subject: subject.optional(),
        })
    }
}
