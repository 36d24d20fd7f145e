//! The operations of STS, one file each.

pub use assume_role::{AssumeRole, AssumeRoleOutput};
pub use assume_role_with_saml::{AssumeRoleWithSaml, AssumeRoleWithSamlOutput};
pub use assume_role_with_web_identity::{AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityOutput};
pub use assume_root::{AssumeRoot, AssumeRootOutput};
pub use decode_authorization_message::{DecodeAuthorizationMessage, DecodeAuthorizationMessageOutput};
pub use get_access_key_info::{GetAccessKeyInfo, GetAccessKeyInfoOutput};
pub use get_caller_identity::{GetCallerIdentity, GetCallerIdentityOutput};
pub use get_delegated_access_token::{GetDelegatedAccessToken, GetDelegatedAccessTokenOutput};
pub use get_federation_token::{GetFederationToken, GetFederationTokenOutput};
pub use get_scoped_credentials::{GetScopedCredentials, GetScopedCredentialsOutput, ScopedSession};
pub use get_session_token::{GetSessionToken, GetSessionTokenOutput};
pub use get_web_identity_token::{
    GetWebIdentityToken, GetWebIdentityTokenOutput, SigningAlgorithm, SubjectMode,
};
pub use model::{MODEL, Model};
pub use parameter::{Kind, Parameter};
pub use raw::{Element, RawAction};
pub use unsigned::Unsigned;

use crate::constraint::{Checker, Members, Validation};
use crate::error::{Error, Violation, redact};
use crate::form::Form;
use crate::reply::{self, Metadata, Reply, ReplyFault};
use crate::xml::Cursor;

mod assume_role;
mod assume_role_with_saml;
mod assume_role_with_web_identity;
mod assume_root;
mod decode_authorization_message;
mod get_access_key_info;
mod get_caller_identity;
mod get_delegated_access_token;
mod get_federation_token;
mod get_scoped_credentials;
mod get_session_token;
mod get_web_identity_token;
mod model;
mod parameter;
mod raw;
#[cfg(test)]
mod sample;
mod unsigned;

/// The API version that every operation of STS is sent with.
pub const API_VERSION: &str = "2011-06-15";

/// An operation of STS with its parameters: pure data.
///
/// The required parameters are those of `new`; the others are setters that take and give back the value. A value
/// with some parameters set is a template: clone it and set the rest.
///
/// [`Encoder::encode`](crate::Encoder::encode) makes a request of it, [`decode`](Self::decode) reads the answer.
///
/// Operations are defined in this crate only; for one that is not, there is [`RawAction`].
pub trait Operation: Clone {
    /// What a successful reply holds.
    type Output;

    /// The operation's name as AWS has it, which is the form's `Action`.
    fn action(&self) -> &str;

    /// Whether requests must be signed. AssumeRoleWithSAML and AssumeRoleWithWebIdentity carry their own proof.
    fn is_signed(&self) -> bool {
        true
    }

    /// Whether the legacy global endpoint refuses it.
    fn needs_regional_endpoint(&self) -> bool {
        false
    }

    /// Whether long-term credentials, an IAM user's or the root user's, are refused.
    fn needs_temporary_credentials(&self) -> bool {
        false
    }

    /// Checks the rules of the parameters that were chosen and reports all that are broken.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), listing the violations.
    fn validate(&self, validation: Validation) -> Result<(), Error> {
        Error::unless_empty(self.violations(validation)).map_err(|error| error.during(self.action()))
    }

    /// The rules that the parameters break, of those that are chosen.
    #[doc(hidden)]
    fn violations(&self, validation: Validation) -> Vec<Violation> {
        let mut checker = Checker::new(validation);
        self.members(&mut checker);
        self.relations(&mut checker);
        checker.into_violations()
    }

    /// What is sent by default although STS may refuse it: the maxima, patterns and values of the service model that the
    /// parameters break, and limits that only AWS's documentation names. Empty where nothing speaks against them.
    ///
    /// It holds no value. Drivers tell of it before the first attempt, see
    /// [`Event::Advice`](crate::observe::Event::Advice), and again in the hint of a refusal.
    fn advice(&self) -> Vec<Violation> {
        let mut checker = Checker::new(Validation::ADVICE);
        self.members(&mut checker);
        self.documented(&mut checker);
        checker.into_violations()
    }

    /// The service model that the rules of the parameters are from; `None` for operations of other servers than AWS's.
    fn model(&self) -> Option<Model> {
        Some(MODEL)
    }

    /// The parameters that the operation has, set or not, with their rules.
    fn parameters(&self) -> Vec<Parameter> {
        parameter::describe(self)
    }

    /// Reads the reply to a request of this operation.
    ///
    /// # Errors
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) if STS refused,
    /// [`ErrorKind::Response`](crate::ErrorKind::Response) if the reply is not one that STS gives. A member
    /// without which the result would be useless, such as any part of the credentials, is never made up.
    ///
    /// A secret among the parameters is taken out of what is kept of the reply, should the service echo it. Those of the
    /// credentials are not known here: [`Encoder::decode`](crate::Encoder::decode) takes them out too.
    fn decode(&self, response: &http::Response<impl AsRef<[u8]>>) -> Result<Reply<Self::Output>, Error> {
        reply::decode(self, None, response)
    }

    /// The same operation, sent without a signature. STS refuses most; a server of your own need not.
    fn unsigned(self) -> Unsigned<Self> {
        Unsigned(self)
    }

    /// The API version in the form.
    #[doc(hidden)]
    fn version(&self) -> &str {
        API_VERSION
    }

    /// Walks over the parameters, in the order of the service model.
    #[doc(hidden)]
    fn members(&self, members: &mut impl Members);

    /// Checks the rules between parameters.
    #[doc(hidden)]
    fn relations(&self, _checker: &mut Checker) {}

    /// Adds what AWS's documentation says against the parameters.
    #[doc(hidden)]
    fn documented(&self, _checker: &mut Checker) {}

    /// Hands each parameter that is a secret to a function, which takes it out of what a service says.
    #[doc(hidden)]
    fn secrets(&self, found: &mut dyn FnMut(&str)) {
        redact::for_each_secret(self, found);
    }

    /// Writes the parameters of a request.
    #[doc(hidden)]
    fn form(&self) -> Form {
        let mut form = Form::new();
        form.member("Action", self.action().as_bytes());
        form.member("Version", self.version().as_bytes());
        self.members(&mut form);
        form
    }

    /// The `DurationSeconds` of an operation that assumes a role, set or not; `None` for every other operation.
    #[doc(hidden)]
    fn role_duration(&mut self) -> Option<&mut Option<u32>> {
        None
    }

    /// Reads the inside of the root element and leaves it.
    #[doc(hidden)]
    fn read_reply(
        &self,
        cursor: &mut Cursor<'_>,
        metadata: &mut Metadata,
    ) -> Result<Self::Output, ReplyFault> {
        reply::read_result(cursor, metadata, self.action(), |cursor| self.read(cursor))
    }

    /// Reads the inside of the result element and leaves it.
    #[doc(hidden)]
    fn read(&self, cursor: &mut Cursor<'_>) -> Result<Self::Output, ReplyFault>;
}
