//! A driver without a network, and the flows of each service.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::Deadlines;
use sts_proto::config::{self, Config, Environment};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Request, Response};
use sts_proto::operation::GetCallerIdentity;
use sts_proto::settings::Settings;
use sts_proto::source::{Chain, Context};
use sts_proto::step::{Ask, Resume, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::token::vault::VaultLogin;
use sts_proto::{Body, Credentials, Encoder, Error};

/// 2026-11-20, half past midnight.
const NOW: i64 = 1_795_134_600;

pub(super) const SSO: &str = "[default]\nregion = us-east-1\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n\
    [sso-session s]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n";
pub(super) const LOGIN: &str =
    "[default]\nregion = us-east-1\nlogin_session = arn:aws:iam::123456789012:user/alice\n";

/// The cache of SSO with a token that is good, and the caches of SSO and of `aws login` with what has expired.
pub(super) const SSO_GOOD: &str = r#"{"accessToken":"a","expiresAt":"2026-11-20T06:00:00Z"}"#;
pub(super) const SSO_CACHE: &str = r#"{"accessToken":"a","expiresAt":"2026-11-20T00:00:00Z","refreshToken":"r","clientId":"c",
    "clientSecret":"s","registrationExpiresAt":"2027-01-01T00:00:00Z"}"#;
pub(super) const LOGIN_CACHE: &str = r#"{"accessToken":{"accessKeyId":"ASIA","secretAccessKey":"s","sessionToken":"t",
    "accountId":"123456789012","expiresAt":"2026-11-20T00:00:00Z"},"refreshToken":"r","clientId":"c",
    "dpopKey":"-----BEGIN EC PRIVATE KEY-----\nMDECAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\nAwEH\n-----END EC PRIVATE KEY-----\n"}"#;

/// One service: its name, the variable that holds its URL, the config file and the cache that lead to it.
pub(super) const SERVICES: [(&str, &str, &str, &str); 7] = [
    ("STS", "AWS_ENDPOINT_URL_STS", "[default]\nregion = us-east-1\n", ""),
    ("SSO", "AWS_ENDPOINT_URL_SSO", SSO, SSO_GOOD),
    ("OIDC", "AWS_ENDPOINT_URL_SSO_OIDC", SSO, SSO_CACHE),
    ("sign-in", "AWS_ENDPOINT_URL_SIGNIN", LOGIN, LOGIN_CACHE),
    ("container", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "", ""),
    ("metadata", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "", ""),
    ("Vault", "", "", ""),
];

pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

/// Drives a flow without a network, and keeps what it wants to send.
fn drive<T>(
    mut step: Step<Seq<T>>,
    config: &str,
    cache: &str,
    sent: &mut Vec<Request<Body>>,
) -> Result<T, Error> {
    let file = |text: &str| Ok(Body::from(text.as_bytes().to_vec()));
    loop {
        step = match step {
            Step::Send(transmit, then) => {
                sent.push(transmit.request);
                then.resume(now(), Ok(Response::builder().status(404).body(Body::default()).unwrap()))
            }
            Step::Wait(_, then) => then.resume(now(), ()),
            Step::Read(wanted, then) => {
                let path = wanted.path.to_string_lossy();
                then.resume(
                    now(),
                    match () {
                        () if path.ends_with("config") => file(config),
                        () if path.ends_with(".json") => file(cache),
                        () => Err(io::ErrorKind::NotFound.into()),
                    },
                )
            }
            Step::Write(_, then) => then.resume(now(), Ok(())),
            Step::Run(_, then) => then.resume(now(), Err(io::ErrorKind::NotFound.into())),
            Step::AskMfa(_, then) => {
                then.resume(now(), Err(Error::setting("MfaCode", "is not there to be asked for")))
            }
            Step::Done(result) => return result,
        };
    }
}

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").unwrap()
}

/// Looks for credentials, and asks STS who they belong to, as a program in that environment would.
pub(super) fn load(
    variables: &[(&str, &str)],
    text: &str,
    cache: &str,
    http: bool,
) -> (Result<(), Error>, Vec<Request<Body>>) {
    let mut sent = Vec::new();
    let home = [("HOME", "/home"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token")];
    let environment: Environment = variables.iter().copied().chain(home).collect();
    let result = (|| {
        let config: Config =
            drive(Seq::start(now(), |ask| config::load(ask, environment, None)), text, cache, &mut sent)?;
        let config = Arc::new(config.dangerously_allow_http(http));
        let mut settings = Settings::new().config(Arc::clone(&config));
        if config.region().is_none() {
            settings = settings.region("us-east-1");
        }
        let caller = Arc::new(settings.resolve("service-urls", "1", |_| None)?.caller);
        let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(60) };
        let is_sts = cache.is_empty() && !text.is_empty();
        let flow = |ask: Ask| async move {
            let context = Context::new(ask, caller, deadlines, 7);
            if is_sts {
                return context.call(GetCallerIdentity::new(), Some(Arc::new(credentials()))).await.map(drop);
            }
            Chain::of_config(config).load(&context).await.map(drop)
        };
        drive(Seq::start(now(), flow), text, cache, &mut sent)
    })();
    (result, sent)
}

/// What a service makes of a URL: the first request, or the error.
pub(super) fn first(service: usize, url: &str, http: bool) -> Result<Request<Body>, Error> {
    let (name, variable, text, cache) = SERVICES[service];
    let (result, sent) = if name == "Vault" {
        let encoder = Encoder::new(EndpointOptions::new().region("aws-global").resolve().unwrap());
        let login = VaultLogin::new("dev").dangerously_allow_http(http);
        match login.encode(url, &encoder, &credentials(), now()) {
            Ok(request) => (Ok(()), vec![request]),
            Err(error) => (Err(error), Vec::new()),
        }
    } else {
        load(&[(variable, url)], text, cache, http)
    };
    match (sent.into_iter().next(), result) {
        (Some(request), _) => Ok(request),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => panic!("{name} was not asked"),
    }
}
