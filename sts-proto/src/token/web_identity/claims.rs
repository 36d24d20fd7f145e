//! A look into a JWT whose signature nobody has checked.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::error::Error;
use crate::token::text::from_base64url;

/// The longest JWT that is read, in bytes. It protects memory; STS took 20,000 characters as of 2026.
pub const MAX_JWT_BYTES: usize = 1 << 20;

/// The claims that a JWT makes. Its signature is **not** checked, so that nothing here may decide on who gets what: it is for
/// logs, for hints and for timing.
///
/// What the token has not is `None`, or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnverifiedClaims {
    /// `alg` of the header.
    pub algorithm: Option<String>,
    /// `kid` of the header.
    pub key_id: Option<String>,
    /// `iss`
    pub issuer: Option<String>,
    /// `sub`
    pub subject: Option<String>,
    /// `aud`, which a token gives as one text or as a list.
    pub audience: Vec<String>,
    /// `exp`
    pub expires_at: Option<OffsetDateTime>,
    /// `nbf`
    pub not_before: Option<OffsetDateTime>,
    /// `iat`
    pub issued_at: Option<OffsetDateTime>,
    /// `jti`
    pub id: Option<String>,
}

impl UnverifiedClaims {
    /// Reads the header and the claims of a JWT in its compact form.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the text has more than [`MAX_JWT_BYTES`] or not three parts; header or claims are
    /// not base64 of a JSON object; or a claim is not of the type that RFC 7519 gives it. The error holds no piece of it.
    pub fn read(jwt: &str) -> Result<Self, Error> {
        let refused =
            |rule: &str| Error::setting("WebIdentityToken", format!("{rule} ({} bytes)", jwt.len()));
        if jwt.len() > MAX_JWT_BYTES {
            return Err(refused(&format!("must have at most {MAX_JWT_BYTES} bytes")));
        }
        let mut parts = jwt.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refused("must be a JWT of three parts"));
        };
        let header =
            object(header).ok_or_else(|| refused("has a header that is no JSON object in base64"))?;
        let claims = object(claims).ok_or_else(|| refused("has claims that are no JSON object in base64"))?;
        Self::of(&header, &claims)
            .ok_or_else(|| refused("has a claim of another type than RFC 7519 gives it"))
    }

    fn of(header: &Map<String, Value>, claims: &Map<String, Value>) -> Option<Self> {
        Some(Self {
            algorithm: text(header, "alg")?,
            key_id: text(header, "kid")?,
            issuer: text(claims, "iss")?,
            subject: text(claims, "sub")?,
            audience: match claims.get("aud") {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(items)) => {
                    items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?
                }
                Some(value) => vec![value.as_str()?.to_owned()],
            },
            expires_at: moment(claims, "exp")?,
            not_before: moment(claims, "nbf")?,
            issued_at: moment(claims, "iat")?,
            id: text(claims, "jti")?,
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(&from_base64url(part)?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// `None` for a claim of another type, `Some(None)` for one that is not there.
fn text(object: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_str().map(|text| Some(text.to_owned())),
    }
}

/// Seconds since 1970, perhaps with a fraction, which is cut off.
fn moment(object: &Map<String, Value>, name: &str) -> Option<Option<OffsetDateTime>> {
    let seconds = match object.get(name) {
        None | Some(Value::Null) => return Some(None),
        Some(value) => value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?,
    };
    OffsetDateTime::from_unix_timestamp(seconds).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::token::text::push_base64url;

    fn jwt(header: &str, claims: &str) -> String {
        let mut out = Zeroizing::new(String::new());
        push_base64url(header.as_bytes(), &mut out);
        out.push('.');
        push_base64url(claims.as_bytes(), &mut out);
        out.push_str(".c2ln");
        out.to_string()
    }

    #[test]
    fn claims_are_typed() {
        let text = jwt(
            r#"{"alg":"ES384","kid":"k"}"#,
            r#"{"iss":"https://i.test","sub":"arn","aud":["a","b"],"exp":1795194528.9,"iat":1795194228,"nbf":null,"x":{"y":[]}}"#,
        );
        let claims = UnverifiedClaims::read(&text).unwrap();
        assert_eq!((claims.algorithm.as_deref(), claims.key_id.as_deref()), (Some("ES384"), Some("k")));
        assert_eq!(
            (claims.issuer.as_deref(), claims.audience.as_slice()),
            (Some("https://i.test"), &["a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(claims.expires_at.unwrap().unix_timestamp(), 1_795_194_528);
        assert_eq!((claims.not_before, claims.id), (None, None));
        let one = UnverifiedClaims::read(&jwt("{}", r#"{"aud":"a"}"#)).unwrap();
        assert_eq!(one.audience, ["a"]);
    }

    #[test]
    fn what_is_no_jwt() {
        let long = "x".repeat(MAX_JWT_BYTES + 1);
        let deep = jwt("{}", &"[".repeat(5_000));
        let good = jwt("{}", "{}");
        for text in [
            "",
            "a.b",
            "e30.e30",
            "e30.e30.c.d",
            "e30.!.c",
            "e30.W10.c",
            "W10.e30.c",
            "e30=.e30.c",
            &long,
            &deep,
            &format!(" {good}"),
            &jwt("{}", r#"{"iss":1}"#),
            &jwt("{}", r#"{"aud":[1]}"#),
            &jwt("{}", r#"{"aud":{}}"#),
            &jwt("{}", r#"{"exp":"1"}"#),
            &jwt("{}", r#"{"exp":1e300}"#),
            &jwt(r#"{"alg":[]}"#, "{}"),
        ] {
            let error = UnverifiedClaims::read(text).unwrap_err().to_string();
            assert!(error.contains("`WebIdentityToken`"), "{error}");
        }
    }
}
