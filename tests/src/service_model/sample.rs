//! Parameters by the service model: valid ones, and ones at a limit.

use serde_json::{Map, Value, json};

use super::{OperationModel, Shape, Type};

/// Fits every pattern of the model.
const PLAIN: char = '1';
/// Two bytes, one character: in every pattern but those of ASCII letters and digits.
const WIDE: char = 'é';

/// A text of a length in characters; those with another number differ, where there is room.
#[must_use]
pub fn text(shape: Shape<'_>, length: usize, number: usize) -> String {
    let starts = [r"[\w", r"[\d", r"[\x21"];
    let is_ascii =
        shape.pattern().is_some_and(|pattern| starts.iter().any(|start| pattern.starts_with(start)));
    let digits = number.to_string();
    let filler = if is_ascii { PLAIN } else { WIDE };
    let room = length.saturating_sub(digits.len());
    digits.chars().chain(std::iter::repeat_n(filler, room)).take(length).collect()
}

/// A valid value, as small as may be, but with all members.
#[must_use]
pub fn value(shape: Shape<'_>, number: usize) -> Value {
    match shape.kind() {
        Type::Text if !shape.values().is_empty() => json!(shape.values()[0]),
        // Long enough for the whole number, so that the items of a list differ.
        Type::Text => json!(text(shape, shape.min().max(number.to_string().len()), number)),
        Type::Integer => json!(shape.min()),
        Type::List => list(shape, shape.min().max(1)),
        Type::Structure => {
            let members = shape.members().into_iter();
            members.map(|member| (member.name.to_owned(), value(member.shape, number))).collect()
        }
        // No parameter of STS is one of these.
        Type::Timestamp | Type::Map => Value::Null,
    }
}

/// A list of so many items.
#[must_use]
pub fn list(shape: Shape<'_>, count: usize) -> Value {
    shape.item().map(|item| (0..count).map(|number| value(item, number)).collect()).unwrap_or_default()
}

/// The required parameters of an operation, and no more.
#[must_use]
pub fn required(operation: &OperationModel<'_>) -> Map<String, Value> {
    let members = operation.input().members().into_iter().filter(|member| member.is_required);
    members.map(|member| (member.name.to_owned(), value(member.shape, 0))).collect()
}

/// Those and one more value, at a path such as `Tags[].Key`.
///
/// # Panics
/// The operation has no such parameter.
#[must_use]
pub fn with(operation: &OperationModel<'_>, path: &str, new: Value) -> Value {
    let mut params = required(operation);
    let (top, rest) = path.find(['[', '.']).map_or((path, ""), |at| path.split_at(at));
    let members = operation.input().members();
    let member = members.iter().find(|member| member.name == top).expect("a parameter of the operation");
    let mut whole = value(member.shape, 0);
    let pointer = rest.replace("[]", "/0").replace('.', "/");
    *whole.pointer_mut(&pointer).expect("a path into the parameter") = new;
    params.insert(top.to_owned(), whole);
    Value::Object(params)
}
