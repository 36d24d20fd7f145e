use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, Platform};
use crate::error::Error;
use crate::source::cache::Unwritten;
use crate::source::environment::Environment;
use crate::source::role_cache::RoleCache;
use crate::source::{
    AssumedRole, Container, Context, Found, Given, InstanceMetadata, Looking, Process, Source, Splitting,
    Sso, TokenSource, WebIdentity,
};

use plan::{Base, Named, Plan};

mod command_chain;
mod plan;
mod role;

const NAME: &str = "profile";

/// What the chosen profile of a [`Config`] says: keys, a role with `source_profile` or `credential_source` and chains of
/// them, a web identity, SSO, `credential_process`, `aws login` (feature `login`).
///
/// A profile that says nothing about credentials is not set up. One that contradicts itself, lacks a part, or leads in a
/// circle is an error with its file and line.
///
/// Besides AWS's keys, roles have those of aws-vault: `session_tags` and `transitive_session_tags`, lists with commas of
/// `key=value` and of keys, and `source_identity`.
///
/// AWS: [assume role](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html).
///
/// With [`Config::cache_roles`] the sessions of its roles are kept in the AWS CLI's cache.
#[derive(Clone, Debug)]
pub struct Profile {
    config: Arc<Config>,
    /// Of one directory, whose files are known when a look needs them.
    cache: Option<RoleCache>,
    unwritten: Unwritten,
}

impl Profile {
    /// The chosen profile of that configuration.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let cache = role_cache(&config);
        Self { config, cache, unwritten: Unwritten::default() }
    }

    /// Whether it assumes a role with other credentials, which outranks a web identity in the environment.
    pub(super) fn assumes_role(&self) -> bool {
        let has = |key: &str| self.config.property(key).is_some();
        has("role_arn") && !has("web_identity_token_file")
    }

    async fn find(&self, context: &Context) -> Result<Found, Error> {
        let Some(plan) = Plan::of(&self.config)? else {
            let name = self.config.profile_name();
            return Ok(match self.config.profile() {
                Some(_) => Found::nothing(format!("`{name}` says nothing about credentials")),
                None => Found::nothing(format!("there is no profile `{name}`")),
            });
        };
        let mut source = self.base(plan.base, &plan.profile)?;
        for role in &plan.roles {
            source = Arc::new(AssumedRole::new(source, role.operation()).with_cache(self.cache.clone()));
        }
        source.look(context).await
    }

    fn base(&self, base: Base, profile: &str) -> Result<Arc<dyn Source>, Error> {
        let config = &self.config;
        Ok(match base {
            Base::Keys(keys) => Arc::new(Given::new(keys.with_source(NAME))),
            Base::WebIdentity(identity) => {
                let mut source = WebIdentity::new(identity.role_arn, TokenSource::file(identity.token_file));
                if let Some(name) = identity.role_session_name {
                    source = source.role_session_name(name);
                }
                if let Some(seconds) = identity.duration_seconds {
                    source = source.duration_seconds(seconds);
                }
                Arc::new(source.with_cache(self.cache.clone()))
            }
            Base::Process { command, account_id, chain } => {
                let mut source = Process::new(command).variable(command_chain::VARIABLE, chain);
                source = source.splitting(match config.environment().platform() {
                    Platform::Windows => Splitting::Windows,
                    Platform::Unix => Splitting::Posix,
                });
                if let Some(account_id) = account_id {
                    source = source.account_id(account_id);
                }
                Arc::new(source)
            }
            Base::Sso(sso) => {
                let directory = cache_directory(config, profile, "sso")?;
                let mut source =
                    Sso::new(sso.start_url, sso.region, sso.account_id, sso.role_name, directory)
                        .profile(profile)
                        .keeping(self.unwritten.clone())
                        .dangerously_allow_http(config.allows_http())
                        .fips(config.use_fips()?.is_some_and(|on| on.value))
                        .dual_stack(config.use_dual_stack()?.is_some_and(|on| on.value));
                if let Some(session) = sso.session {
                    source = source.session(session);
                }
                if let Some(url) = config.url_of("AWS_ENDPOINT_URL_SSO")? {
                    source = source.portal_url(url);
                }
                if let Some(url) = config.url_of("AWS_ENDPOINT_URL_SSO_OIDC")? {
                    source = source.oidc_url(url);
                }
                Arc::new(source)
            }
            #[cfg(feature = "login")]
            Base::Login(session) => {
                let directory = match config.variable(&["AWS_LOGIN_CACHE_DIRECTORY"]) {
                    Some(directory) => PathBuf::from(directory.value.expose()),
                    None => cache_directory(config, profile, "login")?,
                };
                let region = config.region().map(|region| region.value.to_owned()).unwrap_or_default();
                let mut source = crate::source::Login::new(session, region, directory)
                    .profile(profile)
                    .keeping(self.unwritten.clone())
                    .dangerously_allow_http(config.allows_http());
                if let Some(url) = config.url_of("AWS_ENDPOINT_URL_SIGNIN")? {
                    source = source.url(url);
                }
                Arc::new(source)
            }
            #[cfg(not(feature = "login"))]
            Base::Login(_) => {
                return Err(Error::credentials(
                    format!("profile `{profile}`"),
                    "it has `login_session`, for which this program is built without the feature `login`",
                ));
            }
            Base::Named(Named::Environment) => {
                Arc::new(Environment::new(|name| config.environment().get(name).map(str::to_owned)))
            }
            Base::Named(Named::InstanceMetadata) => {
                Arc::new(InstanceMetadata::from_config(config)?.required(true))
            }
            Base::Named(Named::Container) => Arc::new(container(config).required(true)),
        })
    }
}

pub(super) fn container(config: &Config) -> Container {
    Container::from_environment(|name| config.environment().get(name).map(str::to_owned))
}

/// Where AWS's tools keep the tokens of SSO, or those of `aws login`.
fn cache_directory(config: &Config, profile: &str, of: &str) -> Result<PathBuf, Error> {
    let home = crate::config::home(config.environment()).ok_or_else(|| {
        Error::credentials(
            format!("profile `{profile}`"),
            "its tokens are in the home directory, and `HOME` is not set",
        )
    })?;
    Ok(tool_cache(&home, of))
}

/// The AWS CLI's cache of roles, if the configuration wants it.
pub(super) fn role_cache(config: &Config) -> Option<RoleCache> {
    let home = if config.caches_roles() { crate::config::home(config.environment()) } else { None };
    home.map(|home| RoleCache::new(tool_cache(&home, "cli")))
}

fn tool_cache(home: &str, of: &str) -> PathBuf {
    [home, ".aws", of, "cache"].iter().collect()
}

impl Source for Profile {
    fn name(&self) -> &'static str {
        NAME
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(self.find(context))
    }

    fn refused(&self, _: &Context, access_key_id: &str) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.refuse(access_key_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Files;
    use crate::config::profile::ProfileSet;
    use crate::source::testing::{Asked, Play};

    const TOKEN: &str = r#"{"accessToken":"sEcReTold","expiresAt":"2026-11-20T06:00:00Z"}"#;
    const REPLY: &str = r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"sEcReT","sessionToken":"t",
        "expiration":1795150000000}}"#;

    fn profile(variables: &[(&str, &str)], text: &str) -> Profile {
        let variables = variables.iter().copied().chain([("HOME", "/home")]);
        let profiles = ProfileSet::parse(&Files::at("/c", "/k"), Some(text.as_bytes()), None).unwrap();
        Profile::new(Arc::new(Config::new(variables.collect(), profiles, None).unwrap()))
    }

    #[test]
    fn urls_of_other_services_are_ignored_where_urls_are() {
        const SSO: &str =
            "[default]\nsso_start_url=s\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r\n";
        let own = ("AWS_ENDPOINT_URL_SSO", "https://own.test");
        let asks = |variables: &[(&str, &str)], text: &str| {
            let (result, asked) = Play::new().file(TOKEN).reply(200, REPLY).watch(profile(variables, text));
            result.unwrap();
            let request = asked.iter().find(|asked| matches!(asked, Asked::Request(..))).unwrap();
            request.request().0
        };
        assert!(asks(&[own], SSO).starts_with("GET https://own.test/federation/"));
        let theirs = "GET https://portal.sso.us-east-1.amazonaws.com/";
        assert!(asks(&[own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], SSO).starts_with(theirs));
        let text = format!("{SSO}ignore_configured_endpoint_urls=true");
        assert!(asks(&[own], &text).starts_with(theirs));
    }
}
