use std::borrow::Cow;
use std::fmt;

use super::escape_controls;

/// One rule that an input breaks.
///
/// It names the parameter, the rule and the length seen, never the value of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    parameter: Cow<'static, str>,
    rule: Rule,
}

impl Violation {
    /// The texts in it are escaped: a setting's value may be part of them.
    pub(crate) fn new(parameter: impl Into<Cow<'static, str>>, rule: Rule) -> Self {
        let rule = match rule {
            Rule::Setting(sentence) => Rule::Setting(escape_controls(sentence)),
            Rule::Documented(sentence) => Rule::Documented(escape_controls(sentence)),
            rule => rule,
        };
        Self { parameter: escape_controls(parameter), rule }
    }

    /// Puts what the parameter is part of before its name.
    pub(crate) fn put_before(&mut self, path: &str) {
        self.parameter.to_mut().insert_str(0, path);
    }

    /// The parameter by AWS's name, with its place where it is in a list, counted from 0: `Tags[3].Value`.
    #[must_use]
    pub fn parameter(&self) -> &str {
        &self.parameter
    }

    /// The rule and what was seen instead.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// A rule and what was seen instead. Lengths and positions count Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// It must be given, and not be empty.
    Required,
    /// It has too few characters.
    MinLength {
        /// The least number of characters.
        min: usize,
        /// The number seen.
        length: usize,
    },
    /// It has too many characters.
    MaxLength {
        /// The greatest number of characters.
        max: usize,
        /// The number seen.
        length: usize,
    },
    /// The list has too few items.
    MinItems {
        /// The least number of items.
        min: usize,
        /// The number seen.
        length: usize,
    },
    /// The list has too many items.
    MaxItems {
        /// The greatest number of items.
        max: usize,
        /// The number seen.
        length: usize,
    },
    /// The number is too small.
    MinValue {
        /// The least value.
        min: u32,
        /// The value seen.
        value: u32,
    },
    /// The number is too large.
    MaxValue {
        /// The greatest value.
        max: u32,
        /// The value seen.
        value: u32,
    },
    /// It holds a character that the service model's pattern does not allow.
    Pattern {
        /// The pattern, as in the service model.
        pattern: &'static str,
        /// Where the first such character stands, counted from 0.
        position: usize,
        /// The number of characters in all.
        length: usize,
    },
    /// It is none of the values that the service model lists.
    NotListed {
        /// The values that are listed.
        values: &'static [&'static str],
        /// The number of characters seen.
        length: usize,
    },
    /// It contradicts another parameter, the credentials, or the endpoint.
    Relation(&'static str),
    /// It begins or ends with white space, as a text does that was read from a file or pasted.
    StrayWhiteSpace {
        /// The number of characters in all.
        length: usize,
    },
    /// It holds a character that cannot be sent.
    Character {
        /// Where the first such character stands, counted from 0.
        position: usize,
        /// The number of characters in all.
        length: usize,
    },
    /// Something speaks against it that the service model does not name, such as a limit of AWS's documentation; the text
    /// says what.
    Documented(Cow<'static, str>),
    /// A setting that cannot be used as it is; the text says why.
    Setting(Cow<'static, str>),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.parameter, self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => write!(f, "is required"),
            Self::MinLength { min, length } => {
                write!(f, "must have at least {min} characters, and has {length}")
            }
            Self::MaxLength { max, length } => {
                write!(f, "must have at most {max} characters, and has {length}")
            }
            Self::MinItems { min, length } => write!(f, "must have at least {min} items, and has {length}"),
            Self::MaxItems { max, length } => write!(f, "must have at most {max} items, and has {length}"),
            Self::MinValue { min, value } => write!(f, "must be at least {min}, and is {value}"),
            Self::MaxValue { max, value } => write!(f, "must be at most {max}, and is {value}"),
            Self::Pattern { pattern, position, length } => {
                write!(f, "must match {pattern}, and character {position} of {length} does not")
            }
            Self::NotListed { values, length } => {
                write!(f, "must be one of {}, and is another text of {length} characters", values.join(", "))
            }
            Self::Relation(sentence) => f.write_str(sentence),
            Self::StrayWhiteSpace { length } => {
                write!(f, "begins or ends with white space ({length} characters in all)")
            }
            Self::Character { position, length } => {
                write!(f, "cannot be sent: character {position} of {length} is not allowed there")
            }
            Self::Setting(sentence) | Self::Documented(sentence) => f.write_str(sentence),
        }
    }
}
