//! Replies as the AWS CLI prints them.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use serde_json::Value;

use crate::failure::Failure;
use crate::global::{Color, Globals};
use crate::{escape, stdio};

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

/// Prints a reply to that action.
///
/// A terminal gets JSON with JSON's escapes in place of what would steer it, and other formats with the texts escaped before
/// they are laid out. Otherwise the bytes are the AWS CLI's.
pub(crate) fn print(action: &str, reply: Value, globals: &Globals) -> Result<(), Failure> {
    let text = render(action, reply, globals, io::stdout().is_terminal())?;
    stdio::print_coloured(&text)
}

fn render(action: &str, reply: Value, globals: &Globals, is_terminal: bool) -> Result<String, Failure> {
    let value = match &globals.query {
        Some(query) => query.ask(&reply)?,
        None => reply,
    };
    let format = globals.format()?;
    let value = if is_terminal && format != Format::Json { escape::value(value) } else { value };
    Ok(match format {
        Format::Json if is_terminal => escape::json(&json::render(&value)).into_owned(),
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

pub(crate) fn is_coloured(color: Color) -> bool {
    match color {
        Color::On => true,
        Color::Off => false,
        Color::Auto => {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stdout().is_terminal()
        }
    }
}

/// Writes to a text, which cannot fail.
pub(crate) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
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
