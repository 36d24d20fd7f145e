//! Every operation behind one trait object, for suites that run over all of them.

use std::fmt::Debug;

use http::{Request, Response};
use sts_blocking::Client;
use sts_proto::operation::{
    AssumeRoleOutput, AssumeRoleWithSamlOutput, AssumeRoleWithWebIdentityOutput, AssumeRootOutput,
    DecodeAuthorizationMessageOutput, GetAccessKeyInfoOutput, GetCallerIdentityOutput,
    GetDelegatedAccessTokenOutput, GetFederationTokenOutput, GetScopedCredentialsOutput,
    GetSessionTokenOutput, GetWebIdentityTokenOutput, Operation, Parameter,
};
use sts_proto::shape::TrustedIdentityPropagationContext;
use sts_proto::{Body, Credentials, Encoder, Error, Metadata, Reply, Validation, Violation};
use time::OffsetDateTime;

/// An operation of whatever type.
pub trait AnyOperation {
    /// AWS's name.
    fn name(&self) -> String;
    /// Whether requests are signed.
    fn signed(&self) -> bool;
    /// Its parameters with their rules.
    fn describe(&self) -> Vec<Parameter>;
    /// Its `Debug`.
    fn debug(&self) -> String;
    /// The name of the type of its result.
    fn output_type(&self) -> &'static str;
    /// Checks its parameters.
    ///
    /// # Errors
    /// Those of [`Operation::validate`].
    fn check(&self, validation: Validation) -> Result<(), Error>;
    /// What is sent by default although STS may refuse it.
    fn advice(&self) -> Vec<Violation>;
    /// Sends it.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    fn send(&self, client: &Client) -> Result<AnyReply, Error>;
    /// Makes a request of it.
    ///
    /// # Errors
    /// Those of [`Encoder::encode`].
    fn request(
        &self,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<Request<Body>, Error>;
    /// Reads a reply.
    ///
    /// # Errors
    /// Those of [`Operation::decode`].
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<AnyReply, Error>;
}

/// A reply of whatever type.
#[derive(Debug)]
#[non_exhaustive]
pub struct AnyReply {
    /// The `Debug` of the result.
    pub debug: String,
    /// What the `Debug` must not show, by the names of the service model.
    pub secrets: Vec<(&'static str, String)>,
    /// What came along.
    pub metadata: Metadata,
}

/// A result whose secrets can be read.
trait Outcome: Debug {
    fn secrets(&self) -> Vec<(&'static str, String)>;
}

impl<O> AnyOperation for O
where
    O: Operation + Debug,
    O::Output: Outcome,
{
    fn name(&self) -> String {
        self.action().to_owned()
    }

    fn signed(&self) -> bool {
        self.is_signed()
    }

    fn describe(&self) -> Vec<Parameter> {
        self.parameters()
    }

    fn debug(&self) -> String {
        format!("{self:?}")
    }

    fn output_type(&self) -> &'static str {
        let path = std::any::type_name::<O::Output>();
        path.rsplit("::").next().unwrap_or(path)
    }

    fn check(&self, validation: Validation) -> Result<(), Error> {
        self.validate(validation)
    }

    fn advice(&self) -> Vec<Violation> {
        Operation::advice(self)
    }

    fn send(&self, client: &Client) -> Result<AnyReply, Error> {
        client.send(self.clone()).map(AnyReply::of)
    }

    fn request(
        &self,
        encoder: &Encoder,
        credentials: &Credentials,
        now: OffsetDateTime,
    ) -> Result<Request<Body>, Error> {
        encoder.encode(self, Some(credentials), now)
    }

    fn reply(&self, response: &Response<Vec<u8>>) -> Result<AnyReply, Error> {
        self.decode(response).map(AnyReply::of)
    }
}

impl AnyReply {
    fn of(reply: Reply<impl Outcome>) -> Self {
        Self {
            debug: format!("{:?}", reply.output),
            secrets: reply.output.secrets(),
            metadata: reply.metadata,
        }
    }
}

fn of_credentials(credentials: &Credentials) -> Vec<(&'static str, String)> {
    let token = credentials.session_token().map_or("", |token| token.expose());
    vec![
        ("SecretAccessKey", credentials.secret_access_key().expose().to_owned()),
        ("SessionToken", token.to_owned()),
    ]
}

/// The model calls the whole context sensitive.
fn of_context(context: &TrustedIdentityPropagationContext) -> Vec<(&'static str, String)> {
    let mut secrets = Vec::new();
    if let Some(origin) = &context.origin_identity {
        let texts = [
            ("Subject", &origin.subject),
            ("SubjectType", &origin.subject_type),
            ("Issuer", &origin.issuer),
            ("FederatedProviderArn", &origin.federated_provider_arn),
        ];
        secrets.extend(
            texts.iter().filter_map(|(name, text)| Some((*name, text.as_ref()?.expose().to_owned()))),
        );
    }
    for (key, value) in
        context.transaction_context.iter().flat_map(|context| context.identity_provider.iter())
    {
        secrets.extend([("key", key.to_owned()), ("value", value.expose().to_owned())]);
    }
    secrets
}

/// Results that hold credentials.
macro_rules! with_credentials {
    ($($output:ty),* $(,)?) => {$(
        impl Outcome for $output {
            fn secrets(&self) -> Vec<(&'static str, String)> {
                of_credentials(&self.credentials)
            }
        }
    )*};
}

/// Results that hold credentials and an identity context.
macro_rules! with_context {
    ($($output:ty),* $(,)?) => {$(
        impl Outcome for $output {
            fn secrets(&self) -> Vec<(&'static str, String)> {
                let mut secrets = of_credentials(&self.credentials);
                secrets.extend(self.trusted_identity_propagation_context.iter().flat_map(of_context));
                secrets
            }
        }
    )*};
}

with_credentials! {
    AssumeRoleOutput,
    AssumeRootOutput,
    GetDelegatedAccessTokenOutput,
    GetFederationTokenOutput,
    GetScopedCredentialsOutput,
    GetSessionTokenOutput,
}

with_context! { AssumeRoleWithSamlOutput, AssumeRoleWithWebIdentityOutput }

/// Results without secrets.
macro_rules! without_secrets {
    ($($output:ty),* $(,)?) => {$(
        impl Outcome for $output {
            fn secrets(&self) -> Vec<(&'static str, String)> {
                Vec::new()
            }
        }
    )*};
}

without_secrets! { DecodeAuthorizationMessageOutput, GetAccessKeyInfoOutput, GetCallerIdentityOutput }

impl Outcome for GetWebIdentityTokenOutput {
    fn secrets(&self) -> Vec<(&'static str, String)> {
        vec![("WebIdentityToken", self.web_identity_token.expose().to_owned())]
    }
}
