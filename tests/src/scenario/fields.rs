//! An object of a scenario's file, from which every field must be taken.

use serde_json::{Map, Value};

/// The fields that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields {
    of: String,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn of(name: &str, value: Value) -> Self {
        let Value::Object(map) = value else { panic!("{name}: {value} is no object") };
        Self { of: name.to_owned(), map }
    }

    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.of);
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|value| match value {
            Value::String(text) => text,
            other => self.wrong(key, &other),
        })
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.take(key).map(|value| value.as_bool().unwrap_or_else(|| self.wrong(key, &value)))
    }

    pub(super) fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        self.take(key).map(|value| match value {
            Value::Array(list) => list,
            other => self.wrong(key, &other),
        })
    }

    pub(super) fn number<N: TryFrom<i64>>(&mut self, key: &str) -> Option<N> {
        let read = |value: &Value| value.as_i64().and_then(|number| number.try_into().ok());
        self.take(key).map(|value| read(&value).unwrap_or_else(|| self.wrong(key, &value)))
    }

    pub(super) fn numbers<N: Numbers>(&mut self, key: &str) -> Option<N> {
        self.take(key).map(|value| N::read(&value).unwrap_or_else(|| self.wrong(key, &value)))
    }

    /// What is left is misspelt.
    pub(super) fn end(self) {
        assert!(self.map.is_empty(), "{}: unknown: {:?}", self.of, self.map);
    }

    fn wrong(&self, key: &str, value: &Value) -> ! {
        panic!("{}: {key}: {value}", self.of)
    }
}

/// Numbers, and lists of them.
pub(super) trait Numbers: Sized {
    fn read(value: &Value) -> Option<Self>;
}

impl Numbers for i64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Numbers for [u64; 2] {
    fn read(value: &Value) -> Option<Self> {
        let numbers: Option<Vec<_>> = value.as_array()?.iter().map(Value::as_u64).collect();
        numbers?.try_into().ok()
    }
}

impl<N: Numbers> Numbers for Vec<N> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(N::read).collect()
    }
}
