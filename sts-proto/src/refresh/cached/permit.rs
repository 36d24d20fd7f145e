use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::observe::{Event, Refreshed};
use crate::refresh::Cached;
use crate::refresh::machine::Served;
use crate::source::{Context, Loaded, Outcome, Source};

/// The right to refresh, which one caller has at a time. Dropped, it goes to those who wait.
#[must_use = "whoever has it refreshes"]
pub struct Permit {
    pub(super) cached: Cached,
    /// `None` once it is used.
    pub(super) round: Option<u32>,
}

impl Permit {
    /// Loads the chain, and lets those who wait know.
    ///
    /// # Errors
    /// Those of [`Refresh::finished`](crate::refresh::Refresh::finished).
    pub async fn load(self, context: Context) -> Result<Served, Error> {
        self.load_with(&context).await
    }

    pub(super) async fn load_with(mut self, context: &Context) -> Result<Served, Error> {
        let chain = &self.cached.0.chain;
        let (refused, replaced) = {
            let mut inner = self.cached.inner();
            (inner.refused.take(), inner.refresh.credentials().cloned())
        };
        if let Some(replaced) = replaced {
            context.replaces(replaced.access_key_id());
        }
        if let Some(access_key_id) = refused {
            // Those that keep credentials do not give these again.
            let _ = chain.refused(context, &access_key_id);
        }
        let begun = context.now();
        let outcome = chain.load(context).await;
        // The skew may just have been learned.
        let now = context.server_time();
        let Some(round) = self.round.take() else {
            return Err(Error::credentials("the cache", "it was used"));
        };
        let source = source_of(&outcome);
        let (result, error, next_refresh_at) = self.cached.end(|inner| {
            let outcome = match outcome {
                Ok(loaded) => {
                    inner.report = Some(Arc::new(loaded.report));
                    Ok(loaded.credentials)
                }
                Err(error) => {
                    inner.report = error.shared_report().or_else(|| inner.report.take());
                    Err(error)
                }
            };
            let result = inner.refresh.finished(round, now, outcome);
            (result, inner.refresh.error().cloned(), inner.refresh.next_refresh_at())
        });
        context.tell(&Event::Refresh {
            source: &source,
            outcome: match (&result, &error) {
                (Ok(_), None) => Refreshed::Renewed,
                (Ok(_), Some(_)) => Refreshed::Kept,
                (Err(_), _) => Refreshed::Failed,
            },
            access_key_id: result.as_ref().ok().map(|served| served.credentials.access_key_id()),
            took: Duration::try_from(context.now() - begun).unwrap_or_default(),
            next_refresh_at,
            error: error.as_ref().or_else(|| result.as_ref().err()),
        });
        result
    }
}

/// The name of the source that gave credentials, or that failed.
fn source_of(outcome: &Result<Loaded, Error>) -> Cow<'static, str> {
    let name = match outcome {
        Ok(loaded) => loaded.credentials.source().map(|name| Cow::Owned(name.to_owned())),
        Err(error) => {
            let last = error.report().and_then(|report| report.looks().last());
            last.filter(|look| matches!(look.outcome, Outcome::Failed(_))).map(|look| look.source.clone())
        }
    };
    name.unwrap_or(Cow::Borrowed("the chain"))
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(round) = self.round.take() {
            self.cached.end(|inner| inner.refresh.abandoned(round));
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("round", &self.round).finish_non_exhaustive()
    }
}
