//! The AWS SDK for Rust against the STS that the environment names: AWS_ENDPOINT_URL_STS, AWS_ACCESS_KEY_ID,
//! AWS_SECRET_ACCESS_KEY, AWS_REGION.

use std::env;
use std::process::ExitCode;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sts::types::Tag;
use aws_sdk_sts::{Client, Config};

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

fn client(credentials: Credentials) -> Result<Client, Failure> {
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

async fn arn(credentials: Credentials) -> Result<String, Failure> {
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
