//! Sources of credentials through both drivers, over real sockets, against the services of the local STS: what they hand out
//! must be somebody there.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use sts_proto::call::{Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, GetCallerIdentity};
use sts_proto::source::{
    AssumedRole, Chain, Container, Context, Given, InstanceMetadata, Process, Scoped, Source, Sso,
    TokenSource, WebIdentity,
};
use sts_proto::step::{Ask, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Encoder, Error, ErrorKind, RetryPolicy};
use sts_tests::server::{Fault, Metadata, OidcProvider, Options, Request, Server, TokenAlgorithm};

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";

fn server() -> Server {
    Server::with(Options::new().metadata()).expect("a port on loopback")
}

/// Runs the flow by every driver.
fn each<T, Fut>(flow: impl Fn(Ask) -> Fut) -> [Result<T, Error>; 3]
where
    T: Send + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let start = || -> Step<Seq<T>> { Seq::start(OffsetDateTime::now_utc(), &flow) };
    let region = "eu-west-1";
    let blocking = sts_blocking::Client::builder().region(region).variables(|_| None).build().unwrap();
    let smol = sts_async::smol::Client::builder().region(region).variables(|_| None).build().unwrap();
    let tokio = sts_async::tokio::Client::builder().region(region).variables(|_| None).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    [blocking.drive(start()), block_on(smol.drive(start())), runtime.block_on(tokio.drive(start()))]
}

/// Looks into a chain of that source alone.
fn look(sts: &Server, source: impl Source + 'static) -> [Result<Credentials, Error>; 3] {
    let chain = Arc::new(Chain::new().with(source));
    let url = sts.url().to_owned();
    each(move |ask| {
        let endpoint = EndpointOptions::new().region("eu-west-1").url(url.as_str()).resolve().unwrap();
        let caller = Arc::new(Caller::new(Encoder::new(endpoint), RetryPolicy::default()));
        let deadlines = Deadlines { attempt: Duration::from_secs(20), total: Duration::from_secs(60) };
        let chain = Arc::clone(&chain);
        async move { Ok(chain.load(&Context::new(ask, caller, deadlines, 7)).await?.credentials) }
    })
}

/// Who the source's credentials belong to, says STS; the same with every driver.
fn owner(sts: &Server, source: impl Source + 'static) -> String {
    let mut owners: Vec<_> = look(sts, source)
        .into_iter()
        .map(|credentials| {
            let credentials = credentials.unwrap();
            assert!(credentials.expiration().unwrap() > OffsetDateTime::now_utc());
            let client = sts_blocking::Client::builder()
                .region("eu-west-1")
                .endpoint_url(sts.url())
                .variables(|_| None)
                .credentials(credentials)
                .build()
                .unwrap();
            client.send(GetCallerIdentity::new()).unwrap().arn.clone()
        })
        .collect();
    owners.dedup();
    assert_eq!(owners.len(), 1, "{owners:?}");
    owners.remove(0)
}

fn errors(sts: &Server, source: impl Source + 'static) -> [Error; 3] {
    look(sts, source).map(|result| result.unwrap_err())
}

/// A directory of its own, gone in the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sts-sources-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn requests(sts: &Server, method: &str) -> Vec<Request> {
    sts.requests().into_iter().filter(|request| request.method() == method).collect()
}

#[test]
fn instances_have_a_role_and_a_region() {
    let sts = server();
    let source = InstanceMetadata::new().endpoint(sts.url()).timeout(Duration::from_secs(20));
    let arn = "arn:aws:sts::123456789012:assumed-role/InstanceRole/i-0123456789abcdef0";
    assert_eq!(owner(&sts, source.clone()), arn);
    // Requests are framed as HTTP wants it.
    let (puts, gets) = (requests(&sts, "PUT"), requests(&sts, "GET"));
    assert_eq!((puts.len(), gets.len()), (3, 6));
    for put in puts {
        assert_eq!((put.header("content-length"), put.header("transfer-encoding")), (Some("0"), None));
    }
    for get in gets {
        assert_eq!((get.header("content-length"), get.header("transfer-encoding")), (None, None));
    }
    let metadata = Arc::new(source);
    let regions = each(move |ask| {
        let metadata = Arc::clone(&metadata);
        async move { metadata.region(&ask).await }
    });
    assert!(regions.into_iter().all(|region| region.unwrap().as_deref() == Some("us-east-1")));
}

#[test]
fn a_token_that_is_forgotten_is_renewed_and_faults_pass() {
    let sts = server();
    let source = || InstanceMetadata::new().endpoint(sts.url()).timeout(Duration::from_secs(20));
    sts.forget_instance_tokens_after(1);
    owner(&sts, source());
    // One for each driver, and one where the token had been forgotten.
    assert_eq!(requests(&sts, "PUT").len(), 4);
    sts.fault_next(Fault::Status { status: 503, body: false });
    owner(&sts, source());
    sts.fault_rate(Fault::Status { status: 500, body: true }, 1.0, 1);
    for error in errors(&sts, source()) {
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains("the status 500"), "{error}");
    }
}

#[test]
fn who_is_no_instance_is_told_so() {
    let sts = Server::start().unwrap();
    for error in errors(&sts, InstanceMetadata::new().endpoint(sts.url())) {
        assert!(error.to_string().contains("it knows no tokens"), "{error}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for error in errors(&sts, InstanceMetadata::new().endpoint(format!("http://{closed}"))) {
        assert!(error.to_string().contains("out of reach: no connection could be made"), "{error}");
    }
}

#[test]
fn containers_of_ecs_and_pods_of_eks() {
    let sts = server();
    let uri = format!("{}{}", sts.url(), Metadata::CONTAINER_PATH);
    let task = Container::new().full_uri(uri.as_str()).token(Metadata::CONTAINER_TOKEN);
    assert_eq!(owner(&sts, task), "arn:aws:sts::123456789012:assumed-role/TaskRole/task");
    let directory = Directory::new("pod");
    let mint = |audience: &str| {
        sts.mint_token(
            &json!({ "aud": [audience], "sub": "system:serviceaccount:ns:sa" }),
            TokenAlgorithm::Es384,
        )
        .unwrap()
    };
    let file = directory.file("token", &mint(Metadata::POD_AUDIENCE));
    let pod = Container::new().full_uri(uri).token_file(file);
    assert_eq!(owner(&sts, pod.clone()), "arn:aws:sts::123456789012:assumed-role/PodRole/pod");
    // The file is read at each look.
    directory.file("token", &mint("sts.amazonaws.com"));
    for error in errors(&sts, pod.clone()) {
        assert!(error.to_string().contains("the status 401: AccessDeniedException: "), "{error}");
    }
    directory.file("token", "x\ny");
    let before = sts.requests().len();
    for error in errors(&sts, pod) {
        assert!(error.to_string().contains("holds a line break"), "{error}");
    }
    assert_eq!(sts.requests().len(), before);
}

#[test]
fn single_sign_on_is_refreshed_in_the_cache() {
    let sts = server();
    let directory = Directory::new("sso");
    let sso = || {
        Sso::new("https://d-1.awsapps.com/start", "us-east-1", "210987654321", "Admin", &directory.0)
            .session("dev")
            .portal_url(sts.url())
            .oidc_url(sts.url())
    };
    // The digest of `dev`.
    let name = "34c6fceca75e456f25e7e99531e2425c6c1de443.json";
    let cached = |access: &str, expires: &str, refresh: &str| {
        json!({ "accessToken": access, "expiresAt": expires, "refreshToken": refresh, "clientId":
            Metadata::SSO_CLIENT_ID, "clientSecret": Metadata::SSO_CLIENT_SECRET, "other": "stays" })
        .to_string()
    };
    let arn = "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice";
    directory.file(name, &cached(Metadata::SSO_ACCESS_TOKEN, "2098-01-01T00:00:00Z", "-"));
    assert_eq!(owner(&sts, sso()), arn);
    let file = directory.file(name, &cached("old", "2020-01-01T00:00:00Z", Metadata::SSO_REFRESH_TOKEN));
    assert_eq!(owner(&sts, sso()), arn);
    // The first driver refreshed; the others found its token in the file.
    assert_eq!(requests(&sts, "POST").iter().filter(|request| request.target() == "/token").count(), 1);
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["other"], "stays");
    assert_ne!(written["accessToken"], "old");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    directory.file(name, &cached("old", "2020-01-01T00:00:00Z", "used up"));
    for error in errors(&sts, sso().profile("work")) {
        let text = error.to_string();
        assert!(
            text.contains("invalid_grant") && text.ends_with("run `aws sso login --profile work`"),
            "{text}"
        );
    }
    std::fs::remove_file(file).unwrap();
    for error in errors(&sts, sso()) {
        assert!(error.to_string().ends_with("run `aws sso login --sso-session dev`"), "{error}");
    }
}

#[test]
fn tokens_of_a_file_and_roles_upon_them() {
    let sts = server();
    sts.add_oidc_provider(OidcProvider::new("self", ["sts.amazonaws.com"]));
    let directory = Directory::new("irsa");
    let token =
        sts.mint_token(&json!({ "sub": "system:serviceaccount:ns:sa" }), TokenAlgorithm::Es384).unwrap();
    let file = directory.file("token", &format!("{token}\n"));
    let pod = || WebIdentity::new(ROLE, TokenSource::file(&file)).role_session_name("pod");
    assert_eq!(owner(&sts, pod()), "arn:aws:sts::123456789012:assumed-role/Deploy/pod");
    let next = AssumeRole::new("arn:aws:iam::123456789012:role/Next", "next").duration_seconds(900);
    let chained = AssumedRole::new(pod(), next);
    assert_eq!(owner(&sts, chained), "arn:aws:sts::123456789012:assumed-role/Next/next");
}

#[test]
fn scoped_credentials_keep_the_identity_and_end_with_their_base() {
    let sts = server();
    let user = sts.user();
    let keys = Credentials::new(user.access_key_id(), user.secret_access_key()).unwrap();
    let role = |seconds| AssumeRole::new(ROLE, "nightly").duration_seconds(seconds).source_identity("Alice");
    let base = |seconds| AssumedRole::new(Given::new(keys.clone()), role(seconds));
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
    let who = "arn:aws:sts::123456789012:assumed-role/Deploy/nightly";
    // One policy upon another, up to the three that STS allows.
    assert_eq!(owner(&sts, Scoped::new(base(900), policy)), who);
    assert_eq!(owner(&sts, Scoped::new(Scoped::new(Scoped::new(base(900), policy), policy), policy)), who);
    let four = Scoped::new(Scoped::new(Scoped::new(Scoped::new(base(900), policy), policy), policy), policy);
    for error in errors(&sts, four) {
        assert!(error.is_access_denied(), "{error}");
    }
    for (own, base_seconds, most) in [(Some(60), 900, 60), (Some(3600), 900, 900), (None, 900, 900)] {
        let mut source = Scoped::new(base(base_seconds), policy);
        if let Some(own) = own {
            source = source.duration_seconds(own);
        }
        let before = OffsetDateTime::now_utc();
        for credentials in look(&sts, source) {
            let end = credentials.unwrap().expiration().unwrap();
            assert!(end <= OffsetDateTime::now_utc() + time::Duration::seconds(most), "{own:?}");
            assert!(end > before + time::Duration::seconds(most - 30), "{own:?}");
        }
    }
    for error in errors(&sts, Scoped::new(Given::new(keys.clone()), policy)) {
        assert!(error.to_string().contains("call GetSessionToken first"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn commands_print_credentials() {
    let sts = server();
    let sso_like = |script: &str| Process::new(format!("sh -c '{script}'"));
    let key = sts.user();
    let document = format!(
        r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}"}}"#,
        key.access_key_id(),
        key.secret_access_key()
    );
    let directory = Directory::new("process");
    let file = directory.file("output.json", &document);
    for credentials in look(&sts, sso_like(&format!("cat {}", file.display()))) {
        assert_eq!(credentials.unwrap().access_key_id(), key.access_key_id());
    }
    for error in errors(&sts, sso_like("echo oops >&2; exit 7")) {
        assert!(error.to_string().contains("`sh` ended with the code 7: oops"), "{error}");
    }
    for error in errors(&sts, sso_like("sleep 100").timeout(Duration::from_millis(100))) {
        assert!(error.to_string().contains("did not end within 0.1 s"), "{error}");
    }
}
