//! What the name in brackets means.

use super::{File, IgnoredReason};

pub(super) enum Header<'a> {
    Profile { name: &'a str, is_prefixed: bool },
    SsoSession(&'a str),
    Services(&'a str),
}

/// What a section is; or its name if it could be one, and why it is ignored.
pub(super) fn header(file: File, text: &str) -> Result<Header<'_>, (Option<&str>, IgnoredReason)> {
    let (prefix, name) = match text.split_once([' ', '\t']) {
        Some((prefix, name)) => (Some(prefix), name.trim()),
        None => (None, text),
    };
    if !is_name(name) {
        return Err((None, IgnoredReason::SectionName));
    }
    match (file, prefix) {
        (File::Config, None) if name == "default" => Ok(Header::Profile { name, is_prefixed: false }),
        (File::Config, None) => Err((Some(name), IgnoredReason::NoPrefix)),
        (File::Config, Some("profile")) => Ok(Header::Profile { name, is_prefixed: true }),
        (File::Config, Some("sso-session")) => Ok(Header::SsoSession(name)),
        (File::Config, Some("services")) => Ok(Header::Services(name)),
        (File::Credentials, None) => Ok(Header::Profile { name, is_prefixed: false }),
        (_, Some(_)) => Err((Some(name), IgnoredReason::Prefix)),
    }
}

/// Whether a section or a property can have that name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'.' | b'%' | b'@' | b':' | b'+')
        })
}
