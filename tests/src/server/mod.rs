//! An STS that listens on loopback and verifies what it is sent.
//!
//! It answers all operations over real HTTP/1.1, in the words of AWS, and it believes nothing: signatures are
//! recomputed by the `aws-sigv4` crate, never by ours, so that one mistake cannot hide on both sides. What it issues
//! works: the credentials of an `AssumeRole` sign the next call.
//!
//! ```
//! use sts_tests::server::{Answer, Server};
//!
//! let sts = Server::start()?;
//! assert!(sts.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(sts.user().account(), "123456789012");
//! // The next request is answered with this, whatever it asks.
//! sts.answer_next(Answer::reply(503, &[], "busy"));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The path from bytes to bytes, one file a step: `event_loop` (one thread for all connections), `connection`, `wire` (TLS),
//! `http` (requests), `service` (what is asked), `auth` and `verify` (who asks), `model` and `constraint` (is it asked
//! rightly), `operations` (the answer), `xml`, `delivery` and `sending` (how it reaches the client).
//!
//! Other processes order faults at `/_control/faults`, which is no part of STS: `POST` with `{"fault": "throttle",
//! "times": 3}` or `{"fault": "delay=100", "rate": 0.1, "seed": 7}` adds one ([`Fault`] lists the texts), `GET` shows
//! those that wait, `DELETE` forgets them. `POST /_control/token` with `{"claims": {"sub": "me"}, "alg": "ES384"}`
//! mints a web identity token, `POST /_control/message` encodes its body for `DecodeAuthorizationMessage`,
//! `POST /_control/clock` with `{"offset": 3600}` sets the clock.
//!
//! Where it differs from AWS: there are no policies but the trust policies of declared roles, and
//! without a declared role every role trusts everybody; any region may stand in the
//! scope; any path is served; SAML assertions are read but their signatures are not verified, nor are those of
//! web identity tokens without a declared provider;
//! a context assertion is refused only if it is a JSON web token and has expired;
//! the identity context of a SAML session comes from attributes of the assertion, which the module `iam::identity_context`
//! lists, since no SAML provider can be declared; operations that the global endpoint lacks are served;
//! an operation that needs no signature ignores one; replies are XML whatever `Accept` says;
//! `X-Amz-Expires` is obeyed, where the real service counts 15 minutes whatever it says; and the `Date` header is not
//! taken in place of `X-Amz-Date`.

mod answers;
mod auth;
mod canonical;
mod clock;
mod config;
mod connection;
mod constraint;
mod control;
mod delivery;
mod event_loop;
mod fault;
mod faults;
mod form;
mod http;
mod iam;
mod ids;
mod keys;
mod keyset;
mod listener;
mod metadata;
mod model;
mod oidc;
mod operations;
mod options;
mod refusal;
mod request;
mod sending;
mod service;
#[cfg(test)]
mod testing;
mod tls;
mod tokens;
mod toml;
mod verify;
mod wire;
mod xml;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use answers::Answer;
pub use config::{Config, ConfigError};
pub use fault::{BadCertificate, Fault, UnknownFault};
pub use iam::{IdentityContextClaims, InvalidMfaSecret, InvalidPolicy, Mfa, OidcProvider, Role, TrustPolicy};
pub use keys::{AccessKey, Principal};
pub use keyset::TokenAlgorithm;
pub use metadata::Metadata;
pub use options::{Limits, Options};
pub use request::Request;

use listener::Listener;
use service::Service;

/// The account of the built-in user.
const ACCOUNT: &str = "123456789012";
/// A key id that names [`ACCOUNT`], as the newer ones do.
const USER_ACCESS_KEY_ID: &str = "AKIARZPUZDIKALICEKEY";
/// Forty characters with the two that a careless encoder gets wrong.
const USER_SECRET_ACCESS_KEY: &str = "sts/tests+LongTermUser/NotASecret0123456";
/// The built-in user's device.
const USER_MFA_SERIAL: &str = "arn:aws:iam::123456789012:mfa/alice";
/// What it always shows.
const USER_MFA_CODE: &str = "123456";

/// A running STS. Dropping it closes every connection and ends every thread.
#[derive(Debug)]
pub struct Server {
    // First, so that its threads end before anything else goes.
    listener: Listener,
    service: Arc<Service>,
    user: AccessKey,
    url: String,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// What the system says when it has no socket or no thread to give.
    pub fn start() -> io::Result<Self> {
        Self::start_with(Limits::default())
    }

    /// Starts a server that is more or less patient than usual.
    ///
    /// # Errors
    ///
    /// What the system says when it has no socket or no thread to give.
    pub fn start_with(limits: Limits) -> io::Result<Self> {
        Self::with(Options::new().limits(limits))
    }

    /// Starts a server of one's own making.
    ///
    /// # Errors
    ///
    /// What the system says when it has no socket or no thread to give, or the port is taken.
    pub fn with(options: Options) -> io::Result<Self> {
        let Options { limits, port, clock_offset, log, config, tls, metadata, enforcement } = options;
        let tls = tls.then(tls::Tls::new).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut service = Service::new(log, tls, metadata);
        service.enforcement = enforcement;
        let service = Arc::new(service);
        let config = config.unwrap_or_default();
        service.clock.set_offset(clock_offset.unwrap_or(config.clock_offset));
        service.stable_key_ids.store(config.stable_key_ids, Ordering::Relaxed);
        let user = config.users.first().cloned().unwrap_or_else(|| {
            let user = Principal::user(ACCOUNT, "alice");
            service.directory().add_device(user.arn(), Mfa::fixed(USER_MFA_SERIAL, USER_MFA_CODE));
            AccessKey::long_term(USER_ACCESS_KEY_ID, USER_SECRET_ACCESS_KEY, user)
        });
        service.keys().add(user.clone());
        config.users.into_iter().for_each(|user| service.keys().add(user));
        {
            let mut directory = service.directory();
            config.devices.into_iter().for_each(|(user, mfa)| directory.add_device(&user, mfa));
            config.roles.into_iter().for_each(|role| directory.add_role(role));
        }
        let listener = Listener::start(Arc::clone(&service), limits, port)?;
        let url = format!("{scheme}://{}", listener.address());
        service.set_url(&url);
        config.providers.into_iter().for_each(|provider| service.add_provider(provider));
        Ok(Self { listener, service, user, url })
    }

    /// `http://127.0.0.1:PORT`, or `https://` in TLS mode, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate of the authority that vouches for the server, in PEM; `None` unless it speaks TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.service.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// The long-term key of the built-in user, `arn:aws:iam::123456789012:user/alice`, which is the same in every run; or
    /// that of the first user that the configuration declares, in its place.
    #[must_use]
    pub fn user(&self) -> &AccessKey {
        &self.user
    }

    /// Makes a further key known, in the place of one with the same id. With a session token it counts as temporary,
    /// though it never expires; a user's temporary key is treated like one from `GetSessionToken`.
    pub fn add_key(
        &self,
        access_key_id: &str,
        secret: &str,
        session_token: Option<&str>,
        principal: Principal,
    ) {
        self.service.keys().add(AccessKey {
            session_token: session_token.map(str::to_owned),
            ..AccessKey::long_term(access_key_id, secret, principal)
        });
    }

    /// Declares a role, in the place of one with the same ARN. As long as there is none, every role exists and trusts
    /// everybody; from then on, the declared ones are all.
    pub fn add_role(&self, role: Role) {
        self.service.directory().add_role(role);
    }

    /// Gives a device to the user of this ARN. The built-in user has one already, which always shows 123456:
    /// `arn:aws:iam::123456789012:mfa/alice`.
    pub fn add_mfa(&self, user_arn: &str, mfa: Mfa) {
        self.service.directory().add_device(user_arn, mfa);
    }

    /// Declares an identity provider. As long as there is none, every web identity token is believed; from then on, only
    /// those that a declared issuer signed for an audience of its own, and those of `GetWebIdentityToken`. The key set is
    /// at `/.well-known/openid-configuration` and `/keys`.
    pub fn add_oidc_provider(&self, provider: OidcProvider) {
        self.service.add_provider(provider);
    }

    /// A web identity token with the claims of this JSON object; `aud`, `exp`, `iat`, `iss` and `sub` get usual values if
    /// they are missing. `None` when that is no object, or the system has no randomness to give.
    #[must_use]
    pub fn mint_token(&self, claims: &serde_json::Value, algorithm: TokenAlgorithm) -> Option<String> {
        oidc::mint(&self.service, algorithm, claims.as_object()?.clone())
    }

    /// Lets the instance metadata service forget all tokens after so many requests more, once, as if it had been started
    /// anew.
    pub fn forget_instance_tokens_after(&self, requests: u32) {
        self.service.tokens().forget_after(requests);
    }

    /// Sets the server's clock this many seconds ahead of the machine's, or behind it. Signatures, expirations and
    /// the `Date` header follow.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.service.clock.set_offset(seconds);
    }

    /// The requests that arrived so far, the last thousand of them, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.service.log().to_vec()
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.listener.accepted()
    }

    /// Puts an answer at the end of the queue that is served before the server's own answers, one for each request,
    /// unverified.
    pub fn answer_next(&self, answer: Answer) {
        self.service.answers().push_back(answer);
    }

    /// Lets this go wrong with the next request that no other fault waits for, or with the next handshake. Answers of
    /// [`answer_next`](Self::answer_next) go first.
    ///
    /// # Panics
    ///
    /// When a hundred thousand faults wait already.
    pub fn fault_next(&self, fault: Fault) {
        assert!(self.service.faults().add(fault, 1), "too many faults");
    }

    /// Lets this go wrong with a part of all requests, from 0 for none to 1 for all. The same seed strikes the same
    /// ones. It lasts until [`clear_faults`](Self::clear_faults).
    ///
    /// # Panics
    ///
    /// When a hundred rates are set already.
    pub fn fault_rate(&self, fault: Fault, rate: f64, seed: u64) {
        assert!(self.service.faults().add_rate(fault, rate, seed), "too many faults");
    }

    /// Forgets every fault that has not struck yet.
    pub fn clear_faults(&self) {
        self.service.faults().clear();
    }

    /// An encoded message that `DecodeAuthorizationMessage` turns back into this text.
    #[must_use]
    pub fn encode_authorization_message(&self, message: &str) -> String {
        tokens::encode_authorization_message(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_key_names_its_account() {
        assert_eq!(ids::account_of(USER_ACCESS_KEY_ID).as_deref(), Some(ACCOUNT));
        assert_eq!(USER_SECRET_ACCESS_KEY.len(), 40);
    }
}
