//! The usual causes of failures, recognised from code, message and settings, with the next thing to do.

use std::fmt;

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::endpoint::{Endpoint, EndpointRule, Partition};
use crate::error::{Error, ErrorCode, Rule, ServiceError, TransportKind, Violation, escape_controls, says};
use crate::operation::Model;

/// How far clocks may differ before that explains a wrong signature: AWS allows five minutes.
const SKEW_SECONDS: i64 = 300;

/// What a failure most likely comes from, and what to do about it.
///
/// A guess from experience, for people: it stands at the end of the error's sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    cause: Cause,
    sentence: String,
}

/// The usual causes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The local clock differs from the server's.
    ClockOff,
    /// The role or the operation wants an MFA code, or another one.
    MfaNeeded,
    /// The role's trust policy, or the caller's own policy, does not allow it.
    TrustPolicy,
    /// The access key belongs to another partition, or exists no more.
    WrongPartition,
    /// The region is not enabled for the account, or STS is switched off in it.
    RegionNotEnabled,
    /// The credentials or the token have expired.
    ExpiredToken,
    /// The session would last longer than the role, or the calling session, allows.
    DurationOverMaximum,
    /// A role assumed with a role's credentials would last longer than an hour.
    ChainedOverAnHour,
    /// Session policies and tags do not fit into a session token.
    PolicyTooLarge,
    /// A credential begins or ends with white space.
    StrayWhiteSpace,
    /// Temporary credentials lack their session token.
    MissingSessionToken,
    /// The host of the region does not exist: the region is misspelt.
    UnknownRegion,
    /// The instance metadata service does not let its answers travel as far as into a container.
    HopLimit,
    /// The request breaks what the service model says, which is advice unless it is asked to be more.
    BeyondModel,
    /// The operation takes the credentials of a session only, and these are long-term ones or of no session.
    SessionNeeded,
    /// The session of SSO or of `aws login` is over, or has never begun: a person must sign in.
    SignInNeeded,
}

/// What was the case when a call failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) now: OffsetDateTime,
}

impl Hint {
    /// The cause, for programs.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    fn new(cause: Cause, sentence: impl Into<String>) -> Option<Self> {
        Some(Self { cause, sentence: escape_controls(sentence.into()).into_owned() })
    }

    /// What a source of credentials knows by itself.
    #[cfg(feature = "sources")]
    pub(crate) fn told(cause: Cause, sentence: impl Into<String>) -> Option<Self> {
        Self::new(cause, sentence)
    }

    /// For a refusal of parameters: what is known to speak against them.
    pub(crate) fn from_advice(advice: &[Violation], model: Option<Model>) -> Option<Self> {
        let sentence = (!advice.is_empty()).then(|| Advice { advice, model }.to_string());
        Self::new(Cause::BeyondModel, sentence?)
    }

    /// For an operation that takes temporary credentials only.
    pub(crate) fn session_needed() -> Option<Self> {
        Self::new(
            Cause::SessionNeeded,
            "call GetSessionToken first, or assume a role, and sign with the credentials of that reply",
        )
    }

    /// What can be said of an error by itself.
    pub(crate) fn of_rule(rule: &Rule) -> Option<Self> {
        match rule {
            Rule::StrayWhiteSpace { .. } => Self::new(
                Cause::StrayWhiteSpace,
                "it may have been read from a file together with the newline at its end: trim it",
            ),
            _ => None,
        }
    }

    /// What can be said of an error in its situation.
    pub(crate) fn of(error: &Error, situation: &Situation<'_>) -> Option<Self> {
        match (error.service(), error.transport_kind()) {
            (Some(service), _) => of_refusal(service, error.action().unwrap_or_default(), situation),
            (None, Some(TransportKind::Dns)) => of_unknown_host(situation.endpoint),
            _ => None,
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// The rules that speak against parameters: the documented ones, then the service model's with its date.
pub(crate) struct Advice<'a> {
    pub(crate) advice: &'a [Violation],
    pub(crate) model: Option<Model>,
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_documented = |rule: &&Violation| matches!(rule.rule(), Rule::Documented(_));
        let mut separator = "";
        for rule in self.advice.iter().filter(is_documented) {
            write!(f, "{separator}{rule}")?;
            separator = "; ";
        }
        let mut rules = self.advice.iter().filter(|rule| !is_documented(rule)).peekable();
        if let (Some(_), Some(Model { date, botocore, .. })) = (rules.peek(), self.model) {
            write!(f, "{separator}by the service model of {date} (botocore {botocore})")?;
            separator = ", ";
        }
        for rule in rules {
            write!(f, "{separator}{rule}")?;
            separator = "; ";
        }
        Ok(())
    }
}

fn of_refusal(service: &ServiceError, action: &str, situation: &Situation<'_>) -> Option<Hint> {
    let message = service.message().unwrap_or_default();
    let skew = service.metadata().date.map(|date| (date - situation.now).whole_seconds());
    let is_off = skew.is_some_and(|skew| skew.abs() > SKEW_SECONDS);
    match service.code() {
        ErrorCode::SignatureDoesNotMatch | ErrorCode::InvalidSignature | ErrorCode::AuthFailure if is_off => {
            clock_off(skew)
        }
        _ if service.is_clock_skew() => clock_off(skew),
        ErrorCode::ExpiredToken | ErrorCode::ExpiredTradeInToken | ErrorCode::InvalidToken => {
            Hint::new(Cause::ExpiredToken, "get fresh credentials or a fresh token, and try again with those")
        }
        ErrorCode::RegionDisabled | ErrorCode::OptInRequired => Hint::new(
            Cause::RegionNotEnabled,
            "an administrator can enable the region, or STS in it, in the account settings of IAM; or use another \
             region",
        ),
        ErrorCode::PackedPolicyTooLarge => Hint::new(
            Cause::PolicyTooLarge,
            "shorten the session policy, pass fewer managed policies, or use fewer and shorter tags",
        ),
        ErrorCode::InvalidSubjectCredentials => Hint::session_needed(),
        ErrorCode::InsufficientSessionLifetime => Hint::new(
            Cause::DurationOverMaximum,
            "leave `DurationSeconds` out to get all that is left of the calling session, or ask for less",
        ),
        ErrorCode::AccessDenied => of_denial(message, action),
        ErrorCode::ValidationError => of_duration(message),
        ErrorCode::InvalidClientTokenId | ErrorCode::UnrecognizedClient | ErrorCode::InvalidAccessKeyId => {
            of_unknown_key(situation)
        }
        _ => None,
    }
}

/// Which limit to the length of a session it is that a message tells of.
pub(crate) fn duration_cause(message: &str) -> Option<Cause> {
    if says(message, "role chaining") {
        Some(Cause::ChainedOverAnHour)
    } else if says(message, "MaxSessionDuration") {
        Some(Cause::DurationOverMaximum)
    } else {
        None
    }
}

/// Whether access was denied because an MFA code is missing, wrong or used up.
pub(crate) fn is_about_mfa(message: &str) -> bool {
    says(message, "MultiFactorAuthentication")
}

fn clock_off(skew: Option<i64>) -> Option<Hint> {
    let sentence = match skew {
        Some(skew) if skew > 0 => format!("the local clock is {skew} s behind the server's: set it"),
        Some(skew) if skew < 0 => format!("the local clock is {} s ahead of the server's: set it", -skew),
        _ => "the local clock is off, or the request was held up on its way: compare the clocks".to_owned(),
    };
    Hint::new(Cause::ClockOff, sentence)
}

fn of_denial(message: &str, action: &str) -> Option<Hint> {
    if is_about_mfa(message) {
        return Hint::new(
            Cause::MfaNeeded,
            "give the serial number of the MFA device and a code that it shows now; each code works once",
        );
    }
    if action.starts_with("AssumeRole") {
        return Hint::new(
            Cause::TrustPolicy,
            "the role's trust policy must name the caller, its conditions (external id, MFA, source identity, tags) \
             must hold, and the caller's own policies must allow the action on the role",
        );
    }
    None
}

fn of_duration(message: &str) -> Option<Hint> {
    let cause = duration_cause(message)?;
    let sentence = if cause == Cause::ChainedOverAnHour {
        "a role assumed with a role's credentials lasts an hour at most: ask for 3600 seconds or less"
    } else {
        "ask for a shorter session, or raise the role's maximum session duration"
    };
    Hint::new(cause, sentence)
}

fn of_unknown_key(situation: &Situation<'_>) -> Option<Hint> {
    let credentials = situation.credentials?;
    let is_temporary = credentials.access_key_id().starts_with("ASIA");
    if is_temporary && credentials.session_token().is_none() {
        return Hint::new(
            Cause::MissingSessionToken,
            "an access key id that begins with ASIA is a temporary one: give its session token as well",
        );
    }
    let partition = Partition::of_region(situation.endpoint.signing_region()?).id;
    let mut sentence =
        format!("the key may be deleted, inactive, or of another partition than {partition}, the endpoint's");
    if is_temporary {
        sentence.push_str(
            "; a session token of the global endpoint is not valid in regions that must be enabled first",
        );
    }
    Hint::new(Cause::WrongPartition, sentence)
}

fn of_unknown_host(endpoint: &Endpoint) -> Option<Hint> {
    if endpoint.rule() == EndpointRule::Custom {
        return None;
    }
    let region = endpoint.signing_region()?;
    Hint::new(Cause::UnknownRegion, format!("is there a network, and is {region} the name of a region?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compatible;
    use crate::encoder::Encoder;
    use crate::endpoint::EndpointOptions;
    use crate::operation::{AssumeRole, MODEL, Operation};

    /// The error that a refusal of AssumeRole becomes, half past midnight by the local clock.
    fn refused(key: &str, code: &str, message: &str) -> Error {
        let encoder = Encoder::new(EndpointOptions::new().region("cn-north-1").resolve().unwrap());
        let credentials = Credentials::new(key, "secret").unwrap();
        let now = OffsetDateTime::from_unix_timestamp(1_795_134_600).unwrap();
        let response = http::Response::builder()
            .status(403)
            .header("date", "Fri, 20 Nov 2026 00:00:00 GMT")
            .body(format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
            .unwrap();
        let error = AssumeRole::new("", "").decode(&response).unwrap_err();
        encoder.explain(error, Some(&credentials), now)
    }

    #[test]
    fn the_usual_causes() {
        for (key, code, message, cause) in [
            ("AKIA", "SignatureDoesNotMatch", "The request signature we calculated", Cause::ClockOff),
            ("AKIA", "RequestExpired", "", Cause::ClockOff),
            ("AKIA", "ExpiredToken", "", Cause::ExpiredToken),
            (
                "AKIA",
                "RegionDisabledException",
                "STS is not activated in this region",
                Cause::RegionNotEnabled,
            ),
            ("AKIA", "PackedPolicyTooLarge", "Packed size is 103% of the limit", Cause::PolicyTooLarge),
            ("AKIA", "AccessDenied", "MultiFactorAuthentication failed with invalid MFA", Cause::MfaNeeded),
            (
                "AKIA",
                "AccessDenied",
                "User: u is not authorized to perform: sts:AssumeRole",
                Cause::TrustPolicy,
            ),
            (
                "AKIA",
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
                Cause::ChainedOverAnHour,
            ),
            (
                "AKIA",
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                Cause::DurationOverMaximum,
            ),
            ("AKIA", "InvalidClientTokenId", "", Cause::WrongPartition),
            ("ASIA", "InvalidClientTokenId", "", Cause::MissingSessionToken),
        ] {
            let error = refused(key, code, message);
            assert_eq!(error.hint().map(Hint::cause), Some(cause), "{code} {message}");
            assert!(error.to_string().ends_with(&format!("; {}", error.hint().unwrap())), "{error}");
        }
        assert_eq!(refused("AKIA", "MalformedPolicyDocument", "").hint(), None);
    }

    #[test]
    fn refusal_of_parameters_beyond_the_model_names_the_rules() {
        let refused = |operation: &AssumeRole, code: &str| {
            let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
            operation.decode(&http::Response::builder().status(400).body(body).unwrap()).unwrap_err()
        };
        let role = AssumeRole::new("arn:aws:iam::123456789012:role/r", "s".repeat(65)).policy("\u{1000}");
        let error = refused(&role, "ValidationError");
        assert_eq!(error.hint().map(Hint::cause), Some(Cause::BeyondModel));
        let expected = format!(
            "; by the service model of {} (botocore {}), `RoleSessionName` must have at most 64 characters, and has 65; \
             `Policy` must match [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+, and character 0 of 1 does not",
            MODEL.date, MODEL.botocore
        );
        assert!(error.to_string().ends_with(&expected), "{error}");
        // Of both kinds, and of a server that has no service model.
        let role =
            AssumeRole::new("arn:aws:iam::123456789012:role/r", "s".repeat(65)).policy("x".repeat(3000));
        let text = refused(&role, "ValidationError").to_string();
        let model = format!("; by the service model of {}", MODEL.date);
        assert!(
            text.contains("; `Policy` and `PolicyArns` have 3000 characters together; AWS documents"),
            "{text}"
        );
        assert!(text.contains(&format!("2048{model}")), "{text}");
        let body = "<Error><Code>InvalidParameterValue</Code></Error>";
        let response = http::Response::builder().status(400).body(body).unwrap();
        let error = compatible::AssumeRole::new().policy("x".repeat(3000)).decode(&response).unwrap_err();
        let expected = "; `Policy` must have at most 2048 characters, and has 3000";
        assert!(error.to_string().ends_with(expected) && !error.to_string().contains("model"), "{error}");
        for (operation, code) in
            [(&role.clone().role_session_name("me").policy("{}"), "ValidationError"), (&role, "AccessDenied")]
        {
            let hint = refused(operation, code).hint().map(Hint::cause);
            assert_ne!(hint, Some(Cause::BeyondModel), "{code}");
        }
    }

    #[test]
    fn hint_from_the_message_replaces_the_one_from_advice() {
        let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
        let body = "<Error><Code>ValidationError</Code><Message>1 hour session limit for roles assumed by role chaining\
                    </Message></Error>";
        let role = AssumeRole::new("arn:aws:iam::123456789012:role/r", "me").duration_seconds(50_000);
        let error = role.decode(&http::Response::builder().status(400).body(body).unwrap()).unwrap_err();
        let error = encoder.explain(error, None, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(error.hint().map(Hint::cause), Some(Cause::ChainedOverAnHour));
    }

    #[test]
    fn echoes_of_secrets_are_taken_out() {
        let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
        let credentials =
            Credentials::new("AKIA", "sEcReTkEy").unwrap().with_session_token("tO/kEn").unwrap();
        let body = "<Error><Code>SignatureDoesNotMatch</Code><Message>should have been x-amz-security-token:tO/kEn \
                    sEcReTkEy id-of-ours code 774411</Message><CanonicalRequest>X-Amz-Security-Token=tO%2FkEn\
                    </CanonicalRequest></Error>";
        let operation = AssumeRole::new("", "").external_id("id-of-ours").token_code("774411");
        let response = http::Response::builder().status(403).body(body).unwrap();
        let error = operation.decode(&response).unwrap_err();
        let error = encoder.explain(error, Some(&credentials), OffsetDateTime::UNIX_EPOCH);
        let text = format!("{error} {error:?}");
        for secret in ["tO/kEn", "tO%2FkEn", "sEcReTkEy", "id-of-ours", "774411"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(
            text.contains("x-amz-security-token:[redacted] [redacted] [redacted] code [redacted]"),
            "{text}"
        );
    }

    #[test]
    fn the_measured_skew_is_named() {
        let error = refused("AKIA", "SignatureDoesNotMatch", "Signature not yet current: ...");
        assert!(
            error.to_string().ends_with("the local clock is 1800 s ahead of the server's: set it"),
            "{error}"
        );
    }

    #[test]
    fn a_host_that_does_not_exist() {
        let encoder = Encoder::new(EndpointOptions::new().region("eu-vest-1").resolve().unwrap());
        let error = Error::transport(TransportKind::Dns, "no such host");
        let error = encoder.explain(error, None, OffsetDateTime::UNIX_EPOCH);
        assert!(
            error.to_string().ends_with("; is there a network, and is eu-vest-1 the name of a region?"),
            "{error}"
        );
    }
}
