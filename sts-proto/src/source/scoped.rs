use std::sync::Arc;

use crate::credentials::{Credentials, Secret};
use crate::error::{Error, ErrorCode};
use crate::operation::GetScopedCredentials;
use crate::source::base::Base;
use crate::source::{Context, Looking, Source, session};

const NAME: &str = "scoped";

/// The source of credentials whose session is a role's, for which AWS's limits of role chaining hold.
pub(super) const OF_ROLE: &str = "scoped role";

/// The credentials of another source with the permissions that a policy leaves: the same identity, able to do less.
///
/// The policy narrows what the session may do and cannot widen it. Each look asks the base first, so that both are
/// refreshed together, and what comes out never outlives the base's credentials. The base must give temporary ones, see
/// [`GetScopedCredentials`]: an IAM user's are an error that names GetSessionToken.
///
/// ```
/// use sts_proto::operation::AssumeRole;
/// use sts_proto::source::{AssumedRole, Scoped, environment::Environment};
///
/// let base = Environment::new(|name| std::env::var(name).ok());
/// let deploy = AssumedRole::new(base, AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", ""));
/// let read_only = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
/// let source = Scoped::new(deploy, read_only);
/// # let _ = source;
/// ```
#[derive(Clone, Debug)]
pub struct Scoped {
    base: Base,
    policy: Secret,
    duration_seconds: Option<u32>,
    description: Option<String>,
}

impl Scoped {
    /// The credentials of `base`, a source or a [`Chain`](crate::source::Chain), under a policy: JSON, 1 to 2,048
    /// characters.
    pub fn new(base: impl Source + 'static, policy: impl Into<Secret>) -> Self {
        Self {
            base: Base::new(base, NAME, "the base"),
            policy: policy.into(),
            duration_seconds: None,
            description: None,
        }
    }

    /// How long the credentials last, in seconds. Without it, and where less is left of the base's, they end with the base's.
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// What the session is for, 2 to 256 characters: CloudTrail logs it with the request.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    async fn find(&self, context: &Context) -> Result<Credentials, Error> {
        let base = self.base.credentials(context).await?;
        match self.scope(context, &base).await {
            Err(error) if self.base.has_others(context, &error, base.access_key_id()) => {
                let base = self.base.credentials(context).await?;
                self.scope(context, &base).await
            }
            outcome => outcome,
        }
    }

    /// STS refuses a duration beyond the base's end; without a duration the session ends there.
    async fn scope(&self, context: &Context, base: &Credentials) -> Result<Credentials, Error> {
        let left = base.expiration().map(|end| (end - context.server_time()).whole_seconds());
        let fits = |seconds: &u32| left.is_none_or(|left| i64::from(*seconds) < left);
        let duration = self.duration_seconds.filter(fits);
        match self.call(context, base, duration).await {
            // The base's end is not known, or the clocks differ.
            Err(error)
                if duration.is_some() && error.code() == Some(&ErrorCode::InsufficientSessionLifetime) =>
            {
                self.call(context, base, None).await
            }
            outcome => outcome,
        }
    }

    async fn call(
        &self,
        context: &Context,
        base: &Credentials,
        duration: Option<u32>,
    ) -> Result<Credentials, Error> {
        let mut operation = GetScopedCredentials::new().policy(&self.policy);
        if let Some(seconds) = duration {
            operation = operation.duration_seconds(seconds);
        }
        if let Some(description) = &self.description {
            operation = operation.scoped_session_description(description);
        }
        let signer = Arc::new(base.clone());
        let output = context.call(operation, Some(signer)).await?.into_output();
        let is_of_role = output.session_info.arn.contains(":assumed-role/");
        let mut scoped = output.credentials.with_source(if is_of_role { OF_ROLE } else { NAME });
        if let Some(account) = session::account_of(&output.session_info.arn).or_else(|| base.account_id()) {
            scoped = scoped.with_account_id(account);
        }
        // Whatever the server says: the session cannot outlive its base.
        Ok(match (base.expiration(), scoped.expiration()) {
            (Some(end), Some(own)) if own > end => scoped.with_expiration(end),
            _ => scoped,
        })
    }
}

impl Source for Scoped {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async { Ok(self.find(context).await?.into()) })
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::Cause;
    use crate::source::environment::Environment;
    use crate::source::testing::{NOW, Play, found, sentence, sts_refusal};
    use crate::source::{Chain, Found, Given};

    const POLICY: &str = r#"{"Statement":"sEcReT"}"#;

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).unwrap()
    }

    /// Temporary credentials that end after that number of seconds.
    fn base(seconds: i64) -> Credentials {
        let base = Credentials::new("ASIABASE", "sEcReTbase").unwrap().with_session_token("t").unwrap();
        base.with_expiration(now() + Duration::seconds(seconds)).with_account_id("210987654321")
    }

    /// A reply whose credentials end at two o'clock, an hour and a half from now.
    fn reply(arn: &str) -> String {
        format!(
            "<GetScopedCredentialsResponse><GetScopedCredentialsResult><Credentials><AccessKeyId>ASIASCOPED</AccessKeyId>\
             <SecretAccessKey>sEcReT</SecretAccessKey><SessionToken>sEcReTtoken</SessionToken>\
             <Expiration>2026-11-20T02:00:00Z</Expiration></Credentials><SessionInfo>\
             <ScopedSessionId>AROA:s</ScopedSessionId><Arn>{arn}</Arn></SessionInfo></GetScopedCredentialsResult>\
             </GetScopedCredentialsResponse>"
        )
    }

    const ARN: &str = "arn:aws:sts::123456789012:assumed-role/r/s";

    #[test]
    fn base_credentials_sign_the_call_with_the_policy() {
        let source = Scoped::new(Given::new(base(6000)), POLICY).duration_seconds(900).description("nightly");
        let (result, asked) = Play::new().reply(200, reply(ARN)).watch(source);
        let scoped = found(result);
        assert_eq!((scoped.source(), scoped.account_id()), (Some(OF_ROLE), Some("123456789012")));
        assert!(asked[0].header("authorization").unwrap().contains("Credential=ASIABASE/"));
        assert_eq!(
            asked[0].request().1,
            "Action=GetScopedCredentials&Version=2011-06-15&Policy=%7B%22Statement%22%3A%22sEcReT%22%7D&\
             DurationSeconds=900&ScopedSessionDescription=nightly"
        );
        // An ARN without an account, as some servers have it.
        let play = Play::new().reply(200, reply("arn:aws:sts:::assumed-role/r/s"));
        let scoped = found(play.run(Scoped::new(Given::new(base(6000)), POLICY)));
        assert_eq!(scoped.account_id(), Some("210987654321"));
        let play = Play::new().reply(200, reply("arn:aws:iam::123456789012:user/alice"));
        let scoped = found(play.run(Scoped::new(Given::new(base(6000)), POLICY)));
        assert_eq!(scoped.source(), Some(NAME));
    }

    #[test]
    fn duration_beyond_the_end_of_the_base_is_left_out() {
        for (left, is_sent) in [(899, false), (900, false), (901, true)] {
            let source = Scoped::new(Given::new(base(left)), POLICY).duration_seconds(900);
            let (result, asked) = Play::new().reply(200, reply(ARN)).watch(source);
            found(result);
            assert_eq!(asked[0].request().1.contains("DurationSeconds"), is_sent, "{left}");
        }
    }

    #[test]
    fn duration_that_sts_finds_too_long_is_left_out() {
        let unknown = Credentials::new("ASIABASE", "sEcReTbase").unwrap().with_session_token("t").unwrap();
        for base in [unknown, base(901)] {
            let play =
                Play::new().reply(400, sts_refusal("InsufficientSessionLifetime")).reply(200, reply(ARN));
            let source = Scoped::new(Given::new(base.clone()), POLICY).duration_seconds(900);
            let (result, asked) = play.watch(source);
            found(result);
            let sent: Vec<_> =
                asked.iter().map(|asked| asked.request().1.contains("DurationSeconds")).collect();
            assert_eq!(sent, [true, false]);
            // It is asked once: without a duration there is nothing to leave out.
            let play = Play::new().reply(400, sts_refusal("InsufficientSessionLifetime"));
            let text = sentence(play.run(Scoped::new(Given::new(base), POLICY)));
            assert!(text.contains("InsufficientSessionLifetime"), "{text}");
        }
    }

    #[test]
    fn expiration_is_never_beyond_that_of_the_base() {
        // The reply's is 5,400 seconds from now.
        for (left, expected) in [(900, 900), (5400, 5400), (6000, 5400)] {
            let play = Play::new().reply(200, reply(ARN));
            let scoped = found(play.run(Scoped::new(Given::new(base(left)), POLICY)));
            assert_eq!(scoped.expiration(), Some(now() + Duration::seconds(expected)), "{left}");
        }
    }

    #[test]
    fn base_that_is_refused_is_asked_for_other_credentials() {
        /// Keeps the first key until it is refused.
        #[derive(Debug)]
        struct Kept(std::sync::Mutex<&'static str>);

        impl Source for Kept {
            fn name(&self) -> &'static str {
                "kept"
            }

            fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
                let key = Credentials::new(*self.0.lock().unwrap(), "s").unwrap().with_session_token("t");
                Box::pin(async { Ok(Found::Credentials(key?)) })
            }

            fn refused(&self, _: &Context, access_key_id: &str) -> bool {
                assert_eq!(access_key_id, "ASIAFIRST");
                *self.0.lock().unwrap() = "ASIASECOND";
                true
            }
        }

        for code in ["ExpiredToken", "InvalidSubjectCredentials"] {
            let play = Play::new().reply(403, sts_refusal(code)).reply(200, reply(ARN));
            let (result, asked) = play.watch(Scoped::new(Kept("ASIAFIRST".into()), POLICY));
            found(result);
            assert!(asked[1].header("authorization").unwrap().contains("Credential=ASIASECOND/"), "{code}");
        }
    }

    #[test]
    fn base_that_cannot_be_scoped_is_an_error() {
        let text = sentence(Play::new().run(Scoped::new(Environment::new(|_| None), POLICY)));
        assert!(text.contains("scoped") && text.contains("the base, environment, has none"), "{text}");
        let chain = Chain::new().with(Environment::new(|_| None));
        assert!(Play::new().run(Scoped::new(chain, POLICY)).unwrap_err().report().is_some());
        let user = Credentials::new("AKIAUSER", "sEcReT").unwrap();
        let error = Play::new().run(Scoped::new(Given::new(user), POLICY)).unwrap_err();
        assert_eq!(error.hint().map(crate::Hint::cause), Some(Cause::SessionNeeded));
        assert!(error.to_string().contains("GetSessionToken"), "{error}");
        let play = Play::new().reply(400, sts_refusal("MalformedPolicyDocument"));
        let text = sentence(play.run(Scoped::new(Given::new(base(900)), POLICY)));
        assert!(text.contains("MalformedPolicyDocument"), "{text}");
    }
}
