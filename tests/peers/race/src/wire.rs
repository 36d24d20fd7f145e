use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use sts_proto::Encoder;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::time::OffsetDateTime;

use crate::contest::{Contestant, Outcome, Turns, race as contest};
use crate::memory::{KEY, REGION};
use crate::{ours, reqsign_peer, responder, sdk};

const TURNS: Turns = Turns { turn: Duration::from_millis(100), count: 31, batch: 100 };

/// Calls over one kept connection.
pub(crate) fn race(peers: &[&str]) -> Outcome {
    let address = responder::serve()?;
    let url = format!("http://{address}");
    let encoder = Encoder::new(EndpointOptions::new().region(REGION).url(&url).resolve()?);
    let request =
        encoder.encode(&ours::operation(), Some(&ours::credentials()?), OffsetDateTime::now_utc())?;
    let bytes = sts_proto::http1::request(&request)?;
    let (length, whole) = (responder::document().len(), responder::reply().len());

    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 << 10];
    let socket = || {
        stream.write_all(bytes.as_ref())?;
        let mut read = 0;
        while read < whole {
            read += stream.read(&mut buffer[read..])?;
        }
        Ok(())
    };

    let agent = ureq::Agent::new_with_defaults();
    let bare = || {
        let mut post = agent.post(&url);
        for (name, value) in request.headers() {
            post = post.header(name, value);
        }
        let body = post.send(request.body().as_ref())?.body_mut().read_to_vec()?;
        if body.len() == length { Ok(()) } else { Err("another reply".into()) }
    };

    let key = aws_credential_types::Credentials::new(KEY.0, KEY.1, None, None, "race");
    let by_hand = || {
        let form = peer_by_hand::assume_role();
        let request = peer_by_hand::request(&url, REGION, &key, SystemTime::now(), form)?;
        let body = String::from_utf8(agent.run(request)?.body_mut().read_to_vec()?)?;
        black_box(peer_by_hand::read(&body)?);
        Ok(())
    };

    let client = sts_blocking::Client::builder()
        .variables(|_| None)
        .region(REGION)
        .endpoint_url(&url)
        .credentials(ours::credentials()?)
        .build()?;
    let blocking = || {
        black_box(client.send(ours::operation())?);
        Ok(())
    };

    // All on the same runtime: what does not run in a turn does not cost.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let on_tokio = sts_async::tokio::Client::builder()
        .variables(|_| None)
        .region(REGION)
        .endpoint_url(&url)
        .credentials(ours::credentials()?)
        .build()?;
    let on_smol = sts_async::smol::Client::builder()
        .variables(|_| None)
        .region(REGION)
        .endpoint_url(&url)
        .credentials(ours::credentials()?)
        .build()?;
    let (sdk, reqsign) = (sdk::client(&url), reqsign_peer::client(&url));
    let contestants = vec![
        Contestant::new("ureq", bare),
        Contestant::new("socket", socket),
        Contestant::new("blocking", blocking),
        Contestant::many("tokio", |count| {
            runtime.block_on(async {
                for _ in 0..count {
                    black_box(on_tokio.send(ours::operation()).await?);
                }
                Ok(())
            })
        }),
        Contestant::many("smol", |count| {
            futures_lite::future::block_on(async {
                for _ in 0..count {
                    black_box(on_smol.send(ours::operation()).await?);
                }
                Ok(())
            })
        }),
        Contestant::new("by-hand", by_hand),
        Contestant::many("sdk", |count| runtime.block_on(sdk::calls(&sdk, count))),
        Contestant::many("reqsign", |count| runtime.block_on(reqsign_peer::calls(&reqsign, count))),
    ];
    contest("wire", TURNS, peers, contestants)
}
