//! The rules of the model, and AWS's sentences for their violation.

use std::collections::HashSet;

use super::form::{Form, Member};
use super::model::Parameter;
use super::refusal::Refusal;

/// Which rules of the model are enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Enforcement {
    /// All rules.
    #[default]
    Model,
    /// All rules but maxima, patterns and enums.
    BeyondModel,
}

/// What a value of a parameter must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Text {
        min: usize,
        max: usize,
        pattern: Pattern,
    },
    /// Text that is not repeated in an error.
    Secret {
        min: usize,
        max: usize,
    },
    Number {
        min: i64,
        max: i64,
    },
    OneOf(&'static [&'static str]),
    /// A structure with one field, `arn`.
    PolicyArn,
    PolicyArns,
    Tags,
    TagKeys,
    ProvidedContexts,
    Audiences,
}

/// The regular expressions of the model. All but `Scope` are sets of characters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    Any,
    Arn,
    Description,
    Digits,
    ExternalId,
    Name,
    Policy,
    Scope,
    Serial,
    Tag,
    TagValue,
    Word,
}

impl Pattern {
    /// As AWS prints it.
    fn text(self) -> &'static str {
        match self {
            Self::Any => "(?s).*",
            Self::Arn => {
                r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"
            }
            Self::Description => r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
            Self::Digits => r"[\d]*",
            Self::ExternalId => r"[\w+=,.@:\/-]*",
            Self::Name => r"[\w+=,.@-]*",
            Self::Policy => r"[\u0009\u000A\u000D\u0020-\u00FF]+",
            Self::Scope => r"[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+( [\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+)*",
            Self::Serial => r"[\w+=/:,.@-]*",
            Self::Tag => r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
            Self::TagValue => r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
            Self::Word => r"[\w]*",
        }
    }

    fn matches(self, value: &str) -> bool {
        let contains_all = |text: &str| text.chars().all(|c| self.contains(c));
        match self {
            // One space between two scopes, and no other space.
            Self::Scope => value.split(' ').all(|scope| !scope.is_empty() && contains_all(scope)),
            _ => contains_all(value),
        }
    }

    fn contains(self, c: char) -> bool {
        // Without a flag, `\w` and `\d` of the service's regular expressions are ASCII.
        let word = c.is_ascii_alphanumeric() || c == '_';
        let layout = matches!(c, '\t' | '\n' | '\r');
        match self {
            Self::Any => true,
            Self::Arn => layout || matches!(c, ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..),
            Self::Description => layout || matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}'),
            Self::Digits => c.is_ascii_digit(),
            Self::ExternalId | Self::Serial => word || "+=,.@:/-".contains(c),
            Self::Name => word || "+=,.@-".contains(c),
            Self::Policy => layout || matches!(c, ' '..='\u{ff}'),
            Self::Scope => matches!(c, '!'..='~') && !"\",\\".contains(c),
            Self::Tag | Self::TagValue => {
                let separator = c.is_whitespace() && !c.is_control();
                c.is_alphanumeric() || separator || "_.:/=+-@".contains(c)
            }
            Self::Word => word,
        }
    }
}

const ARN: Rule = Rule::Text { min: 20, max: 2048, pattern: Pattern::Arn };
const TAG_KEY: Rule = Rule::Text { min: 1, max: 128, pattern: Pattern::Tag };
const TAG_VALUE: Rule = Rule::Text { min: 0, max: 256, pattern: Pattern::TagValue };
const CONTEXT: Rule = Rule::Text { min: 4, max: 3072, pattern: Pattern::Any };
const AUDIENCE: Rule = Rule::Text { min: 1, max: 1000, pattern: Pattern::Any };

impl Rule {
    /// Adds the violations of a parameter. Fails if the parameter cannot be read.
    pub(super) fn check(
        self,
        parameter: &Parameter,
        form: &Form,
        enforcement: Enforcement,
        violations: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let mut checker = Checker { enforcement, violations };
        let path = lower_first(parameter.name);
        let list = |min, max| List { form, name: parameter.name, required: parameter.required, min, max };
        match self {
            Self::PolicyArn => {
                let structure = form.get(&format!("{}.arn", parameter.name));
                // The model requires the structure, not its field, but an absent field leaves no structure.
                checker.value(ARN, &path, structure, parameter.required)
            }
            Self::PolicyArns => checker.list(&list(0, usize::MAX), &[("arn", ARN, false)]),
            Self::Tags => {
                checker.list(&list(0, 50), &[("Key", TAG_KEY, true), ("Value", TAG_VALUE, true)])?;
                unique_tag_keys(form, parameter.name)
            }
            Self::TagKeys => checker.list(&list(0, 50), &[("", TAG_KEY, true)]),
            Self::ProvidedContexts => checker
                .list(&list(1, 5), &[("ProviderArn", ARN, false), ("ContextAssertion", CONTEXT, false)]),
            Self::Audiences => checker.list(&list(1, 10), &[("", AUDIENCE, true)]),
            _ => checker.value(self, &path, form.get(parameter.name), parameter.required),
        }
    }
}

/// A list parameter and how many members it may have.
struct List<'a> {
    form: &'a Form,
    name: &'static str,
    required: bool,
    min: usize,
    max: usize,
}

struct Checker<'a> {
    enforcement: Enforcement,
    violations: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn value(&mut self, rule: Rule, path: &str, value: Option<&str>, required: bool) -> Result<(), Refusal> {
        let Some(value) = value else {
            if required {
                self.report(&format!("Value null at '{path}'"), "Member must not be null");
            }
            return Ok(());
        };
        let subject = format!("Value '{value}' at '{path}'");
        match rule {
            Rule::Text { min, max, pattern } => {
                self.length(&subject, value.chars().count(), min, max);
                if self.is_model() && !pattern.matches(value) {
                    self.report(
                        &subject,
                        &format!("Member must satisfy regular expression pattern: {}", pattern.text()),
                    );
                }
            }
            Rule::Secret { min, max } => {
                self.length(&format!("Value at '{path}'"), value.chars().count(), min, max);
            }
            Rule::Number { min, max } => {
                let Ok(number) = value.parse::<i64>() else {
                    return Err(Refusal::malformed_input(format!(
                        "Value '{value}' at '{path}' is not an integer."
                    )));
                };
                if number < min {
                    self.report(&subject, &format!("Member must have value greater than or equal to {min}"));
                }
                if self.is_model() && number > max {
                    self.report(&subject, &format!("Member must have value less than or equal to {max}"));
                }
            }
            Rule::OneOf(values) if self.is_model() && !values.contains(&value) => {
                let values = values.join(", ");
                self.report(&subject, &format!("Member must satisfy enum value set: [{values}]"));
            }
            // The others are lists and structures, which are checked field by field.
            _ => {}
        }
        Ok(())
    }

    fn list(&mut self, list: &List<'_>, fields: &[(&str, Rule, bool)]) -> Result<(), Refusal> {
        let path = lower_first(list.name);
        let Some(members) = list.form.list(list.name)? else {
            return self.value(Rule::PolicyArns, &path, None, list.required);
        };
        self.length(
            &format!("Value '[{} members]' at '{path}'", members.len()),
            members.len(),
            list.min,
            list.max,
        );
        for (member, number) in members.iter().zip(1..) {
            if let Some(stranger) = member.keys().find(|key| fields.iter().all(|(field, ..)| field != *key)) {
                let name = list.name;
                return Err(Refusal::malformed_input(format!(
                    "Unexpected list element: {name}.member.{number}.{stranger}"
                )));
            }
            for (field, rule, required) in fields {
                let separator = if field.is_empty() { "" } else { "." };
                let path = format!("{path}.{number}.member{separator}{}", lower_first(field));
                self.value(*rule, &path, member.get(field).copied(), *required)?;
            }
        }
        Ok(())
    }

    fn length(&mut self, subject: &str, length: usize, min: usize, max: usize) {
        if length < min {
            self.report(subject, &format!("Member must have length greater than or equal to {min}"));
        }
        if self.is_model() && length > max {
            self.report(subject, &format!("Member must have length less than or equal to {max}"));
        }
    }

    fn is_model(&self) -> bool {
        self.enforcement == Enforcement::Model
    }

    fn report(&mut self, subject: &str, constraint: &str) {
        self.violations.push(format!("{subject} failed to satisfy constraint: {constraint}"));
    }
}

fn unique_tag_keys(form: &Form, name: &str) -> Result<(), Refusal> {
    let members = form.list(name)?.unwrap_or_default();
    let mut seen = HashSet::new();
    let key = |member: &Member<'_>| member.get("Key").map(|key| key.to_lowercase());
    if members.iter().filter_map(key).all(|key| seen.insert(key)) {
        return Ok(());
    }
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    Err(Refusal::new(400, "InvalidParameterValue", message))
}

/// `RoleArn` is `roleArn` in messages, and `SAMLAssertion` is `sAMLAssertion`.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::OPERATIONS;
    use super::*;

    fn check(action: &str, text: &str) -> Result<(), Refusal> {
        check_with(Enforcement::Model, action, text)
    }

    fn check_with(enforcement: Enforcement, action: &str, text: &str) -> Result<(), Refusal> {
        let mut form = Form::default();
        form.add(text.as_bytes()).expect("a form");
        let operation = OPERATIONS.iter().find(|operation| operation.name == action).expect("an operation");
        operation.check(&form, enforcement)
    }

    fn message(action: &str, text: &str) -> String {
        let refusal = check(action, text).expect_err(text);
        assert_eq!((refusal.status, refusal.code), (400, "ValidationError"), "{refusal:?}");
        refusal.message
    }

    #[test]
    fn names_every_violation_in_aws_words() {
        assert_eq!(
            message("AssumeRole", "RoleSessionName=abc"),
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
        );
        let text =
            message("AssumeRole", "RoleArn=nope&RoleSessionName=a/&DurationSeconds=43201&TokenCode=12345x");
        assert!(text.starts_with("4 validation errors detected: Value 'nope' at 'roleArn' failed"), "{text}");
        for part in [
            "Member must have length greater than or equal to 20; Value 'a/' at 'roleSessionName' failed",
            r"Member must satisfy regular expression pattern: [\w+=,.@-]*; ",
            "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200; ",
            r"Value '12345x' at 'tokenCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [\d]*",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(
            message("GetWebIdentityToken", "Audience.member.1=a&SigningAlgorithm=HS256")
                .contains("[RS256, ES384]")
        );
        assert!(message("AssumeRoot", "TargetPrincipal=123456789012").contains("null at 'taskPolicyArn'"));
        let text = message("AssumeRoleWithSAML", &format!("SAMLAssertion={}", "s3cret".repeat(20_000)));
        assert!(text.contains("Value at 'sAMLAssertion' failed") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn checks_lists_member_by_member() {
        let role = "RoleArn=arn:aws:iam::123456789012:role/R&RoleSessionName=abc";
        check("AssumeRole", role).expect("valid");
        check("AssumeRole", &format!("{role}&Tags=&PolicyArns=")).expect("empty lists are valid");
        check("AssumeRole", &format!("{role}&Tags.member.1.Key=%C3%A9+x&Tags.member.1.Value="))
            .expect("valid");
        let text = message("AssumeRole", &format!("{role}&Tags.member.1.Key=%21"));
        assert!(
            text.contains("'!' at 'tags.1.member.key'") && text.contains("null at 'tags.1.member.value'"),
            "{text}"
        );
        assert!(
            message("AssumeRole", &format!("{role}&ProvidedContexts="))
                .contains("greater than or equal to 1")
        );
        let tags: String = (1..=51).map(|n| format!("&TransitiveTagKeys.member.{n}=k{n}")).collect();
        assert!(message("AssumeRole", &format!("{role}{tags}")).contains("less than or equal to 50"));
        let twice = "&Tags.member.1.Key=a&Tags.member.1.Value=&Tags.member.2.Key=A&Tags.member.2.Value=";
        assert_eq!(
            check("AssumeRole", &format!("{role}{twice}")).expect_err("twice").code,
            "InvalidParameterValue"
        );
        for text in ["Tags.member.1.Name=a", "PolicyArns.member.1.Arn=a", "TransitiveTagKeys.member.1.x=a"] {
            assert_eq!(
                check("AssumeRole", &format!("{role}&{text}")).expect_err(text).code,
                "MalformedInput"
            );
        }
        assert_eq!(
            check("GetSessionToken", "DurationSeconds=x").expect_err("no number").code,
            "MalformedInput"
        );
    }

    #[test]
    fn limits_are_those_of_the_model() {
        let role = "RoleArn=arn:aws:iam::123456789012:role/R&RoleSessionName=";
        let longest = |n: usize| format!("{role}abc&SourceIdentity={}", "s".repeat(n));
        check("AssumeRole", &longest(256)).expect("the longest source identity");
        assert!(message("AssumeRole", &longest(257)).contains("less than or equal to 256"));
        let name = format!("{role}{}", "s".repeat(65));
        assert!(message("AssumeRole", &name).contains("less than or equal to 64"));
        let context =
            |n: usize| format!("{role}abc&ProvidedContexts.member.1.ContextAssertion={}", "s".repeat(n));
        for (text, valid) in
            [("a%09%0A%C2%A1%C3%BF", true), ("a%7F", false), ("a%C2%A0", false), ("a", false)]
        {
            let outcome = check("GetScopedCredentials", &format!("ScopedSessionDescription={text}"));
            assert_eq!(outcome.is_ok(), valid, "{text}");
        }
        check("AssumeRole", &context(3072)).expect("the longest assertion");
        assert!(message("AssumeRole", &context(3073)).contains("less than or equal to 3072"));
    }

    #[test]
    fn scope_pattern_accepts_one_space_between_scopes() {
        let check = |scope: &str| {
            let scope = form_urlencoded::byte_serialize(scope.as_bytes()).collect::<String>();
            check("GetWebIdentityToken", &format!("Audience.member.1=a&SigningAlgorithm=ES384&Scope={scope}"))
        };
        for scope in ["a", "a b", "read:x/y?z!#[]~ READ", &"s".repeat(256)] {
            check(scope).unwrap_or_else(|refusal| panic!("{scope}: {refusal:?}"));
        }
        for scope in ["", " a", "a ", "a  b", "a\tb", "a\"", "a,b", "a\\b", "a\u{7f}", "é", &"s".repeat(257)]
        {
            assert_eq!(check(scope).expect_err(scope).code, "ValidationError", "{scope}");
        }
    }

    #[test]
    fn beyond_model_ignores_maxima_patterns_and_enums_only() {
        let check = |action, text: &str| check_with(Enforcement::BeyondModel, action, text);
        let role = "RoleArn=arn:aws:iam::123456789012:role/R";
        let tags: String = (1..=51).map(|n| format!("&TransitiveTagKeys.member.{n}=k%21{n}")).collect();
        let long = "s".repeat(3000);
        let beyond = format!("{role}&RoleSessionName={long}%2F&DurationSeconds=43201&Policy=%E2%82%AC{tags}");
        check("AssumeRole", &beyond).expect("maxima and patterns");
        check("GetWebIdentityToken", "Audience.member.1=a&SigningAlgorithm=ES512").expect("an enum");
        for text in [
            "RoleSessionName=abc",
            &format!("{role}&RoleSessionName=a"),
            &format!("{role}&RoleSessionName=abc&DurationSeconds=899"),
            &format!("{role}&RoleSessionName=abc&ProvidedContexts="),
        ] {
            assert_eq!(check("AssumeRole", text).expect_err(text).code, "ValidationError", "{text}");
        }
        for text in ["DurationSeconds=x", "Tags.member.2.Key=a"] {
            let text = format!("{role}&RoleSessionName=abc&{text}");
            assert_eq!(check("AssumeRole", &text).expect_err(&text).code, "MalformedInput", "{text}");
        }
    }
}
