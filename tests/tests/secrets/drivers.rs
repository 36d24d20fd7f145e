//! Both drivers, with a result, an echo and no whole reply.

use futures_lite::future;
use sts_proto::operation::AssumeRoleWithWebIdentity;
use sts_proto::proxy::ProxySettings;
use sts_proto::{RetryPolicy, TransportKind};
use sts_tests::server::{Answer, Server};

use super::seen::Seen;
use super::*;

pub(super) fn show(seen: &Seen) {
    let server = Server::start().unwrap();
    let proxy = format!("http://alice:{}@127.0.0.1:1", encoded(PASSWORD));
    let answers = || {
        let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}", reply("AssumeRole"));
        server.answer_next(Answer::reply(200, &[], reply("AssumeRole")));
        server.answer_next(Answer::reply(403, &[("connection", "close")], echo(&SENT)));
        server.answer_next(Answer::raw(cut));
    };
    options(seen);
    let file = std::env::temp_dir().join(format!("sts-secrets-{}", std::process::id()));
    std::fs::write(&file, JWT).unwrap();
    macro_rules! run {
        ($driver:ident, $client:ty, $call:ident => $wait:expr) => {
            let builder = || {
                <$client>::builder()
                    .region("us-east-1")
                    .credentials(credentials())
                    .retry(RetryPolicy::never())
            };
            let client = builder().endpoint_url(server.url()).observer(seen.clone());
            show!(seen, client);
            let client = client.build().unwrap();
            show!(seen, client, client.call(role()));
            answers();
            for _ in 0..3 {
                let $call = client.send(role());
                match $wait {
                    Ok(reply) => show!(seen, reply),
                    Err(error) => seen.error(&error),
                }
            }
            for (status, headers, body) in super::echoes::answers() {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                server.answer_next(Answer::reply(status, &headers, body));
                let $call = client.send(role());
                match $wait {
                    Ok(reply) => show!(seen, reply),
                    Err(error) => seen.error(&error),
                }
            }
            let assumed = $driver::AssumeRoleProvider::new(&client, role()).credentials(credentials());
            let federated = AssumeRoleWithWebIdentity::new(ROLE, "session", "");
            let federated = $driver::WebIdentityProvider::new(&client, federated, &file);
            show!(seen, assumed, federated);
            for (provider, sent) in [(assumed.build().unwrap(), &SENT[..]), (federated.build(), &[JWT])] {
                for answer in [(200, reply("AssumeRole")), (403, echo(sent))] {
                    server.answer_next(Answer::reply(answer.0, &[], answer.1));
                    let $call = provider.refresh();
                    seen.outcome(&$wait);
                    show!(seen, provider, provider.status(), provider.report());
                }
                let of_provider = client.with_provider(provider);
                show!(seen, of_provider, of_provider.call(role()));
            }
            let pool = $driver::RolePool::new(&client);
            for answer in [(403, echo(&SENT)), (200, reply("AssumeRole"))] {
                server.answer_next(Answer::reply(answer.0, &[], answer.1));
                let role = role().duration_seconds(900 + u32::from(answer.0));
                let $call = pool.credentials(&role);
                seen.outcome(&$wait);
                show!(seen, pool);
            }
            let away = builder().endpoint_url("http://192.0.2.1/").proxy(proxy.as_str()).build().unwrap();
            show!(seen, away);
            let $call = away.send(role());
            let error = $wait.unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::Proxy));
            seen.error(&error);
        };
    }
    run!(sts_blocking, sts_blocking::Client, outcome => outcome);
    run!(sts_async, sts_async::smol::Client, outcome => future::block_on(outcome));
    std::fs::remove_file(&file).unwrap();
}

/// What transports are made of.
fn options(seen: &Seen) {
    let proxy = format!("http://alice:{}@127.0.0.1:1", encoded(PASSWORD));
    let proxies = || ProxySettings::explicit(&proxy).unwrap();
    let pem = rcgen::generate_simple_self_signed(["h.test".to_owned()]).unwrap().cert.pem();
    let bundle = sts_blocking::CaBundle::from_pem(pem.as_bytes()).unwrap();
    let ours = sts_blocking::UreqOptions::new().proxy(proxies());
    show!(seen, sts_blocking::Tls::default(), bundle, ours, sts_blocking::Roots::BuiltIn);
    show!(seen, sts_blocking::UreqTransport::with_options(ours).unwrap());
    let bundle = sts_async::CaBundle::from_pem(pem.as_bytes()).unwrap();
    let theirs = sts_async::HttpOptions::new().proxy(proxies());
    show!(seen, bundle, theirs, sts_async::Roots::BuiltIn);
    let smol = sts_async::smol::SmolConnector;
    show!(seen, sts_async::HttpTransport::with_options(smol, theirs).unwrap());
    show!(seen, smol, sts_async::tokio::TokioConnector, sts_async::tokio::Compat::new(()));
    // What stands where certificates should be may be the key that belongs to them.
    let secrets = SECRETS.join("\n");
    for text in
        [secrets.clone(), format!("-----BEGIN CERTIFICATE-----\n{secrets}\n-----END CERTIFICATE-----\n")]
    {
        seen.outcome(&sts_blocking::CaBundle::from_pem(text.as_bytes()));
        seen.outcome(&sts_async::CaBundle::from_pem(text.as_bytes()));
    }
}
