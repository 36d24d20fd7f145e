//! Derived keys, kept: deriving one costs four HMACs, more than all the rest of a signature.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::key::SigningKey;
use super::string_to_sign::{Place, Scope};
use crate::credentials::{Credentials, Secret};

/// Signs requests and keeps the last [`KEPT_KEYS`](Self::KEPT_KEYS) derived keys.
///
/// It can be shared between threads. Keys are wiped when they are replaced and when the signer is dropped.
#[derive(Default)]
pub struct Signer {
    /// The most recently used last.
    keys: Mutex<Vec<Kept>>,
}

struct Kept {
    secret_access_key: Secret,
    date: [u8; 8],
    place: Place,
    key: SigningKey,
}

impl Kept {
    fn is_for(&self, secret_access_key: &Secret, scope: &Scope<'_>) -> bool {
        self.date == *scope.date_time.date()
            && self.place == *scope.place
            && self.secret_access_key == *secret_access_key
    }
}

impl Signer {
    /// How many keys are kept: enough for a few callers and regions over the change of a day.
    pub const KEPT_KEYS: usize = 8;

    /// A signer without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The key for the scope, kept or derived now.
    pub(super) fn key(&self, credentials: &Credentials, scope: &Scope<'_>) -> SigningKey {
        let secret = credentials.secret_access_key();
        if let Some(key) = self.kept_key(secret, scope) {
            return key;
        }
        // Derived without the lock: two threads may do it twice, none waits.
        let key = SigningKey::of(secret, scope);
        let kept = Kept {
            secret_access_key: secret.clone(),
            date: *scope.date_time.date(),
            place: scope.place.clone().into_owned(),
            key: key.clone(),
        };
        let mut keys = self.keys();
        if keys.capacity() == 0 {
            // Never grown again, so that no copy of a key is left behind.
            keys.reserve_exact(Self::KEPT_KEYS);
        }
        if keys.len() == Self::KEPT_KEYS {
            keys.remove(0);
        }
        keys.push(kept);
        key
    }

    fn kept_key(&self, secret: &Secret, scope: &Scope<'_>) -> Option<SigningKey> {
        let mut keys = self.keys();
        let at = keys.iter().rposition(|kept| kept.is_for(secret, scope))?;
        keys[at..].rotate_left(1);
        keys.last().map(|kept| kept.key.clone())
    }

    /// A panic while the lock is held leaves keys that are still right.
    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.keys().len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::string_to_sign::DateTime;
    use super::*;
    use time::OffsetDateTime;

    fn sign(signer: &Signer, credentials: &Credentials, region: &str) -> String {
        let date_time = DateTime::new(OffsetDateTime::UNIX_EPOCH).unwrap();
        signer.key(credentials, &Scope::new(date_time, region, "sts").unwrap()).sign("x")
    }

    #[test]
    fn another_secret_under_the_same_id_gets_its_own_key() {
        let signer = Signer::new();
        let one = Credentials::new("AKID", "one").unwrap();
        let two = Credentials::new("AKID", "two").unwrap();
        assert_ne!(sign(&signer, &one, "r"), sign(&signer, &two, "r"));
        assert_eq!(sign(&signer, &one, "r"), sign(&Signer::new(), &one, "r"));
        assert_eq!(signer.keys().len(), 2);
    }

    #[test]
    fn the_least_recently_used_key_goes_first() {
        let signer = Signer::new();
        let credentials = Credentials::new("AKID", "secret").unwrap();
        for i in 0..Signer::KEPT_KEYS {
            sign(&signer, &credentials, &format!("region-{i}"));
        }
        sign(&signer, &credentials, "region-0");
        sign(&signer, &credentials, "one-more");
        let place = |region| Place::new(region, "sts").unwrap();
        let keys = signer.keys();
        assert_eq!(keys.len(), Signer::KEPT_KEYS);
        assert!(keys.iter().any(|kept| kept.place == place("region-0")));
        assert!(keys.iter().all(|kept| kept.place != place("region-1")));
    }
}
