//! From an operation to a request.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request};
use time::OffsetDateTime;

use crate::body::Body;
use crate::constraint::Validation;
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::redact::{self, Redaction};
use crate::error::{Error, Rule, Violation};
use crate::hint::{Hint, Situation};
use crate::operation::Operation;
use crate::reply::{self, Reply};
use crate::sigv4::{self, FormSigning, PresignedUrl, Signer, Signing};
use crate::user_agent::UserAgent;

/// The type of every request's body.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Turns operations into requests: the settings that all requests of a client share, and its [`Signer`].
///
/// ```
/// use sts_proto::endpoint::EndpointOptions;
/// use sts_proto::operation::{GetCallerIdentity, Operation};
/// use sts_proto::{Credentials, Encoder};
/// use time::OffsetDateTime;
///
/// let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
/// let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
/// let now = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
///
/// let request = encoder.encode(&GetCallerIdentity::new(), Some(&credentials), now)?;
/// assert_eq!(request.uri(), "https://sts.eu-west-1.amazonaws.com/");
/// assert_eq!(request.body().as_ref(), b"Action=GetCallerIdentity&Version=2011-06-15");
/// // Send it by any means, and give the response to `GetCallerIdentity::decode`.
/// # Ok::<(), sts_proto::Error>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    endpoint: Endpoint,
    host: HeaderValue,
    /// None where the endpoint has no region to sign for.
    form_signing: Option<FormSigning>,
    user_agent: HeaderValue,
    validation: Validation,
    signer: Arc<Signer>,
}

/// What a presigned URL is to be like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Presign {
    /// How long it works, from 1 second to a week. STS itself refuses what was signed more than 15 minutes ago.
    pub expires: Duration,
    /// Further headers that are signed, so that the URL works only with them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether sensitive parameters, such as an MFA code or a policy, may become part of the URL. URLs end up in
    /// logs, so it is off by default.
    pub allow_sensitive: bool,
}

impl Default for Presign {
    /// A minute, which is what EKS tokens have, no further headers and nothing sensitive.
    fn default() -> Self {
        Self { expires: Duration::from_secs(60), headers: Vec::new(), allow_sensitive: false }
    }
}

impl Presign {
    /// A URL that works for `expires`.
    #[must_use]
    pub fn new(expires: Duration) -> Self {
        Self { expires, ..Self::default() }
    }

    /// Adds a header that is signed.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Allows sensitive parameters in the URL.
    #[must_use]
    pub fn allow_sensitive(mut self) -> Self {
        self.allow_sensitive = true;
        self
    }
}

impl Encoder {
    /// Requests to that endpoint, with the rules of [`Validation::default`].
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        // An endpoint has a host that can stand in a header.
        let host = sigv4::host(endpoint.url()).unwrap_or_default();
        Self {
            form_signing: FormSigning::new(&endpoint, FORM, host),
            host: HeaderValue::from_str(host).unwrap_or(HeaderValue::from_static("")),
            endpoint,
            user_agent: UserAgent::new().to_header(),
            validation: Validation::default(),
            signer: Arc::new(Signer::new()),
        }
    }

    /// Another `user-agent` header.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &UserAgent) -> Self {
        self.user_agent = user_agent.to_header();
        self
    }

    /// Which broken rules keep a request from being sent, instead of [`Validation::default`].
    #[must_use]
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// A signer of the caller's own, which several encoders can share: their keys are derived once.
    #[must_use]
    pub fn with_signer(mut self, signer: Arc<Signer>) -> Self {
        self.signer = signer;
        self
    }

    pub(crate) fn chosen_validation(&self) -> Validation {
        self.validation
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The signer, for requests to other services.
    #[must_use]
    pub fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }

    /// The request for an operation, signed if the operation is.
    ///
    /// The request is complete but for `content-length`, which whoever writes it to a connection knows best. It must
    /// be sent as it is and before the signature is out of date: 5 minutes, by AWS's rules.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the parameters break rules; or the operation is
    /// signed and there are no credentials or no signing region, or long-term ones where only temporary ones are taken; or
    /// the endpoint is the global one and refuses it.
    pub fn encode<O: Operation>(
        &self,
        operation: &O,
        credentials: Option<&Credentials>,
        now: OffsetDateTime,
    ) -> Result<Request<Body>, Error> {
        self.encode_with_room(operation, credentials, now, 0)
    }

    /// The same, with room for so many headers more.
    pub(crate) fn encode_with_room<O: Operation>(
        &self,
        operation: &O,
        credentials: Option<&Credentials>,
        now: OffsetDateTime,
        more: usize,
    ) -> Result<Request<Body>, Error> {
        let during = |error: Error| error.during(operation.action());
        self.check(operation, credentials).map_err(during)?;
        let signing = if operation.is_signed() {
            let credentials = credentials.ok_or_else(|| during(no_credentials()))?;
            let common = self.form_signing.as_ref().ok_or_else(|| during(no_region()))?;
            Some((credentials, common))
        } else {
            None
        };
        let mut request = Request::new(operation.form().into_body());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.url().clone();
        let headers = request.headers_mut();
        // Those here, up to three of the signature, and no more: the table for six takes half the memory of the next one.
        headers.reserve(if signing.is_some() { 6 } else { 3 } + more);
        headers.insert(HOST, self.host.clone());
        headers.insert(CONTENT_TYPE, const { HeaderValue::from_static(FORM) });
        headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some((credentials, common)) = signing {
            self.signer.sign_form(&mut request, credentials, now, common).map_err(during)?;
        }
        Ok(request)
    }

    /// A URL that makes the call for whoever opens it, as EKS tokens do.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): as for [`encode`](Self::encode); or the operation
    /// is not signed; or `expires` is out of range; or a sensitive parameter is set and not allowed.
    pub fn presign<O: Operation>(
        &self,
        operation: &O,
        credentials: &Credentials,
        now: OffsetDateTime,
        options: &Presign,
    ) -> Result<PresignedUrl, Error> {
        self.presigned(operation, credentials, now, options).map_err(|error| error.during(operation.action()))
    }

    fn presigned<O: Operation>(
        &self,
        operation: &O,
        credentials: &Credentials,
        now: OffsetDateTime,
        options: &Presign,
    ) -> Result<PresignedUrl, Error> {
        self.check(operation, Some(credentials))?;
        if !operation.is_signed() {
            return Err(Error::setting("Operation", "is not signed, so there is nothing to presign"));
        }
        let form = operation.form();
        if form.is_sensitive() && !options.allow_sensitive {
            return Err(Error::setting("Url", "would hold a sensitive parameter, which was not allowed"));
        }
        let mut request = Request::new(Body::default());
        *request.uri_mut() = self.endpoint.service_url().with_query(form.as_query())?.into_uri();
        if options.headers.len() > sigv4::MAX_HEADERS {
            return Err(Error::setting("Header", "is given too often"));
        }
        request.headers_mut().extend(options.headers.iter().cloned());
        let region = self.endpoint.signing_region().ok_or_else(no_region)?;
        let signing = Signing::new(credentials, region, self.endpoint.signing_name(), now);
        self.signer.presign(&request, &signing, options.expires)
    }

    /// Reads the reply to a request that [`encode`](Self::encode) made with these credentials.
    ///
    /// As [`Operation::decode`], and besides the secrets among the parameters those of the credentials are taken out of what is
    /// kept of the reply: request ids, codes, messages, names. Some services echo them.
    ///
    /// # Errors
    /// As [`Operation::decode`].
    pub fn decode<O: Operation>(
        &self,
        operation: &O,
        credentials: Option<&Credentials>,
        response: &http::Response<impl AsRef<[u8]>>,
    ) -> Result<Reply<O::Output>, Error> {
        reply::decode(operation, credentials, response)
    }

    /// The same error with a [`Hint`], where what it most likely comes from can be told from its code, its
    /// message and the settings, and without the credentials, which some services echo in their refusals. Drivers
    /// do it for every error that they give out.
    #[must_use]
    pub fn explain(&self, mut error: Error, credentials: Option<&Credentials>, now: OffsetDateTime) -> Error {
        // One that `Operation::decode` gave was read without them.
        error.redact(Redaction::new(&|found| redact::of_credentials(credentials, found)));
        let hint = Hint::of(&error, &Situation { endpoint: &self.endpoint, credentials, now });
        error.with_hint(hint)
    }

    fn check<O: Operation>(&self, operation: &O, credentials: Option<&Credentials>) -> Result<(), Error> {
        let mut violations = operation.violations(self.validation);
        let mut hint = None;
        if self.validation.has_relations() {
            if self.endpoint.is_global() && operation.needs_regional_endpoint() {
                let sentence = "is the legacy global one, which refuses this operation; use a regional one";
                violations.push(Violation::new("Endpoint", Rule::Relation(sentence)));
            }
            let are_long_term = credentials.is_some_and(|credentials| credentials.session_token().is_none());
            if are_long_term && operation.is_signed() && operation.needs_temporary_credentials() {
                let sentence = "are an IAM user's or the root user's, and this operation takes temporary credentials only";
                violations.push(Violation::new("Credentials", Rule::Relation(sentence)));
                hint = Hint::session_needed();
            }
        }
        Error::unless_empty(violations).map_err(|error| error.with_hint(hint))
    }
}

fn no_credentials() -> Error {
    Error::setting("Credentials", "are required: the operation is signed, and there are none")
}

fn no_region() -> Error {
    Error::setting("SigningRegion", "is required: the operation is signed, and the endpoint has no region")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::EndpointOptions;
    use crate::operation::{
        AssumeRole, AssumeRoleWithWebIdentity, AssumeRoot, GetCallerIdentity, GetScopedCredentials,
        GetSessionToken,
    };

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn encoder(region: &str) -> Encoder {
        Encoder::new(EndpointOptions::new().region(region).resolve().unwrap())
    }

    fn credentials() -> Credentials {
        Credentials::new("AKID", "secret").unwrap().with_session_token("tOkEn").unwrap()
    }

    #[test]
    fn signed_headers_are_those_of_the_aws_sdks() {
        let request =
            encoder("eu-west-1").encode(&GetCallerIdentity::new(), Some(&credentials()), NOW).unwrap();
        let authorization = &request.headers()["authorization"];
        assert!(authorization.is_sensitive() && request.headers()["x-amz-security-token"].is_sensitive());
        let text = authorization.to_str().unwrap();
        assert!(text.contains("Credential=AKID/19700101/eu-west-1/sts/aws4_request, "), "{text}");
        assert!(text.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "), "{text}");
        assert!(!format!("{request:?}").contains("tOkEn"), "{request:?}");
    }

    #[test]
    fn it_signs_as_the_signer_does() {
        for url in [
            "https://sts.eu-west-1.amazonaws.com/",
            "HTTPS://STS.Example.test:443/A%2fb/c%20d/",
            "http://[::1]:80",
            "http://h_x:8080/~/-._",
        ] {
            let endpoint = EndpointOptions::new().url(url).region("eu-west-1").resolve().unwrap();
            let long_term = Credentials::new("AKID", "secret").unwrap();
            for credentials in [credentials(), long_term] {
                let operation = GetCallerIdentity::new();
                let signed =
                    Encoder::new(endpoint.clone()).encode(&operation, Some(&credentials), NOW).unwrap();
                let mut again = signed.clone();
                again.headers_mut().remove("authorization");
                Signer::new().sign(&mut again, &Signing::new(&credentials, "eu-west-1", "sts", NOW)).unwrap();
                assert_eq!(signed.headers(), again.headers(), "{url}");
            }
        }
    }

    #[test]
    fn what_carries_its_own_proof_is_not_signed() {
        let operation = AssumeRoleWithWebIdentity::new("arn:aws:iam::123456789012:role/r", "session", "eyJh");
        for credentials in [None, Some(&credentials())] {
            let request = encoder("eu-west-1").encode(&operation, credentials, NOW).unwrap();
            assert!(!request.headers().contains_key("authorization"));
            assert_eq!(request.uri().query(), None);
        }
        let request = encoder("eu-west-1").encode(&GetCallerIdentity::new().unsigned(), None, NOW).unwrap();
        assert!(!request.headers().contains_key("authorization"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = encoder("eu-west-1").encode(&GetCallerIdentity::new(), None, NOW).unwrap_err();
        assert!(error.to_string().starts_with("GetCallerIdentity was not sent: `Credentials`"), "{error}");
        let endpoint = EndpointOptions::new().url("http://localhost:1").resolve().unwrap();
        let error = Encoder::new(endpoint).encode(&GetCallerIdentity::new(), Some(&credentials()), NOW);
        assert!(error.unwrap_err().to_string().contains("`SigningRegion`"));
    }

    #[test]
    fn the_global_endpoint_is_refused_where_it_refuses() {
        let operation =
            AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy");
        let error = encoder("aws-global").encode(&operation, Some(&credentials()), NOW).unwrap_err();
        assert_eq!(error.violations()[0].parameter(), "Endpoint");
        encoder("us-east-1").encode(&operation, Some(&credentials()), NOW).unwrap();
        let lenient = encoder("aws-global").validation(Validation::default().relations(false));
        lenient.encode(&operation, Some(&credentials()), NOW).unwrap();
    }

    #[test]
    fn long_term_credentials_are_refused_where_only_temporary_ones_are_taken() {
        let operation = GetScopedCredentials::new().duration_seconds(900);
        let long_term = Credentials::new("AKID", "secret").unwrap();
        let error = encoder("eu-west-1").encode(&operation, Some(&long_term), NOW).unwrap_err();
        assert_eq!(error.violations()[0].parameter(), "Credentials");
        assert_eq!(error.hint().map(Hint::cause), Some(crate::Cause::SessionNeeded));
        assert!(error.to_string().contains("call GetSessionToken first"), "{error}");
        encoder("eu-west-1").presign(&operation, &long_term, NOW, &Presign::default()).unwrap_err();
        // All at once.
        let all =
            encoder("aws-global").encode(&GetScopedCredentials::new(), Some(&long_term), NOW).unwrap_err();
        let names: Vec<_> = all.violations().iter().map(Violation::parameter).collect();
        assert_eq!(names, ["Policy", "Endpoint", "Credentials"]);
        encoder("eu-west-1").encode(&operation, Some(&credentials()), NOW).unwrap();
        // A server of one's own may think otherwise, and what is not signed has no credentials.
        let lenient = encoder("eu-west-1").validation(Validation::default().relations(false));
        lenient.encode(&operation, Some(&long_term), NOW).unwrap();
        encoder("eu-west-1").encode(&operation.unsigned(), Some(&long_term), NOW).unwrap();
    }

    #[test]
    fn secrets_stay_out_of_urls_unless_allowed() {
        let encoder = encoder("eu-west-1");
        let operation = GetSessionToken::new().serial_number("arn:aws:iam::1:mfa/A").token_code("123456");
        let presign = |options: &Presign| encoder.presign(&operation, &credentials(), NOW, options);
        let error = presign(&Presign::default()).unwrap_err();
        assert!(error.to_string().contains("sensitive") && !error.to_string().contains("123456"), "{error}");
        assert!(
            presign(&Presign::default().allow_sensitive()).unwrap().expose().contains("TokenCode=123456")
        );
    }

    #[test]
    fn nothing_is_sent_that_breaks_a_rule() {
        let error =
            encoder("eu-west-1").encode(&AssumeRole::new("x", "y"), Some(&credentials()), NOW).unwrap_err();
        assert_eq!(error.action(), Some("AssumeRole"));
        assert_eq!(error.violations().len(), 2);
    }
}
