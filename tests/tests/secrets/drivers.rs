//! Both drivers, with a result, an echo and no whole reply.

use futures_lite::future;
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
        server.answer_next(Answer::reply(403, &[("connection", "close")], echo()));
        server.answer_next(Answer::raw(cut));
    };
    macro_rules! run {
        ($client:ty, $call:ident => $wait:expr) => {
            let builder = || {
                <$client>::builder()
                    .region("us-east-1")
                    .credentials(credentials())
                    .retry(RetryPolicy::never())
            };
            let client = builder().endpoint_url(server.url()).observer(seen.clone()).build().unwrap();
            seen.debug(&client);
            answers();
            for _ in 0..3 {
                let $call = client.send(role());
                match $wait {
                    Ok(reply) => seen.debug(&reply),
                    Err(error) => seen.error(&error),
                }
            }
            let away = builder().endpoint_url("http://192.0.2.1/").proxy(proxy.as_str()).build().unwrap();
            seen.debug(&away);
            let $call = away.send(role());
            let error = $wait.unwrap_err();
            assert_eq!(error.transport_kind(), Some(TransportKind::Proxy));
            seen.error(&error);
        };
    }
    run!(sts_blocking::Client, outcome => outcome);
    run!(sts_async::smol::Client, outcome => future::block_on(outcome));
}
