use std::fmt;

use super::{MAX_DEPTH, MAX_REPLY_BYTES};
use crate::error::escape_controls;
use crate::error::redact::Redaction;

/// Why a reply is not one that STS gives. Never holds a piece of the reply but the name of its root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum ReplyFault {
    TooLarge { length: usize },
    Empty,
    Html,
    NotXml,
    Json,
    NotUtf8 { position: usize },
    Charset,
    Doctype,
    TooDeep,
    TooMany,
    Truncated,
    Syntax { position: usize },
    WrongRoot { expected: String, found: String },
    Missing { name: &'static str },
    Twice { name: &'static str },
    SameKey { name: &'static str },
    Value { name: &'static str },
    NoCode,
    NoResult { action: String },
    TwoResults,
}

/// The most characters of a root's name that are shown.
const NAME_SHOWN: usize = 64;

impl ReplyFault {
    pub(crate) fn wrong_root(action: &str, found: &str) -> Self {
        if found.eq_ignore_ascii_case("html") {
            return Self::Html;
        }
        // The parser takes for a name what stands behind `<`: only what looks like one is shown.
        let is_name = found.starts_with(|c: char| c.is_ascii_alphabetic())
            && found.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let found = if is_name { found.to_owned() } else { "…".to_owned() };
        Self::WrongRoot { expected: format!("{action}Response"), found }
    }
}

impl ReplyFault {
    /// Takes the secrets of the request out of the name that the reply's root has, and cuts the name.
    pub(crate) fn redact(&mut self, redaction: Redaction<'_>) {
        if let Self::WrongRoot { found, .. } = self {
            redaction.clean(found);
            if let Some((end, _)) = found.char_indices().nth(NAME_SHOWN) {
                found.truncate(end);
            }
        }
    }
}

impl fmt::Display for ReplyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { length } => {
                write!(f, "its {length} bytes exceed the limit of {MAX_REPLY_BYTES}")
            }
            Self::Empty => f.write_str("it is empty"),
            Self::Html => f.write_str("it is an HTML page, as proxies and captive portals send"),
            Self::NotXml => f.write_str("it is neither XML nor JSON"),
            Self::Json => f.write_str("it is JSON, where XML was asked for"),
            Self::NoResult { action } => write!(f, "<{}Result> is missing", escape_controls(action)),
            Self::TwoResults => f.write_str("there are two results in it"),
            Self::NotUtf8 { position } => write!(f, "byte {position} is not UTF-8"),
            Self::Charset => f.write_str("it declares an encoding other than UTF-8"),
            Self::Doctype => f.write_str("it holds a DOCTYPE"),
            Self::TooDeep => write!(f, "its elements are nested more than {MAX_DEPTH} deep"),
            Self::TooMany => f.write_str("it has too many elements"),
            Self::Truncated => f.write_str("it ends in the middle"),
            Self::Syntax { position } => write!(f, "it is not well-formed XML at byte {position}"),
            Self::WrongRoot { expected, found } => {
                write!(f, "its root is <{found}>, not <{}>", escape_controls(expected))
            }
            Self::Missing { name } => write!(f, "<{name}> is missing"),
            Self::Twice { name } => write!(f, "<{name}> stands in it twice"),
            Self::SameKey { name } => write!(f, "two entries of <{name}> have the same key"),
            Self::Value { name } => write!(f, "the value of <{name}> is not valid"),
            Self::NoCode => f.write_str("it is an error without a code"),
        }
    }
}
