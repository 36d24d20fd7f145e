use super::{Model, Operation, Parameter};
use crate::constraint::{Checker, Members};
use crate::error::Violation;
use crate::reply::{Metadata, ReplyFault};
use crate::xml::Cursor;

/// An operation that is sent without a signature; made by [`Operation::unsigned`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned<O>(pub(super) O);

impl<O: Operation> Operation for Unsigned<O> {
    type Output = O::Output;

    fn action(&self) -> &str {
        self.0.action()
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn needs_regional_endpoint(&self) -> bool {
        self.0.needs_regional_endpoint()
    }

    fn needs_temporary_credentials(&self) -> bool {
        self.0.needs_temporary_credentials()
    }

    fn advice(&self) -> Vec<Violation> {
        self.0.advice()
    }

    fn model(&self) -> Option<Model> {
        self.0.model()
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.0.parameters()
    }

    fn version(&self) -> &str {
        self.0.version()
    }

    fn members(&self, members: &mut impl Members) {
        self.0.members(members);
    }

    fn relations(&self, checker: &mut Checker) {
        self.0.relations(checker);
    }

    fn documented(&self, checker: &mut Checker) {
        self.0.documented(checker);
    }

    fn secrets(&self, found: &mut dyn FnMut(&str)) {
        self.0.secrets(found);
    }

    fn form(&self) -> crate::form::Form {
        self.0.form()
    }

    fn role_duration(&mut self) -> Option<&mut Option<u32>> {
        self.0.role_duration()
    }

    fn read_reply(
        &self,
        cursor: &mut Cursor<'_>,
        metadata: &mut Metadata,
    ) -> Result<Self::Output, ReplyFault> {
        self.0.read_reply(cursor, metadata)
    }

    fn read(&self, cursor: &mut Cursor<'_>) -> Result<Self::Output, ReplyFault> {
        self.0.read(cursor)
    }
}
