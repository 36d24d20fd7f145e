//! The rules of the service model, and the one walk over an operation's parameters that serves writing, validation
//! and description alike.
//!
//! Limits and patterns are those of the service model of API version 2011-06-15. Lengths count Unicode scalar
//! values. A parameter's rule stands beside it in the operation's file, so that nothing can be sent unchecked.

use std::borrow::Cow;

use crate::error::{Rule, Violation};
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

/// Which broken rules keep a request from being sent.
///
/// By default those whose breach can never become right: what is required and missing, what is below a minimum, what
/// contradicts itself, another parameter, the credentials or the endpoint. Maxima, patterns and lists of values are **advice**:
/// the request is sent, and [`Operation::advice`](crate::operation::Operation::advice), an event and the hint of a
/// refusal tell of the breach. The reason: AWS raises such limits from one day to the next, while programs are pinned
/// to the service model of the day they were built. A `SourceIdentity` could have 64 characters until November 2026, and
/// 256 since. botocore and the AWS SDK for JavaScript v2 have the same default.
///
/// No parameter of STS becomes a header, a path or a host. Credentials, regions, URLs and names of clusters do, and are
/// always checked by the functions that take them. Limits that only AWS's documentation names stay advice under
/// [`strict`](Self::strict), too.
///
/// ```
/// use sts_proto::Validation;
/// use sts_proto::operation::{AssumeRole, Operation};
///
/// let role = AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "x".repeat(65));
/// role.validate(Validation::default())?;
/// let sentence = "`RoleSessionName` must have at most 64 characters, and has 65";
/// assert_eq!(role.advice()[0].to_string(), sentence);
///
/// // Refuses all that the service model says against it, before anything is sent:
/// let error = role.validate(Validation::strict()).unwrap_err();
/// assert_eq!(error.to_string(), format!("AssumeRole was not sent: {sentence}"));
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Off for advice only: a missing parameter is never advice.
    required: bool,
    min: bool,
    max: bool,
    pattern: bool,
    enum_values: bool,
    relations: bool,
}

impl Validation {
    /// Required parameters only.
    pub const REQUIRED_ONLY: Self =
        Self { required: true, min: false, max: false, pattern: false, enum_values: false, relations: false };

    /// What is not refused by default.
    pub(crate) const ADVICE: Self =
        Self { required: false, min: false, max: true, pattern: true, enum_values: true, relations: false };

    /// All rules of the service model: nothing is sent that the model of [`MODEL`](crate::operation::MODEL) does not allow.
    #[must_use]
    pub fn strict() -> Self {
        Self { max: true, pattern: true, enum_values: true, ..Self::default() }
    }

    /// Whether least lengths, item counts and values are checked. On by default.
    #[must_use]
    pub fn min(self, on: bool) -> Self {
        Self { min: on, ..self }
    }

    /// Whether greatest lengths, item counts and values are checked.
    #[must_use]
    pub fn max(self, on: bool) -> Self {
        Self { max: on, ..self }
    }

    /// Whether characters are checked by the service model's patterns.
    #[must_use]
    pub fn pattern(self, on: bool) -> Self {
        Self { pattern: on, ..self }
    }

    /// Whether texts are checked by the service model's enumerations, such as the two values of `SubjectMode`.
    #[must_use]
    pub fn enum_values(self, on: bool) -> Self {
        Self { enum_values: on, ..self }
    }

    /// Whether rules between the parts of a request are checked: its parameters, its credentials and its endpoint. On by
    /// default.
    #[must_use]
    pub fn relations(self, on: bool) -> Self {
        Self { relations: on, ..self }
    }

    pub(crate) fn has_relations(self) -> bool {
        self.relations
    }

    pub(crate) fn has_max(self) -> bool {
        self.max
    }
}

impl Default for Validation {
    /// Required parameters, minima, and rules between parameters.
    fn default() -> Self {
        Self { min: true, relations: true, ..Self::REQUIRED_ONLY }
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

    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// What AWS's documentation says against a parameter, and the service model does not.
    pub(crate) fn documented(&mut self, name: &'static str, sentence: impl Into<Cow<'static, str>>) {
        self.report(name, Rule::Documented(sentence.into()));
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

    fn report_missing(&mut self, name: &'static str) {
        if self.validation.required {
            self.report(name, Rule::Required);
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
        let (on, name) = (self.validation, rule.name);
        if rule.required && value.is_none_or(|value| value.is_empty() && !rule.may_be_empty) {
            return self.report_missing(name);
        }
        let Some(value) = value else { return };
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
            None if required => self.report_missing(name),
            None => {}
        }
    }

    fn list<T: Shape>(&mut self, rule: &'static List, items: &[T]) {
        let (on, length) = (self.validation, items.len());
        if length == 0 {
            if rule.required {
                self.report_missing(rule.name);
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
