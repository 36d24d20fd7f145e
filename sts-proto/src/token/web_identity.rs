//! Tokens of GetWebIdentityToken: a cache that says when to ask for a new one, and an unverified look into a JWT.
//!
//! ```
//! use sts_proto::operation::{GetWebIdentityToken, Operation};
//! use sts_proto::token::web_identity::{Lookup, UnverifiedClaims, WebIdentityCache};
//! use time::{Duration, OffsetDateTime};
//!
//! let mut cache = WebIdentityCache::new();
//! let operation = GetWebIdentityToken::new(["https://api.test"], "ES384").duration_seconds(300);
//! let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
//! assert!(matches!(cache.get(&operation, now), Lookup::Missing));
//! # let response = http::Response::new("<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>e30.eyJpc3MiOiJpIiwic3ViIjoicyIsImF1ZCI6ImEifQ.c2ln</WebIdentityToken><Expiration>2026-11-20T17:13:48Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>");
//!
//! let reply = operation.decode(&response)?; // of a call
//! cache.put(&operation, &reply, now);
//! assert!(matches!(cache.get(&operation, now), Lookup::Fresh(_)));
//! // In the last fifth of its life it still works, but the next one should be on its way.
//! assert!(matches!(cache.get(&operation, now + Duration::seconds(241)), Lookup::Aging(_)));
//!
//! let claims = UnverifiedClaims::read(reply.web_identity_token.expose())?;
//! assert_eq!(claims.subject.as_deref(), Some("s"));
//! # Ok::<(), sts_proto::Error>(())
//! ```

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use crate::credentials::Secret;
use crate::operation::{GetWebIdentityToken, GetWebIdentityTokenOutput, Operation};

pub use claims::{MAX_JWT_BYTES, UnverifiedClaims};

mod claims;

/// The most tokens that a cache holds. Beyond, the one that expires first goes.
pub const MAX_TOKENS: usize = 64;

/// The part of a token's life after which a new one should be fetched: the last fifth, as the kubelet does with its
/// tokens.
const AGING_FRACTION: i32 = 5;

/// A token with less than this left would expire on the way.
const MARGIN: Duration = Duration::seconds(5);

/// The tokens of one caller, by the whole request that asked for them.
///
/// The caller is no part of the request, and with [`SubjectMode::OriginIdentity`](crate::operation::SubjectMode) the token
/// names the end user of the calling session: keep a cache for each set of credentials.
#[derive(Clone, Debug, Default)]
pub struct WebIdentityCache {
    tokens: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    token: Secret,
    ages_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

/// What a cache has for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<'c> {
    /// A token to be used.
    Fresh(&'c Secret),
    /// A token that can be used still, and that should be replaced soon. If fetching a new one fails, this one serves.
    Aging(&'c Secret),
    /// None, or one that has expired: fetch one.
    Missing,
}

impl WebIdentityCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What there is for this request at this time.
    #[must_use]
    pub fn get(&self, operation: &GetWebIdentityToken, now: OffsetDateTime) -> Lookup<'_> {
        match self.tokens.get(&key(operation)) {
            Some(entry) if now >= entry.expires_at.saturating_sub(MARGIN) => Lookup::Missing,
            Some(entry) if now >= entry.ages_at => Lookup::Aging(&entry.token),
            Some(entry) => Lookup::Fresh(&entry.token),
            None => Lookup::Missing,
        }
    }

    /// Keeps the result of a request that was answered at `now`. One that does not say when it expires, neither beside the
    /// token nor in it, or has expired already, is not kept.
    pub fn put(
        &mut self,
        operation: &GetWebIdentityToken,
        output: &GetWebIdentityTokenOutput,
        now: OffsetDateTime,
    ) {
        let token = &output.web_identity_token;
        let in_token = || UnverifiedClaims::read(token.expose()).ok()?.expires_at;
        let Some(expires_at) = output.expiration.or_else(in_token).filter(|at| *at > now) else { return };
        self.tokens.retain(|_, entry| entry.expires_at > now);
        let key = key(operation);
        if self.tokens.len() >= MAX_TOKENS && !self.tokens.contains_key(&key) {
            let first =
                self.tokens.iter().min_by_key(|(_, entry)| entry.expires_at).map(|(key, _)| key.clone());
            first.and_then(|key| self.tokens.remove(&key));
        }
        let ages_at = expires_at.saturating_sub((expires_at - now) / AGING_FRACTION);
        self.tokens.insert(key, Entry { token: token.clone(), ages_at, expires_at });
    }

    /// Forgets the token of a request, for instance after someone refused it.
    pub fn remove(&mut self, operation: &GetWebIdentityToken) {
        self.tokens.remove(&key(operation));
    }
}

/// The whole request: what differs in it may differ in the token.
fn key(operation: &GetWebIdentityToken) -> String {
    operation.form().as_query().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn operation(audience: &str) -> GetWebIdentityToken {
        GetWebIdentityToken::new([audience], "ES384")
    }

    fn output(token: &str, seconds: Option<i64>) -> GetWebIdentityTokenOutput {
        let expiration = seconds.map(|seconds| NOW + Duration::seconds(seconds));
        GetWebIdentityTokenOutput { web_identity_token: Secret::from(token), expiration }
    }

    #[test]
    fn a_token_ages_and_expires() {
        let mut cache = WebIdentityCache::new();
        cache.put(&operation("a"), &output("t", Some(300)), NOW);
        let token = Secret::from("t");
        for (after, expected) in [
            (-60, Lookup::Fresh(&token)),
            (239, Lookup::Fresh(&token)),
            (240, Lookup::Aging(&token)),
            (294, Lookup::Aging(&token)),
            (295, Lookup::Missing),
            (9999, Lookup::Missing),
        ] {
            assert_eq!(cache.get(&operation("a"), NOW + Duration::seconds(after)), expected, "{after}");
        }
        cache.remove(&operation("a"));
        assert_eq!(cache.get(&operation("a"), NOW), Lookup::Missing);
    }

    #[test]
    fn what_differs_is_another_token() {
        let mut cache = WebIdentityCache::new();
        cache.put(&operation("a"), &output("t", Some(300)), NOW);
        let others = [
            operation("b"),
            operation("a").signing_algorithm("RS256"),
            operation("a").duration_seconds(300),
            operation("a").tag("k", "v"),
            operation("a").scope("read"),
            operation("a").subject_mode("OriginIdentity"),
            operation("a").audience(["a", "b"]),
        ];
        others.iter().for_each(|other| assert_eq!(cache.get(other, NOW), Lookup::Missing, "{other:?}"));
    }

    #[test]
    fn the_cache_is_bounded_and_drops_what_ends_first() {
        let mut cache = WebIdentityCache::new();
        for i in 0..2 * MAX_TOKENS {
            cache.put(&operation(&i.to_string()), &output("t", Some(100 + i as i64)), NOW);
            assert!(cache.tokens.len() <= MAX_TOKENS);
        }
        assert_eq!(cache.get(&operation("0"), NOW), Lookup::Missing);
        assert!(matches!(cache.get(&operation("127"), NOW), Lookup::Fresh(_)));
    }

    #[test]
    fn the_expiration_is_somewhere_or_nothing_is_kept() {
        let mut cache = WebIdentityCache::new();
        cache.put(&operation("a"), &output("t", None), NOW);
        cache.put(&operation("a"), &output("t", Some(0)), NOW);
        assert_eq!(cache.get(&operation("a"), NOW), Lookup::Missing);
        // {"exp":300}
        cache.put(&operation("a"), &output("e30.eyJleHAiOjMwMH0.c2ln", None), NOW);
        assert!(matches!(cache.get(&operation("a"), NOW), Lookup::Fresh(_)));
    }
}
