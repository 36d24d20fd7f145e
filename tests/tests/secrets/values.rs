//! Whatever holds secrets that it was given.

use std::path::PathBuf;
use std::time::Duration;

use http::Response;
use sts_proto::form::Form;
use sts_proto::observe::Parameters;
use sts_proto::operation::*;
use sts_proto::shape::*;
use sts_proto::step::{CommandOutput, MfaPrompt, ReadFile, RunCommand, WriteFile};
use sts_proto::{Body, Credentials, Secret, compatible};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    macro_rules! operations {
        ($($operation:expr),* $(,)?) => {$(
            let operation = $operation;
            show!(seen, operation);
            show!(seen, Parameters::of(&operation));
            show!(seen, operation.parameters());
            operation.advice().iter().for_each(|advice| show!(seen, *advice, *advice.rule()));
            let outcome = operation.decode(&Response::new(reply(operation.action())));
            match &outcome {
                Ok(reply) => show!(seen, *reply, reply.output, reply.metadata),
                Err(error) => seen.error(error),
            }
        )*};
    }
    operations![
        role(),
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", SAML).policy(POLICY),
        AssumeRoleWithWebIdentity::new(ROLE, "session", JWT).policy(POLICY),
        AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
        DecodeAuthorizationMessage::new("message"),
        GetAccessKeyInfo::new("AKIAIOSFODNN7EXAMPLE"),
        GetCallerIdentity::new(),
        GetCallerIdentity::new().unsigned(),
        GetDelegatedAccessToken::new(JWT),
        GetFederationToken::new("Bob").policy(POLICY),
        GetScopedCredentials::new().policy(POLICY).scoped_session_description("x"),
        GetSessionToken::new().serial_number("arn:aws:iam::123456789012:mfa/alice").token_code(CODE),
        GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384),
        RawAction::new("AssumeRole").parameter("Password", PASSWORD).parameter("Token", JWT),
        compatible::AssumeRole::new().policy(POLICY),
        compatible::AssumeRoleWithWebIdentity::new(JWT),
        compatible::AssumeRoleWithCertificate::new().policy(POLICY),
        compatible::AssumeRoleWithClientGrants::new(JWT),
        compatible::AssumeRoleWithCustomToken::new(JWT, ROLE),
        compatible::AssumeRoleWithLdapIdentity::new("alice", PASSWORD),
    ];
    let body = || Body::from(SECRETS.join(" ").into_bytes());
    show!(seen, Secret::from(KEY));
    show!(seen, body());
    show!(seen, credentials());
    show!(seen, MfaPrompt::new("arn:aws:iam::123456789012:mfa/alice").role_arn(ROLE));
    show!(seen, WriteFile::new(PathBuf::from("/x"), body()));
    show!(seen, ReadFile::new(PathBuf::from("/x"), 10));
    show!(seen, RunCommand::new("program", Duration::ZERO, 1).arguments(SECRETS.map(str::to_owned).to_vec()));
    show!(seen, CommandOutput { code: Some(0), stdout: body(), stderr: body() });
    show!(seen, Response::new(body()));
    for refused in
        [Credentials::new("AKIA", format!("{KEY}\n")), credentials().with_session_token(format!("{TOKEN} "))]
    {
        seen.error(&refused.unwrap_err());
    }
    parts(seen);
    let mut form = Form::new();
    SECRETS.iter().for_each(|secret| form.pair("a", secret));
    show!(seen, form);
    show!(seen, form.into_body());
}

/// What operations and their replies are made of.
fn parts(seen: &Seen) {
    let operation = role().tag("Project", "x").provided_context(ProvidedContext::new(ROLE, JWT));
    for parameter in operation.parameters() {
        show!(seen, parameter, parameter.kind);
    }
    show!(seen, Tag::new("Project", "x"), PolicyArn::from(ROLE), ProvidedContext::new(ROLE, JWT));
    show!(seen, SigningAlgorithm::Es384, SubjectMode::OriginIdentity, MODEL);
    let reply = role().decode(&Response::new(reply("AssumeRole"))).unwrap().into_output();
    show!(seen, reply.assumed_role_user);
    let federated = GetFederationToken::new("Bob");
    let output = federated.decode(&Response::new(super::reply("GetFederationToken"))).unwrap().into_output();
    show!(seen, output.federated_user);
    let scoped = GetScopedCredentials::new().duration_seconds(900);
    let output = scoped.decode(&Response::new(super::reply("GetScopedCredentials"))).unwrap().into_output();
    show!(seen, output.session_info);
    let saml = AssumeRoleWithSaml::new(ROLE, ROLE, SAML);
    let output = saml.decode(&Response::new(super::reply("AssumeRoleWithSAML"))).unwrap().into_output();
    let context = output.trusted_identity_propagation_context.unwrap();
    show!(seen, context);
    let transaction = context.transaction_context.unwrap();
    show!(seen, context.origin_identity.unwrap(), transaction, transaction.identity_provider);
    let many = role().policy(POLICY.repeat(100));
    many.advice().iter().for_each(|advice| show!(seen, *advice));
}
