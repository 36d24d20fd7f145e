//! The shared config and credentials files as profiles.
//!
//! AWS: [format of the shared files](https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).
//!
//! The rules, where AWS's tools differ in them:
//! - In the config file a profile is `[profile name]` or `[default]`, in the credentials file it is `[name]`. The former
//!   may have `[sso-session name]` and `[services name]` too. Other sections are ignored: see [`ProfileSet::ignored`].
//! - `[profile default]` replaces a `[default]` of the same file.
//! - Sections of the same name are merged, the later value counts, and the credentials file comes after the config file.
//! - Names of sections and properties are of letters, digits and `_-/.%@:+`; others are ignored. The names of properties
//!   have no case.
//! - A line that begins with white space continues the value before it. If that value is empty, such lines are
//!   sub-properties.
//! - `#` and `;` begin a comment at the beginning of a line, and in a line that is no continuation also after white space.
//!
//! ```
//! use sts_proto::config::Files;
//! use sts_proto::config::profile::ProfileSet;
//!
//! let files = Files::at("~/.aws/config", "~/.aws/credentials");
//! let config = b"[profile dev]\nregion = eu-west-1 # Ireland\n[services local]\nsts =\n  endpoint_url = http://localhost";
//! let set = ProfileSet::parse(&files, Some(config), None)?;
//! let region = set.profile("dev").unwrap().property("region").unwrap();
//! assert_eq!((region.value().expose(), region.line()), ("eu-west-1", 2));
//! let sts = set.services("local").unwrap().property("sts").unwrap();
//! assert_eq!(sts.sub_property("endpoint_url"), Some(("http://localhost", 5)));
//!
//! let error = ProfileSet::parse(&files, Some(b"[profile dev]\nsecret"), None).unwrap_err();
//! assert!(error.to_string().contains("`~/.aws/config` line 2 must have a `=`"), "{error}");
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Files;
use crate::credentials::Secret;
use crate::error::{Error, Rule, Violation};

pub(crate) use header::is_name;
use header::{Header, header};
use parser::{RawProperty, RawSection};

mod header;
mod parser;

/// The largest file. That of somebody with a thousand roles has a fifth of it.
pub const MAX_FILE_BYTES: usize = 1_048_576;

/// The most lines of a file.
pub const MAX_LINES: u32 = 65_536;

/// The longest line. It holds a session token or a command; Linux lets a command have no argument that is longer than
/// twice this.
pub const MAX_LINE_BYTES: usize = 65_536;

/// The longest name of a section or of a property.
pub const MAX_NAME_BYTES: usize = 512;

/// The most sections and properties that are remembered as ignored.
pub const MAX_IGNORED: usize = 100;

/// Everything that the two files say.
#[derive(Clone, Debug, Default)]
pub struct ProfileSet {
    profiles: Sections,
    sso_sessions: Sections,
    services: Sections,
    ignored: Vec<Ignored>,
}

/// Sections of one kind, in the order in which they appear first.
#[derive(Clone, Debug, Default)]
struct Sections {
    list: Vec<Section>,
    index: BTreeMap<String, usize>,
}

/// A profile, an `sso-session` or a `services` section, merged of all places where it stands.
#[derive(Clone, Debug)]
pub struct Section {
    name: String,
    file: Arc<str>,
    line: u32,
    properties: BTreeMap<String, Property>,
}

/// A value, and where it stands. It may be a secret, so `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct Property {
    value: Secret,
    file: Arc<str>,
    #[cfg_attr(not(feature = "sources"), allow(dead_code, reason = "only sources of credentials ask"))]
    is_from_config_file: bool,
    line: u32,
    /// The lines that continue the value.
    continued: Vec<u32>,
}

/// Something in a file that is no mistake and yet has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ignored {
    /// The file's path.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The name of the section, where it could be one.
    pub name: Option<String>,
    /// Why it has no effect.
    pub reason: IgnoredReason,
}

/// Why something in a file has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IgnoredReason {
    /// A section of the config file without `profile` before its name.
    NoPrefix,
    /// A section with a prefix that has no meaning in that file: in the credentials file none has.
    Prefix,
    /// The name of a section holds other characters than those allowed, or none.
    SectionName,
    /// The name of a property does.
    PropertyName,
    /// `[default]` beside `[profile default]`.
    SecondDefault,
}

/// Which of the two files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum File {
    Config,
    Credentials,
}

impl ProfileSet {
    /// Reads what the files hold, `None` being a file that is missing. The paths are for the errors and for where values
    /// come from.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): a file breaks a rule, or exceeds a limit. The error
    /// names file, line and rule, and does not quote the file.
    pub fn parse(files: &Files, config: Option<&[u8]>, credentials: Option<&[u8]>) -> Result<Self, Error> {
        let mut set = Self::default();
        let path = |path: &Option<String>, otherwise: &str| path.as_deref().unwrap_or(otherwise).into();
        let config_path = path(&files.config, "the config file");
        set.add(File::Config, &config_path, config.unwrap_or_default())?;
        let credentials_path = path(&files.credentials, "the credentials file");
        set.add(File::Credentials, &credentials_path, credentials.unwrap_or_default())?;
        Ok(set)
    }

    fn add(&mut self, file: File, path: &Arc<str>, bytes: &[u8]) -> Result<(), Error> {
        let sections = parser::parse(bytes).map_err(|(line, rule)| {
            let rule = if line > 0 { format!("line {line} {rule}") } else { rule };
            Error::invalid_input(vec![Violation::new(path.to_string(), Rule::Setting(rule.into()))])
        })?;
        let is_prefixed_default = |raw: &RawSection<'_>| {
            matches!(header(file, raw.header), Ok(Header::Profile { name: "default", is_prefixed: true }))
        };
        let has_prefixed_default = sections.iter().any(is_prefixed_default);
        for raw in sections {
            let (kind, name) = match header(file, raw.header) {
                Ok(Header::Profile { name: "default", is_prefixed: false }) if has_prefixed_default => {
                    self.ignore(path, raw.line, Some("default"), IgnoredReason::SecondDefault);
                    continue;
                }
                Ok(Header::Profile { name, .. }) => (&mut self.profiles, name),
                Ok(Header::SsoSession(name)) => (&mut self.sso_sessions, name),
                Ok(Header::Services(name)) => (&mut self.services, name),
                Err((name, reason)) => {
                    self.ignore(path, raw.line, name, reason);
                    continue;
                }
            };
            let section = kind.entry(name, path, raw.line);
            let mut nameless = Vec::new();
            for property in raw.properties {
                if is_name(property.key) {
                    let key = property.key.to_ascii_lowercase();
                    section.properties.insert(key, Property::new(&property, file, path));
                } else {
                    nameless.push(property.line);
                }
            }
            for line in nameless {
                self.ignore(path, line, None, IgnoredReason::PropertyName);
            }
        }
        Ok(())
    }

    fn ignore(&mut self, file: &Arc<str>, line: u32, name: Option<&str>, reason: IgnoredReason) {
        if self.ignored.len() < MAX_IGNORED {
            let name = name.map(str::to_owned);
            self.ignored.push(Ignored { file: Arc::clone(file), line, name, reason });
        }
    }

    /// A profile by its name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// An `sso-session` section by its name.
    #[must_use]
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// A `services` section by its name.
    #[must_use]
    pub fn services(&self, name: &str) -> Option<&Section> {
        self.services.get(name)
    }

    /// All profiles in the order in which they appear first, those of the config file before the others.
    #[must_use]
    pub fn profiles(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.profiles.list.iter()
    }

    /// All `sso-session` sections, in order.
    #[must_use]
    pub fn sso_sessions(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.sso_sessions.list.iter()
    }

    /// All `services` sections, in order.
    #[must_use]
    pub fn all_services(&self) -> impl ExactSizeIterator<Item = &Section> {
        self.services.list.iter()
    }

    /// What has no effect, [`MAX_IGNORED`] of it: the next thing to look at where a profile is missing.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }
}

impl Sections {
    fn get(&self, name: &str) -> Option<&Section> {
        self.list.get(*self.index.get(name)?)
    }

    fn entry(&mut self, name: &str, file: &Arc<str>, line: u32) -> &mut Section {
        let next = self.list.len();
        let at = *self.index.entry(name.to_owned()).or_insert(next);
        if at == next {
            let (name, file) = (name.to_owned(), Arc::clone(file));
            self.list.push(Section { name, file, line, properties: BTreeMap::new() });
        }
        // Every number in the index is that of a section.
        &mut self.list[at]
    }
}

impl Section {
    /// Its name, without `profile`, `sso-session` or `services`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the file in which it stands first.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line on which it stands first, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// A property by its name, which has no case. An empty value is a value here.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&Property> {
        match self.properties.get(key) {
            None if key.bytes().any(|b| b.is_ascii_uppercase()) => {
                self.properties.get(key.to_ascii_lowercase().as_str())
            }
            found => found,
        }
    }

    /// All properties, sorted by their names, which are in lower case.
    #[must_use]
    pub fn properties(&self) -> impl ExactSizeIterator<Item = (&str, &Property)> {
        self.properties.iter().map(|(key, property)| (key.as_str(), property))
    }
}

impl Property {
    fn new(raw: &RawProperty<'_>, file: File, path: &Arc<str>) -> Self {
        let length = raw.value.len() + raw.continued.iter().map(|(_, text)| text.len() + 1).sum::<usize>();
        // Made at its full length: a text that grows leaves copies behind.
        let mut value = String::with_capacity(length);
        value.push_str(raw.value);
        for (_, text) in &raw.continued {
            value.push('\n');
            value.push_str(text);
        }
        Self {
            value: value.into(),
            file: Arc::clone(path),
            is_from_config_file: file == File::Config,
            line: raw.line,
            continued: raw.continued.iter().map(|(line, _)| *line).collect(),
        }
    }

    /// The value; where it was continued, with the lines separated by newlines.
    #[must_use]
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// The path of its file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line on which it begins, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    #[cfg(feature = "sources")]
    pub(crate) fn is_from_config_file(&self) -> bool {
        self.is_from_config_file
    }

    pub(super) fn shared_file(&self) -> &Arc<str> {
        &self.file
    }

    /// A sub-property's value and line; its name has no case. `None` too where the value is not made of sub-properties.
    #[must_use]
    pub fn sub_property(&self, key: &str) -> Option<(&str, u32)> {
        self.sub_properties()
            .filter(|(name, ..)| name.eq_ignore_ascii_case(key))
            .last()
            .map(|(_, v, line)| (v, line))
    }

    /// The name, value and line of every sub-property, as they stand there. None where the value is not made of them.
    pub fn sub_properties(&self) -> impl Iterator<Item = (&str, &str, u32)> {
        let lines = self.value.expose().strip_prefix('\n').into_iter().flat_map(|lines| lines.split('\n'));
        lines.zip(&self.continued).filter_map(|(text, line)| {
            let (name, value) = parser::without_comment(text).split_once('=')?;
            Some((name.trim(), value.trim(), *line))
        })
    }
}

#[cfg(test)]
mod tests;
