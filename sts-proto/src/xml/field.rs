use super::Result;
use crate::reply::ReplyFault;

/// A child element that may stand once.
pub(crate) struct Field<T> {
    name: &'static str,
    value: Option<T>,
}

impl<T> Field<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    /// Two credentials in one reply are no credential: a second one is an error, never a choice.
    pub(crate) fn set(&mut self, value: T) -> Result<()> {
        if self.value.is_some() {
            return Err(ReplyFault::Twice { name: self.name });
        }
        self.value = Some(value);
        Ok(())
    }

    pub(crate) fn required(self) -> Result<T> {
        self.value.ok_or(ReplyFault::Missing { name: self.name })
    }

    /// For a text without which the result would be useless: an empty one is as bad as none.
    pub(crate) fn required_text(self) -> Result<T>
    where
        T: AsRef<str>,
    {
        let name = self.name;
        let value = self.required()?;
        if value.as_ref().is_empty() { Err(ReplyFault::Value { name }) } else { Ok(value) }
    }

    pub(crate) fn optional(self) -> Option<T> {
        self.value
    }
}
