use std::time::Duration;

use crate::credentials::{Credentials, Secret};
use crate::error::{Error, ErrorCode};
use crate::operation::AssumeRoleWithWebIdentity;
use crate::shape::AssumedRoleUser;
#[cfg(feature = "sources")]
use crate::source::role_cache::RoleCache;
use crate::source::{Context, Found, Looking, Source, TokenSource, session};

const NAME: &str = "web identity";

/// The waits before a token that STS finds invalid is asked for and sent again. In the first minutes of a cluster STS does
/// not know its keys, and a file may have been cut off where nobody can see it.
const INVALID_TOKEN_WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// A role for the token of an identity provider: what Kubernetes (IRSA) and CI systems have.
///
/// The token is asked for anew at each look. A token that STS finds invalid is asked for and sent two times more; an
/// identity provider that STS cannot reach, and throttling, are tried again as the client's retry policy says. Whatever
/// remains is an error: no other identity takes over.
///
/// AWS: [assume role with web identity](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html).
#[derive(Clone, Debug)]
pub struct WebIdentity {
    token: Option<TokenSource>,
    operation: AssumeRoleWithWebIdentity,
    #[cfg(feature = "sources")]
    cache: Option<RoleCache>,
}

impl WebIdentity {
    /// The role with that ARN, for that token.
    #[must_use]
    pub fn new(role_arn: impl Into<String>, token: TokenSource) -> Self {
        Self::of(Some(token), AssumeRoleWithWebIdentity::new(role_arn, "", ""))
    }

    /// As the variables say: `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN` and `AWS_ROLE_SESSION_NAME`. Without a token file
    /// it is not set up. An empty variable counts as one that is not set.
    #[must_use]
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let role_arn = get("AWS_ROLE_ARN").unwrap_or_default();
        let session_name = get("AWS_ROLE_SESSION_NAME").unwrap_or_default();
        let token = get("AWS_WEB_IDENTITY_TOKEN_FILE").map(TokenSource::file);
        Self::of(token, AssumeRoleWithWebIdentity::new(role_arn, session_name, ""))
    }

    fn of(token: Option<TokenSource>, operation: AssumeRoleWithWebIdentity) -> Self {
        Self {
            token,
            operation,
            #[cfg(feature = "sources")]
            cache: None,
        }
    }

    /// Keeps the session in a file of that directory, as [`AssumedRole::cached_in`](crate::source::AssumedRole::cached_in)
    /// does, and as the AWS CLI does with `~/.aws/cli/cache`. Off by default. While the file is good the token is not read;
    /// as with the CLI, it is no part of the file's name: tokens of several identities for one role need session names of their
    /// own.
    #[cfg(feature = "sources")]
    #[must_use]
    pub fn cached_in(self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.with_cache(Some(RoleCache::new(directory)))
    }

    #[cfg(feature = "sources")]
    pub(super) fn with_cache(mut self, cache: Option<RoleCache>) -> Self {
        self.cache = cache;
        self
    }

    /// The name of the session; without one, each has a random name that begins with `sts-`.
    #[must_use]
    pub fn role_session_name(mut self, name: impl Into<String>) -> Self {
        self.operation = self.operation.role_session_name(name);
        self
    }

    /// How long the credentials last, in seconds; see [`AssumeRoleWithWebIdentity::duration_seconds`].
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.operation = self.operation.duration_seconds(seconds);
        self
    }

    /// Changes what else is asked of STS: policies and the like. Its token is replaced.
    #[must_use]
    pub fn with(
        mut self,
        change: impl FnOnce(AssumeRoleWithWebIdentity) -> AssumeRoleWithWebIdentity,
    ) -> Self {
        self.operation = change(self.operation);
        self
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        let Some(token_source) = &self.token else {
            return Ok(Found::nothing("`AWS_WEB_IDENTITY_TOKEN_FILE` is not set"));
        };
        if self.operation.role_arn.is_empty() {
            return Err(Error::credentials(NAME, "there is a token and no role: `AWS_ROLE_ARN` is not set"));
        }
        let fetch = self.fetch(context, token_source);
        #[cfg(feature = "sources")]
        let found = RoleCache::or_fetch(self.cache.as_ref(), context, &self.operation, fetch).await?;
        #[cfg(not(feature = "sources"))]
        let found = fetch.await?.0;
        Ok(found.with_source(NAME).into())
    }

    async fn fetch(
        &self,
        context: &Context,
        token_source: &TokenSource,
    ) -> Result<(Credentials, AssumedRoleUser), Error> {
        let mut template = self.operation.clone();
        if template.role_session_name.is_empty() {
            template = template.role_session_name(session::random_name(context));
        }
        let mut waits = INVALID_TOKEN_WAITS.iter();
        loop {
            let token: Secret = token_source.token(context.ask(), NAME).await?;
            let error = match context.call(template.clone().web_identity_token(token), None).await {
                Ok(reply) => {
                    let reply = reply.into_output();
                    let (user, role) = (reply.assumed_role_user, &self.operation.role_arn);
                    return Ok((session::of_role(reply.credentials, &user, role, NAME), user));
                }
                Err(error) => error,
            };
            let is_invalid = error.code() == Some(&ErrorCode::InvalidIdentityToken);
            match waits.next().filter(|_| is_invalid) {
                Some(wait) => context.ask().wait(*wait).await,
                None => return Err(error),
            }
        }
    }
}

impl Source for WebIdentity {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Play, found, nothing, sentence, sts_refusal, sts_reply};

    const ROLE: &str = "arn:aws:iam::123456789012:role/r";

    fn environment(variables: &[(&str, &str)]) -> WebIdentity {
        WebIdentity::from_environment(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_token_becomes_credentials() {
        let source = environment(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", ROLE)]);
        let play = Play::new().file("eyJh.eyJi.sig\n").reply(200, sts_reply("AssumeRoleWithWebIdentity"));
        let (result, asked) = play.watch(source.duration_seconds(900));
        let credentials = found(result);
        assert_eq!(credentials.access_key_id(), "ASIAROLE");
        assert_eq!(credentials.account_id(), Some("123456789012"));
        assert_eq!(credentials.source(), Some("web identity"));
        assert_eq!(credentials.expiration().unwrap().unix_timestamp(), 1_795_140_000);
        let (line, body) = asked[1].request();
        assert_eq!(line, "POST https://sts.eu-west-1.amazonaws.com/");
        assert!(body.contains("WebIdentityToken=eyJh.eyJi.sig&DurationSeconds=900"), "{body}");
        let name = body.split("RoleSessionName=sts-").nth(1).unwrap().split('&').next().unwrap();
        assert!(name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{body}");
        assert_eq!(asked[1].header("authorization"), None);
    }

    #[test]
    fn an_invalid_token_is_read_and_sent_again() {
        let refusal = sts_refusal("InvalidIdentityToken");
        let source = || WebIdentity::new(ROLE, TokenSource::file("/t")).role_session_name("me");
        let play = Play::new().file("one1").reply(400, refusal.clone()).file("two2");
        let (result, asked) = play.reply(200, sts_reply("AssumeRoleWithWebIdentity")).watch(source());
        found(result);
        let body = asked[4].request().1;
        assert!(body.contains("WebIdentityToken=two2") && body.contains("RoleSessionName=me"), "{body}");
        let play = (0..3).fold(Play::new(), |play, _| play.file("one1").reply(400, refusal.clone()));
        let error = play.run(source()).unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::InvalidIdentityToken));
    }

    #[test]
    fn what_is_refused_otherwise_is_final() {
        let source = WebIdentity::new(ROLE, TokenSource::literal("sEcReTjwt"));
        let error = Play::new().reply(400, sts_refusal("Throttling")).run(source.clone()).unwrap_err();
        assert!(error.is_throttling(), "{error}");
        let text = sentence(Play::new().reply(403, sts_refusal("AccessDenied")).run(source));
        assert!(text.contains("trust policy"), "{text}");
    }

    #[cfg(feature = "sources")]
    #[test]
    fn a_session_is_kept_where_the_cli_keeps_it() {
        use crate::source::testing::Asked;
        use crate::token::cli_cache;

        let source = || WebIdentity::new(ROLE, TokenSource::file("/t")).cached_in("/cache");
        let play = Play::new().no_file(std::io::ErrorKind::NotFound).file("eyJh.eyJi.sig");
        let play = play.reply(200, sts_reply("AssumeRoleWithWebIdentity")).written(Ok(()));
        let (result, asked) = play.watch(source());
        assert_eq!(found(result).access_key_id(), "ASIAROLE");
        let [Asked::File(read), .., Asked::Write(write)] = &asked[..] else { panic!("{asked:?}") };
        let name = cli_cache::file_name(&AssumeRoleWithWebIdentity::new(ROLE, "", ""), true).unwrap();
        assert_eq!((read, write.path.to_str().unwrap()), (&format!("/cache/{name}"), &**read));
        // What is in the file needs neither the token nor STS.
        let kept = std::str::from_utf8(write.contents.as_ref()).unwrap().to_owned();
        let (result, asked) = Play::new().file(kept).watch(source());
        let credentials = found(result);
        assert_eq!((credentials.access_key_id(), credentials.source()), ("ASIAROLE", Some(NAME)));
        assert_eq!(asked.len(), 1);
    }

    #[test]
    fn half_a_setup() {
        assert!(nothing(Play::new().run(environment(&[("AWS_ROLE_ARN", ROLE)]))).contains("TOKEN_FILE"));
        let text = sentence(Play::new().run(environment(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")])));
        assert!(text.contains("`AWS_ROLE_ARN` is not set"), "{text}");
    }
}
