use std::sync::Arc;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::operation::AssumeRole;
use crate::shape::AssumedRoleUser;
use crate::source::base::Base;
#[cfg(feature = "sources")]
use crate::source::role_cache::RoleCache;
use crate::source::scoped::OF_ROLE;
use crate::source::{Chain, Context, Found, Looking, Source, session};
use crate::step::MfaPrompt;

const NAME: &str = "assumed role";

/// What a role assumed with a role's credentials lasts at most, in seconds.
///
/// AWS: [role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining).
const CHAINED_SECONDS: u32 = 3600;

/// The sources whose credentials are those of a role. Temporary credentials from elsewhere may be those of a user, which
/// GetSessionToken gives out, and which may assume a role for longer.
const ROLE_SOURCES: [&str; 7] =
    [NAME, OF_ROLE, "web identity", "SAML", "container", "instance metadata", "SSO"];

/// A role that is assumed with the credentials of another source.
///
/// With an MFA device, [`AssumeRole::serial_number`], its code is asked for at each look. Without a session name, each
/// session has a random one that begins with `sts-`.
///
/// AWS: [assume role](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html).
///
/// ```
/// use sts_proto::operation::AssumeRole;
/// use sts_proto::source::{AssumedRole, environment::Environment};
///
/// let deploy = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "").duration_seconds(900);
/// let source = AssumedRole::new(Environment::new(|name| std::env::var(name).ok()), deploy);
/// # let _ = source;
/// ```
#[derive(Clone, Debug)]
pub struct AssumedRole {
    base: Base,
    operation: AssumeRole,
    clamps: bool,
    #[cfg(feature = "sources")]
    cache: Option<RoleCache>,
}

impl AssumedRole {
    /// The role of that operation, assumed with the credentials of `base`: a source or a [`Chain`].
    pub fn new(base: impl Source + 'static, operation: AssumeRole) -> Self {
        Self {
            base: Base::new(base, NAME, "the role's base"),
            operation,
            clamps: false,
            #[cfg(feature = "sources")]
            cache: None,
        }
    }

    /// Keeps the session in a file of that directory, of the name and the form that the AWS CLI and boto3 use: with
    /// `~/.aws/cli/cache` all of them share sessions, and an MFA code is asked for once in a session's life. Off by default.
    ///
    /// A file is used while its credentials have a quarter of an hour left, or a third of a session that was asked for as a
    /// shorter one than 45 minutes; a refresh does not take from it what it replaces. It is written for its owner only (mode
    /// 0600), whole or not at all. One that cannot be read, is damaged or of another account, role or session is written anew; where it cannot be written the
    /// role is assumed as without a cache. As with the CLI, neither the base credentials nor the endpoint are part of
    /// its name: keep the sessions of another STS than AWS's in a directory of their own.
    #[cfg(feature = "sources")]
    #[must_use]
    pub fn cached_in(self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.with_cache(Some(RoleCache::new(directory)))
    }

    /// The same with the cache of [`Config::cache_roles`](crate::config::Config::cache_roles): the AWS CLI's directory under
    /// the configuration's home directory. Without [`cache_roles(true)`](crate::config::Config::cache_roles) or without a home
    /// there is no cache.
    #[cfg(feature = "sources")]
    #[must_use]
    pub fn cached_as(self, config: &crate::config::Config) -> Self {
        self.with_cache(crate::source::profile::role_cache(config))
    }

    #[cfg(feature = "sources")]
    pub(super) fn with_cache(mut self, cache: Option<RoleCache>) -> Self {
        self.cache = cache;
        self
    }

    /// Whether a duration above the hour that a chain of roles can have is shortened to it. Off by default: STS refuses it, or
    /// nothing is sent under [`Validation::strict`](crate::Validation::strict).
    ///
    /// A chain of roles is known by the base credentials' source. Credentials from an environment or a file may be a
    /// user's session, which can assume a role for longer: STS decides.
    #[must_use]
    pub fn clamp_chained_duration(mut self, on: bool) -> Self {
        self.clamps = on;
        self
    }

    #[cfg(feature = "sources")]
    async fn find(&self, context: &Context) -> Result<Found, Error> {
        let fetch = self.fetch(context);
        let found = RoleCache::or_fetch(self.cache.as_ref(), context, &self.operation, fetch).await?;
        Ok(found.with_source(NAME).into())
    }

    #[cfg(not(feature = "sources"))]
    async fn find(&self, context: &Context) -> Result<Found, Error> {
        Ok(self.fetch(context).await?.0.into())
    }

    async fn fetch(&self, context: &Context) -> Result<(Credentials, AssumedRoleUser), Error> {
        let base = self.base.credentials(context).await?;
        let access_key_id = base.access_key_id().to_owned();
        match self.assume(context, base).await {
            Err(error) if self.base.has_others(context, &error, &access_key_id) => {
                let base = self.base.credentials(context).await?;
                self.assume(context, base).await
            }
            outcome => outcome,
        }
    }

    async fn assume(
        &self,
        context: &Context,
        base: Credentials,
    ) -> Result<(Credentials, AssumedRoleUser), Error> {
        let mut operation = self.operation.clone();
        if is_role_session(&base) && operation.duration_seconds.is_some_and(|s| s > CHAINED_SECONDS) {
            if self.clamps {
                operation = operation.duration_seconds(CHAINED_SECONDS);
            } else if context.validation().has_max() {
                let words = "must be 3600 at most where the base credentials are those of a role";
                return Err(Error::setting("DurationSeconds", words).during("AssumeRole"));
            }
        }
        if operation.role_session_name.is_empty() {
            operation = operation.role_session_name(session::random_name(context));
        }
        if let (Some(serial_number), None) = (&operation.serial_number, &operation.token_code) {
            let prompt = MfaPrompt::new(serial_number.as_str()).role_arn(operation.role_arn.as_str());
            let code = context.ask().mfa_code(prompt).await?;
            operation = operation.token_code(code);
        }
        let reply = context.call(operation, Some(Arc::new(base))).await?.into_output();
        let (user, role) = (reply.assumed_role_user, &self.operation.role_arn);
        Ok((session::of_role(reply.credentials, &user, role, NAME), user))
    }
}

fn is_role_session(credentials: &Credentials) -> bool {
    credentials.session_token().is_some()
        && credentials.source().is_some_and(|source| ROLE_SOURCES.contains(&source))
}

impl Source for AssumedRole {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }

    #[cfg(feature = "sources")]
    fn refused(&self, _: &Context, access_key_id: &str) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.refuse(access_key_id))
    }
}

/// A chain in place of one source. One in which nothing is set up is an error: it was made to be used.
impl Source for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async { Ok(self.load(context).await?.credentials.into()) })
    }

    fn refused(&self, context: &Context, access_key_id: &str) -> bool {
        // All are told: which one gave it is not known.
        let can_help = self.sources().iter().map(|source| source.refused(context, access_key_id));
        can_help.fold(false, |any, one| any | one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Given;
    use crate::source::environment::Environment;
    use crate::source::testing::{Asked, Play, context_with, found, sentence, sts_refusal, sts_reply};

    fn base() -> Credentials {
        Credentials::new("AKIABASE", "sEcReTbase").unwrap()
    }

    fn role() -> AssumeRole {
        AssumeRole::new("arn:aws:iam::123456789012:role/r", "")
    }

    #[test]
    fn a_role_is_assumed_with_the_base() {
        let play = Play::new().reply(200, sts_reply("AssumeRole"));
        let (result, asked) = play.watch(AssumedRole::new(Given::new(base()), role().external_id("id")));
        let credentials = found(result);
        assert_eq!((credentials.source(), credentials.account_id()), (Some(NAME), Some("123456789012")));
        assert!(asked[0].header("authorization").unwrap().contains("Credential=AKIABASE/"));
        let body = asked[0].request().1;
        assert!(body.contains("RoleSessionName=sts-") && body.contains("ExternalId=id"), "{body}");
    }

    #[test]
    fn the_code_is_asked_for_each_time() {
        let source = AssumedRole::new(Given::new(base()), role().serial_number("GAHT12345678"));
        for code in ["123456", "654321"] {
            let play = Play::new().code(code).reply(200, sts_reply("AssumeRole"));
            let (result, asked) = play.watch(source.clone());
            found(result);
            let Asked::Mfa(prompt) = &asked[0] else { panic!("{asked:?}") };
            assert_eq!(prompt.serial_number, "GAHT12345678");
            assert_eq!(prompt.role_arn.as_deref(), Some("arn:aws:iam::123456789012:role/r"));
            assert!(asked[1].request().1.contains(&format!("TokenCode={code}")));
        }
    }

    #[test]
    fn chain_of_roles_beyond_an_hour_is_refused_when_strict() {
        let of_role = base().with_session_token("t").unwrap().with_source("web identity");
        let source = AssumedRole::new(Given::new(of_role), role().duration_seconds(7200));
        let (result, asked) = Play::new()
            .flow(|ask| async move { source.look(&context_with(ask, crate::Validation::strict())).await });
        let text = sentence(result);
        assert!(
            text.starts_with("AssumeRole was not sent: `DurationSeconds` must be 3600 at most"),
            "{text}"
        );
        assert!(asked.is_empty(), "{asked:?}");
    }

    #[test]
    fn chain_of_roles_beyond_an_hour_is_sent_or_shortened() {
        let long = || role().duration_seconds(7200);
        let of_role = base().with_session_token("t").unwrap().with_source("web identity");
        let source = || AssumedRole::new(Given::new(of_role.clone()), long());
        let scoped_role = base().with_session_token("t").unwrap().with_source(OF_ROLE);
        let scoped_role = AssumedRole::new(Given::new(scoped_role), long()).clamp_chained_duration(true);
        let scoped_user = base().with_session_token("t").unwrap().with_source("scoped");
        let scoped_user = AssumedRole::new(Given::new(scoped_user), long()).clamp_chained_duration(true);
        // A user's session may take longer.
        let of_user = AssumedRole::new(Given::new(base().with_session_token("t").unwrap()), long());
        for (source, seconds) in [
            (source(), "7200"),
            (source().clamp_chained_duration(true), "3600"),
            (scoped_role, "3600"),
            (scoped_user, "7200"),
            (of_user, "7200"),
        ] {
            let (result, asked) = Play::new().reply(200, sts_reply("AssumeRole")).watch(source);
            found(result);
            assert!(asked[0].request().1.contains(&format!("DurationSeconds={seconds}")));
        }
    }

    #[test]
    fn roles_upon_roles() {
        let first = AssumedRole::new(Chain::new().with(Given::new(base())), role());
        let play = Play::new().reply(200, sts_reply("AssumeRole")).reply(200, sts_reply("AssumeRole"));
        let (result, asked) = play.watch(AssumedRole::new(first, role().role_session_name("two")));
        found(result);
        assert!(asked[1].header("authorization").unwrap().contains("Credential=ASIAROLE/"));
    }

    #[test]
    fn a_base_without_credentials_is_an_error() {
        let text = sentence(Play::new().run(AssumedRole::new(Environment::new(|_| None), role())));
        assert!(text.contains("the role's base, environment, has none"), "{text}");
        let chain = Chain::new().with(Environment::new(|_| None));
        let error = Play::new().run(AssumedRole::new(chain, role())).unwrap_err();
        assert!(error.report().is_some(), "{error}");
        let play = Play::new().reply(403, sts_refusal("AccessDenied"));
        let text = sentence(play.run(AssumedRole::new(Given::new(base()), role())));
        assert!(text.contains("trust policy"), "{text}");
    }
}
