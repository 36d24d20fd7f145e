use std::sync::Arc;

use sts_proto::{Credentials, Error};

use crate::provider::Provider;

/// What a client signs with.
#[derive(Clone, Debug)]
pub(crate) enum Signer {
    Nothing,
    Fixed(Arc<Credentials>),
    Provider(Provider),
}

impl Signer {
    pub(crate) fn credentials(&self) -> Result<Option<Arc<Credentials>>, Error> {
        Ok(match self {
            Self::Nothing => None,
            Self::Fixed(credentials) => Some(Arc::clone(credentials)),
            Self::Provider(provider) => Some(provider.credentials()?),
        })
    }

    pub(crate) fn provider(&self) -> Option<&Provider> {
        match self {
            Self::Provider(provider) => Some(provider),
            _ => None,
        }
    }
}

impl From<Option<Credentials>> for Signer {
    fn from(credentials: Option<Credentials>) -> Self {
        credentials.map_or(Self::Nothing, |credentials| Self::Fixed(Arc::new(credentials)))
    }
}
