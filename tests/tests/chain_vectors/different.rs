//! Where our words differ from those of the cases, and why a record is not followed.

/// Where we say it in other words, and where the record is no measure, with the reason.
const DIFFERENT: &[(&str, Different)] = &[
    ("imds_default_chain_error", Different::Words("instance metadata: skipped, the instance has no role")),
    // The profile asks for the instance's role by `credential_source`: that there is none is an error.
    (
        "imds_no_iam_role",
        Different::Words("profile: failed, no credentials from instance metadata: the instance has no role"),
    ),
    (
        "imds_token_fail",
        Different::Words("it refuses to give a token (status 403): it is switched off for the instance"),
    ),
    (
        "web_identity_source_profile_no_env",
        Different::Words("it has `web_identity_token_file` and no `role_arn`"),
    ),
    // The forms were recorded with another role than the case has, or with another token.
    ("web_identity_token_env", Different::Form),
    ("web_identity_token_profile", Different::Form),
    // Their commands are pipes, which need a shell. We run none; the test does, in its driver.
    ("credential_process", Different::Shell),
    ("credential_process_account_id_fallback", Different::Shell),
    ("credential_process_invalid", Different::Words("what `echo` printed is not JSON")),
    ("empty_config", Different::Words("profile: skipped, there is no profile `default`")),
    ("invalid_sso_credentials_config", Different::Words(TOKEN_ONLY)),
    ("sso_token", Different::Words(TOKEN_ONLY)),
    // assume-role-tests.json
    (
        "source profile and credential source both present",
        Different::Words("both `source_profile` and `credential_source`"),
    ),
    ("partial credentials error (missing secret)", Different::Words("no `aws_secret_access_key`")),
    ("partial credentials error (missing access key)", Different::Words("no `aws_access_key_id`")),
    ("profile only contains configuration", Different::Words("`A` says nothing about credentials")),
    ("missing source profile", Different::Words("`source_profile` names `B`, which does not exist")),
    (
        "missing root profile (should never happen in practice)",
        Different::Words("names a profile that does not exist"),
    ),
    ("assume role profile infinite loop", Different::Words("a circle: `A` -> `B` -> `A`")),
    ("infinite loop with static credentials", Different::Words("a circle: `A` -> `B` -> `A`")),
    ("web identity role", Different::Words("`web_identity_token_file` and no `role_arn`")),
    ("invalid SSO credentials configuration: missing account ID", Different::Words("no `sso_account_id`")),
    ("invalid SSO credentials configuration: missing role name", Different::Words("no `sso_role_name`")),
    (
        "invalid SSO token configuration: sso_region must be in sso-session",
        Different::Words("`sso_region` can only stand in its `sso-session`"),
    ),
    (
        "invalid SSO token configuration: sso-session not found",
        Different::Words("`sso_session` names `oops`, which does not exist"),
    ),
    // ecs-tests.json
    (
        "all fields unset provider is not enabled",
        Different::Words("neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`"),
    ),
    ("invalid full uri", Different::Words("must be a URL that begins with")),
    // imds-endpoint-tests.json
    ("invalid endpoint mode override", Different::Words("must be `IPv4` or `IPv6`")),
    ("invalid config endpoint mode", Different::Words("must be `IPv4` or `IPv6`")),
    ("invalid uri", Different::Words("Ec2MetadataServiceEndpoint")),
];

const TOKEN_ONLY: &str = "is for an access token";

#[derive(Clone, Copy)]
pub(super) enum Different {
    /// The error has these words.
    Words(&'static str),
    /// The form is another one.
    Form,
    /// A shell runs the command.
    Shell,
}

pub(super) fn different(name: &str) -> Option<Different> {
    DIFFERENT.iter().find(|(case, _)| *case == name).map(|(_, different)| *different)
}
