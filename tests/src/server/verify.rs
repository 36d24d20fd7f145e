//! Is the signature right: the request is signed once more, by `aws-sigv4`, and the two signatures are compared.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use subtle::ConstantTimeEq as _;

use super::auth::{self, PRESIGNING, Proof};
use super::canonical;
use super::keys::AccessKey;
use super::refusal::Refusal;
use super::request::Request;

const DATE_HEADER: &str = "x-amz-date";

pub(super) fn verify(request: &Request, proof: &Proof, key: &AccessKey) -> Result<(), Refusal> {
    let names: Vec<_> = proof.signed_headers.split(';').collect();
    // The signer sorts and lower-cases. Another spelling is a signature over another text.
    let canonical =
        names.is_sorted_by(|a, b| a < b) && !names.iter().any(|name| name.contains(char::is_uppercase));
    let computed = canonical.then(|| signature(request, proof, key, &names)).flatten();
    let matches =
        computed.is_some_and(|computed| computed.as_bytes().ct_eq(proof.signature.as_bytes()).into());
    matches.then_some(()).ok_or_else(|| {
        Refusal::signature_does_not_match(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
        .expecting(canonical::explain(request, proof))
    })
}

/// `None` if the signer does not take the request, so that nobody can have signed it.
fn signature(request: &Request, proof: &Proof, key: &AccessKey, names: &[&str]) -> Option<String> {
    let presigned = proof.expires.map(Duration::from_secs);
    let query = auth::literal_plus(&request.query);
    let query = if presigned.is_some() { without_presigning(&query) } else { query };
    let uri = if query.is_empty() { request.path.clone() } else { format!("{}?{query}", request.path) };

    let mut settings = SigningSettings::default();
    // What AWS's services other than S3 do.
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
    if presigned.is_some() {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = presigned;
    }
    // Exactly the signed headers are passed on, so none of them is to be left out, not even those that the signer
    // leaves out when it chooses. The one that it adds by itself is left out if the client did not sign it.
    let adds_date = presigned.is_none() && !names.contains(&DATE_HEADER);
    settings.excluded_headers = adds_date.then(|| vec![Cow::Borrowed(DATE_HEADER)]);

    // Without the session token: it is an ordinary header or parameter of the request, signed or not as the client
    // chose, and the signer would add it.
    let credentials = Credentials::new(&key.access_key_id, &key.secret_access_key, None, None, "sts-tests");
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&proof.region)
        .name("sts")
        .time(SystemTime::from(proof.time))
        .settings(settings)
        .build()
        .ok()?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = headers.filter(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str()));
    let signable =
        SignableRequest::new(&request.method, uri, headers, SignableBody::Bytes(&request.body)).ok()?;
    Some(sign(signable, &parameters).ok()?.into_parts().1)
}

/// The query as it was before presigning.
pub(super) fn without_presigning(query: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        name.is_none_or(|name| !PRESIGNING.contains(&&*name))
    });
    kept.collect::<Vec<_>>().join("&")
}
