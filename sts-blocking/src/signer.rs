use std::fmt;
use std::sync::Arc;

use sts_proto::{Credentials, Error};

use crate::provider::Provider;

/// What a client signs with.
#[derive(Clone, Debug)]
pub(crate) enum Signer {
    Nothing,
    Fixed(Arc<Credentials>),
    Provider(Arc<dyn Refreshed>),
}

/// A [`Provider`], behind a table of its methods: only who makes one names them, so that a program without one is linked
/// without what refreshes, reads files and runs commands.
pub(crate) trait Refreshed: fmt::Debug + Send + Sync {
    fn credentials(&self) -> Result<Arc<Credentials>, Error>;

    /// Others than those, which were refused, if there are any.
    fn instead_of(&self, refused: &Credentials) -> Option<Arc<Credentials>>;

    fn provider(&self) -> &Provider;
}

impl Signer {
    pub(crate) fn credentials(&self) -> Result<Option<Arc<Credentials>>, Error> {
        Ok(match self {
            Self::Nothing => None,
            Self::Fixed(credentials) => Some(Arc::clone(credentials)),
            Self::Provider(provider) => Some(provider.credentials()?),
        })
    }

    pub(crate) fn provider(&self) -> Option<&dyn Refreshed> {
        match self {
            Self::Provider(provider) => Some(&**provider),
            _ => None,
        }
    }
}

impl From<Option<Credentials>> for Signer {
    fn from(credentials: Option<Credentials>) -> Self {
        credentials.map_or(Self::Nothing, |credentials| Self::Fixed(Arc::new(credentials)))
    }
}

impl From<Provider> for Signer {
    fn from(provider: Provider) -> Self {
        Self::Provider(Arc::new(provider))
    }
}
