use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use crate::call::{Call, Caller, Deadlines};
use crate::constraint::Validation;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::observe::Event;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::retry::Random;
use crate::step::Ask;

/// What a source can use while it looks.
pub struct Context {
    ask: Ask,
    caller: Arc<Caller>,
    deadlines: Deadlines,
    random: Mutex<Random>,
    /// Access key ids of credentials that are being replaced.
    replaced: Mutex<Vec<String>>,
}

impl Context {
    /// With that way to ask the driver, and these settings for calls of STS. `seed` should differ from time to time.
    #[must_use]
    pub fn new(ask: Ask, caller: Arc<Caller>, deadlines: Deadlines, seed: u64) -> Self {
        Self { ask, caller, deadlines, random: Mutex::new(Random::new(seed)), replaced: Mutex::default() }
    }

    /// The way to ask the driver for requests, files, commands and MFA codes.
    #[must_use]
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// The wall-clock time, as our clock has it.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.ask.now()
    }

    /// The same as the server's clock has it, as far as is known: what decides whether credentials have expired.
    #[must_use]
    pub fn server_time(&self) -> OffsetDateTime {
        self.ask.now().saturating_add(self.caller.skew())
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.caller.tell(event);
    }

    /// Which broken rules keep a request from being sent.
    pub(crate) fn validation(&self) -> Validation {
        self.caller.encoder().chosen_validation()
    }

    /// How long calls may take.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    /// A random number, for waits and names.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// A refresh looks for others than those credentials: a source that keeps some does not give it these.
    pub(crate) fn replaces(&self, access_key_id: &str) {
        self.replaced().push(access_key_id.to_owned());
    }

    #[cfg(feature = "sources")]
    pub(super) fn is_replaced(&self, access_key_id: &str) -> bool {
        self.replaced().iter().any(|replaced| replaced == access_key_id)
    }

    fn replaced(&self) -> MutexGuard<'_, Vec<String>> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls STS, with all attempts, at the client's endpoint and with its settings.
    ///
    /// # Errors
    /// Those of the [`Call`].
    pub async fn call<O: Operation>(
        &self,
        operation: O,
        credentials: Option<Arc<Credentials>>,
    ) -> Result<Reply<O::Output>, Error> {
        let caller = Arc::clone(&self.caller);
        self.ask.call(Call::new(caller, operation, credentials, self.deadlines, self.random())).await
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("caller", &self.caller)
            .field("deadlines", &self.deadlines)
            .finish_non_exhaustive()
    }
}
