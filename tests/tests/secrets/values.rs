//! Whatever holds secrets that it was given.

use std::path::PathBuf;
use std::time::Duration;

use http::Response;
use sts_proto::form::Form;
use sts_proto::observe::Parameters;
use sts_proto::operation::*;
use sts_proto::step::{CommandOutput, ReadFile, RunCommand, WriteFile};
use sts_proto::{Body, Credentials, Secret, compatible};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    macro_rules! operations {
        ($($operation:expr),* $(,)?) => {$(
            let operation = $operation;
            seen.debug(&operation);
            seen.display(&Parameters::of(&operation));
            seen.debug(&operation.parameters());
            operation.warnings().iter().for_each(|warning| seen.display(warning));
            let outcome = operation.decode(&Response::new(reply(operation.action())));
            match &outcome {
                Ok(reply) => seen.debug(&(reply, &reply.output)),
                Err(error) => seen.error(error),
            }
        )*};
    }
    operations![
        role(),
        AssumeRoleWithSaml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", SAML).policy(POLICY),
        AssumeRoleWithWebIdentity::new(ROLE, "session", JWT).policy(POLICY),
        AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
        GetCallerIdentity::new(),
        GetDelegatedAccessToken::new(JWT),
        GetFederationToken::new("Bob").policy(POLICY),
        GetSessionToken::new().serial_number("arn:aws:iam::123456789012:mfa/alice").token_code(CODE),
        GetWebIdentityToken::new(["https://x.test"], SigningAlgorithm::Es384),
        RawAction::new("AssumeRole").parameter("Password", PASSWORD).parameter("Token", JWT),
        compatible::AssumeRole::new().policy(POLICY),
        compatible::AssumeRoleWithWebIdentity::new(JWT),
        compatible::AssumeRoleWithClientGrants::new(JWT),
        compatible::AssumeRoleWithCustomToken::new(JWT, ROLE),
        compatible::AssumeRoleWithLdapIdentity::new("alice", PASSWORD),
    ];
    let body = || Body::from(SECRETS.join(" ").into_bytes());
    seen.debug(&Secret::from(KEY));
    seen.debug(&body());
    seen.debug(&credentials());
    seen.debug(&WriteFile::new(PathBuf::from("/x"), body()));
    seen.debug(&ReadFile::new(PathBuf::from("/x"), 10));
    seen.debug(&RunCommand::new("program", Duration::ZERO, 1).arguments(SECRETS.map(str::to_owned).to_vec()));
    seen.debug(&CommandOutput { code: Some(0), stdout: body(), stderr: body() });
    seen.debug(&Response::new(body()));
    for refused in
        [Credentials::new("AKIA", format!("{KEY}\n")), credentials().with_session_token(format!("{TOKEN} "))]
    {
        seen.error(&refused.unwrap_err());
    }
    let mut form = Form::new();
    SECRETS.iter().for_each(|secret| form.pair("a", secret));
    seen.debug(&form.into_body());
}
