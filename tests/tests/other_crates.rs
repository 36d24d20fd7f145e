//! A provider that signs for other crates' clients: by the traits that they ask for credentials.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::error::Error as _;
use std::sync::Arc;
use std::thread;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::aws::AwsCredentialProvider;
use sts_async::aws_credential_types::{from_sdk, to_sdk};
use sts_async::operation::{AssumeRole, GetCallerIdentity};
use sts_async::source::environment::Environment;
use sts_async::source::{Chain, Process, Source, TokenSource, WebIdentity};
use sts_async::time::OffsetDateTime;
use sts_async::{AssumeRoleProvider, Client, Connector, Credentials, HttpTransport, Provider, SendTransport};
use sts_tests::server::Server;

use support::{Runtime, on_both};

#[path = "support/runtime.rs"]
#[allow(dead_code, reason = "made for the tests of the async client")]
mod support;

const ARN: &str = "arn:aws:sts::123456789012:assumed-role/Reader/other";

on_both! {
    the_aws_sdk_gets_credentials_that_are_somebody
    object_store_gets_the_same
    what_fails_is_told_by_its_kind
}

fn client<C: Connector + Default>(server: &Server) -> Client<HttpTransport<C>> {
    let user = server.user();
    let credentials = Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap();
    Client::<HttpTransport<C>>::builder()
        .region("eu-west-1")
        .endpoint_url(server.url())
        .variables(|_| None)
        .credentials(credentials)
        .build()
        .unwrap()
}

fn provider<C: Connector + Default>(server: &Server) -> Provider<HttpTransport<C>> {
    let role = AssumeRole::new("arn:aws:iam::123456789012:role/Reader", "other");
    AssumeRoleProvider::new(&client::<C>(server), role).build().unwrap()
}

/// Who they belong to, says STS.
fn owner<C: Runtime>(server: &Server, credentials: Credentials) -> String {
    let client = client::<C>(server).with_credentials(credentials);
    C::block_on(async { client.send(GetCallerIdentity::new()).await.unwrap().arn.clone() })
}

fn the_aws_sdk_gets_credentials_that_are_somebody<C: Runtime>()
where
    HttpTransport<C>: SendTransport,
{
    let server = Server::start().unwrap();
    let provider = provider::<C>(&server);
    assert!(provider.fallback_on_interrupt().is_none());
    // As the SDK holds it, in another thread.
    let shared = SharedCredentialsProvider::new(provider.clone());
    let sdk = thread::spawn(move || C::block_on(shared.provide_credentials())).join().unwrap().unwrap();
    let ours = provider.current().unwrap();
    assert_eq!(sdk.expiry().map(OffsetDateTime::from), ours.expiration());
    assert_eq!(sdk.account_id().map(|id| id.as_str()), Some("123456789012"));
    assert_eq!(sdk.session_token(), ours.session_token().map(|token| token.expose()));
    assert_eq!(owner::<C>(&server, from_sdk(&sdk).unwrap()), ARN);
    assert_eq!(provider.fallback_on_interrupt().unwrap().access_key_id(), ours.access_key_id());
}

fn object_store_gets_the_same<C: Runtime>()
where
    HttpTransport<C>: SendTransport,
{
    let server = Server::start().unwrap();
    let provider = provider::<C>(&server);
    let store: AwsCredentialProvider = Arc::new(provider.clone());
    let credential = thread::spawn(move || C::block_on(store.get_credential())).join().unwrap().unwrap();
    let ours = provider.current().unwrap();
    assert_eq!(credential.key_id, ours.access_key_id());
    let credentials = Credentials::new(credential.key_id.as_str(), credential.secret_key.clone()).unwrap();
    let credentials = credentials.with_session_token(credential.token.clone().unwrap()).unwrap();
    assert_eq!(owner::<C>(&server, credentials), ARN);
}

fn what_fails_is_told_by_its_kind<C: Runtime>()
where
    HttpTransport<C>: SendTransport,
{
    let server = Server::start().unwrap();
    let provider = |source: Arc<dyn Source>| Provider::new(&client::<C>(&server), Chain::from_iter([source]));
    // Not set up: the SDK may ask the next provider.
    let nothing = provider(Arc::new(Environment::new(|_| None)));
    let error = C::block_on(nothing.provide_credentials()).unwrap_err();
    assert!(matches!(error, CredentialsError::CredentialsNotLoaded(_)), "{error:?}");
    // Set up, and failed: nobody else takes over.
    let failing = provider(Arc::new(Process::new("/does/not/exist")));
    let error = C::block_on(failing.provide_credentials()).unwrap_err();
    assert!(matches!(error, CredentialsError::ProviderError(_)), "{error:?}");
    assert!(error.source().unwrap().to_string().contains("/does/not/exist"), "{error:?}");
    let store: AwsCredentialProvider = Arc::new(failing);
    let error = C::block_on(store.get_credential()).unwrap_err();
    assert!(error.to_string().starts_with("Generic STS error: "), "{error}");
    assert!(error.to_string().contains("/does/not/exist"), "{error}");
    // What breaks a rule before anything is sent.
    let wrong = provider(Arc::new(WebIdentity::new("role", TokenSource::literal("token"))));
    let error = C::block_on(wrong.provide_credentials()).unwrap_err();
    assert!(matches!(error, CredentialsError::InvalidConfiguration(_)), "{error:?}");
}

#[test]
fn credentials_survive_the_way_there_and_back() {
    let at = OffsetDateTime::from_unix_timestamp(1_900_000_000).unwrap();
    let bare = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI").unwrap();
    let all = bare
        .clone()
        .with_session_token("IQoJb3JpZ2lu")
        .unwrap()
        .with_expiration(at)
        .with_account_id("123456789012");
    for credentials in [bare, all] {
        let sdk = to_sdk(&credentials);
        assert!(!format!("{sdk:?}").contains("wJalrXUtnFEMI"));
        assert_eq!(from_sdk(&sdk).unwrap(), credentials);
    }
    // Dates that the types of one side have, and those of the other do not.
    let forever = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 40);
    let forever =
        aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "s", None, Some(forever), "x");
    assert!(from_sdk(&forever).unwrap_err().to_string().contains("Expiration"));
    for at in [i64::from(i32::MIN), -1, 253_402_300_799] {
        let at = OffsetDateTime::from_unix_timestamp(at).unwrap();
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "s").unwrap().with_expiration(at);
        assert_eq!(from_sdk(&to_sdk(&credentials)).unwrap(), credentials);
    }
    let with_newline =
        aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI\n", None, None, "file");
    assert!(from_sdk(&with_newline).unwrap_err().to_string().contains("SecretAccessKey"));
}
