//! TOML with the place of everything in it, so that a mistake can be named.

use std::ops::{Range, RangeInclusive};

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Something wrong, somewhere.
#[derive(Debug)]
pub(super) struct Mistake {
    /// In bytes.
    at: usize,
    /// Where it is not what stands on the line.
    key: Option<String>,
    pub(super) message: String,
}

impl Mistake {
    /// The line, counted from 1.
    pub(super) fn line(&self, text: &str) -> usize {
        let before = text.as_bytes().get(..self.at).unwrap_or(text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The key, or what stands in its place on the line.
    pub(super) fn key(&self, text: &str) -> Option<String> {
        let on_line = || {
            let line = text.lines().nth(self.line(text) - 1)?;
            let key = line.split('=').next()?.trim();
            // A line without a key, of some longer value perhaps, may hold anything.
            let is_key = !key.is_empty() && line.contains(['=', '[']);
            is_key.then(|| key.trim_matches(['[', ']']).to_owned())
        };
        self.key.clone().or_else(on_line)
    }
}

/// Parses the text and reads its root.
pub(super) fn read<T>(
    text: &str,
    read: impl FnOnce(&Section<'_>) -> Result<T, Mistake>,
) -> Result<T, Mistake> {
    let root = DeTable::parse(text).map_err(|error| Mistake {
        at: error.span().map_or(0, |span| span.start),
        key: None,
        message: error.message().to_owned(),
    })?;
    read(&Section { path: String::new(), span: root.span(), table: root.get_ref() })
}

/// A table.
#[derive(Debug)]
pub(super) struct Section<'a> {
    path: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Refuses keys that are not among these: a misspelled one would be ignored.
    pub(super) fn known(&self, names: &[&str]) -> Result<(), Mistake> {
        let unknown = self.table.iter().find(|(key, _)| !names.contains(&&**key.get_ref()));
        unknown.map_or(Ok(()), |(key, _)| {
            let message = format!("unknown key; there are {}", names.join(", "));
            Err(Mistake { at: key.span().start, key: Some(self.path_of(key.get_ref())), message })
        })
    }

    pub(super) fn value(&self, name: &str) -> Option<Value<'a>> {
        let found = self.table.iter().find(|(key, _)| key.get_ref() == name);
        found.map(|(_, value)| Value { path: self.path_of(name), value })
    }

    pub(super) fn required(&self, name: &str) -> Result<Value<'a>, Mistake> {
        let missing = || Mistake {
            at: self.span.start,
            key: Some(self.path_of(name)),
            message: "is required".to_owned(),
        };
        self.value(name).ok_or_else(missing)
    }

    /// The tables of `[[name]]`.
    pub(super) fn sections(&self, name: &str) -> Result<Vec<Self>, Mistake> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let wrong = || value.mistake("a list of tables is expected");
        let items: &DeArray<'_> = value.value.get_ref().as_array().ok_or_else(wrong)?;
        let section = |item: &'a Spanned<DeValue<'a>>| {
            let table = item.get_ref().as_table().ok_or_else(wrong)?;
            Ok(Section { path: value.path.clone(), span: item.span(), table })
        };
        items.iter().map(section).collect()
    }

    /// The table of `[name]` or `name = {}`.
    pub(super) fn section(&self, name: &str) -> Result<Option<Self>, Mistake> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let table = value.value.get_ref().as_table().ok_or_else(|| value.expected("a table"))?;
        Ok(Some(Self { path: value.path, span: value.value.span(), table }))
    }

    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake { at: self.span.start, key: Some(self.path.clone()), message: message.into() }
    }
}

/// A value and its key.
#[derive(Debug)]
pub(super) struct Value<'a> {
    path: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake { at: self.value.span().start, key: Some(self.path.clone()), message: message.into() }
    }

    fn expected(&self, kind: &str) -> Mistake {
        let found = self.value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        self.mistake(format!("{kind} is expected, not {article} {found}"))
    }

    pub(super) fn text(&self) -> Result<&'a str, Mistake> {
        self.value.get_ref().as_str().ok_or_else(|| self.expected("a string"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, Mistake> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.expected("a list of strings"))?;
        let item = |value| Value { path: self.path.clone(), value }.text().map(str::to_owned);
        items.iter().map(item).collect()
    }

    /// The text, understood.
    pub(super) fn parsed<T>(&self, parse: impl FnOnce(&'a str) -> Result<T, String>) -> Result<T, Mistake> {
        parse(self.text()?).map_err(|message| self.mistake(message))
    }

    pub(super) fn boolean(&self) -> Result<bool, Mistake> {
        self.value.get_ref().as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, Mistake> {
        let number = self.value.get_ref().as_integer().ok_or_else(|| self.expected("an integer"))?;
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.mistake(format!("a number from {} to {} is expected", range.start(), range.end()))
        })
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// The same as JSON. TOML's parser bounds the depth.
    pub(super) fn to_json(&self) -> Result<Json, Mistake> {
        let inner = |value| Value { path: self.path.clone(), value }.to_json();
        Ok(match self.value.get_ref() {
            DeValue::Array(items) => Json::Array(items.iter().map(inner).collect::<Result<_, _>>()?),
            DeValue::Boolean(value) => Json::Bool(*value),
            DeValue::String(text) => Json::String(text.clone().into_owned()),
            DeValue::Integer(_) => Json::from(self.integer(i64::MIN..=i64::MAX)?),
            DeValue::Table(table) => {
                let pairs = table.iter().map(|(key, value)| Ok((key.get_ref().to_string(), inner(value)?)));
                Json::Object(pairs.collect::<Result<_, _>>()?)
            }
            DeValue::Float(_) | DeValue::Datetime(_) => return Err(self.expected("a string or a table")),
        })
    }
}
