use std::sync::Arc;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::source::{Context, Found, Report, Source};

/// Sources, looked at one after the other until one has credentials.
#[derive(Clone, Debug, Default)]
#[must_use = "a chain does nothing until it is loaded"]
pub struct Chain(Vec<Arc<dyn Source>>);

/// What a chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The credentials, which know their source.
    pub credentials: Credentials,
    /// Where was looked before they were found.
    pub report: Report,
}

impl Chain {
    /// Without sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one source more, at the end.
    pub fn with(mut self, source: impl Source + 'static) -> Self {
        self.0.push(Arc::new(source));
        self
    }

    /// The sources in their order.
    #[must_use]
    pub fn sources(&self) -> &[Arc<dyn Source>] {
        &self.0
    }

    /// Looks at the sources in their order.
    ///
    /// # Errors
    /// That of the first source that is set up and gives no credentials, or
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) where none is set up; with [`Error::report`].
    pub async fn load(&self, context: &Context) -> Result<Loaded, Error> {
        let mut report = Report::default();
        for source in &self.0 {
            match source.look(context).await {
                Ok(Found::Nothing(why)) => report.skipped(source.name(), why),
                Ok(Found::Credentials(credentials)) => {
                    report.found(source.name(), credentials.access_key_id());
                    let credentials = match credentials.source() {
                        Some(_) => credentials,
                        None => credentials.with_source(source.name()),
                    };
                    return Ok(Loaded { credentials, report });
                }
                Err(error) => {
                    report.failed(source.name(), &error);
                    return Err(error.with_report(Arc::new(report)));
                }
            }
        }
        let words = match self.0.len() {
            0 => "there is no source".to_owned(),
            1 => report.to_string(),
            n => format!("none of the {n} sources is set up"),
        };
        Err(Error::credentials("the chain", words).with_report(Arc::new(report)))
    }
}

impl Extend<Arc<dyn Source>> for Chain {
    fn extend<I: IntoIterator<Item = Arc<dyn Source>>>(&mut self, sources: I) {
        self.0.extend(sources);
    }
}

impl FromIterator<Arc<dyn Source>> for Chain {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Source>>>(sources: I) -> Self {
        Self(sources.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh::{Cached, RefreshPolicy};
    use crate::source::Given;
    use crate::source::testing::{Play, context, found};

    /// A cache that stands in a chain is asked as any source, and told of refusals.
    #[test]
    fn a_cache_is_a_source() {
        let given = Credentials::new("AKIA", "secret").unwrap();
        let cached = Cached::new(Chain::new().with(Given::new(given)), RefreshPolicy::default(), 7);
        assert_eq!(found(Play::new().run(cached.clone())).access_key_id(), "AKIA");
        assert_eq!(found(Play::new().run(cached.clone())).access_key_id(), "AKIA");
        let told = cached.clone();
        let (outcome, _) = Play::new().flow(|ask| async move {
            let context = context(ask);
            // What has just come is kept.
            context.ask().wait(std::time::Duration::from_secs(60)).await;
            Ok(Source::refused(&told, &context, "AKIA"))
        });
        assert!(outcome.unwrap());
        assert!(cached.current(0).is_none());
    }
}
