//! The proof that one holds the key which a session of `aws login` is bound to: a JWT for a single request.
//!
//! RFC 9449, with ES256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePrivateKey;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::credentials::Secret;

/// The proof for a POST to that URL. `None` where the key is no private key on P-256, in PEM as OpenSSL writes it
/// (`EC PRIVATE KEY`) or as PKCS #8.
pub(super) fn proof(key: &Secret, url: &str, now: OffsetDateTime, id: [u64; 2]) -> Option<Secret> {
    let pem = key.expose();
    let key = SecretKey::from_sec1_pem(pem).or_else(|_| SecretKey::from_pkcs8_pem(pem)).ok()?;
    let point = key.public_key().to_sec1_point(false);
    let (x, y) = (point.x()?, point.y()?);
    let header = format!(
        r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}}}"#,
        URL_SAFE_NO_PAD.encode(x),
        URL_SAFE_NO_PAD.encode(y)
    );
    let seconds = now.unix_timestamp();
    // The URL is one that was parsed, and holds nothing that JSON would escape.
    let claims =
        format!(r#"{{"htm":"POST","htu":"{url}","iat":{seconds},"jti":"{:016x}{:016x}"}}"#, id[0], id[1]);
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.as_bytes()));
    let message = format!("{header}.{claims}");
    // Without randomness, by RFC 6979.
    let signature: Signature = SigningKey::from(&key).try_sign(message.as_bytes()).ok()?;
    // What makes it a proof is written once, into memory that is wiped.
    let mut token = Zeroizing::new(String::with_capacity(message.len() + 1 + 2 * signature.to_bytes().len()));
    token.push_str(&message);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
    Some(Secret::from(std::mem::take(&mut *token)))
}

#[cfg(test)]
pub(super) mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    use super::*;
    use crate::source::json::Json;

    /// The key of RFC 6979, appendix A.2.5, as OpenSSL writes it.
    pub(in crate::source::login) const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\n\
        MDECAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n\
        AwEH\n\
        -----END EC PRIVATE KEY-----\n";

    fn decoded(part: &str) -> Json {
        Json::read(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn the_proof_is_signed_by_the_key_that_it_names() {
        let now = OffsetDateTime::from_unix_timestamp(1_795_134_600).unwrap();
        let token =
            proof(&Secret::from(KEY), "https://eu-west-1.signin.aws.amazon.com/v1/token", now, [1, 2])
                .unwrap();
        let (message, signature) = token.expose().rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let (header, claims) = (decoded(header), decoded(claims));
        let text = |json: &Json, name: &str| json.required(name).unwrap().expose().to_owned();
        assert_eq!((text(&header, "typ"), text(&header, "alg")), ("dpop+jwt".to_owned(), "ES256".to_owned()));
        assert_eq!(text(&claims, "htu"), "https://eu-west-1.signin.aws.amazon.com/v1/token");
        assert_eq!(
            (text(&claims, "htm"), text(&claims, "jti")),
            ("POST".to_owned(), format!("{:032x}", (1_u128 << 64) + 2))
        );
        assert_eq!(claims.get("iat").unwrap(), Some(&Json::Integer(1_795_134_600)));
        let jwk = header.get("jwk").unwrap().unwrap();
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(jwk, name)).unwrap();
        // The public key that the RFC gives for this private one.
        assert_eq!(
            hex::encode(coordinate("x")).to_uppercase(),
            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        );
        let point = [&[4][..], &coordinate("x"), &coordinate("y")].concat();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let public = VerifyingKey::from_sec1_bytes(&point).unwrap();
        public.verify(message.as_bytes(), &signature).unwrap();
        assert!(public.verify(b"other", &signature).is_err());
    }

    #[test]
    fn keys_that_are_none() {
        for key in ["", "sEcReT", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"] {
            assert_eq!(proof(&Secret::from(key), "u", OffsetDateTime::UNIX_EPOCH, [0; 2]), None);
        }
    }
}
