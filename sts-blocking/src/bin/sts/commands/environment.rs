//! The environment in which another program finds the credentials of `sts`, and no others.
//!
//! A program asks its sources of credentials in an order of its own, and takes the first that has some. So an environment
//! not only names the new source: it hides every source that some receiver asks earlier, and passes on the settings of the
//! profile that the receiver can no longer read. `tests/boto3/receivers.py` asks the receivers who they are.

use std::env;
use std::process::Command as Process;

use sts_blocking::config::Config;
use sts_blocking::token::env::{self as variables, EnvFormat, FOREIGN_VARIABLES};
use sts_blocking::{Body, Client, Credentials, Secret};

use crate::failure::Failure;
use crate::global::{Globals, variable};

/// A file that exists and is empty.
const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Variables that name files in which some receiver looks for credentials before it asks a container.
///
/// Removed variables would not do: each has a default. The third is read by the SDK for Java 1, and the last by botocore,
/// which reads `/etc/boto.cfg` and `~/.boto` without it.
const FILES: [&str; 4] =
    ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CREDENTIAL_PROFILES_FILE", "BOTO_CONFIG"];

/// Tokens that an SDK sends instead of a signature, such as `AWS_BEARER_TOKEN_BEDROCK`.
const BEARER_TOKENS: &str = "AWS_BEARER_TOKEN_";

/// The settings of a profile that also have an environment variable: its name, then the setting's.
///
/// AWS: [settings](https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html), and botocore's `configprovider.py`.
const SETTINGS: [(&str, &str); 32] = [
    ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "account_id_endpoint_mode"),
    ("AWS_AUTH_SCHEME_PREFERENCE", "auth_scheme_preference"),
    ("AWS_CA_BUNDLE", "ca_bundle"),
    ("AWS_CLI_AUTO_PROMPT", "cli_auto_prompt"),
    ("AWS_CSM_CLIENT_ID", "csm_client_id"),
    ("AWS_CSM_ENABLED", "csm_enabled"),
    ("AWS_CSM_HOST", "csm_host"),
    ("AWS_CSM_PORT", "csm_port"),
    ("AWS_DATA_PATH", "data_path"),
    ("AWS_DEFAULTS_MODE", "defaults_mode"),
    ("AWS_DEFAULT_OUTPUT", "output"),
    ("AWS_DISABLE_HOST_PREFIX_INJECTION", "disable_host_prefix_injection"),
    ("AWS_DISABLE_REQUEST_COMPRESSION", "disable_request_compression"),
    ("AWS_ENABLE_ENDPOINT_DISCOVERY", "endpoint_discovery_enabled"),
    ("AWS_ENDPOINT_DISCOVERY_ENABLED", "endpoint_discovery_enabled"),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"),
    ("AWS_MAX_ATTEMPTS", "max_attempts"),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation"),
    ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "request_min_compression_size_bytes"),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation"),
    ("AWS_RETRY_MODE", "retry_mode"),
    ("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "s3_disable_express_session_auth"),
    ("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points"),
    ("AWS_S3_USE_ARN_REGION", "s3_use_arn_region"),
    ("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "s3_us_east_1_regional_endpoint"),
    ("AWS_SDK_UA_APP_ID", "sdk_ua_app_id"),
    ("AWS_SIGV4A_SIGNING_REGION_SET", "sigv4a_signing_region_set"),
    ("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
    ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
    ("BOTOCORE_TCP_KEEPALIVE", "tcp_keepalive"),
    (ENDPOINT_URL, "endpoint_url"),
];

const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// Changes of an environment, at most one of each variable, in the order in which they were made.
pub(super) struct Environment(Vec<(String, Option<Secret>)>);

impl Environment {
    /// The environment of a program that gets the credentials themselves. The files with profiles stay.
    pub(super) fn of_keys(credentials: &Credentials) -> Result<Self, Failure> {
        let changes = variables::changes(credentials).map_err(|error| Failure::setting(&error))?;
        let mut this = Self(changes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        this.remove_foreign();
        Ok(this)
    }

    /// The environment of a program that asks a container for its credentials, and nobody else.
    pub(super) fn of_container(url: &str, token: &Secret) -> Self {
        let mut this = Self(Vec::new());
        this.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        this.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.expose());
        for name in FILES {
            this.set(name, NULL_DEVICE);
        }
        // Some chains, such as the one of the SDK for Java 2, ask the instance where the container fails to answer.
        this.set("AWS_EC2_METADATA_DISABLED", "true");
        this.remove_foreign();
        this
    }

    /// Adds the region and the settings of the chosen profile, which the receiver does not read. Variables that are set keep
    /// their values.
    pub(super) fn with_settings(mut self, client: &Client, globals: &Globals) -> Result<Self, Failure> {
        if let Some(region) = client.settings().get("Region") {
            self.set("AWS_REGION", region.value.as_str());
            self.set("AWS_DEFAULT_REGION", region.value.as_str());
        }
        let config = globals.config()?;
        self.hand_on_service_urls(config);
        for (name, key) in SETTINGS {
            if let Some(found) = config.property(key) {
                self.hand_on(name, found.value.expose());
            }
        }
        // An empty pager is a value to the AWS CLI: none is started.
        let pager = config.profile().and_then(|profile| profile.property("cli_pager"));
        let pager =
            pager.map(|pager| pager.value().expose()).filter(|value| !value.contains(char::is_control));
        if let Some(pager) = pager.filter(|_| env::var_os("AWS_PAGER").is_none()) {
            self.set("AWS_PAGER", pager);
        }
        Ok(self)
    }

    /// The URLs of single services in the profile's `services` section. `AWS_ENDPOINT_URL` outranks them in every SDK, and
    /// a variable of the service would outrank it.
    fn hand_on_service_urls(&mut self, config: &Config) {
        if variable(ENDPOINT_URL).is_some() {
            return;
        }
        let Some(section) = config.property("services") else { return };
        let Some(services) = config.profiles().services(section.value.expose()) else { return };
        for (service, property) in services.properties() {
            if let Some((url, _)) = property.sub_property("endpoint_url") {
                self.hand_on(&format!("{ENDPOINT_URL}_{}", service.to_ascii_uppercase()), url);
            }
        }
    }

    /// Sets a variable that is neither set nor changed already. What no variable can hold is no value of any setting.
    fn hand_on(&mut self, name: &str, value: &str) {
        let is_value = !value.is_empty() && !value.contains(char::is_control);
        if is_name(name) && is_value && variable(name).is_none() && !self.has(name) {
            self.set(name, value);
        }
    }

    fn remove_foreign(&mut self) {
        let tokens = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let is_token = |name: &String| name.to_ascii_uppercase().starts_with(BEARER_TOKENS);
        for name in FOREIGN_VARIABLES.iter().map(|name| (*name).to_owned()).chain(tokens.filter(is_token)) {
            if !self.has(&name) {
                self.0.push((name, None));
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), Some(Secret::from(value.into()))));
    }

    /// Makes the changes in the environment of a command.
    pub(super) fn apply(&self, process: &mut Process) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => process.env(name, value.expose()),
                None => process.env_remove(name),
            };
        }
    }

    /// The changes as text for a shell.
    pub(super) fn text(&self, format: EnvFormat) -> Result<Body, Failure> {
        let changes: Vec<_> = self
            .0
            .iter()
            // A shell cannot name others, and so cannot have set them.
            .filter(|(name, _)| is_name(name))
            .map(|(name, value)| (name.as_str(), value.as_ref().map(Secret::expose)))
            .collect();
        variables::write_changes(&changes, format).map_err(|error| Failure::setting(&error))
    }
}

/// Whether a shell can name that variable.
fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
