//! The credentials that another source's are made of.

use std::sync::Arc;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::source::{Context, Found, Source};

/// The source below a source: its credentials sign the call that gets others.
#[derive(Clone, Debug)]
pub(super) struct Base {
    source: Arc<dyn Source>,
    /// The name of the source above, and what the base is to it, for errors.
    owner: &'static str,
    role: &'static str,
}

impl Base {
    pub(super) fn new(source: impl Source + 'static, owner: &'static str, role: &'static str) -> Self {
        Self { source: Arc::new(source), owner, role }
    }

    /// Its credentials. That it is not set up is an error: it was made to be used.
    pub(super) async fn credentials(&self, context: &Context) -> Result<Credentials, Error> {
        match self.source.look(context).await? {
            Found::Credentials(base) => Ok(base),
            Found::Nothing(why) => {
                let words = format!("{}, {}, has none: {why}", self.role, self.source.name());
                Err(Error::credentials(self.owner, words))
            }
        }
    }

    /// Whether STS refused these credentials and the base can have others: one that is kept may have been revoked since.
    pub(super) fn has_others(&self, context: &Context, error: &Error, access_key_id: &str) -> bool {
        error.refuses_credentials() && self.source.refused(context, access_key_id)
    }
}
