//! YAML as version 2 of the AWS CLI prints it: blocks, names sorted, long texts folded.

use serde_json::Value;

use self::scalar::Style;
use crate::input::text_of;

mod scalar;

pub(super) fn render(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Array(items) if !items.is_empty() => block(&mut out, value, 0, true),
        Value::Object(members) if !members.is_empty() => block(&mut out, value, 0, true),
        value => {
            let is_plain = leaf(&mut out, value, 0);
            out.push('\n');
            // The mark that a plain scalar has ended.
            if is_plain {
                out.push_str("...\n");
            }
        }
    }
    out
}

/// A list or a structure that is not empty. `is_inline`: the first line goes on where the output stands.
fn block(out: &mut String, value: &Value, indent: usize, is_inline: bool) {
    let mut is_first = is_inline;
    let mut begin = |out: &mut String| {
        if !std::mem::take(&mut is_first) {
            out.push_str(&" ".repeat(indent));
        }
    };
    match value {
        Value::Array(items) => {
            for item in items {
                begin(out);
                out.push('-');
                if is_block(item) {
                    out.push(' ');
                    block(out, item, indent + 2, true);
                } else {
                    out.push(' ');
                    leaf(out, item, indent + 2);
                    out.push('\n');
                }
            }
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in members {
                begin(out);
                scalar::write(out, name, Style::Key);
                out.push(':');
                match value {
                    Value::Array(_) if is_block(value) => {
                        out.push('\n');
                        block(out, value, indent, false);
                    }
                    value if is_block(value) => {
                        out.push('\n');
                        block(out, value, indent + 2, false);
                    }
                    value => {
                        out.push(' ');
                        leaf(out, value, indent + 2);
                        out.push('\n');
                    }
                }
            }
        }
        _ => {}
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    }
}

/// Whether it was written without quotes.
fn leaf(out: &mut String, value: &Value, indent: usize) -> bool {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::String(text) => return scalar::write(out, text, Style::Value { indent }),
        Value::Array(_) => {
            out.push_str("[]");
            return false;
        }
        Value::Object(_) => {
            out.push_str("{}");
            return false;
        }
        number => out.push_str(&text_of(number)),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks() {
        let value = json!({"b": {"d": "1", "c": []}, "a": [{"x": 1, "y": [2]}, ["z", ["w"]]], "n": null});
        assert_eq!(
            render(&value),
            "a:\n- x: 1\n  y:\n  - 2\n- - z\n  - - w\nb:\n  c: []\n  d: '1'\nn: null\n"
        );
        assert_eq!(render(&json!("a")), "a\n...\n");
        assert_eq!(render(&json!("1")), "'1'\n");
        assert_eq!(render(&json!({})), "{}\n");
        assert_eq!(render(&json!([null])), "- null\n");
    }
}
