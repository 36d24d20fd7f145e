//! moto, without and with its access control.

use super::*;

/// An assertion with what moto reads.
fn saml_assertion(role: &str) -> String {
    use base64::Engine as _;
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\">\
             <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    let text = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Assertion><saml:AttributeStatement>{}{}\
         </saml:AttributeStatement></saml:Assertion></samlp:Response>",
        attribute("RoleSessionName", "from-saml"),
        attribute("Role", &format!("{role},arn:aws:iam::123456789012:saml-provider/Idp")),
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn moto_that_believes_everything() {
    let Some(mut checks) = Checks::of("moto, open", "STS_MOTO_OPEN") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    if let Some(output) = checks.granted("AssumeRole", client.send(full_assume_role(&role))) {
        let arn = checks.assumed_role("Deploy", "session");
        checks.check("AssumeRole: user", output.assumed_role_user.arn == arn, &output.assumed_role_user);
        checks.usable("AssumeRole: credentials", &output.credentials, 1800);
        checks.identity("AssumeRole: identity", &output.credentials, &arn);
        let chained = client.call(AssumeRole::new(checks.fact("CHAINED_ROLE_ARN"), "again"));
        let outcome = chained.credentials(output.credentials).send();
        if let Some(output) = checks.granted("AssumeRole, chained", outcome) {
            let arn = checks.assumed_role("Chained", "again");
            checks.identity("AssumeRole, chained: identity", &output.credentials, &arn);
        }
    }
    sources::roles_of_a_profile(&mut checks);
    sources::web_identity_of_a_profile(&mut checks);
    sources::instance_metadata(&mut checks);
    let external = AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id("agreed:1/2");
    checks.granted("AssumeRole, external id", client.send(external));
    let mfa = AssumeRole::new(role.as_str(), "session");
    let mfa = mfa.serial_number(format!("arn:aws:iam::{account}:mfa/alice")).token_code("123456");
    checks.granted("AssumeRole, MFA", client.send(mfa));

    // These two carry their own proof: no credentials are at hand.
    let bare = Client::builder().endpoint_url(checks.fact("ENDPOINT")).build().unwrap();
    let token = web_identity_token(checks.fact("ISSUER"));
    let operation = AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", token)
        .policy(POLICY)
        .duration_seconds(900);
    if let Some(output) = checks.granted("AssumeRoleWithWebIdentity", bare.send(operation)) {
        let arn = checks.assumed_role("Web", "web");
        checks.usable("AssumeRoleWithWebIdentity: credentials", &output.credentials, 900);
        checks.identity("AssumeRoleWithWebIdentity: identity", &output.credentials, &arn);
    }
    let provider = format!("arn:aws:iam::{account}:saml-provider/Idp");
    let operation = AssumeRoleWithSaml::new(role.as_str(), provider, saml_assertion(&role));
    if let Some(output) = checks.granted("AssumeRoleWithSAML", bare.send(operation)) {
        let arn = checks.assumed_role("Deploy", "from-saml");
        let found = (output.subject_type.as_deref(), output.issuer.as_deref());
        checks.check("AssumeRoleWithSAML: type", found.0 == Some("persistent"), found);
        checks.check("AssumeRoleWithSAML: issuer", found.1 == Some("http://localhost:3000/"), found);
        checks.usable("AssumeRoleWithSAML: credentials", &output.credentials, 3600);
        checks.identity("AssumeRoleWithSAML: identity", &output.credentials, &arn);
    }

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    let session = GetSessionToken::new().duration_seconds(900);
    if let Some(output) = checks.granted("GetSessionToken", client.send(session)) {
        checks.usable("GetSessionToken: credentials", &output.credentials, 900);
    }
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α β").duration_seconds(900);
    if let Some(output) = checks.granted("GetFederationToken", client.send(federated)) {
        checks.usable("GetFederationToken: credentials", &output.credentials, 900);
        let arn = format!("arn:aws:sts::{account}:federated-user/Bob");
        let is_right = output.federated_user.arn == arn;
        checks.check("GetFederationToken: user", is_right, &output.federated_user);
    }
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }
    let raw = client.send(RawAction::new("GetCallerIdentity"));
    checks.granted("GetCallerIdentity, raw", raw);
    let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
    let outcome = deliver(&GetCallerIdentity::new(), url.expose_request().unwrap());
    // Unlike AWS: what has no Authorization header and names no role is taken for a request of S3, and answered so.
    not_sts(&mut checks, "GetCallerIdentity, presigned (unlike AWS)", outcome, 200);
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    not_sts(&mut checks, "GetCallerIdentity, unsigned (unlike AWS)", unsigned, 200);

    // Validation errors of its own.
    let lenient = checks.lenient_client("USER");
    let long = AssumeRole::new(role.as_str(), "s".repeat(65));
    checks.refused("AssumeRole, long name", lenient.send(long), 400, ErrorCode::ValidationError);
    let policy = format!("{POLICY}{}", " ".repeat(2048));
    let long = GetFederationToken::new("Bob").policy(policy);
    checks.refused("GetFederationToken, long policy", lenient.send(long), 400, ErrorCode::ValidationError);
    // Unlike AWS: durations are not checked.
    let short = AssumeRole::new(role.as_str(), "session").duration_seconds(1);
    checks.granted("AssumeRole, short (unlike AWS)", lenient.send(short));
    checks.finish();
}

#[test]
fn moto_that_verifies() {
    let Some(mut checks) = Checks::of("moto, auth", "STS_MOTO_AUTH") else { return };
    let client = checks.client("USER");
    let role = checks.fact("ROLE_ARN").to_owned();
    let account = checks.fact("ACCOUNT").to_owned();

    let user = checks.user_arn();
    checks.identity("GetCallerIdentity", &checks.key("USER"), &user);
    checks.identity("GetCallerIdentity, no permission", &checks.key("NOBODY"), &user.replace("alice", "bob"));
    if let Some(output) = checks.granted(
        "AssumeRole",
        client
            .send(full_assume_role(&role).tags([("Größe:1", "日本+100@x")]).transitive_tag_keys(["Größe:1"])),
    ) {
        verified_session(&mut checks, &client, &output.credentials);
        let again = |role| AssumeRole::new(checks.fact(role), "again");
        let (session, any) = (again("SESSION_ROLE_ARN"), again("CHAINED_ROLE_ARN"));
        let outcome = client.call(session).credentials(output.credentials.clone()).send();
        checks.granted("AssumeRole, chained, session trusted", outcome);
        // Unlike AWS: a role in a trust policy does not stand for its sessions.
        let outcome = client.call(any).credentials(output.credentials).send();
        let name = "AssumeRole, chained, role trusted (unlike AWS)";
        checks.refused(name, outcome, 403, ErrorCode::AccessDenied);
    }
    let external = |id: &str| AssumeRole::new(checks.fact("EXTERNAL_ROLE_ARN"), "session").external_id(id);
    let (right, wrong) = (client.send(external("agreed:1/2")), client.send(external("another")));
    checks.granted("AssumeRole, external id", right);
    checks.refused("AssumeRole, other external id", wrong, 403, ErrorCode::AccessDenied);
    checks.granted("GetSessionToken", client.send(GetSessionToken::new().duration_seconds(900)));
    let federated = GetFederationToken::new("Bob").policy(POLICY).tag("Team", "α");
    checks.granted("GetFederationToken", client.send(federated.clone()));
    // Unlike AWS: moto hashes the form as Python would have written it, where a space is a plus.
    let spaced = client.send(federated.tag("Name", "a b"));
    let name = "GetFederationToken, space (unlike AWS)";
    checks.refused(name, spaced, 403, ErrorCode::SignatureDoesNotMatch);
    let info = client.send(GetAccessKeyInfo::new(checks.fact("USER_ACCESS_KEY_ID")));
    if let Some(output) = checks.granted("GetAccessKeyInfo", info) {
        checks.check("GetAccessKeyInfo: account", output.account == account, &output.account);
    }

    wrong_keys(&mut checks);
    for who in ["STRANGER", "NOBODY"] {
        let outcome = checks.client(who).send(AssumeRole::new(role.as_str(), "session"));
        let name = format!("AssumeRole by {who}");
        if let Some(error) = checks.refused(&name, outcome, 403, ErrorCode::AccessDenied) {
            checks.check(&name, error.is_access_denied() && !error.is_retryable(), &error);
            checks.check(&name, error.to_string().contains("sts:AssumeRole"), &error);
        }
    }
    let outcome = checks.client("NOBODY").send(GetSessionToken::new());
    checks.refused("GetSessionToken, no permission", outcome, 403, ErrorCode::AccessDenied);
    tampered_body(&mut checks);

    // Unlike AWS: a role that does not exist can be assumed, and the time of a signature is not checked.
    let missing = AssumeRole::new(format!("arn:aws:iam::{account}:role/Missing"), "session");
    checks.granted("AssumeRole, missing role (unlike AWS)", client.send(missing));
    for seconds in [-3600, 3600] {
        let outcome = at_another_time(&checks, seconds);
        checks.granted("GetCallerIdentity, clock off (unlike AWS)", outcome);
    }
    // Unlike AWS: without an Authorization header it fails, in HTML.
    let unsigned = client.send(GetCallerIdentity::new().unsigned());
    not_sts(&mut checks, "GetCallerIdentity, unsigned (unlike AWS)", unsigned, 500);
    let token = web_identity_token(checks.fact("ISSUER"));
    let web = client.send(AssumeRoleWithWebIdentity::new(checks.fact("WEB_ROLE_ARN"), "web", token));
    not_sts(&mut checks, "AssumeRoleWithWebIdentity (unlike AWS)", web, 500);
    let url = client.presign(&GetCallerIdentity::new(), &Presign::default()).unwrap();
    let presigned = deliver(&GetCallerIdentity::new(), url.expose_request().unwrap());
    not_sts(&mut checks, "GetCallerIdentity, presigned (unlike AWS)", presigned, 500);
    checks.finish();
}
