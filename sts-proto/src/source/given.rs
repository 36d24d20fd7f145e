use crate::credentials::Credentials;
use crate::source::{Context, Found, Looking, Source};

/// Credentials that are there already: those of a configuration, of a test, of another library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given(Credentials);

impl Given {
    /// These credentials. They keep the source that they know.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self(credentials)
    }
}

impl Source for Given {
    fn name(&self) -> &'static str {
        "given credentials"
    }

    fn look<'a>(&'a self, _: &'a Context) -> Looking<'a> {
        Box::pin(async {
            let credentials = self.0.clone();
            Ok(Found::Credentials(match credentials.source() {
                Some(_) => credentials,
                None => credentials.with_source(self.name()),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Play, found};

    #[test]
    fn they_are_there_at_once() {
        let credentials = Credentials::new("AKID", "secret").unwrap();
        let given = found(Play::new().run(Given::new(credentials.clone())));
        assert_eq!(given.source(), Some("given credentials"));
        let named = credentials.with_source("a vault");
        assert_eq!(found(Play::new().run(Given::new(named.clone()))), named);
    }
}
