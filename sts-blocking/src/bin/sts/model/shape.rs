//! From the library's flat list of parameters to a tree.

use sts_blocking::operation::{Kind, Parameter};

/// A parameter of an operation, or a member of a structure.
pub(crate) struct Member {
    /// AWS's name.
    pub(crate) name: String,
    /// The name of the option, without its dashes.
    pub(crate) option: String,
    /// Whether it must be given.
    pub(crate) required: bool,
    /// What it is.
    pub(crate) shape: Shape,
    /// For `--help`.
    pub(crate) rule: String,
}

/// What a parameter is. The least lengths and values are those that the AWS CLI checks.
pub(crate) enum Shape {
    /// A text.
    Text {
        /// The least length.
        min: usize,
        /// The values of an enumeration; empty for any other text. They are not checked: the AWS CLI sends other values too.
        values: &'static [&'static str],
        /// Whether it is a secret.
        sensitive: bool,
    },
    /// A number.
    Integer {
        /// The least value; 0 where there is none.
        min: u32,
    },
    /// A list.
    List {
        /// The least number of items.
        min: usize,
        /// What the items are.
        item: Box<Self>,
    },
    /// A structure.
    Structure(Vec<Member>),
}

impl Shape {
    /// Whether there is a secret in it.
    pub(crate) fn is_sensitive(&self) -> bool {
        match self {
            Self::Text { sensitive, .. } => *sensitive,
            Self::Integer { .. } => false,
            Self::List { item, .. } => item.is_sensitive(),
            Self::Structure(members) => members.iter().any(|member| member.shape.is_sensitive()),
        }
    }

    /// Whether the AWS CLI has a shorthand for it: structures, and lists of them.
    pub(crate) fn has_shorthand(&self) -> bool {
        match self {
            Self::Structure(_) => true,
            Self::List { item, .. } => matches!(**item, Self::Structure(_)),
            _ => false,
        }
    }
}

/// The members below a path, such as `Tags[].`
pub(super) fn members(parameters: &[Parameter], below: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for parameter in parameters {
        let Some(name) = parameter.path.strip_prefix(below).filter(|name| !name.contains(['.', '['])) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        members.push(Member {
            name: name.to_owned(),
            option: kebab(name),
            required: parameter.required,
            shape: shape(parameters, parameter),
            rule: rule(parameter),
        });
    }
    members
}

fn shape(parameters: &[Parameter], parameter: &Parameter) -> Shape {
    match parameter.kind {
        Kind::Text { min, values, .. } => Shape::Text { min, values, sensitive: parameter.sensitive },
        Kind::Integer { min, .. } => Shape::Integer { min },
        Kind::List { min, .. } => {
            let path = format!("{}[]", parameter.path);
            let item = match parameters.iter().find(|other| other.path == path) {
                Some(item) => shape(parameters, item),
                None => Shape::Structure(members(parameters, &format!("{path}."))),
            };
            Shape::List { min, item: Box::new(item) }
        }
        _ => Shape::Structure(members(parameters, &format!("{}.", parameter.path))),
    }
}

fn rule(parameter: &Parameter) -> String {
    let mut words = match parameter.kind {
        Kind::Text { values, .. } if !values.is_empty() => format!("one of {}", values.join(", ")),
        Kind::Text { min, max: Some(max), .. } if min == max => format!("{min} characters"),
        Kind::Text { min, max: Some(max), .. } => format!("{min} to {max} characters"),
        Kind::Text { .. } => "a text".to_owned(),
        Kind::Integer { min, max, .. } => format!("{min} to {max}"),
        Kind::List { max: Some(max), .. } => format!("at most {max}"),
        Kind::List { .. } => "a list".to_owned(),
        _ => "a structure".to_owned(),
    };
    if parameter.required {
        words.push_str(", required");
    }
    if parameter.sensitive {
        words.push_str(
            "; a secret: `file://PATH` or `-` (standard input) keep it out of the list of processes",
        );
    }
    words
}

/// An option's name from AWS's: `SAMLAssertion` is `saml-assertion`.
pub(crate) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let after = i.checked_sub(1).and_then(|before| chars.get(before));
        let ends_abbreviation = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word = after.is_some_and(|before| !before.is_ascii_uppercase() || ends_abbreviation);
        if c.is_ascii_uppercase() && starts_word {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_options() {
        for (name, option) in [
            ("RoleArn", "role-arn"),
            ("SAMLAssertion", "saml-assertion"),
            ("AssumeRoleWithSAML", "assume-role-with-saml"),
            ("MinimumSessionTokenSize", "minimum-session-token-size"),
        ] {
            assert_eq!(kebab(name), option);
        }
    }
}
