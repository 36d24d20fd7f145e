//! From parameters to the pairs of a form.
//!
//! The request is a raw action and not the library's typed one, because a drop-in sends what the AWS CLI sends: lists
//! that are empty, structures without their members, values that only the service may refuse.

use serde_json::{Map, Value};
use sts_blocking::operation::RawAction;

use crate::input::text_of;
use crate::model::{Action, Input, Shape};

/// The request, and the names of those of its pairs that are secrets.
pub(super) fn of(
    action: &Action,
    input: &Input,
    parameters: &Map<String, Value>,
) -> (RawAction, Vec<String>) {
    let mut form = Pairs { raw: RawAction::new(action.action), secrets: Vec::new() };
    for (name, value) in parameters {
        // What is unknown was refused before.
        if let Some(member) = input.member(name) {
            form.value(&member.shape, value, name.clone());
        }
    }
    (form.raw, form.secrets)
}

struct Pairs {
    raw: RawAction,
    secrets: Vec<String>,
}

impl Pairs {
    fn value(&mut self, shape: &Shape, value: &Value, name: String) {
        match (shape, value) {
            (Shape::List { item, .. }, Value::Array(items)) => {
                if items.is_empty() {
                    self.pair(name.clone(), String::new(), false);
                }
                for (i, value) in items.iter().enumerate() {
                    self.value(item, value, format!("{name}.member.{}", i + 1));
                }
            }
            (Shape::Structure(members), Value::Object(values)) => {
                for (key, value) in values {
                    if let Some(member) = members.iter().find(|member| member.name == *key) {
                        self.value(&member.shape, value, format!("{name}.{key}"));
                    }
                }
            }
            (shape, value) => self.pair(name, text_of(value), shape.is_sensitive()),
        }
    }

    fn pair(&mut self, name: String, value: String, is_secret: bool) {
        let raw = std::mem::replace(&mut self.raw, RawAction::new(""));
        self.raw = if is_secret {
            self.secrets.push(name.clone());
            raw.secret_parameter(name, value)
        } else {
            raw.parameter(name, value)
        };
    }
}
