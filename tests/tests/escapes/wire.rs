//! What servers, files and commands answer, and the paths that the drivers open.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, GetCallerIdentity, Operation, RawAction};
use sts_proto::source::*;
use sts_proto::step::{Ask, CommandOutput, Resume, Seq, Step};
use sts_proto::{Body, Credentials, Encoder, Error, RetryPolicy};
use time::OffsetDateTime;

use super::{HOSTILE, Shown};

/// What servers say, as errors, events and log lines.
pub(super) fn replies(shown: &Shown) {
    let credentials = || Some(Arc::new(Credentials::new("AKIA", "s").unwrap()));
    let escapes: String = HOSTILE.chars().fold(String::new(), |mut all, c| {
        let _ = write!(all, "\\u{:04x}", u32::from(c));
        all
    });
    let json = format!(
        r#"{{"Error":{{"Code":"{escapes}","Message":"{escapes}","{escapes}":"x"}},"RequestId":"{escapes}"}}"#
    );
    // XML refuses most of them.
    let soft: String =
        HOSTILE.chars().filter(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t')).collect();
    let xml = format!(
        "<ErrorResponse><Error><Code>{soft}</Code><Message>{soft}</Message><{soft}>x</{soft}></Error>\
                       <RequestId>{soft}</RequestId></ErrorResponse>"
    );
    let bodies = [json, xml, format!("<{HOSTILE}/>"), format!("<{soft}/>"), HOSTILE.to_owned()];
    for (status, body) in
        [200, 403, 502].into_iter().flat_map(|status| bodies.iter().map(move |body| (status, body)))
    {
        let response = Response::builder()
            .status(status)
            .header("x-amzn-requestid", http::HeaderValue::from_bytes(b"a\xc2\x9b\t\xe2\x80\xaeb").unwrap())
            .header("content-type", http::HeaderValue::from_bytes(b"text/xml\xc2\x9b\xe2\x80\xae").unwrap());
        let response = || response_of(response.body(Body::from(body.clone().into_bytes())));
        let response = response();
        shown.outcome("decode", GetCallerIdentity::new().decode(&response));
        for action in ["GetCallerIdentity", HOSTILE] {
            shown.outcome("decode raw", RawAction::new(action).decode(&response));
            let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
            let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()).observer(shown.clone()));
            let deadlines = Deadlines { attempt: Duration::from_secs(1), total: Duration::from_secs(1) };
            let call = Call::new(caller, RawAction::new(action), credentials(), deadlines, 1);
            let Step::Send(_, then) = call.start(NOW) else { panic!("it sends") };
            let copy =
                Response::from_parts(response.clone().into_parts().0, Body::from(body.clone().into_bytes()));
            let Step::Done(outcome) = then.resume(NOW, Ok(copy)) else { panic!("it is done") };
            shown.outcome("call", outcome);
        }
    }
}

pub(super) fn response_of<T>(response: http::Result<Response<T>>) -> Response<T> {
    response.unwrap()
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Sources with hostile names of their own.
pub(super) fn sources(shown: &Shown) {
    let sso = || Sso::new(HOSTILE, "eu-west-1", HOSTILE, HOSTILE, HOSTILE);
    let base = || Given::new(Credentials::new("AKIA", "s").unwrap().with_source(HOSTILE));
    type Make = fn(&str) -> Arc<dyn Source>;
    let all: [Make; 2] = [
        |uri| Arc::new(Container::new().full_uri(uri).required(true)),
        |uri| Arc::new(InstanceMetadata::new().endpoint(uri).required(true)),
    ];
    let urls = ["http://localhost/", HOSTILE];
    let mut sources: Vec<Arc<dyn Source>> = urls.iter().flat_map(|url| all.map(|make| make(url))).collect();
    sources.extend([
        Arc::new(base()) as Arc<dyn Source>,
        Arc::new(AssumedRole::new(base(), AssumeRole::new(HOSTILE, HOSTILE)).cached_in(HOSTILE)),
        Arc::new(WebIdentity::new(HOSTILE, TokenSource::file(HOSTILE))),
        Arc::new(Saml::new(HOSTILE, HOSTILE, TokenSource::file(HOSTILE))),
        Arc::new(Container::new().relative_uri(HOSTILE).token_file(HOSTILE).required(true)),
        Arc::new(Process::new(format!("'{HOSTILE}' '{HOSTILE}'"))),
        Arc::new(sso()),
        Arc::new(sso().session(HOSTILE).profile(HOSTILE)),
        Arc::new(Login::new(HOSTILE, "eu-west-1", HOSTILE).profile(HOSTILE)),
    ]);
    for source in sources {
        for world in worlds() {
            load(shown, source.name(), Chain::new().with(Arc::clone(&source)), &world);
        }
    }
}

/// What comes of anything that a source asks for.
pub(super) struct World {
    status: u16,
    reply: String,
    file: Option<String>,
    code: Option<i32>,
}

pub(super) fn worlds() -> Vec<World> {
    let escapes = HOSTILE.escape_unicode().to_string().replace("\\u{", "\\u").replace('}', "");
    // Each number has four digits in JSON.
    let escapes: String = escapes.split("\\u").skip(1).map(|digits| format!("\\u{digits:0>4}")).collect();
    let said =
        format!(r#"{{"code":"{escapes}","message":"{escapes}","Code":"{escapes}","Version":"{escapes}"}}"#);
    vec![
        World { status: 400, reply: said.clone(), file: None, code: None },
        World { status: 200, reply: said.clone(), file: Some(said.clone()), code: Some(0) },
        World { status: 403, reply: said, file: Some(HOSTILE.to_owned()), code: Some(1) },
    ]
}

pub(super) fn load(shown: &Shown, way: &str, chain: Chain, world: &World) {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap());
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::never()).observer(shown.clone()));
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let mut step = Seq::start(NOW, |ask: Ask| {
        let context = Context::new(ask, caller, deadlines, 7);
        async move { chain.load(&context).await }
    });
    let body = |text: &str| Body::from(text.as_bytes().to_vec());
    for _ in 0..100 {
        step = match step {
            Step::Send(_, then) => {
                let response = Response::builder().status(world.status).body(body(&world.reply)).unwrap();
                then.resume(NOW, Ok(response))
            }
            Step::Wait(_, then) => then.resume(NOW, ()),
            Step::Read(_, then) => {
                then.resume(NOW, world.file.as_deref().map(body).ok_or_else(|| io::Error::other(HOSTILE)))
            }
            Step::Write(_, then) => then.resume(NOW, Err(io::Error::other(HOSTILE))),
            Step::Run(_, then) => {
                let output = |code| CommandOutput {
                    code: Some(code),
                    stdout: body(&world.reply),
                    stderr: body(HOSTILE),
                };
                then.resume(NOW, world.code.map(output).ok_or_else(|| io::Error::other(HOSTILE)))
            }
            Step::AskMfa(_, then) => then.resume(NOW, Err(Error::credentials("MFA", HOSTILE))),
            Step::Done(Ok(loaded)) => return shown.report(way, &loaded.report),
            Step::Done(Err(error)) => return shown.error(way, &error),
        };
    }
    panic!("{way} goes on and on");
}

/// Paths that the drivers open, in errors and in the lines of the log.
pub(super) fn drivers(shown: &Shown) {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    struct Logger;
    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LOG.lock().unwrap().push(record.args().to_string());
        }

        fn flush(&self) {}
    }

    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Debug);
    let directory = std::env::temp_dir().join(format!("sts-escapes-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let good = rcgen::generate_simple_self_signed(["h.test".to_owned()]).unwrap().cert.pem();
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let path = directory.join(HOSTILE.replace('/', ""));
    std::fs::write(&path, format!("{bad}{good}")).unwrap();
    for path in [HOSTILE.into(), path] {
        let builder = sts_blocking::Client::builder().region("eu-west-1").ca_bundle(&path);
        shown.outcome("CA bundle", builder.build().map(|_| ()));
        let builder = sts_async::smol::Client::builder().region("eu-west-1").ca_bundle(&path);
        shown.outcome("CA bundle", builder.build().map(|_| ()));
    }
    std::fs::remove_dir_all(&directory).unwrap();
    let lines = LOG.lock().unwrap();
    assert_eq!(
        lines.iter().filter(|line| line.contains("left out of the CA bundle")).count(),
        2,
        "{lines:?}"
    );
    lines.iter().for_each(|line| shown.text("log", line));
}
