use std::fmt;
use std::sync::Arc;

use sts_proto::{Credentials, Error};

use crate::provider::Provider;
use crate::transport::Transport;

/// What a client signs with.
pub(crate) enum Signer<T> {
    Nothing,
    Fixed(Arc<Credentials>),
    Provider(Provider<T>),
}

impl<T: Transport> Signer<T> {
    pub(crate) async fn credentials(&self) -> Result<Option<Arc<Credentials>>, Error> {
        Ok(match self {
            Self::Nothing => None,
            Self::Fixed(credentials) => Some(Arc::clone(credentials)),
            Self::Provider(provider) => Some(provider.credentials().await?),
        })
    }

    pub(crate) fn provider(&self) -> Option<&Provider<T>> {
        match self {
            Self::Provider(provider) => Some(provider),
            _ => None,
        }
    }
}

impl<T> From<Option<Credentials>> for Signer<T> {
    fn from(credentials: Option<Credentials>) -> Self {
        credentials.map_or(Self::Nothing, |credentials| Self::Fixed(Arc::new(credentials)))
    }
}

impl<T> Clone for Signer<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Fixed(credentials) => Self::Fixed(Arc::clone(credentials)),
            Self::Provider(provider) => Self::Provider(provider.clone()),
        }
    }
}

impl<T> fmt::Debug for Signer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Fixed(credentials) => f.debug_tuple("Fixed").field(credentials).finish(),
            Self::Provider(provider) => provider.fmt(f),
        }
    }
}
