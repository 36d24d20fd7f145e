use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;

use super::cache::Unwritten;
use super::document::{self, Names};
use super::fetch::{self, Attempts, ServiceRequest};
use super::json::Json;
use crate::credentials::Secret;
use crate::endpoint::url::{Policy, ServiceUrl};
use crate::error::Error;
use crate::form::Form;
use crate::hint::{Cause, Hint};
use crate::source::{Context, Found, Looking, Source};

mod endpoint;
mod token;

const NAME: &str = "SSO";

/// As for a call of STS.
const ATTEMPTS: Attempts =
    Attempts { timeout: Duration::from_secs(5), number: 3, pause: Duration::from_millis(500) };

const NAMES: Names = Names {
    access_key_id: "accessKeyId",
    secret_access_key: "secretAccessKey",
    token: "sessionToken",
    expiration: "expiration",
    account_id: "accountId",
    are_temporary: true,
};

/// A role in an account for who has signed in with IAM Identity Center: `aws sso login`.
///
/// The access token is read from the cache of AWS's tools. In the form with a session, one that ends within five minutes
/// is refreshed and written back, or kept in memory where it cannot be written; in the older form without one, a person must sign in again, and the error says how.
///
/// AWS: [IAM Identity Center credential provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html).
#[derive(Clone, Debug)]
pub struct Sso {
    start_url: String,
    region: String,
    account_id: String,
    role_name: String,
    session: Option<String>,
    cache_directory: PathBuf,
    profile: Option<String>,
    variant: endpoint::Variant,
    // A URL that is not checked yet may hold a password.
    portal_url: Option<Secret>,
    oidc_url: Option<Secret>,
    allows_http: bool,
    unwritten: Unwritten,
}

impl Sso {
    /// The role in that account, for who has signed in at that URL, which is served from that region: `sso_start_url`,
    /// `sso_region`, `sso_account_id`, `sso_role_name`. Tokens are in `cache_directory`, which is `~/.aws/sso/cache` for
    /// most.
    #[must_use]
    pub fn new(
        start_url: impl Into<String>,
        region: impl Into<String>,
        account_id: impl Into<String>,
        role_name: impl Into<String>,
        cache_directory: impl Into<PathBuf>,
    ) -> Self {
        Self {
            start_url: start_url.into(),
            region: region.into(),
            account_id: account_id.into(),
            role_name: role_name.into(),
            session: None,
            cache_directory: cache_directory.into(),
            profile: None,
            variant: endpoint::Variant::default(),
            portal_url: None,
            oidc_url: None,
            allows_http: false,
            unwritten: Unwritten::default(),
        }
    }

    /// Where the tokens are kept that cannot be written, for a source that is made for each look.
    pub(super) fn keeping(mut self, unwritten: Unwritten) -> Self {
        self.unwritten = unwritten;
        self
    }

    /// The name of the session, `sso_session`: the form whose tokens can be refreshed.
    #[must_use]
    pub fn session(mut self, name: impl Into<String>) -> Self {
        self.session = Some(name.into());
        self
    }

    /// The name of the profile, for the command that errors tell.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Whether hosts must use FIPS 140-validated cryptography. Off by default.
    #[must_use]
    pub fn fips(mut self, on: bool) -> Self {
        self.variant.fips = on;
        self
    }

    /// Whether hosts must have IPv6 addresses besides IPv4 ones. Off by default.
    #[must_use]
    pub fn dual_stack(mut self, on: bool) -> Self {
        self.variant.dual_stack = on;
        self
    }

    /// The URL of the portal that issues credentials, instead of AWS's: `AWS_ENDPOINT_URL_SSO`. `https`, or `http` with
    /// a host that is loopback.
    #[must_use]
    pub fn portal_url(mut self, url: impl Into<Secret>) -> Self {
        self.portal_url = Some(url.into());
        self
    }

    /// The URL of the service that refreshes tokens, instead of AWS's: `AWS_ENDPOINT_URL_SSO_OIDC`. `https`, or `http` with
    /// a host that is loopback.
    #[must_use]
    pub fn oidc_url(mut self, url: impl Into<Secret>) -> Self {
        self.oidc_url = Some(url.into());
        self
    }

    /// Whether [`portal_url`](Self::portal_url) and [`oidc_url`](Self::oidc_url) may begin with `http://` for hosts that are
    /// not loopback. Everybody on the way can read the tokens then. AWS's own hosts stay refused. Off by default.
    #[must_use]
    pub fn dangerously_allow_http(mut self, on: bool) -> Self {
        self.allows_http = on;
        self
    }

    fn portal(&self) -> Result<ServiceUrl, Error> {
        self.service(self.portal_url.as_ref(), Policy::SSO_PORTAL, "portal.sso")
    }

    fn oidc(&self) -> Result<ServiceUrl, Error> {
        self.service(self.oidc_url.as_ref(), Policy::SSO_OIDC, "oidc")
    }

    fn service(&self, own: Option<&Secret>, policy: Policy, name: &str) -> Result<ServiceUrl, Error> {
        match own {
            Some(url) => ServiceUrl::parse(url.expose(), policy.dangerously_allow_http(self.allows_http)),
            None => endpoint::url(name, &self.region, self.variant),
        }
    }

    /// The error with what a person can do.
    fn sign_in(&self, error: Error) -> Error {
        let command = match (&self.profile, &self.session) {
            (Some(profile), _) if profile != "default" => {
                format!("aws sso login --profile {}", fetch::word(profile))
            }
            (None, Some(session)) => format!("aws sso login --sso-session {}", fetch::word(session)),
            _ => "aws sso login".to_owned(),
        };
        error.with_hint(Hint::told(Cause::SignInNeeded, format!("run `{command}`")))
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        for (name, value) in [
            ("sso_start_url", &self.start_url),
            ("sso_account_id", &self.account_id),
            ("sso_role_name", &self.role_name),
        ] {
            if value.is_empty() {
                return Err(Error::setting(name, "must be there"));
            }
        }
        // Both are checked before the first request, though the second may not be needed.
        let (portal, oidc) = (self.portal()?, self.oidc()?);
        let token = self.token(context, &oidc).await?;
        let mut query = Form::new();
        query.pair("account_id", &self.account_id);
        query.pair("role_name", &self.role_name);
        let url = portal.join("/federation/credentials")?.with_query(query.as_query())?;
        let request =
            ServiceRequest::get(&url).secret(NAME, "x-amz-sso_bearer_token", "accessToken", &token)?;
        let reply = ATTEMPTS.send(context.ask(), &request).await;
        let reply = reply.map_err(|error| fetch::unanswered(NAME, "the portal", error))?;
        if reply.status() != StatusCode::OK {
            let error = Error::credentials(NAME, fetch::refusal("the portal", &reply, &[&token]));
            let is_over = reply.status() == StatusCode::UNAUTHORIZED;
            return Err(if is_over { self.sign_in(error) } else { error });
        }
        let json = Json::read(reply.body().as_ref())
            .map_err(|fault| Error::credentials(NAME, format!("the answer of the portal {fault}")))?;
        let Ok(Some(credentials)) = json.get("roleCredentials") else {
            return Err(Error::credentials(NAME, "the answer of the portal has no `roleCredentials`"));
        };
        let credentials = document::credentials(credentials, &NAMES, NAME)?;
        Ok(credentials.with_account_id(self.account_id.as_str()).into())
    }
}

impl Source for Sso {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }
}

#[cfg(test)]
mod tests;
