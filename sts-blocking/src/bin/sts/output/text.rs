//! The AWS CLI's text: values with tabs between them, a line per structure, members by name.

use serde_json::{Map, Value};

use super::put;
use crate::input::text_of;

pub(super) fn render(value: &Value) -> String {
    let mut out = String::new();
    item(&mut out, value, None, None);
    out
}

/// `name` is what the value is a member of a structure by; `columns` are those of the list that it is in.
fn item(out: &mut String, value: &Value, name: Option<&str>, columns: Option<&[&str]>) {
    match value {
        Value::Object(members) => structure(out, members, name, columns),
        Value::Array(items) => list(out, items, name),
        value => put(out, format_args!("{}\n", text_of(value))),
    }
}

fn list(out: &mut String, items: &[Value], name: Option<&str>) {
    if items.is_empty() {
        return;
    }
    if items.iter().any(Value::is_object) {
        let mut columns: Vec<&str> = items
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .filter(|(_, value)| is_scalar(value))
            .map(|(name, _)| name.as_str())
            .collect();
        columns.sort_unstable();
        columns.dedup();
        items.iter().for_each(|value| item(out, value, name, Some(&columns)));
        return;
    }
    let (scalars, others): (Vec<_>, Vec<_>) = items.iter().partition(|value| is_scalar(value));
    if !scalars.is_empty() {
        match name {
            Some(name) => {
                let name = name.to_uppercase();
                scalars.iter().for_each(|value| put(out, format_args!("{name}\t{}\n", text_of(value))));
            }
            None => line(out, &scalars.iter().map(|value| text_of(value)).collect::<Vec<_>>()),
        }
    }
    others.iter().for_each(|value| item(out, value, name, None));
}

fn structure(out: &mut String, members: &Map<String, Value>, name: Option<&str>, columns: Option<&[&str]>) {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    let (scalars, others): (Vec<String>, Vec<_>) = match columns {
        None => {
            let (scalars, others): (Vec<_>, Vec<_>) =
                sorted.into_iter().partition(|(_, value)| is_scalar(value));
            (scalars.into_iter().map(|(_, value)| text_of(value)).collect(), others)
        }
        Some(columns) => (
            columns.iter().map(|&column| members.get(column).map_or_else(String::new, text_of)).collect(),
            sorted.into_iter().filter(|(name, _)| !columns.contains(&name.as_str())).collect(),
        ),
    };
    if !scalars.is_empty() {
        line(out, &name.map(str::to_uppercase).into_iter().chain(scalars).collect::<Vec<_>>());
    }
    others.into_iter().for_each(|(name, value)| item(out, value, Some(name), None));
}

fn line(out: &mut String, cells: &[String]) {
    put(out, format_args!("{}\n", cells.join("\t")));
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_sorted_and_structures_named() {
        let value = json!({"Size": 5, "Credentials": {"SessionToken": "t", "AccessKeyId": "k"}, "Arn": "a"});
        assert_eq!(render(&value), "a\t5\nCREDENTIALS\tk\tt\n");
        assert_eq!(render(&json!([{"a": 1}, {"b": 2, "a": 3, "c": ["x"]}])), "1\t\n3\t2\nC\tx\n");
        assert_eq!(render(&json!(["x", null, true])), "x\tNone\tTrue\n");
        assert_eq!(render(&json!(["x", ["y", "z"]])), "x\ny\tz\n");
        assert_eq!(render(&json!(null)), "None\n");
        assert_eq!(render(&json!([])), "");
    }
}
