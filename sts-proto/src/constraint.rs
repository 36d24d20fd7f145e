//! The rules of the service model, and the one walk over an operation's parameters that serves writing, validation
//! and description alike.
//!
//! Limits and patterns are those of the service model of API version 2011-06-15. Lengths count Unicode scalar
//! values. A parameter's rule stands beside it in the operation's file, so that nothing can be sent unchecked.

use std::borrow::Cow;

use crate::error::{Error, Rule, Violation};
use crate::lanes;

pub(crate) mod class;

use class::Class;

/// The rules of a text.
#[derive(Debug)]
pub struct Text {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) class: Option<&'static Class>,
    /// The values of an enumeration; empty for any other text.
    pub(crate) values: &'static [&'static str],
    pub(crate) sensitive: bool,
    /// Whether a required text is given when it is given as empty.
    pub(crate) may_be_empty: bool,
}

impl Text {
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required: false,
            min: 0,
            max: usize::MAX,
            class: None,
            values: &[],
            sensitive: false,
            may_be_empty: false,
        }
    }

    pub(crate) const fn required(name: &'static str) -> Self {
        Self { required: true, ..Self::optional(name) }
    }

    /// A member of a list of texts; its path is that of the list with the index.
    pub(crate) const fn item() -> Self {
        Self::required("")
    }

    pub(crate) const fn length(self, min: usize, max: usize) -> Self {
        Self { min, max, ..self }
    }

    pub(crate) const fn of(self, class: &'static Class) -> Self {
        Self { class: Some(class), ..self }
    }

    /// An enumeration of these values.
    pub(crate) const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }

    /// Given, when it is given as empty.
    pub(crate) const fn may_be_empty(self) -> Self {
        Self { may_be_empty: true, ..self }
    }

    /// Kept out of URLs, logs and `Debug`.
    pub(crate) const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }
}

/// The rules of a number.
#[derive(Debug)]
pub struct Integer {
    pub(crate) name: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
}

impl Integer {
    pub(crate) const fn optional(name: &'static str, min: u32, max: u32) -> Self {
        Self { name, min, max }
    }
}

/// The rules of a list.
#[derive(Debug)]
pub struct List {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl List {
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self { name, required: false, min: 0, max: usize::MAX }
    }

    pub(crate) const fn required(name: &'static str) -> Self {
        Self { required: true, ..Self::optional(name) }
    }

    pub(crate) const fn length(self, min: usize, max: usize) -> Self {
        Self { min, max, ..self }
    }
}

/// What walks over parameters. Every member is shown with its rules, present or not, in the model's order.
pub trait Members {
    fn text(&mut self, rule: &'static Text, value: Option<&str>);
    fn integer(&mut self, rule: &'static Integer, value: Option<u32>);
    fn structure<T: Shape>(&mut self, name: &'static str, required: bool, value: Option<&T>);
    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]);
}

/// What can be walked over: a structure, or an item of a list of texts.
pub trait Shape {
    const IS_STRUCTURE: bool = true;

    fn members(&self, members: &mut impl Members);

    /// Any value of the type, for the description of lists that are empty.
    fn template() -> Self;
}

/// Which rules are checked before a request is sent.
///
/// All are, unless switched off. Whatever is switched off, a required parameter that is missing is an error.
///
/// ```
/// use sts_proto::Validation;
///
/// // For a server that allows longer sessions than AWS does:
/// let lenient = Validation::default().max(false);
/// # let _ = lenient;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validation {
    min: bool,
    max: bool,
    pattern: bool,
    enum_values: bool,
    relations: bool,
}

impl Validation {
    /// Required parameters only.
    pub const REQUIRED_ONLY: Self =
        Self { min: false, max: false, pattern: false, enum_values: false, relations: false };

    /// Least lengths, item counts and values.
    #[must_use]
    pub fn min(self, on: bool) -> Self {
        Self { min: on, ..self }
    }

    /// Greatest lengths, item counts and values.
    #[must_use]
    pub fn max(self, on: bool) -> Self {
        Self { max: on, ..self }
    }

    /// Characters by the service model's patterns.
    #[must_use]
    pub fn pattern(self, on: bool) -> Self {
        Self { pattern: on, ..self }
    }

    /// Values that the service model lists, such as those of `SubjectMode`.
    #[must_use]
    pub fn enum_values(self, on: bool) -> Self {
        Self { enum_values: on, ..self }
    }

    /// Rules between parameters, and between an operation, its credentials and its endpoint.
    #[must_use]
    pub fn relations(self, on: bool) -> Self {
        Self { relations: on, ..self }
    }

    pub(crate) fn has_relations(self) -> bool {
        self.relations
    }
}

impl Default for Validation {
    fn default() -> Self {
        Self { min: true, max: true, pattern: true, enum_values: true, relations: true }
    }
}

/// The walk that collects violations.
pub struct Checker {
    validation: Validation,
    violations: Vec<Violation>,
}

impl Checker {
    pub(crate) fn new(validation: Validation) -> Self {
        Self { validation, violations: Vec::new() }
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        Error::unless_empty(self.violations)
    }

    /// A rule between parameters.
    pub(crate) fn relation(
        &mut self,
        parameter: impl FnOnce() -> Cow<'static, str>,
        holds: bool,
        sentence: &'static str,
    ) {
        if self.validation.relations && !holds {
            self.violations.push(Violation::new(parameter(), Rule::Relation(sentence)));
        }
    }

    fn report(&mut self, name: &'static str, rule: Rule) {
        self.violations.push(Violation::new(name, rule));
    }

    /// Checks a part, and says of what is found there where that is. Nothing is written down where nothing is found.
    fn part(&mut self, part: &impl Shape, path: impl FnOnce() -> String) {
        let before = self.violations.len();
        part.members(self);
        if let Some(found @ [_, ..]) = self.violations.get_mut(before..) {
            let path = path();
            found.iter_mut().for_each(|violation| violation.put_before(&path));
        }
    }
}

impl Members for Checker {
    fn text(&mut self, rule: &'static Text, value: Option<&str>) {
        if rule.required && value.is_none_or(|value| value.is_empty() && !rule.may_be_empty) {
            return self.report(rule.name, Rule::Required);
        }
        let Some(value) = value else { return };
        let (on, name) = (self.validation, rule.name);
        let is_plain = match rule.class {
            Some(class) => lanes::all_in(value.as_bytes(), &class.plain),
            None => value.is_ascii(),
        };
        // What is plain is one character for each byte.
        let length = if is_plain { value.len() } else { value.chars().count() };
        if on.min && length < rule.min {
            self.report(name, Rule::MinLength { min: rule.min, length });
        }
        if on.max && length > rule.max {
            self.report(name, Rule::MaxLength { max: rule.max, length });
        }
        if let Some(class) = rule.class.filter(|_| on.pattern)
            && let Some(position) = class.misfit(value, is_plain)
        {
            self.report(name, Rule::Pattern { pattern: class.pattern, position, length });
        }
        if on.enum_values && !rule.values.is_empty() && !rule.values.contains(&value) {
            self.report(name, Rule::NotListed { values: rule.values, length });
        }
    }

    fn integer(&mut self, rule: &'static Integer, value: Option<u32>) {
        let Some(value) = value else { return };
        if self.validation.min && value < rule.min {
            self.report(rule.name, Rule::MinValue { min: rule.min, value });
        }
        if self.validation.max && value > rule.max {
            self.report(rule.name, Rule::MaxValue { max: rule.max, value });
        }
    }

    fn structure<T: Shape>(&mut self, name: &'static str, required: bool, value: Option<&T>) {
        match value {
            Some(value) => self.part(value, || format!("{name}.")),
            None if required => self.report(name, Rule::Required),
            None => {}
        }
    }

    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]) {
        let (on, length) = (self.validation, items.len());
        if length == 0 {
            if rule.required {
                self.report(rule.name, Rule::Required);
            }
            return;
        }
        if on.min && length < rule.min {
            self.report(rule.name, Rule::MinItems { min: rule.min, length });
        }
        if on.max && length > rule.max {
            self.report(rule.name, Rule::MaxItems { max: rule.max, length });
        }
        let dot = if T::IS_STRUCTURE { "." } else { "" };
        for (i, item) in items.iter().enumerate() {
            self.part(item, || format!("{}[{i}]{dot}", rule.name));
        }
    }
}
