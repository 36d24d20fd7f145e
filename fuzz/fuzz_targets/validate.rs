//! Parameters of any value: which rules they break, by ours and by another engine for patterns.
//!
//! The first byte chooses the operation, the second one which rules are off, the third whether every text is marked.
//! Then come the parameters' values, each ending with a NUL.

#![no_main]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::str::Split;

use libfuzzer_sys::fuzz_target;
use regex::Regex;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, DecodeAuthorizationMessage,
    GetAccessKeyInfo, GetDelegatedAccessToken, GetFederationToken, GetScopedCredentials, GetSessionToken,
    GetWebIdentityToken, Operation, SigningAlgorithm, SubjectMode,
};
use sts_proto::shape::Tag;
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, ErrorKind, Rule, Validation, form};

/// What every text begins with, if it is to be found again. No pattern of a parameter that is a name takes it, and no
/// rule's words hold it.
const MARK: char = '\u{1f512}';

/// Texts by the names of their parameters.
type Values = Vec<(&'static str, String)>;

struct Input<'i> {
    rest: Split<'i, char>,
    is_marked: bool,
    values: Values,
}

impl Input<'_> {
    /// The next text, under the name of its parameter.
    fn text(&mut self, name: &'static str) -> String {
        let text = self.rest.next().unwrap_or_default();
        let text = if self.is_marked { format!("{MARK}{text}") } else { text.to_owned() };
        self.values.push((name, text.clone()));
        text
    }

    /// The same; none if it is empty.
    fn maybe(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name);
        if text.is_empty() {
            self.values.pop();
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn number(&mut self) -> Option<u32> {
        self.rest.next()?.parse().ok()
    }
}

fuzz_target!(|input: &[u8]| {
    let [operation, rules, marked, rest @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let mut input = Input { rest: text.split('\0'), is_marked: marked & 1 != 0, values: Vec::new() };
    let i = &mut input;
    let rules = *rules;
    match operation % 11 {
        0 => {
            let mut operation = AssumeRole::new(i.text("RoleArn"), i.text("RoleSessionName"));
            if let Some(id) = i.maybe("ExternalId") {
                operation = operation.external_id(id);
            }
            if let Some(policy) = i.maybe("Policy") {
                operation = operation.policy(policy);
            }
            if let Some(number) = i.maybe("SerialNumber") {
                operation = operation.serial_number(number);
            }
            if let Some(code) = i.maybe("TokenCode") {
                operation = operation.token_code(code);
            }
            if let Some(identity) = i.maybe("SourceIdentity") {
                operation = operation.source_identity(identity);
            }
            if let Some(seconds) = i.number() {
                operation = operation.duration_seconds(seconds);
            }
            let tags: Vec<Tag> = [0, 1].map(|_| Tag::new(i.text("Key"), i.text("Value"))).into();
            check(&operation.tags(tags).transitive_tag_keys([i.text("TransitiveTagKeys")]), rules, i);
        }
        1 => check(
            &AssumeRoleWithSaml::new(i.text("RoleArn"), i.text("PrincipalArn"), i.text("SAMLAssertion")),
            rules,
            i,
        ),
        2 => {
            let (arn, name) = (i.text("RoleArn"), i.text("RoleSessionName"));
            check(&AssumeRoleWithWebIdentity::new(arn, name, i.text("WebIdentityToken")), rules, i);
        }
        3 => check(&AssumeRoot::new(i.text("TargetPrincipal"), i.text("arn")), rules, i),
        4 => check(&DecodeAuthorizationMessage::new(i.text("EncodedMessage")), rules, i),
        5 => check(&GetAccessKeyInfo::new(i.text("AccessKeyId")), rules, i),
        6 => check(&GetDelegatedAccessToken::new(i.text("TradeInToken")), rules, i),
        7 => check(&GetFederationToken::new(i.text("Name")), rules, i),
        8 => {
            let mut operation = GetScopedCredentials::new();
            if let Some(policy) = i.maybe("Policy") {
                operation = operation.policy(policy);
            }
            if let Some(text) = i.maybe("ScopedSessionDescription") {
                operation = operation.scoped_session_description(text);
            }
            if let Some(seconds) = i.number() {
                operation = operation.duration_seconds(seconds);
            }
            check(&operation, rules, i);
        }
        9 => {
            let mut operation = GetSessionToken::new();
            if let Some(number) = i.maybe("SerialNumber") {
                operation = operation.serial_number(number);
            }
            if let Some(code) = i.maybe("TokenCode") {
                operation = operation.token_code(code);
            }
            check(&operation, rules, i);
        }
        _ => {
            let audience = [i.text("Audience"), i.text("Audience")];
            let mut operation = GetWebIdentityToken::new(audience, SigningAlgorithm::Es384);
            if let Some(scope) = i.maybe("Scope") {
                operation = operation.scope(scope);
            }
            if let Some(mode) = i.maybe("SubjectMode") {
                operation = operation.subject_mode(SubjectMode::from(mode.as_str()));
            }
            check(&operation, rules, i);
        }
    }
});

fn check(operation: &impl Operation, rules: u8, input: &Input<'_>) {
    let chosen = Validation::strict()
        .min(rules & 1 == 0)
        .max(rules & 2 == 0)
        .pattern(rules & 4 == 0)
        .enum_values(rules & 16 == 0)
        .relations(rules & 8 == 0);
    let all = broken(operation, Validation::strict());
    let of_chosen = broken(operation, chosen);
    assert!(of_chosen.iter().all(|rule| all.contains(rule)), "fewer rules, more violations: {of_chosen:?}");
    let required = broken(operation, Validation::REQUIRED_ONLY);
    assert!(required.iter().all(|rule| of_chosen.contains(rule)));
    check_encoder(operation, chosen, of_chosen.is_empty(), input);

    if let Err(error) = operation.validate(Validation::strict()) {
        check_error(&error, input);
    }
    check_advice(operation, &all, input);
    for (name, value) in &input.values {
        check_text(operation, name, value, &all);
    }
}

/// What is strictly refused is refused by default or is advice, and nothing is both.
fn check_advice(operation: &impl Operation, all: &[String], input: &Input<'_>) {
    let refused = broken(operation, Validation::default());
    let advice = operation.advice();
    let shown: Vec<_> = advice.iter().map(|advice| format!("{advice:?}")).collect();
    assert!(all.iter().all(|rule| refused.contains(rule) != shown.contains(rule)), "{all:?}: {shown:?}");
    for (advice, shown) in advice.iter().zip(&shown) {
        assert!(all.contains(shown) || matches!(advice.rule(), Rule::Documented(_)), "{shown}");
        let text = format!("{advice} {shown}");
        assert!(!input.is_marked || !text.contains(MARK), "{text}");
    }
}

/// The violations as texts: parameter and rule.
fn broken(operation: &impl Operation, validation: Validation) -> Vec<String> {
    let error = operation.validate(validation).err();
    let violations = error.iter().flat_map(Error::violations);
    violations.map(|violation| format!("{violation:?}")).collect()
}

/// What breaks no rule is sent, with every value as it is; what breaks one is not.
fn check_encoder(operation: &impl Operation, validation: Validation, is_right: bool, input: &Input<'_>) {
    let endpoint = EndpointOptions::new().region("eu-west-1").resolve().expect("a region");
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret")
        .and_then(|credentials| credentials.with_session_token("token"))
        .expect("credentials");
    let encoder = Encoder::new(endpoint).validation(validation);
    let request = encoder.encode(operation, Some(&credentials), OffsetDateTime::UNIX_EPOCH);
    assert_eq!(request.is_ok(), is_right);
    let Ok(request) = request else { return };
    let body = std::str::from_utf8(request.body().as_ref()).expect("a form is ASCII");
    let sent: Vec<_> = form::parse(body).map(|(_, value)| value).collect();
    for (name, value) in &input.values {
        assert!(sent.iter().any(|sent| sent == value), "{name} is not in {body}");
    }
}

fn check_error(error: &Error, input: &Input<'_>) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(!input.is_marked || !shown.contains(MARK), "{shown}");
    assert!(!error.to_string().contains(char::is_control));
}

/// Compares with what the description of the parameter says, by another engine.
fn check_text(operation: &impl Operation, name: &str, value: &str, all: &[String]) {
    use sts_proto::operation::Kind;
    let described = operation.parameters();
    let is_it = |path: &str| path.trim_end_matches("[]").rsplit('.').next() == Some(name);
    let Some(parameter) = described.iter().filter(|parameter| is_it(&parameter.path)).next_back() else {
        return;
    };
    let Kind::Text { min, max, pattern, values, .. } = parameter.kind else { return };
    let length = value.chars().count();
    let is_short = length < min && !(value.is_empty() && parameter.required);
    let broken = |rule: Rule| all.iter().any(|violation| violation.contains(&format!("{rule:?}")));
    if is_short && !value.is_empty() {
        assert!(broken(Rule::MinLength { min, length }), "{name} of {length} is too short: {all:?}");
    }
    if let Some(max) = max.filter(|max| length > *max) {
        assert!(broken(Rule::MaxLength { max, length }), "{name} of {length} is too long: {all:?}");
    }
    if !values.is_empty() {
        assert_eq!(broken(Rule::NotListed { values, length }), !values.contains(&value), "{name}: {all:?}");
    }
    let Some(pattern) = pattern.filter(|_| !value.is_empty()) else { return };
    let (regex, is_exact) = translated(pattern);
    let is_refused = all.iter().any(|violation| {
        violation.contains("Pattern")
            && violation.contains(name)
            && violation.contains(&format!("length: {length}"))
    });
    if is_exact && !regex.is_match(value) {
        assert!(is_refused, "{name} is taken and does not match {pattern}: {value:?}");
    }
    // Several values can stand under one name; only a lone one can be blamed.
    let is_alone = all.len() == 1;
    assert!(
        !(is_alone && is_refused && regex.is_match(value) && all[0].contains(&format!("\"{name}\""))),
        "{value:?}"
    );
}

/// A pattern of the service model for the other engine, and whether ours takes nothing more; where it does, the reason
/// is beside the class.
fn translated(pattern: &'static str) -> (Regex, bool) {
    thread_local! {
        /// They are few, and making one takes longer than all the rest.
        static MADE: RefCell<BTreeMap<&'static str, (Regex, bool)>> = const { RefCell::new(BTreeMap::new()) };
    }
    MADE.with_borrow_mut(|made| made.entry(pattern).or_insert_with(|| translate(pattern)).clone())
}

fn translate(pattern: &str) -> (Regex, bool) {
    let is_exact = !pattern.contains("u10000") && !pattern.contains(r"\p{L}");
    let ascii = pattern
        .replace(r"[\w]", "[0-9A-Za-z_]")
        .replace(r"\w", "0-9A-Za-z_")
        .replace(r"[\d]", "[0-9]")
        .replace(r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF")
        .replace(r"\:", ":")
        .replace(r"\/", "/");
    let regex = Regex::new(&format!(r"\A(?:{ascii})\z")).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    (regex, is_exact)
}
