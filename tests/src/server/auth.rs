//! Who asks: the proof that a request carries, and everything about it that is wrong before its signature is computed.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime};

use super::clock;
use super::form::Form;
use super::keys::AccessKey;
use super::refusal::Refusal;
use super::request::Request;
use super::verify;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "sts";
const TERMINATOR: &str = "aws4_request";
/// How far the time of a signature may be from the server's, either way.
const WINDOW: Duration = Duration::minutes(15);
/// The longest `X-Amz-Expires`: seven days, in seconds.
const EXPIRES_MAXIMUM: u64 = 604_800;

/// The parameters that presigning adds. The session token is not among them: it is signed like any other parameter.
pub(super) const PRESIGNING: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

/// A signature and what it claims, from the `Authorization` header or from a presigned query.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) time: OffsetDateTime,
    /// As sent, joined by semicolons.
    pub(super) signed_headers: String,
    pub(super) signature: String,
    /// Seconds, for a presigned request.
    pub(super) expires: Option<u64>,
    scope_date: String,
    scope_service: String,
    scope_terminator: String,
    session_token: Option<String>,
}

/// Finds the caller. The order of the checks is that of AWS: form, scope, time, key, token, signature.
pub(super) fn authenticate(
    request: &Request,
    find: impl FnOnce(&str) -> Option<Arc<AccessKey>>,
    now: OffsetDateTime,
) -> Result<Arc<AccessKey>, Refusal> {
    let proof = Proof::of(request)?;
    proof.check_scope()?;
    proof.check_time(now)?;
    let key = find(&proof.access_key_id).ok_or_else(Refusal::invalid_client_token_id)?;
    let (sent, known) = (proof.session_token.as_deref(), key.session_token.as_deref());
    let same = sent.unwrap_or_default().as_bytes().ct_eq(known.unwrap_or_default().as_bytes());
    if sent.is_some() != known.is_some() || !bool::from(same) {
        return Err(Refusal::invalid_client_token_id());
    }
    if key.expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::new(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ));
    }
    verify::verify(request, &proof, &key)?;
    Ok(key)
}

/// The texts of a proof, before they are understood.
struct Claim<'a> {
    algorithm: &'a str,
    credential: &'a str,
    timestamp: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
    expires: Option<u64>,
    session_token: Option<&'a str>,
}

impl Claim<'_> {
    fn read(self) -> Result<Proof, Refusal> {
        let Self { algorithm, credential, timestamp, .. } = self;
        if algorithm != ALGORITHM {
            return Err(Refusal::incomplete_signature(format!(
                "Unsupported AWS 'algorithm': '{algorithm}'."
            )));
        }
        let elements: Vec<_> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = elements[..] else {
            return Err(Refusal::incomplete_signature(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
                 got '{credential}'"
            )));
        };
        let time = clock::parse_timestamp(timestamp).ok_or_else(|| {
            Refusal::incomplete_signature(format!(
                "Date must be in ISO-8601 'basic format'. Got '{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        Ok(Proof {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            time,
            signed_headers: self.signed_headers.to_owned(),
            signature: self.signature.to_owned(),
            expires: self.expires,
            scope_date: date.to_owned(),
            scope_service: service.to_owned(),
            scope_terminator: terminator.to_owned(),
            session_token: self.session_token.map(str::to_owned),
        })
    }
}

/// STS takes a plus sign in a query for itself, not for a space; only in a body it is a space.
pub(super) fn literal_plus(query: &str) -> String {
    query.replace('+', "%2B")
}

impl Proof {
    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        let mut query = Form::default();
        query.add(literal_plus(&request.query).as_bytes())?;
        let presigned = PRESIGNING.iter().any(|name| query.get(name).is_some());
        let mut headers = request.values("authorization");
        match (headers.next(), presigned) {
            (None, false) => Err(Refusal::new(
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            )),
            (None, true) => Self::from_query(&query),
            (Some(header), false) if headers.next().is_none() => Self::from_header(request, header),
            _ => Err(Refusal::incomplete_signature("Only one authentication mechanism is allowed.")),
        }
    }

    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`
    fn from_header(request: &Request, header: &str) -> Result<Self, Refusal> {
        let (algorithm, rest) = header.split_once(' ').unwrap_or((header, ""));
        let names = ["Credential", "Signature", "SignedHeaders"];
        let mut values = [None; 3];
        for pair in rest.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            // The header is not repeated: it holds a signature.
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Refusal::incomplete_signature(format!(
                    "'{pair}' not a valid key=value pair (missing equal-sign) in Authorization header."
                )));
            };
            let known = names.iter().position(|known| *known == name).map(|place| &mut values[place]);
            if known.is_some_and(|place| place.replace(value).is_some()) {
                return Err(Refusal::incomplete_signature(format!("Authorization header repeats '{name}'.")));
            }
        }
        let timestamp = request.header("x-amz-date");
        let missing = names.iter().zip(values).filter(|(_, value)| value.is_none());
        let mut complaints: Vec<_> =
            missing.map(|(name, _)| format!("Authorization header requires '{name}' parameter.")).collect();
        if timestamp.is_none() {
            let date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
            complaints.push(date.to_owned());
        }
        let ([Some(credential), Some(signature), Some(signed_headers)], Some(timestamp)) =
            (values, timestamp)
        else {
            complaints.push(format!("Authorization={algorithm}"));
            return Err(Refusal::incomplete_signature(complaints.join(" ")));
        };
        let session_token = request.header("x-amz-security-token");
        Claim { algorithm, credential, timestamp, signed_headers, signature, expires: None, session_token }
            .read()
    }

    fn from_query(query: &Form) -> Result<Self, Refusal> {
        let values = PRESIGNING.map(|name| query.get(name));
        let [
            Some(algorithm),
            Some(credential),
            Some(timestamp),
            Some(expires),
            Some(signed_headers),
            Some(signature),
        ] = values
        else {
            let missing = PRESIGNING.iter().zip(values).filter(|(_, value)| value.is_none());
            let complaints: String = missing
                .map(|(name, _)| format!("AWS query-string parameters must include '{name}'. "))
                .collect();
            return Err(Refusal::incomplete_signature(
                complaints + "Re-examine the query-string parameters.",
            ));
        };
        let expires = expires.parse().ok().filter(|seconds| (1..=EXPIRES_MAXIMUM).contains(seconds));
        if expires.is_none() {
            let message = format!("X-Amz-Expires must be between 1 and {EXPIRES_MAXIMUM} seconds.");
            return Err(Refusal::incomplete_signature(message));
        }
        let session_token = query.get("X-Amz-Security-Token");
        Claim { algorithm, credential, timestamp, signed_headers, signature, expires, session_token }.read()
    }

    fn check_scope(&self) -> Result<(), Refusal> {
        let mut complaints = Vec::new();
        if self.region.is_empty() {
            complaints.push("Credential should be scoped to a valid region. ".to_owned());
        }
        if self.scope_service != SERVICE {
            complaints.push(format!("Credential should be scoped to correct service: '{SERVICE}'. "));
        }
        if self.scope_terminator != TERMINATOR {
            let terminator = &self.scope_terminator;
            complaints.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "
            ));
        }
        let (scope, date, timestamp) =
            (&self.scope_date, clock::date(self.time), clock::timestamp(self.time));
        if *scope != date {
            complaints.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{scope}' != '{date}', from '{timestamp}'. "
            ));
        }
        if !self.signed_headers.split(';').any(|name| name == "host") {
            complaints
                .push("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned());
        }
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(Refusal::signature_does_not_match(complaints.concat()))
        }
    }

    fn check_time(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        let signed = clock::timestamp(self.time);
        let (earliest, latest) = (now.saturating_sub(WINDOW), now.saturating_add(WINDOW));
        let text = |at| clock::timestamp(at);
        if let Some(seconds) = self.expires {
            let valid = Duration::seconds(seconds.min(EXPIRES_MAXIMUM).cast_signed());
            let earliest = now.saturating_sub(valid);
            if self.time < earliest {
                return Err(Refusal::access_denied(format!(
                    "Signature expired: {signed} is now earlier than {} ({} - {seconds} sec.)",
                    text(earliest),
                    text(now)
                )));
            }
        }
        if self.time < earliest {
            return Err(Refusal::signature_does_not_match(format!(
                "Signature expired: {signed} is now earlier than {} ({} - 15 min.)",
                text(earliest),
                text(now)
            )));
        }
        if self.time > latest {
            return Err(Refusal::signature_does_not_match(format!(
                "Signature not yet current: {signed} is still later than {} ({} + 15 min.)",
                text(latest),
                text(now)
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
