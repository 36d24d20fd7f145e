//! What the drivers' `AssumeRoleProvider` and `WebIdentityProvider` look into.

use std::path::PathBuf;
use std::sync::Arc;

use crate::credentials::{Credentials, Secret};
use crate::error::Error;
use crate::operation::{AssumeRole, AssumeRoleWithWebIdentity};
use crate::refresh::Cached;
use crate::source::{Context, Found, Looking, Source};
use crate::step::ReadFile;

/// No token is longer: AWS takes 20,000 characters.
const TOKEN_LIMIT: usize = 64 * 1024;

/// What a role is assumed with.
#[derive(Clone, Debug)]
pub enum Base {
    /// The same credentials every time.
    Fixed(Arc<Credentials>),
    /// What a cache gives.
    Cached(Cached),
}

/// A role that is assumed.
#[derive(Debug)]
pub struct Role {
    pub operation: AssumeRole,
    pub base: Base,
}

impl Source for Role {
    fn name(&self) -> &'static str {
        "AssumeRole"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            let mut is_first = true;
            loop {
                let base = match &self.base {
                    Base::Fixed(credentials) => Arc::clone(credentials),
                    Base::Cached(cached) => match cached.look(context).await? {
                        Found::Credentials(credentials) => Arc::new(credentials),
                        nothing @ Found::Nothing(_) => return Ok(nothing),
                    },
                };
                let error = match context.call(self.operation.clone(), Some(Arc::clone(&base))).await {
                    Ok(reply) => return Ok(reply.into_output().credentials.into()),
                    Err(error) => error,
                };
                match &self.base {
                    Base::Cached(cached) if is_first && error.refuses_credentials() => {
                        is_first = false;
                        if !cached.refused(context.server_time(), base.access_key_id()) {
                            return Err(error);
                        }
                    }
                    _ => return Err(error),
                }
            }
        })
    }
}

/// A web identity whose token is in a file, which is read for every refresh.
#[derive(Debug)]
pub struct WebIdentity {
    pub operation: AssumeRoleWithWebIdentity,
    pub token_file: PathBuf,
}

impl Source for WebIdentity {
    fn name(&self) -> &'static str {
        "AssumeRoleWithWebIdentity"
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            let failed = |words: &str| {
                Error::credentials(self.name(), format!("{words} `{}`", self.token_file.display()))
            };
            let file = context.ask().read(ReadFile::new(&self.token_file, TOKEN_LIMIT)).await;
            let file = file.map_err(|error| failed("cannot read the token file").caused_by(error))?;
            let token = std::str::from_utf8(file.as_ref()).unwrap_or_default().trim();
            if token.is_empty() {
                return Err(failed("there is no token in the file"));
            }
            let operation = self.operation.clone().web_identity_token(Secret::from(token));
            Ok(context.call(operation, None).await?.into_output().credentials.into())
        })
    }
}
