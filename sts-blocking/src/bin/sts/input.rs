//! From options to parameters, as the AWS CLI reads them.

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::model::{Member, Shape};

pub(crate) use check::check;
pub(crate) use file::load;
pub(crate) use python::text_of;

mod check;
mod file;
mod python;
mod shorthand;

/// What stood on the command line for an option.
pub(crate) enum Given {
    /// One value.
    One(String),
    /// A list of values, perhaps empty.
    Many(Vec<String>),
}

/// The value of an option.
pub(crate) fn read(member: &Member, given: Given) -> Result<Value, Failure> {
    let option = &member.option;
    let shape = &member.shape;
    let given = match given {
        Given::Many(mut values) if values.len() == 1 => {
            match load(&values[0], option, shape.is_sensitive())? {
                Some(text) => Given::One(text),
                None => Given::Many(vec![values.swap_remove(0)]),
            }
        }
        Given::One(value) => match load(&value, option, shape.is_sensitive())? {
            Some(text) => Given::One(text),
            None => Given::One(value),
        },
        given => given,
    };
    let first = match &given {
        Given::One(value) => value.as_str(),
        Given::Many(values) => values.first().map_or("", String::as_str),
    };
    if shape.has_shorthand() && !first.trim_start().starts_with(['[', '{']) {
        let parse = |text: &str| shorthand::parse(text, option, shape.is_sensitive());
        return match given {
            Given::One(value) => parse(&value),
            Given::Many(values) => {
                values.iter().map(|value| parse(value)).collect::<Result<_, _>>().map(Value::Array)
            }
        };
    }
    match (shape, given) {
        (Shape::List { .. }, Given::One(text)) => json(&text, member),
        (Shape::List { item, .. }, Given::Many(values)) => match values.as_slice() {
            [text] if text.trim_start().starts_with('[') => json(text, member),
            _ => values
                .iter()
                .map(|text| scalar(item, text, member))
                .collect::<Result<_, _>>()
                .map(Value::Array),
        },
        (shape, Given::One(text)) => scalar(shape, &text, member),
        (_, Given::Many(values)) => scalar(shape, &values.join(" "), member),
    }
}

fn scalar(shape: &Shape, text: &str, member: &Member) -> Result<Value, Failure> {
    match shape {
        Shape::Text { .. } => Ok(Value::from(text)),
        Shape::Integer { .. } => integer(text),
        Shape::Structure(_) if text.trim_start().starts_with('{') => json(text, member),
        Shape::List { .. } | Shape::Structure(_) => {
            Err(parse_failure(&member.option, format!("Invalid JSON:{}", echo(text, shape.is_sensitive()))))
        }
    }
}

/// A number as Python reads it.
fn integer(text: &str) -> Result<Value, Failure> {
    let digits = text.trim();
    let digits = digits
        .strip_prefix('+')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(digits);
    digits.parse::<i64>().map(Value::from).map_err(|_| {
        let shown = python::quoted(text);
        Failure::parameter(format!("invalid literal for int() with base 10: {shown}"))
    })
}

fn json(text: &str, member: &Member) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let received = echo(text, member.shape.is_sensitive());
        parse_failure(&member.option, format!("Invalid JSON: {error}"))
            .line(&format!("JSON received:{received}"))
    })
}

/// What was given, unless there may be a secret in it.
fn echo(text: &str, is_sensitive: bool) -> String {
    if is_sensitive { format!(" [{} characters]", text.chars().count()) } else { format!(" {text}") }
}

/// The AWS CLI's words about an option that cannot be read.
fn parse_failure(option: &str, sentence: impl std::fmt::Display) -> Failure {
    Failure::parameter(format!("Error parsing parameter '--{option}': {sentence}"))
}

/// The parameters in `--cli-input-json`. What else was given goes before them.
pub(crate) fn add_json(parameters: &mut Map<String, Value>, given: &str) -> Result<(), Failure> {
    const OPTION: &str = "cli-input-json";

    let text = match load(given, OPTION, true)? {
        Some(text) => text,
        None => given.to_owned(),
    };
    let failure =
        |sentence: String| Failure::parameter(format!("Error parsing parameter '{OPTION}': {sentence}"));
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => {
            for (name, value) in members {
                parameters.entry(name).or_insert(value);
            }
            Ok(())
        }
        Ok(_) => Err(failure("Invalid JSON: an object is needed".to_owned())),
        // Not what was received: there may be secrets in it.
        Err(error) => Err(failure(format!("Invalid JSON: {error}"))),
    }
}

/// What `--generate-cli-skeleton` prints: for an enumeration its first value, where the AWS CLI takes any one at random.
pub(crate) fn skeleton(members: &[Member]) -> Value {
    let value = |shape: &Shape| match shape {
        Shape::Text { values, .. } => Value::from(values.first().copied().unwrap_or_default()),
        Shape::Integer { .. } => Value::from(0),
        Shape::List { item, .. } => Value::Array(vec![match &**item {
            Shape::Structure(members) => skeleton(members),
            _ => Value::from(""),
        }]),
        Shape::Structure(members) => skeleton(members),
    };
    Value::Object(members.iter().map(|member| (member.name.clone(), value(&member.shape))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Action;

    fn value(option: &str, given: &[&str]) -> Result<Value, Failure> {
        let input = Action::of_name("assume-role").unwrap().input();
        let member = input.members.iter().find(|member| member.option == option).unwrap();
        let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
        match member.shape {
            Shape::List { .. } => read(member, Given::Many(given)),
            _ => read(member, Given::One(given[0].clone())),
        }
    }

    #[test]
    fn lists_are_written_in_three_ways() {
        let expected = serde_json::json!([{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]);
        for given in [
            &["Key=a,Value=b", "Key=c,Value=d"][..],
            &[r#"[{"Key":"a","Value":"b"},{"Key":"c","Value":"d"}]"#],
            &[r#"{"Key":"a","Value":"b"}"#, r#" {"Key":"c","Value":"d"}"#],
        ] {
            assert_eq!(value("tags", given).unwrap(), expected);
        }
        assert_eq!(value("tags", &[]).unwrap(), serde_json::json!([]));
        assert_eq!(value("transitive-tag-keys", &["a", "b"]).unwrap(), serde_json::json!(["a", "b"]));
        assert_eq!(value("transitive-tag-keys", &[r#"["a", "b"]"#]).unwrap(), serde_json::json!(["a", "b"]));
    }

    #[test]
    fn numbers_are_read_as_python_does() {
        assert_eq!(value("duration-seconds", &[" 900 "]).unwrap(), 900);
        assert_eq!(value("duration-seconds", &["+900"]).unwrap(), 900);
        assert_eq!(value("duration-seconds", &["-1"]).unwrap(), -1);
        for wrong in ["9x", "", "+-1", "1.0"] {
            let failure = value("duration-seconds", &[wrong]).unwrap_err();
            assert!(failure.text().starts_with("invalid literal for int() with base 10: '"), "{failure:?}");
        }
    }

    #[test]
    fn skeleton_has_the_first_value_of_an_enumeration() {
        let members = Action::of_name("get-web-identity-token").unwrap().input().members;
        assert_eq!(
            skeleton(&members),
            serde_json::json!({
                "Audience": [""], "DurationSeconds": 0, "SigningAlgorithm": "", "Scope": "",
                "SubjectMode": "AWSIdentity", "Tags": [{"Key": "", "Value": ""}]
            })
        );
        let members = Action::of_name("get-scoped-credentials").unwrap().input().members;
        assert_eq!(
            skeleton(&members).to_string(),
            r#"{"Policy":"","DurationSeconds":0,"MinimumSessionTokenSize":0,"ScopedSessionDescription":""}"#
        );
    }

    #[test]
    fn secrets_are_not_echoed() {
        let failure = value("provided-contexts", &[r#"[{"ContextAssertion": "sEcReT"#]).unwrap_err();
        assert!(failure.text().contains("Invalid JSON") && !failure.text().contains("sEcReT"), "{failure:?}");
        let failure = value("provided-contexts", &["ContextAssertion='sEcReT"]).unwrap_err();
        assert!(
            failure.text().contains("--provided-contexts") && !failure.text().contains("sEcReT"),
            "{failure:?}"
        );
        let mut parameters = Map::new();
        let failure = add_json(&mut parameters, "{\"Policy\": \"sEcReT\"").unwrap_err();
        assert!(!failure.text().contains("sEcReT"), "{failure:?}");
    }

    #[test]
    fn options_go_before_the_document() {
        let mut parameters = Map::new();
        parameters.insert("RoleArn".to_owned(), "option".into());
        add_json(&mut parameters, r#"{"RoleArn": "document", "RoleSessionName": "s"}"#).unwrap();
        assert_eq!(Value::from(parameters), serde_json::json!({"RoleArn": "option", "RoleSessionName": "s"}));
    }
}
