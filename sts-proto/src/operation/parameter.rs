use super::Operation;
use crate::constraint::{Integer, List, Members, Shape, Text};

/// One parameter of an operation, with the rules of the service model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// AWS's name, with the way to it: `Tags[].Key`, `TaskPolicyArn.arn`.
    pub path: String,
    /// Whether it must be given, where its list item or structure is.
    pub required: bool,
    /// What it is.
    pub kind: Kind,
    /// Whether it is kept out of URLs, logs and `Debug`.
    pub sensitive: bool,
}

/// What a parameter is, with its limits. Lengths count Unicode scalar values, or items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    #[non_exhaustive]
    Text {
        /// The least length.
        min: usize,
        /// The greatest length, where there is one.
        max: Option<usize>,
        /// The pattern, anchored at both ends, where there is one.
        pattern: Option<&'static str>,
        /// The values of an enumeration; empty for any other text.
        values: &'static [&'static str],
    },
    /// A number.
    #[non_exhaustive]
    Integer {
        /// The least value.
        min: u32,
        /// The greatest value.
        max: u32,
    },
    /// A list; its items follow under a path that ends with `[]`.
    #[non_exhaustive]
    List {
        /// The least number of items.
        min: usize,
        /// The greatest number of items, where there is one.
        max: Option<usize>,
    },
    /// A structure; its members follow.
    Structure,
}

/// The walk that describes.
struct Description {
    path: String,
    parameters: Vec<Parameter>,
}

pub(super) fn describe(operation: &impl Operation) -> Vec<Parameter> {
    let mut description = Description { path: String::new(), parameters: Vec::new() };
    operation.members(&mut description);
    description.parameters
}

impl Description {
    fn push(&mut self, name: &str, required: bool, kind: Kind, sensitive: bool) {
        let path = format!("{}{name}", self.path);
        self.parameters.push(Parameter { path, required, kind, sensitive });
    }

    fn inside(&mut self, path: &str, shape: &impl Shape) {
        let outer = self.path.len();
        self.path.push_str(path);
        shape.members(self);
        self.path.truncate(outer);
    }
}

impl Members for Description {
    fn text(&mut self, rule: &'static Text, _value: Option<&str>) {
        let (min, max, values) = (rule.min, limit(rule.max), rule.values);
        let kind = Kind::Text { min, max, pattern: rule.class.map(|class| class.pattern), values };
        self.push(rule.name, rule.required, kind, rule.sensitive);
    }

    fn integer(&mut self, rule: &'static Integer, _value: Option<u32>) {
        self.push(rule.name, false, Kind::Integer { min: rule.min, max: rule.max }, false);
    }

    fn structure<T: Shape>(&mut self, name: &'static str, required: bool, _value: Option<&T>) {
        self.push(name, required, Kind::Structure, false);
        self.inside(&format!("{name}."), &T::template());
    }

    fn list<T: Shape>(&mut self, rule: &'static List, _items: &[T]) {
        self.push(rule.name, rule.required, Kind::List { min: rule.min, max: limit(rule.max) }, false);
        let dot = if T::IS_STRUCTURE { "." } else { "" };
        self.inside(&format!("{}[]{dot}", rule.name), &T::template());
    }
}

fn limit(max: usize) -> Option<usize> {
    (max != usize::MAX).then_some(max)
}
