//! Every source of credentials, what keeps them, and what is built on them, through the core alone: who asks for a file, a
//! reply or a command here gets none.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Caller, Deadlines};
use sts_proto::config::profile::ProfileSet;
use sts_proto::config::{Config, Environment, Files};
use sts_proto::endpoint::{EndpointOptions, Partition};
use sts_proto::http::Response;
use sts_proto::operation::AssumeRole;
use sts_proto::pool::{PoolPolicy, PoolTurn, RoleKey, SharedPool};
use sts_proto::refresh::{Cached, RefreshPolicy, Turn};
use sts_proto::settings::Settings;
use sts_proto::source::*;
use sts_proto::step::{Resume, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::token::{cli_cache, console, eks, env, process, vault, web_identity};
use sts_proto::{Credentials, Encoder, Error, RetryPolicy, TransportKind};

const ROLE: &str = "arn:aws:iam::123456789012:role/Deploy";
const PROFILE: &[u8] =
    b"[default]\nrole_arn = arn:aws:iam::123456789012:role/Deploy\ncredential_source = Environment\n";

fn main() -> Result<(), Error> {
    let token = || TokenSource::literal("eyJhbGciOiJub25lIn0.e30.");
    let sso =
        Sso::new("https://x.awsapps.com/start", "eu-west-1", "123456789012", "Role", "/cache").session("dev");
    let sources: Vec<Arc<dyn Source>> = vec![
        Arc::new(Given::new(credentials()?)),
        Arc::new(environment::Environment::new(|_| None)),
        Arc::new(
            AssumedRole::new(Given::new(credentials()?), AssumeRole::new(ROLE, "session"))
                .cached_in("/cache"),
        ),
        Arc::new(Scoped::new(Given::new(credentials()?), "{}")),
        Arc::new(WebIdentity::new(ROLE, token())),
        Arc::new(WebIdentity::new(ROLE, TokenSource::file("/token"))),
        Arc::new(Saml::new(ROLE, "arn:aws:iam::123456789012:saml-provider/Idp", token())),
        Arc::new(Container::new().full_uri("http://localhost/").token("token")),
        Arc::new(InstanceMetadata::new().required(true)),
        Arc::new(Process::new("program --option")),
        Arc::new(sso),
        Arc::new(Login::new("arn:aws:iam::123456789012:user/alice", "eu-west-1", "/cache")),
        Arc::new(Profile::new(config()?)),
    ];
    for source in sources {
        let chain = Chain::new().with(source);
        show("load", run(|context| async move { chain.load(&context).await }));
    }
    let cached = Cached::new(Chain::of_config(config()?), RefreshPolicy::default(), 7);
    if let Turn::Refresh(permit) = cached.turn(now())? {
        show("refresh", run(|context| async move { permit.load(context).await }));
    }
    let pool = SharedPool::new(PoolPolicy::default(), 7);
    if let PoolTurn::Refresh(permit) = pool.turn(RoleKey::of(&AssumeRole::new(ROLE, "session")), now())? {
        show("pool", permit.finish(now(), credentials()));
    }
    let settings = Settings::new().config(config()?).credentials_from_chain().region("eu-west-1");
    show("settings", settings.resolve("example", "1", |_| None));
    tokens()
}

fn tokens() -> Result<(), Error> {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    let token = eks::EksTokenRequest::new("cluster").build(&encoder, &credentials()?, now())?;
    show("EKS", token.exec_credential(eks::ExecApiVersion::V1));
    let verification = eks::Verifier::new("cluster")?.verify(token.expose(), now())?;
    show("EKS, verified", verification.accept(&Response::new("<html>")));
    show("Vault", vault::VaultLogin::new("role").build(&encoder, &credentials()?, now()));
    let console = console::Console::of(Partition::of_region("eu-west-1"))?;
    let signin = console::SigninRequest::new(console::CredentialOrigin::AssumeRole).console(console);
    show("console", signin.encode(&credentials()?));
    show("console, answered", signin.decode(&Response::new("<html>")));
    show("environment", env::write(&credentials()?, env::EnvFormat::Sh));
    let written = process::write(&credentials()?)?;
    show("process", process::read(written.as_ref()));
    show("cache", cli_cache::file_name(&AssumeRole::new(ROLE, "session"), false));
    show("claims", web_identity::UnverifiedClaims::read("eyJhbGciOiJub25lIn0.e30."));
    Ok(())
}

/// A flow in a world where nothing is there.
fn run<T: Send + 'static, Fut>(flow: impl FnOnce(Context) -> Fut) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let mut step = Seq::start(now(), |ask| flow(Context::new(ask, caller, deadlines, 7)));
    loop {
        let nothing = || io::Error::from(io::ErrorKind::NotFound);
        step = match step {
            Step::Send(_, then) => {
                then.resume(now(), Err(Error::transport(TransportKind::Connect, "there is no network")))
            }
            Step::Wait(_, then) => then.resume(now(), ()),
            Step::Read(_, then) => then.resume(now(), Err(nothing())),
            Step::Write(_, then) => then.resume(now(), Err(nothing())),
            Step::Run(_, then) => then.resume(now(), Err(nothing())),
            Step::AskMfa(_, then) => {
                then.resume(now(), Err(Error::credentials("MFA", "there is nobody to ask")))
            }
            Step::Done(outcome) => return outcome,
        };
    }
}

fn show<T>(what: &str, outcome: Result<T, Error>) {
    match outcome {
        Ok(_) => println!("{what}: there it is"),
        Err(error) => println!("{what}: {error}"),
    }
}

fn config() -> Result<Arc<Config>, Error> {
    let profiles = ProfileSet::parse(&Files::at("/config", "/credentials"), Some(PROFILE), None)?;
    let variables = [("HOME", "/home/a"), ("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    Config::new(variables.into_iter().collect::<Environment>(), profiles, None).map(Arc::new)
}

fn credentials() -> Result<Credentials, Error> {
    let keys = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    keys.with_session_token("token")
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}
