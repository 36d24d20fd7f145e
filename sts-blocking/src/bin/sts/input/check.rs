//! The checks that botocore makes before it sends: types, what is required, least lengths and values. The other rules
//! are left to the service, as the AWS CLI leaves them: what it would send is sent.

use serde_json::{Map, Value};

use super::python;
use crate::failure::Failure;
use crate::model::{Member, Shape};

/// Checks parameters, and reports all that is wrong.
pub(crate) fn check(members: &[Member], parameters: &Map<String, Value>) -> Result<(), Failure> {
    let mut report = Report(Vec::new());
    report.structure(members, parameters, "");
    if report.0.is_empty() {
        Ok(())
    } else {
        Err(Failure::parameter("Parameter validation failed:").lines(report.0.iter().map(String::as_str)))
    }
}

/// A line for each thing that is wrong.
struct Report(Vec<String>);

impl Report {
    fn add(&mut self, sentence: std::fmt::Arguments<'_>) {
        self.0.push(sentence.to_string());
    }

    fn structure(&mut self, members: &[Member], value: &Map<String, Value>, path: &str) {
        let name = if path.is_empty() { "input" } else { path };
        for member in members.iter().filter(|member| member.required && !value.contains_key(&member.name)) {
            self.add(format_args!("Missing required parameter in {name}: \"{}\"", member.name));
        }
        for unknown in value.keys().filter(|key| members.iter().all(|member| member.name != **key)) {
            let known: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
            self.add(format_args!(
                "Unknown parameter in {name}: \"{unknown}\", must be one of: {}",
                known.join(", ")
            ));
        }
        for (key, value) in value {
            if let Some(member) = members.iter().find(|member| member.name == *key) {
                let dot = if path.is_empty() { "" } else { "." };
                self.value(&member.shape, value, &format!("{path}{dot}{key}"));
            }
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value, path: &str) {
        match (shape, value) {
            (Shape::Text { min, .. }, Value::String(text)) => self.length(text.chars().count(), *min, path),
            // `True` is a number in Python.
            (Shape::Integer { .. }, Value::Bool(_)) => {}
            (Shape::Integer { min }, Value::Number(number)) if !number.is_f64() => {
                if *min > 0 && number.as_i64().is_some_and(|number| number < i64::from(*min)) {
                    self.add(format_args!(
                        "Invalid value for parameter {path}, value: {number}, valid min value: {min}"
                    ));
                }
            }
            (Shape::List { min, item }, Value::Array(items)) => {
                self.length(items.len(), *min, path);
                for (i, value) in items.iter().enumerate() {
                    self.value(item, value, &format!("{path}[{i}]"));
                }
            }
            (Shape::Structure(members), Value::Object(value)) => self.structure(members, value, path),
            (shape, value) => {
                let valid = match shape {
                    Shape::Text { .. } => "<class 'str'>",
                    Shape::Integer { .. } => "<class 'int'>",
                    Shape::List { .. } => "<class 'list'>, <class 'tuple'>",
                    Shape::Structure(_) => "<class 'dict'>",
                };
                let shown =
                    if shape.is_sensitive() { "[redacted]".to_owned() } else { python::text_of(value) };
                self.add(format_args!(
                    "Invalid type for parameter {path}, value: {shown}, type: <class '{}'>, valid types: {valid}",
                    python::type_of(value)
                ));
            }
        }
    }

    fn length(&mut self, length: usize, min: usize, path: &str) {
        if length < min {
            self.add(format_args!(
                "Invalid length for parameter {path}, value: {length}, valid min length: {min}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Action;

    #[test]
    fn enumeration_value_is_left_to_the_service() {
        let input = Action::of_name("get-web-identity-token").unwrap().input();
        let parameters = serde_json::json!({
            "Audience": ["a"], "SigningAlgorithm": "ES384", "Scope": "a  a", "SubjectMode": "NewIdentity"
        });
        check(&input.members, parameters.as_object().unwrap()).unwrap();
    }

    #[test]
    fn cross_field_rule_is_left_to_the_service() {
        assert_eq!(
            report("get-scoped-credentials", serde_json::json!({"DurationSeconds": 0})),
            "Parameter validation failed:\n\
             Invalid value for parameter DurationSeconds, value: 0, valid min value: 1"
        );
        // The AWS CLI sends the operation without a policy and a duration too, and the service refuses it.
        check(&Action::of_name("get-scoped-credentials").unwrap().input().members, &Map::new()).unwrap();
    }

    fn report(action: &str, parameters: Value) -> String {
        let Value::Object(parameters) = parameters else { panic!("an object") };
        let input = Action::of_name(action).unwrap().input();
        check(&input.members, &parameters).unwrap_err().text().to_owned()
    }

    #[test]
    fn everything_is_reported_at_once() {
        let parameters = serde_json::json!({
            "RoleArn": "x", "DurationSeconds": 1, "Tags": [{"Key": ""}, 5], "Strange": 1, "Policy": 7
        });
        assert_eq!(
            report("assume-role", parameters),
            "Parameter validation failed:\n\
             Missing required parameter in input: \"RoleSessionName\"\n\
             Unknown parameter in input: \"Strange\", must be one of: RoleArn, RoleSessionName, PolicyArns, Policy, \
             DurationSeconds, Tags, TransitiveTagKeys, ExternalId, SerialNumber, TokenCode, SourceIdentity, \
             ProvidedContexts, MinimumSessionTokenSize\n\
             Invalid length for parameter RoleArn, value: 1, valid min length: 20\n\
             Invalid value for parameter DurationSeconds, value: 1, valid min value: 900\n\
             Missing required parameter in Tags[0]: \"Value\"\n\
             Invalid length for parameter Tags[0].Key, value: 0, valid min length: 1\n\
             Invalid type for parameter Tags[1], value: 5, type: <class 'int'>, valid types: <class 'dict'>\n\
             Invalid type for parameter Policy, value: [redacted], type: <class 'int'>, valid types: <class 'str'>"
        );
    }
}
