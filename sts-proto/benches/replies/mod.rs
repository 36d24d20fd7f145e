//! A reply of each operation, of the size that STS's have.

use std::hint::black_box;

use sts_proto::operation::{
    AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot, DecodeAuthorizationMessage,
    GetAccessKeyInfo, GetCallerIdentity, GetDelegatedAccessToken, GetFederationToken, GetScopedCredentials,
    GetSessionToken, GetWebIdentityToken, Operation,
};

/// A reply to be read.
pub(crate) struct Sample<'a> {
    pub(crate) action: &'a str,
    pub(crate) document: &'a str,
    pub(crate) parse: &'a mut dyn FnMut(),
}

const USER: &str = "<AssumedRoleUser>
      <AssumedRoleId>AROA3XFRBF535PLBIFPI4:build-42</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/Deploy/build-42-of-the-main</Arn>
    </AssumedRoleUser>";

fn token() -> String {
    "IQoJb3JpZ2luX2VjEOn//////////".repeat(27)
}

fn credentials() -> String {
    format!(
        "<Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>{}</SessionToken>
      <Expiration>2096-11-20T18:08:48Z</Expiration>
    </Credentials>",
        token()
    )
}

fn document(action: &str, result: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <{action}Result>
    {result}
  </{action}Result>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</{action}Response>
"
    )
}

/// The reply to AssumeRole.
pub(crate) fn assume_role() -> String {
    document("AssumeRole", &format!("{USER}\n    {}", credentials()))
}

/// What is kept of it.
pub(crate) fn owned_fields() -> Vec<String> {
    [
        "AROA3XFRBF535PLBIFPI4:build-42",
        "arn:aws:sts::123456789012:assumed-role/Deploy/build-42-of-the-main",
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
        &token(),
        "c6104cbe-af31-11e0-8154-cbc7ccf896c7",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Hands out each operation with its reply.
pub(crate) fn each(mut show: impl FnMut(Sample<'_>)) -> super::Outcome {
    let (user, credentials) = (USER, credentials());
    let role = "arn:aws:iam::123456789012:role/Deploy";
    one(&AssumeRole::new(role, "build-42"), &format!("{user}\n    {credentials}"), &mut show)?;
    one(
        &AssumeRoleWithSaml::new(role, "arn:aws:iam::123456789012:saml-provider/Idp", "PHNhbWw+"),
        &format!(
            "<Audience>https://signin.aws.amazon.com/saml</Audience>
    <Issuer>https://idp.example.org/shibboleth</Issuer>
    <NameQualifier>SbdGOnUkh1i4+EXAMPLExL/jEvs=</NameQualifier>
    <Subject>SamlExample</Subject>
    <SubjectType>transient</SubjectType>
    {user}
    {credentials}"
        ),
        &mut show,
    )?;
    one(
        &AssumeRoleWithWebIdentity::new(role, "build-42", "eyJh"),
        &format!(
            "<SubjectFromWebIdentityToken>system:serviceaccount:default:app</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    <Provider>arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE</Provider>
    {user}
    {credentials}"
        ),
        &mut show,
    )?;
    one(
        &AssumeRoot::new("123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
        &format!("<SourceIdentity>Alice</SourceIdentity>\n    {credentials}"),
        &mut show,
    )?;
    one(
        &DecodeAuthorizationMessage::new("encoded"),
        "<DecodedMessage>{&quot;allowed&quot;:false,&quot;explicitDeny&quot;:false}</DecodedMessage>",
        &mut show,
    )?;
    one(&GetAccessKeyInfo::new("AKIAI44QH8DHBEXAMPLE"), "<Account>123456789012</Account>", &mut show)?;
    one(
        &GetCallerIdentity::new(),
        "<Arn>arn:aws:iam::123456789012:user/Alice</Arn>
    <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>
    <Account>123456789012</Account>",
        &mut show,
    )?;
    one(&GetDelegatedAccessToken::new("trade-in"), &credentials, &mut show)?;
    one(
        &GetFederationToken::new("Bob"),
        &format!(
            "<FederatedUser>
      <FederatedUserId>123456789012:Bob</FederatedUserId>
      <Arn>arn:aws:sts::123456789012:federated-user/Bob</Arn>
    </FederatedUser>
    {credentials}"
        ),
        &mut show,
    )?;
    one(
        &GetScopedCredentials::new().duration_seconds(900),
        &format!(
            "<SessionInfo>
      <ScopedSessionId>AROA3XFRBF535PLBIFPI4:build-42</ScopedSessionId>
      <Arn>arn:aws:sts::123456789012:assumed-role/Deploy/build-42</Arn>
    </SessionInfo>
    {credentials}"
        ),
        &mut show,
    )?;
    one(&GetSessionToken::new(), &credentials, &mut show)?;
    one(
        &GetWebIdentityToken::new(["https://example.org"], sts_proto::operation::SigningAlgorithm::Rs256),
        &format!(
            "<WebIdentityToken>{}</WebIdentityToken>\n    <Expiration>2096-11-20T18:08:48Z</Expiration>",
            token()
        ),
        &mut show,
    )
}

fn one<O: Operation>(operation: &O, result: &str, show: &mut dyn FnMut(Sample<'_>)) -> super::Outcome {
    let document = document(operation.action(), result);
    let response = http::Response::new(document.as_bytes());
    // A reply that cannot be read would be read very fast.
    operation.decode(&response)?;
    let mut parse = || {
        black_box(operation.decode(black_box(&response))).ok();
    };
    show(Sample { action: operation.action(), document: &document, parse: &mut parse });
    Ok(())
}
