//! The keys that web identity tokens are signed with. They are made when they are first needed, and never stored.

use std::convert::Infallible;
use std::fmt;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use super::ids;

const RSA_BITS: usize = 2048;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAlgorithm {
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// RSA, PKCS #1 v1.5, with SHA-256.
    Rs256,
}

impl TokenAlgorithm {
    /// `ES384` or `RS256`, as a token's header names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Es384, Self::Rs256].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// One key for each algorithm, whose name is also its id.
#[derive(Default)]
pub(super) struct KeySet {
    ec: OnceLock<Option<EcdsaKeyPair>>,
    rsa: OnceLock<Option<Rsa>>,
}

struct Rsa {
    pair: RsaKeyPair,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl Rsa {
    fn make() -> Option<Self> {
        let key = RsaPrivateKey::new(&mut Random, RSA_BITS).ok()?;
        let pair = RsaKeyPair::from_pkcs8(key.to_pkcs8_der().ok()?.as_bytes()).ok()?;
        Some(Self { pair, modulus: key.n_bytes().into_vec(), exponent: key.e_bytes().into_vec() })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").finish_non_exhaustive()
    }
}

impl KeySet {
    fn ec(&self) -> Option<&EcdsaKeyPair> {
        let make = || {
            let (random, algorithm) = (SystemRandom::new(), &ECDSA_P384_SHA384_FIXED_SIGNING);
            let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok()?;
            EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).ok()
        };
        self.ec.get_or_init(make).as_ref()
    }

    fn rsa(&self) -> Option<&Rsa> {
        self.rsa.get_or_init(Rsa::make).as_ref()
    }

    /// Makes the RSA key after a wait, in which it counts as being made.
    #[cfg(test)]
    pub(super) fn make_rsa_after(&self, wait: impl FnOnce()) {
        self.rsa.get_or_init(|| {
            wait();
            Rsa::make()
        });
    }

    /// Makes the RSA key, which takes a while, unless there is one.
    pub(super) fn make_rsa(&self) {
        self.rsa();
    }

    /// Whether the RSA key was made.
    pub(super) fn has_rsa(&self) -> bool {
        self.rsa.get().is_some()
    }

    /// `None` when the system has no randomness to give.
    pub(super) fn sign(&self, algorithm: TokenAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match algorithm {
            TokenAlgorithm::Es384 => Some(self.ec()?.sign(&random, message).ok()?.as_ref().to_vec()),
            TokenAlgorithm::Rs256 => {
                let pair = &self.rsa()?.pair;
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    pub(super) fn verify(&self, algorithm: TokenAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match algorithm {
            TokenAlgorithm::Es384 => self.ec().map(|pair| {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, pair.public_key());
                key.verify(message, signature)
            }),
            TokenAlgorithm::Rs256 => self.rsa().map(|rsa| {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.pair.public());
                key.verify(message, signature)
            }),
        };
        verified.is_some_and(|verified| verified.is_ok())
    }

    /// The public halves, as RFC 7517 writes them.
    pub(super) fn to_jwks(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut keys = Vec::new();
        if let Some(pair) = self.ec() {
            // 4, then both coordinates.
            let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
            keys.push(json!({ "kty": "EC", "crv": "P-384", "use": "sig", "alg": "ES384", "kid": "ES384",
                "x": encode(x), "y": encode(y) }));
        }
        if let Some(rsa) = self.rsa() {
            keys.push(json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "RS256",
                "n": encode(&rsa.modulus), "e": encode(&rsa.exponent) }));
        }
        json!({ "keys": keys })
    }
}

/// The system's randomness, as the crate `rsa` wants it.
struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if SystemRandom::new().fill(bytes).is_err() {
            // No failure is provided for, and these keys protect nothing but tests.
            bytes.copy_from_slice(&ids::random_bytes(bytes.len()));
        }
        Ok(())
    }
}

impl TryCryptoRng for Random {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_it_verifies() {
        let keys = KeySet::default();
        for algorithm in [TokenAlgorithm::Es384, TokenAlgorithm::Rs256] {
            let mut signature = keys.sign(algorithm, b"message").expect("a signature");
            assert!(keys.verify(algorithm, b"message", &signature));
            assert!(!keys.verify(algorithm, b"massage", &signature));
            signature[10] ^= 1;
            assert!(!keys.verify(algorithm, b"message", &signature));
            assert!(!keys.verify(algorithm, b"message", b""));
            assert_eq!(TokenAlgorithm::named(algorithm.name()), Some(algorithm));
        }
        let jwks = keys.to_jwks();
        let sizes = ["n", "e"].map(|name| jwks["keys"][1][name].as_str().map(str::len));
        assert_eq!(sizes, [Some(342), Some(4)]);
        assert_eq!(jwks["keys"][0]["x"].as_str().map(str::len), Some(64));
    }
}
