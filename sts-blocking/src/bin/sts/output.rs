//! Replies as the AWS CLI prints them.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use serde_json::Value;

use crate::failure::Failure;
use crate::global::{Color, Globals};

mod json;
mod table;
mod text;
mod yaml;

/// How a reply is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
    Table,
    Yaml,
    YamlStream,
    Off,
}

impl Format {
    /// The names, as `--output` takes them.
    pub(crate) const NAMES: [&str; 6] = ["json", "text", "table", "yaml", "yaml-stream", "off"];

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "text" => Self::Text,
            "table" => Self::Table,
            "yaml" => Self::Yaml,
            "yaml-stream" => Self::YamlStream,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

/// A query that is ready to be asked.
pub(crate) struct Query(jpx_core::Expression<'static>);

impl Query {
    pub(crate) fn new(expression: &str) -> Result<Self, Failure> {
        jpx_core::compile(expression)
            .map(Self)
            .map_err(|error| Failure::parameter(format!("Bad value for --query {expression}: {error}")))
    }

    fn ask(&self, value: &Value) -> Result<Value, Failure> {
        self.0.search(value).map_err(|error| Failure::parameter(error.to_string()))
    }
}

/// What is printed of a reply to that action.
pub(crate) fn render(action: &str, reply: Value, globals: &Globals) -> Result<String, Failure> {
    let value = match &globals.query {
        Some(query) => query.ask(&reply)?,
        None => reply,
    };
    Ok(match globals.output {
        Format::Json => json::render(&value),
        Format::Text => text::render(&value),
        Format::Table => table::render(action, &value, is_coloured(globals.color))?,
        Format::Yaml => yaml::render(&value),
        Format::YamlStream => yaml::render(&Value::Array(vec![value])),
        Format::Off => String::new(),
    })
}

/// Any value as the AWS CLI's JSON.
pub(crate) fn to_json(value: &Value) -> String {
    json::pretty(value)
}

fn is_coloured(color: Color) -> bool {
    match color {
        Color::On => true,
        Color::Off => false,
        Color::Auto => {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stdout().is_terminal()
        }
    }
}

/// Writes to a text, which cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_keep_the_order_of_the_expression_and_of_the_model() {
        let reply = serde_json::json!({"UserId": "u", "Account": "a", "Arn": "r"});
        let ask = |expression| Query::new(expression).unwrap().ask(&reply).unwrap().to_string();
        assert_eq!(ask("{z: Arn, a: Account}"), r#"{"z":"r","a":"a"}"#);
        assert_eq!(ask("@"), r#"{"UserId":"u","Account":"a","Arn":"r"}"#);
        assert_eq!(ask("[Account, Nothing]"), r#"["a",null]"#);
        assert!(Query::new("a[").err().unwrap().text().starts_with("Bad value for --query a[: "));
    }
}
