//! The AWS CLI's tables.

use serde_json::{Map, Value};

use super::put;
use crate::failure::Failure;
use crate::input::text_of;
use section::Section;

mod section;
mod width;

/// The width where that of the terminal is not known: as in the AWS CLI when it writes to a pipe.
const WIDTH: usize = 80;

pub(super) fn render(title: &str, value: &Value, is_coloured: bool) -> Result<String, Failure> {
    let mut table = Table::default();
    let mut out = String::new();
    if table.build(Some(title), value, 0)? {
        table.render(&mut out, is_coloured);
    }
    Ok(out)
}

#[derive(Default)]
struct Table(Vec<Section>);

impl Table {
    /// False where there is nothing to show.
    fn build(&mut self, title: Option<&str>, value: &Value, indent: usize) -> Result<bool, Failure> {
        if is_nothing(value) {
            return Ok(false);
        }
        if let Some(title) = title {
            self.0.push(Section::new(title, indent));
        }
        match value {
            Value::Array(items) if items.first().is_some_and(Value::is_object) => {
                self.list(items, indent, title)?;
            }
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Array(cells) if !cells.iter().all(is_scalar) => {
                            self.build(None, item, 0)?;
                        }
                        Value::Array(cells) => self.row(cells.iter().map(text_of).collect())?,
                        // Python goes over a structure's names.
                        Value::Object(members) => self.row(members.keys().cloned().collect())?,
                        scalar => self.row(vec![text_of(scalar)])?,
                    }
                }
            }
            Value::Object(members) => self.structure(members, indent)?,
            _ => {}
        }
        Ok(true)
    }

    fn structure(&mut self, members: &Map<String, Value>, indent: usize) -> Result<(), Failure> {
        let (columns, others) = columns([members].into_iter());
        let cells = columns.iter().map(|&name| members.get(name).map_or_else(String::new, text_of));
        match columns.as_slice() {
            [] => {}
            [only] => self.row([(*only).to_owned()].into_iter().chain(cells).collect())?,
            _ => {
                let cells = cells.collect();
                self.header(&columns);
                self.row(cells)?;
            }
        }
        for name in others {
            self.build(Some(name), &members[name], indent + 1)?;
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value], indent: usize, title: Option<&str>) -> Result<(), Failure> {
        let members: Option<Vec<_>> = items.iter().map(Value::as_object).collect();
        let members =
            members.ok_or_else(|| Failure::general("A list of structures and other things is no table"))?;
        let (columns, others) = columns(members.iter().copied());
        self.header(&columns);
        for (i, members) in members.into_iter().enumerate() {
            if i > 0 && !others.is_empty() {
                self.0.push(Section::new(title.unwrap_or("None"), indent));
                self.header(&columns);
            }
            self.row(
                columns.iter().map(|&name| members.get(name).map_or_else(String::new, text_of)).collect(),
            )?;
            for &name in &others {
                if let Some(value) = members.get(name) {
                    self.build(Some(name), value, indent + 1)?;
                }
            }
        }
        Ok(())
    }

    fn header(&mut self, names: &[&str]) {
        if let Some(section) = self.0.last_mut() {
            section.header(names.iter().map(|&name| name.to_owned()).collect());
        }
    }

    fn row(&mut self, cells: Vec<String>) -> Result<(), Failure> {
        match self.0.last_mut() {
            Some(section) => section.row(cells),
            None => Ok(()),
        }
    }

    fn render(&mut self, out: &mut String, is_coloured: bool) {
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        if self.width() > width.unwrap_or(WIDTH) {
            self.0.iter_mut().for_each(Section::turn);
        }
        let width = self.width();
        put(out, format_args!("{}\n", "-".repeat(width)));
        self.0.iter().for_each(|section| section.render(out, width, is_coloured));
    }

    fn width(&self) -> usize {
        self.0.iter().map(Section::width).max().unwrap_or_default()
    }
}

/// The names of scalar members and those of the others, each sorted.
fn columns<'v>(all: impl Iterator<Item = &'v Map<String, Value>>) -> (Vec<&'v str>, Vec<&'v str>) {
    let (mut scalars, mut others) = (Vec::new(), Vec::new());
    for (name, value) in all.flatten() {
        if is_scalar(value) { scalars.push(name.as_str()) } else { others.push(name.as_str()) }
    }
    for names in [&mut scalars, &mut others] {
        names.sort_unstable();
        names.dedup();
    }
    (scalars, others)
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// What Python takes for false.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_structure_has_columns() {
        let value = json!({"UserId": "u", "Account": "1", "Arn": "a"});
        let expected = "------------------------------\n\
                        |             T              |\n\
                        +---------+-------+----------+\n\
                        | Account |  Arn  | UserId   |\n\
                        +---------+-------+----------+\n\
                        |  1      |  a    |  u       |\n\
                        +---------+-------+----------+\n";
        let shown = render("T", &value, false).unwrap();
        assert_eq!(shown.lines().count(), expected.lines().count(), "{shown}");
        assert!(shown.lines().all(|line| line.len() == shown.lines().next().unwrap().len()), "{shown}");
    }

    #[test]
    fn nothing_is_shown_of_nothing() {
        for value in [json!(null), json!([]), json!({}), json!(""), json!(0)] {
            assert_eq!(render("T", &value, false).unwrap(), "");
        }
    }

    #[test]
    fn rows_must_fit() {
        assert!(render("T", &json!([["a"], ["b", "c"]]), false).is_err());
    }

    #[test]
    fn colours_are_switched_on() {
        assert!(!render("T", &json!({"a": "b"}), false).unwrap().contains('\u{1b}'));
        assert!(render("T", &json!({"a": "b"}), true).unwrap().contains("\u{1b}[1m\u{1b}[34mb\u{1b}[0m"));
    }
}
