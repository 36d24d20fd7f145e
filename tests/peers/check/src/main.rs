//! The AWS SDK for Rust against the STS that the environment names: AWS_ENDPOINT_URL_STS, AWS_ACCESS_KEY_ID,
//! AWS_SECRET_ACCESS_KEY, AWS_REGION. And clients of that SDK and of object_store that sign with credentials of sts-async.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, ProvideCredentials, Region, retry::RetryConfig};
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sts::types::Tag;
use aws_sdk_sts::{Client, Config};
use object_store::aws::AmazonS3Builder;
use object_store::signer::Signer;
use sts_async::operation::AssumeRole;
use sts_async::tokio::TokioConnector;
use sts_async::{AssumeRoleProvider, HttpTransport, Provider};

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let checks = [
        ("AssumeRole and GetCallerIdentity", assume_role().await),
        ("AssumeRoleWithWebIdentity", web_identity().await),
        ("wrong secret", wrong_secret().await),
        ("unknown key", unknown_key().await),
        ("tampered session token", tampered_token().await),
        ("our provider signs for the SDK", provider_for_sdk().await),
        ("our provider signs for object_store", provider_for_object_store().await),
    ];
    let mut failed = false;
    for (name, outcome) in checks {
        match outcome {
            Ok(()) => println!("ok      {name}"),
            Err(error) => {
                failed = true;
                println!("FAILED  {name}: {}", DisplayErrorContext(&*error));
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn variable(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|_| format!("{name} is not set").into())
}

fn user() -> Result<Credentials, Failure> {
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, secret, None, None, "environment"))
}

fn client(credentials: impl ProvideCredentials + 'static) -> Result<Client, Failure> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .region(Region::new(variable("AWS_REGION")?))
        .endpoint_url(variable("AWS_ENDPOINT_URL_STS")?)
        .credentials_provider(credentials)
        .build();
    Ok(Client::from_conf(config))
}

/// The credentials of an answer, as the SDK takes them.
fn issued(credentials: Option<&aws_sdk_sts::types::Credentials>) -> Result<Credentials, Failure> {
    let found = credentials.ok_or("no credentials in the reply")?;
    let token = Some(found.session_token().to_owned());
    Ok(Credentials::new(found.access_key_id(), found.secret_access_key(), token, None, "STS"))
}

async fn arn(credentials: impl ProvideCredentials + 'static) -> Result<String, Failure> {
    let identity = client(credentials)?.get_caller_identity().send().await?;
    Ok(identity.arn().ok_or("no ARN in the reply")?.to_owned())
}

fn equal(found: &str, wanted: &str) -> Result<(), Failure> {
    if found == wanted { Ok(()) } else { Err(format!("{found} instead of {wanted}").into()) }
}

async fn assume_role() -> Result<(), Failure> {
    let output = client(user()?)?
        .assume_role()
        .role_arn(ROLE)
        .role_session_name("session")
        .duration_seconds(900)
        .policy(POLICY)
        .tags(Tag::builder().key("Project").value("α β/γ=δ").build()?)
        .source_identity("Alice")
        .send()
        .await?;
    let role = "arn:aws:sts::123456789012:assumed-role/Deploy/session";
    equal(output.assumed_role_user().ok_or("no user in the reply")?.arn(), role)?;
    equal(&arn(issued(output.credentials())?).await?, role)
}

async fn web_identity() -> Result<(), Failure> {
    // Without a token that was handed in, one that says who it is for, with a signature that nobody made.
    let token = env::var("STS_LOCAL_WEB_IDENTITY_TOKEN").unwrap_or_else(|_| {
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImlzcyI6Imh0dHBzOi8veC50ZXN0IiwiYXVkIjoieSJ9.c2ln".to_owned()
    });
    let role = env::var("STS_LOCAL_WEB_ROLE_ARN").unwrap_or_else(|_| ROLE.to_owned());
    let call = client(user()?)?.assume_role_with_web_identity();
    let output = call.role_arn(role).role_session_name("web").web_identity_token(token).send().await?;
    let wanted = output.assumed_role_user().ok_or("no user in the reply")?.arn().to_owned();
    equal(&arn(issued(output.credentials())?).await?, &wanted)
}

/// What GetCallerIdentity must refuse with that code.
async fn refused(credentials: Credentials, code: &str) -> Result<(), Failure> {
    match client(credentials)?.get_caller_identity().send().await {
        Ok(_) => Err("was granted".into()),
        Err(error) => equal(error.code().unwrap_or("no code"), code),
    }
}

async fn wrong_secret() -> Result<(), Failure> {
    let id = variable("AWS_ACCESS_KEY_ID")?;
    refused(Credentials::new(id, "wrong", None, None, "test"), "SignatureDoesNotMatch").await
}

async fn unknown_key() -> Result<(), Failure> {
    let unknown = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    refused(unknown, "InvalidClientTokenId").await
}

async fn tampered_token() -> Result<(), Failure> {
    let output = client(user()?)?.assume_role().role_arn(ROLE).role_session_name("session").send().await?;
    let key = issued(output.credentials())?;
    let token = key.session_token().map(|token| format!("{token}x"));
    let tampered = Credentials::new(key.access_key_id(), key.secret_access_key(), token, None, "test");
    refused(tampered, "InvalidClientTokenId").await
}

/// The credentials of a role, by sts-async.
fn provider(session: &str) -> Result<Provider<HttpTransport<TokioConnector>>, Failure> {
    let client = sts_async::tokio::Client::builder()
        .region(variable("AWS_REGION")?)
        .endpoint_url(variable("AWS_ENDPOINT_URL_STS")?)
        .credentials_from_env()
        .build()?;
    Ok(AssumeRoleProvider::new(&client, AssumeRole::new(ROLE, session)).build()?)
}

async fn provider_for_sdk() -> Result<(), Failure> {
    let role = "arn:aws:sts::123456789012:assumed-role/Deploy/for-sdk";
    equal(&arn(provider("for-sdk")?).await?, role)
}

/// There is no S3 here: what is looked at is what a URL was presigned with.
async fn provider_for_object_store() -> Result<(), Failure> {
    // Of another crate's HTTP client, which asks for it when it is made.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "there is a provider already")?;
    let provider = provider("for-object-store")?;
    let store = AmazonS3Builder::new()
        .with_bucket_name("reports")
        .with_region("eu-west-1")
        .with_credentials(Arc::new(provider.clone()))
        .build()?;
    let url = store.signed_url("GET".parse()?, &"2026.pdf".into(), Duration::from_secs(60)).await?;
    let signed_with = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let ours = provider.current().ok_or("the store asked nobody for credentials")?;
    let (key, _) = signed_with("X-Amz-Credential")
        .split_once('/')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .ok_or("no key")?;
    equal(&key, ours.access_key_id())?;
    equal(&signed_with("X-Amz-Security-Token"), ours.session_token().map_or("", |token| token.expose()))
}
