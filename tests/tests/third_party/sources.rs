//! Sources of credentials, through both drivers. What neither server imitates is SSO's portal; moto has no container's
//! metadata.

use std::path::PathBuf;
use std::sync::Arc;

use futures_lite::future::block_on;
use sts_blocking::Provider;
use sts_blocking::config::profile::ProfileSet;
use sts_blocking::config::{Config, Environment, Files};
use sts_blocking::source::{Chain, Container, InstanceMetadata, Source};

use super::*;

/// A profile that leads through both roles: the credentials that it ends in are those of the second.
pub(crate) fn roles_of_a_profile(checks: &mut Checks) {
    let config = format!(
        "[profile outer]\nrole_arn={}\nrole_session_name=outer\nsource_profile=inner\n\
         [profile inner]\nrole_arn={}\nrole_session_name=inner\nsource_profile=user\n",
        checks.fact("CHAINED_ROLE_ARN"),
        checks.fact("ROLE_ARN"),
    );
    let arn = checks.assumed_role("Chained", "outer");
    each_driver(checks, "roles of a profile", &config, &arn);
}

/// A profile with a token file.
pub(crate) fn web_identity_of_a_profile(checks: &mut Checks) {
    // Of its own for each server: all are tried at once.
    let port = checks.fact("ENDPOINT").rsplit(':').next().unwrap().to_owned();
    let token = TokenFile::new(&port, &web_identity_token(checks.fact("ISSUER")));
    let config = format!(
        "[profile outer]\nrole_arn={}\nrole_session_name=web\nweb_identity_token_file={}\n",
        checks.fact("WEB_ROLE_ARN"),
        token.0.display(),
    );
    let arn = checks.assumed_role("Web", "web");
    each_driver(checks, "web identity of a profile", &config, &arn);
}

/// Who the credentials of the profile `outer` belong to.
fn each_driver(checks: &mut Checks, name: &str, config: &str, arn: &str) {
    let key = checks.key("USER");
    let user = format!(
        "[user]\naws_access_key_id={}\naws_secret_access_key={}\n",
        key.access_key_id(),
        key.secret_access_key().expose()
    );
    let files = Files::at("config", "credentials");
    let profiles = ProfileSet::parse(&files, Some(config.as_bytes()), Some(user.as_bytes())).unwrap();
    let environment: Environment = [
        ("AWS_PROFILE", "outer"),
        ("AWS_REGION", checks.fact("REGION")),
        ("AWS_ENDPOINT_URL_STS", checks.fact("ENDPOINT")),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .into_iter()
    .collect();
    let config = Arc::new(Config::new(environment, profiles, None).unwrap());
    let blocking = Client::builder().config(Arc::clone(&config)).credentials_from_chain().build().unwrap();
    let smol = sts_async::smol::Client::builder().config(Arc::clone(&config));
    let smol = smol.credentials_from_chain().build().unwrap();
    let tokio = sts_async::tokio::Client::builder().config(config).credentials_from_chain().build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (driver, outcome) in [
        ("blocking", blocking.send(GetCallerIdentity::new())),
        ("smol", block_on(smol.send(GetCallerIdentity::new()))),
        ("tokio", runtime.block_on(tokio.send(GetCallerIdentity::new()))),
    ] {
        if let Some(identity) = checks.granted(&format!("{name}, {driver}"), outcome) {
            checks.check(&format!("{name}, {driver}: identity"), identity.arn == arn, &identity.arn);
        }
    }
}

/// The role of an instance, by IMDSv2.
pub(crate) fn instance_metadata(checks: &mut Checks) {
    let source = InstanceMetadata::new().endpoint(checks.fact("ENDPOINT"));
    each_look(checks, "instance metadata", &source);
}

/// The role of a task, as ECS gives it.
pub(crate) fn container(checks: &mut Checks) {
    let source = Container::new().full_uri(format!("{}/v2/credentials/task", checks.fact("ENDPOINT")));
    each_look(checks, "container", &source);
}

/// Whether every driver gets temporary credentials there. Whose they are the servers do not know themselves.
fn each_look(checks: &mut Checks, name: &str, source: &(impl Source + Clone + 'static)) {
    let chain = || Chain::new().with(source.clone());
    let blocking = Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let smol = sts_async::smol::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let tokio = sts_async::tokio::Client::builder().region("eu-west-1").variables(|_| None).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (driver, outcome) in [
        ("blocking", Provider::new(&blocking, chain()).credentials()),
        ("smol", block_on(sts_async::Provider::new(&smol, chain()).credentials())),
        ("tokio", runtime.block_on(sts_async::Provider::new(&tokio, chain()).credentials())),
    ] {
        let name = format!("{name}, {driver}");
        checks.check(&name, outcome.is_ok(), outcome.as_ref().err());
        if let Ok(credentials) = outcome {
            let lasts = credentials.expiration().is_some_and(|at| at > OffsetDateTime::now_utc());
            checks.check(&name, lasts && credentials.session_token().is_some(), &credentials);
        }
    }
}

/// Gone in the end.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new(port: &str, token: &str) -> Self {
        let name = format!("sts-third-party-token-{}-{port}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, token).unwrap();
        Self(path)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
