use crate::error::Error;
use crate::operation::AssumeRoleWithSaml;
use crate::source::{Context, Found, Looking, Source, TokenSource, session};

const NAME: &str = "SAML";

/// A role for the assertion of a SAML provider. The assertion is asked for anew at each look, for it is good for minutes.
///
/// AWS: [AssumeRoleWithSAML](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html).
#[derive(Clone, Debug)]
pub struct Saml {
    assertion: TokenSource,
    operation: AssumeRoleWithSaml,
}

impl Saml {
    /// The role with that ARN, from the SAML provider with that ARN, for that assertion, which is base64 encoded.
    #[must_use]
    pub fn new(
        role_arn: impl Into<String>,
        principal_arn: impl Into<String>,
        assertion: TokenSource,
    ) -> Self {
        Self { assertion, operation: AssumeRoleWithSaml::new(role_arn, principal_arn, "") }
    }

    /// How long the credentials last, in seconds; see [`AssumeRoleWithSaml::duration_seconds`].
    #[must_use]
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.operation = self.operation.duration_seconds(seconds);
        self
    }

    /// Changes what else is asked of STS: policies and the like. Its assertion is replaced.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(AssumeRoleWithSaml) -> AssumeRoleWithSaml) -> Self {
        self.operation = change(self.operation);
        self
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        let assertion = self.assertion.token(context.ask(), NAME).await?;
        let reply = context.call(self.operation.clone().saml_assertion(assertion), None).await?.into_output();
        let (user, role) = (&reply.assumed_role_user, &self.operation.role_arn);
        Ok(session::of_role(reply.credentials, user, role, NAME).into())
    }
}

impl Source for Saml {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::credentials::Secret;
    use crate::source::testing::{Play, found, sentence, sts_refusal, sts_reply};

    const ROLE: &str = "arn:aws:iam::123456789012:role/r";
    const PROVIDER: &str = "arn:aws:iam::123456789012:saml-provider/p";

    #[test]
    fn each_look_asks_for_an_assertion() {
        let count = AtomicU32::new(0);
        let assertion = TokenSource::callback(move || {
            Ok(Secret::from(format!("a{:05}", count.fetch_add(1, Ordering::Relaxed))))
        });
        let source = Saml::new(ROLE, PROVIDER, assertion).duration_seconds(1800);
        for assertion in ["a00000", "a00001"] {
            let (result, asked) =
                Play::new().reply(200, sts_reply("AssumeRoleWithSAML")).watch(source.clone());
            assert_eq!(found(result).source(), Some("SAML"));
            let body = asked[0].request().1;
            assert!(body.contains(&format!("SAMLAssertion={assertion}&DurationSeconds=1800")), "{body}");
        }
    }

    #[test]
    fn failures_are_errors() {
        let source =
            Saml::new(ROLE, PROVIDER, TokenSource::callback(|| Err(Error::credentials("vault", "is shut"))));
        assert_eq!(sentence(Play::new().run(source)), "no credentials from vault: is shut");
        let source = Saml::new(ROLE, PROVIDER, TokenSource::literal("sEcReT"));
        let text = sentence(Play::new().reply(400, sts_refusal("ExpiredTokenException")).run(source));
        assert!(text.contains("AssumeRoleWithSAML was refused"), "{text}");
    }
}
