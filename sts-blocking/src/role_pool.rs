use std::fmt;
use std::sync::Arc;

use sts_proto::operation::AssumeRole;
use sts_proto::pool::{PoolPolicy, PoolTurn, RoleKey, SharedPool};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error};

use crate::client::{Client, seed};
use crate::provider::wait;

/// Credentials of many roles, kept and refreshed: for services that act for thousands of customers. Cheap to clone and
/// to share between threads.
///
/// It is bounded: 50,000 roles by default, of which the one that was not used for the longest goes first, and 16 calls of
/// STS at once; see [`PoolPolicy`]. Each role is assumed by one caller at a time, and refreshed as by a
/// [`Provider`](crate::Provider).
///
/// The operations are sent as they are, unlike those of an [`AssumeRoleProvider`](crate::AssumeRoleProvider): a session name
/// must be there, nobody is asked for the code of an MFA device, it is STS that refuses more than an hour for a role that
/// is assumed with a role's credentials, and the credentials have no account id.
///
/// ```no_run
/// use sts_blocking::operation::AssumeRole;
/// use sts_blocking::{Client, Error, RolePool};
///
/// let client = Client::builder().region("eu-west-1").credentials_from_env().build()?;
/// let pool = RolePool::new(&client);
/// let template = AssumeRole::new("", "my-service").duration_seconds(3600);
/// for account in ["111111111111", "222222222222"] {
///     let role = template.clone().role_arn(format!("arn:aws:iam::{account}:role/Customer")).external_id("42");
///     let credentials = pool.credentials(&role)?;
///     println!("{account}: {}", credentials.access_key_id());
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct RolePool {
    client: Client,
    pool: SharedPool,
}

impl RolePool {
    /// Roles that are assumed with the client's credentials: fixed ones, or those of its provider.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self::with_policy(client, PoolPolicy::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_policy(client: &Client, policy: PoolPolicy) -> Self {
        Self { client: client.clone(), pool: SharedPool::new(policy, seed()) }
    }

    /// Credentials of that role which are good now. Operations with equal parameters share them.
    ///
    /// # Errors
    /// Those of the call, where it gives none and there are none from before.
    pub fn credentials(&self, role: &AssumeRole) -> Result<Arc<Credentials>, Error> {
        let mut turn = self.pool.turn(RoleKey::of(role), self.now())?;
        loop {
            turn = match turn {
                PoolTurn::Serve(credentials) => return Ok(credentials),
                PoolTurn::Refresh(permit) => {
                    let outcome = self.client.send(role.clone());
                    let outcome =
                        outcome.map(|reply| reply.into_output().credentials.with_source("AssumeRole"));
                    return permit.finish(self.now(), outcome).map(|served| served.credentials);
                }
                PoolTurn::Wait(mut waiting) => {
                    wait(&mut waiting);
                    waiting.turn(self.now())?
                }
            };
        }
    }

    /// Tells that a service refused the credentials of that role with that access key id, as expired or invalid: see
    /// [`Provider::expired`](crate::Provider::expired).
    #[expect(clippy::must_use_candidate, reason = "most only tell")]
    pub fn expired(&self, role: &AssumeRole, access_key_id: &str) -> bool {
        self.pool.refused(&RoleKey::of(role), self.now(), access_key_id)
    }

    /// How many roles are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().saturating_add(self.client.skew())
    }
}

impl fmt::Debug for RolePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RolePool").field("pool", &self.pool).finish_non_exhaustive()
    }
}
