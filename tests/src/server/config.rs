//! The configuration file: users, roles and identity providers, in TOML.

use std::fmt;
use std::path::Path;

use super::iam::{IdentityContextClaims, Mfa, OidcProvider, Role, TrustPolicy};
use super::ids;
use super::keys::{AccessKey, Principal};
use super::toml::{Mistake, Section, Value};

/// What a configuration file declares.
///
/// ```
/// use sts_tests::server::{Config, Options, Server};
///
/// let config = Config::parse("sts.toml", r#"
/// account = "210987654321"      # of users and roles that have a name only
/// clock_offset = 0              # seconds
/// stable_key_ids = false        # true: who asks the same again gets a key of the same id, with another secret
///
/// [[user]]
/// name = "bob"                  # or arn
/// access_key_id = "AKIABOBBOBBOBBOBBOBB"
/// secret_access_key = "bobs-secret"
/// mfa_serial = "arn:aws:iam::210987654321:mfa/bob"
/// mfa_code = "123456"           # or mfa_secret, in base32
///
/// [[role]]
/// name = "Deploy"               # or arn
/// max_session_duration = 7200   # seconds, 3600 to 43200
/// trust_policy = '''{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "sts:AssumeRole"}}'''
///
/// [[role]]
/// name = "Web"
/// ## The same as a table; without a trust policy everybody is trusted.
/// [role.trust_policy.Statement]
/// Effect = "Allow"
/// Principal.Federated = "arn:aws:iam::210987654321:oidc-provider/issuer.example.com"
/// Action = "sts:AssumeRoleWithWebIdentity"
///
/// [[oidc_provider]]
/// issuer = "https://issuer.example.com"   # or "self": the server's own address
/// audiences = ["sts.amazonaws.com"]
/// ## Claims of the tokens that become TrustedIdentityPropagationContext; without the table there is none.
/// identity_context = { subject = "email", subject_type = "kind", transaction = ["department", "cost_center"] }
/// "#)?;
/// let sts = Server::with(Options::new().config(config))?;
/// assert_eq!(sts.user().arn(), "arn:aws:iam::210987654321:user/bob");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Config {
    pub(super) clock_offset: i64,
    /// Whether the id of an issued key follows from the request and its caller.
    pub(super) stable_key_ids: bool,
    pub(super) users: Vec<AccessKey>,
    /// With the ARN of the user that has the device.
    pub(super) devices: Vec<(String, Mfa)>,
    pub(super) roles: Vec<Role>,
    pub(super) providers: Vec<OidcProvider>,
}

/// What is wrong with a configuration file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    line: Option<usize>,
    key: Option<String>,
    message: String,
}

impl ConfigError {
    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The key, such as `role.trust_policy`.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no TOML, or says something that cannot be.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let file = path.as_ref().display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            file: file.clone(),
            line: None,
            key: None,
            message: error.to_string(),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads a text. The file's name is for the errors.
    ///
    /// # Errors
    ///
    /// When it is no TOML, or says something that cannot be.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        super::toml::read(text, Self::from_root).map_err(|mistake| ConfigError {
            file: file.to_owned(),
            line: Some(mistake.line(text)),
            key: mistake.key(text),
            message: mistake.message,
        })
    }

    fn from_root(root: &Section<'_>) -> Result<Self, Mistake> {
        root.known(&["account", "clock_offset", "stable_key_ids", "user", "role", "oidc_provider"])?;
        let account = match root.value("account") {
            Some(value) => value.parsed(account)?,
            None => super::ACCOUNT.to_owned(),
        };
        let clock_offset =
            root.value("clock_offset").map_or(Ok(0), |value| value.integer(i64::MIN..=i64::MAX))?;
        let stable_key_ids = root.value("stable_key_ids").map_or(Ok(false), |value| value.boolean())?;
        let mut config = Self { clock_offset, stable_key_ids, ..Self::default() };
        for section in root.sections("user")? {
            config.add_user(&section, &account)?;
        }
        for section in root.sections("role")? {
            config.roles.push(role(&section, &account)?);
        }
        for section in root.sections("oidc_provider")? {
            config.providers.push(provider(&section)?);
        }
        Ok(config)
    }

    fn add_user(&mut self, section: &Section<'_>, account: &str) -> Result<(), Mistake> {
        let names =
            ["name", "arn", "access_key_id", "secret_access_key", "mfa_serial", "mfa_code", "mfa_secret"];
        section.known(&names)?;
        let principal = match (section.value("name"), section.value("arn")) {
            (Some(name), None) => Principal::user(account, name.parsed(word)?),
            (None, Some(arn)) => arn.parsed(|arn| {
                Principal::user_of(arn)
                    .ok_or_else(|| "an ARN like arn:aws:iam::123456789012:user/name".to_owned())
            })?,
            _ => return Err(section.mistake("either name or arn is required")),
        };
        let (id, secret) = match (section.value("access_key_id"), section.value("secret_access_key")) {
            (Some(id), Some(secret)) => (id.parsed(word)?.to_owned(), secret.text()?.to_owned()),
            (None, None) => (ids::access_key_id("AKIA", principal.account()), ids::secret_access_key()),
            _ => return Err(section.mistake("access_key_id and secret_access_key come together")),
        };
        if let Some(earlier) = self.users.iter().find(|user| user.access_key_id == id) {
            let arn = earlier.arn();
            return Err(section.mistake(format!("this access key belongs to {arn} already")));
        }
        if let Some(serial) = section.value("mfa_serial") {
            let serial = serial.text()?;
            let mfa = match (section.value("mfa_code"), section.value("mfa_secret")) {
                (Some(code), None) => Mfa::fixed(serial, code.parsed(six_digits)?),
                (None, Some(secret)) => {
                    secret.parsed(|secret| Mfa::totp(serial, secret).map_err(|error| error.to_string()))?
                }
                _ => return Err(section.mistake("mfa_serial needs either mfa_code or mfa_secret")),
            };
            self.devices.push((principal.arn().to_owned(), mfa));
        } else if section.value("mfa_code").or_else(|| section.value("mfa_secret")).is_some() {
            return Err(section.mistake("mfa_serial is required with a code or a secret"));
        }
        self.users.push(AccessKey::long_term(&id, &secret, principal));
        Ok(())
    }
}

fn role(section: &Section<'_>, account: &str) -> Result<Role, Mistake> {
    section.known(&["name", "arn", "max_session_duration", "trust_policy"])?;
    let arn = match (section.value("name"), section.value("arn")) {
        (Some(name), None) => format!("arn:aws:iam::{account}:role/{}", name.parsed(word)?),
        (None, Some(arn)) => arn.parsed(|arn| {
            let is_role = arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":role/");
            is_role
                .then(|| arn.to_owned())
                .ok_or_else(|| "an ARN like arn:aws:iam::123456789012:role/name".to_owned())
        })?,
        _ => return Err(section.mistake("either name or arn is required")),
    };
    let trust =
        section.value("trust_policy").map_or_else(|| Ok(TrustPolicy::everybody()), |value| trust(&value))?;
    let role = Role::new(arn, trust);
    Ok(match section.value("max_session_duration") {
        Some(value) => role.max_session_duration(value.integer(3600..=43_200)?),
        None => role,
    })
}

fn provider(section: &Section<'_>) -> Result<OidcProvider, Mistake> {
    section.known(&["issuer", "audiences", "identity_context"])?;
    let audiences = section.value("audiences").map_or(Ok(Vec::new()), |value| value.texts())?;
    let provider = OidcProvider::new(section.required("issuer")?.text()?, audiences);
    let Some(names) = section.section("identity_context")? else { return Ok(provider) };
    names.known(&["subject", "subject_type", "transaction"])?;
    let mut claims = IdentityContextClaims::new(names.required("subject")?.text()?);
    if let Some(subject_type) = names.value("subject_type") {
        claims = claims.subject_type(subject_type.text()?);
    }
    if let Some(transaction) = names.value("transaction") {
        claims = claims.transaction(transaction.texts()?);
    }
    Ok(provider.identity_context(claims))
}

/// A policy as JSON, or as a table.
fn trust(value: &Value<'_>) -> Result<TrustPolicy, Mistake> {
    if value.is_table() {
        let policy = TrustPolicy::from_value(&value.to_json()?);
        return policy.map_err(|error| value.mistake(error.to_string()));
    }
    value.parsed(|json| json.parse().map_err(|error| format!("{error}")))
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| text.to_owned()).ok_or_else(|| "an account has twelve digits".to_owned())
}

fn six_digits(text: &str) -> Result<&str, String> {
    let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(text).ok_or_else(|| "a code has six digits".to_owned())
}

fn word(text: &str) -> Result<&str, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@/-".contains(c);
    let is_word = !text.is_empty() && text.chars().all(allowed);
    is_word.then_some(text).ok_or_else(|| "letters, digits and _+=,.@/- make a name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_by_file_line_and_key() {
        for (text, expected) in [
            ("a = ", "f.toml:1: a: "),
            ("\nnonsense = 1", "f.toml:2: nonsense: unknown key"),
            ("account = 'x'", "f.toml:1: account: an account has twelve digits"),
            ("account = 5", "f.toml:1: account: a string is expected, not an integer"),
            ("clock_offset = 1.5", "f.toml:1: clock_offset: an integer is expected, not a float"),
            ("user = 1", "f.toml:1: user: a list of tables is expected"),
            ("[[user]]\nname='a'\n[[user]]\nname='b'\nnam='x'", "f.toml:5: user.nam: unknown key"),
            ("[[user]]\n", "f.toml:1: user: either name or arn is required"),
            ("[[user]]\narn='arn:aws:iam::1:x'", "f.toml:2: user.arn: an ARN like"),
            ("[[user]]\nname='é'", "f.toml:2: user.name: letters"),
            ("[[user]]\nname='a'\naccess_key_id='A'", "f.toml:1: user: access_key_id and secret"),
            (
                "[[user]]\nname='a'\nmfa_serial='s'\nmfa_code='12'",
                "f.toml:4: user.mfa_code: a code has six digits",
            ),
            (
                "[[user]]\nname='a'\nmfa_serial='s'\nmfa_secret='12'",
                "f.toml:4: user.mfa_secret: an MFA secret",
            ),
            ("[[role]]\nname='r'\ntrust_policy='{}'", "f.toml:3: role.trust_policy: this is no trust policy"),
            (
                "[[role]]\nname='r'\n[role.trust_policy.Statement]\nEffect='x'",
                "f.toml:3: role.trust_policy: this is no trust policy: Effect",
            ),
            (
                "[[role]]\nname='r'\nmax_session_duration=10",
                "f.toml:3: role.max_session_duration: a number from 3600 to 43200",
            ),
            (
                "[[oidc_provider]]\nissuer='i'\nidentity_context=1",
                "f.toml:3: oidc_provider.identity_context: a table is expected, not an integer",
            ),
            (
                "[[oidc_provider]]\nissuer='i'\nidentity_context={}",
                "f.toml:3: oidc_provider.identity_context.subject: is required",
            ),
            (
                "[[oidc_provider]]\nissuer='i'\n[oidc_provider.identity_context]\nsubject='s'\nkind='k'",
                "f.toml:5: oidc_provider.identity_context.kind: unknown key",
            ),
            ("[[oidc_provider]]\n", "f.toml:1: oidc_provider.issuer: is required"),
            ("[[oidc_provider]]\nissuer='i'\naudiences=[1]", "f.toml:3: oidc_provider.audiences: a string"),
        ] {
            let error = Config::parse("f.toml", text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        let missing = Config::read("/nonexistent/f.toml").expect_err("missing").to_string();
        assert!(missing.starts_with("/nonexistent/f.toml: "), "{missing}");
    }
}
