//! JSON with four spaces, as Python's `json.dump` writes it.

use serde_json::Value;

use super::put;

/// Nothing at all for an empty reply.
pub(super) fn render(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => String::new(),
        value => pretty(value) + "\n",
    }
}

pub(super) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                begin(out, i, depth + 1);
                write(out, item, depth + 1);
            }
            end(out, depth, ']');
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                begin(out, i, depth + 1);
                put(out, format_args!("{}: ", Value::from(name.as_str())));
                write(out, value, depth + 1);
            }
            end(out, depth, '}');
        }
        leaf => put(out, format_args!("{leaf}")),
    }
}

fn begin(out: &mut String, index: usize, depth: usize) {
    let comma = if index > 0 { "," } else { "" };
    put(out, format_args!("{comma}\n{:1$}", "", 4 * depth));
}

fn end(out: &mut String, depth: usize, bracket: char) {
    put(out, format_args!("\n{:1$}{bracket}", "", 4 * depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_spaces() {
        let value = serde_json::json!({"b": "é\n\u{1}", "a": [], "c": [{}]});
        assert_eq!(
            render(&value),
            "{\n    \"b\": \"é\\n\\u0001\",\n    \"a\": [],\n    \"c\": [\n        {}\n    ]\n}\n"
        );
        assert_eq!(render(&serde_json::json!({})), "");
        assert_eq!(render(&Value::Null), "null\n");
    }
}
