//! What a call costs over one kept connection to loopback, against what the system and bare ureq need for the same bytes;
//! and what the flow of a call adds to making a request and reading a reply.
//!
//! `cargo bench -p sts-tests --bench calls`. Contestants take turns, and what is printed are medians of the ratios of the
//! rounds: other work on the machine meets all of them alike.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, Operation};
use sts_proto::step::{Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, RetryPolicy, http};
use sts_tests::responder::{document, reply, serve};

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(150);
const BATCH: u32 = 100;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn operation() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tag("Project", "Automation")
        .tag("CostCenter", "12345")
}

fn credentials() -> Outcome<Credentials> {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    Ok(credentials)
}

/// A contestant makes one call.
struct Contestant<'a> {
    name: &'static str,
    call: Box<dyn FnMut() -> Outcome + 'a>,
}

fn contestant<'a>(name: &'static str, call: impl FnMut() -> Outcome + 'a) -> Contestant<'a> {
    Contestant { name, call: Box::new(call) }
}

/// Seconds per call, of each contestant in each round.
fn race(contestants: &mut [Contestant<'_>]) -> Outcome<Vec<Vec<f64>>> {
    let mut times = vec![Vec::new(); contestants.len()];
    // The first round warms up: connections, keys, branch predictors.
    for round in 0..=ROUNDS {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            let mut calls = 0;
            // The same time for each, so that a scheduler treats them alike.
            while start.elapsed() < ROUND {
                for _ in 0..BATCH {
                    (contestant.call)()?;
                }
                calls += BATCH;
            }
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() / f64::from(calls));
            }
        }
    }
    Ok(times)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many times as fast as the floor.
fn ratio(floor: &[f64], times: &[f64]) -> f64 {
    median(floor.iter().zip(times).map(|(floor, time)| floor / time).collect())
}

fn main() -> Outcome {
    let address = serve()?;
    let url = format!("http://{address}");
    wire(&url, address)?;
    memory()?;
    Ok(())
}

fn wire(url: &str, address: SocketAddr) -> Outcome {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").url(url).resolve()?);
    let request = encoder.encode(&operation(), Some(&credentials()?), OffsetDateTime::now_utc())?;
    let bytes = sts_proto::http1::request(&request)?;
    let (length, whole) = (document().len(), reply().len());

    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 << 10];
    let raw = || {
        stream.write_all(bytes.as_ref())?;
        let mut read = 0;
        while read < whole {
            read += stream.read(&mut buffer[read..])?;
        }
        Ok(())
    };

    let agent = ureq::Agent::new_with_defaults();
    let form = request.body().as_ref();
    let bare = || {
        let mut post = agent.post(url);
        for (name, value) in request.headers() {
            post = post.header(name, value);
        }
        let body = post.send(form)?.body_mut().read_to_vec()?;
        if body.len() == length { Ok(()) } else { Err("another reply".into()) }
    };

    let client = sts_blocking::Client::builder()
        .variables(|_| None)
        .region("eu-west-1")
        .endpoint_url(url)
        .credentials(credentials()?)
        .build()?;
    let blocking = || {
        client.send(operation())?;
        Ok(())
    };

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = sts_async::tokio::Client::builder()
        .variables(|_| None)
        .region("eu-west-1")
        .endpoint_url(url)
        .credentials(credentials()?)
        .build()?;
    // The runtime is entered once for many calls, as programs do.
    let mut batch = 0;
    let tokio = || {
        batch += 1;
        if batch % BATCH == 1 {
            runtime.block_on(async {
                for _ in 0..BATCH {
                    client.send(operation()).await?;
                }
                Ok::<_, sts_proto::Error>(())
            })?;
        }
        Ok(())
    };

    let client = sts_async::smol::Client::builder()
        .variables(|_| None)
        .region("eu-west-1")
        .endpoint_url(url)
        .credentials(credentials()?)
        .build()?;
    let mut batch = 0;
    // What `smol::block_on` is: it waits in the reactor, and not for the reactor's thread.
    let smol = || {
        batch += 1;
        if batch % BATCH == 1 {
            async_io::block_on(async {
                for _ in 0..BATCH {
                    client.send(operation()).await?;
                }
                Ok::<_, sts_proto::Error>(())
            })?;
        }
        Ok(())
    };

    let mut contestants = [
        contestant("raw socket loop", raw),
        contestant("bare ureq, read_to_vec", bare),
        contestant("sts-blocking", blocking),
        contestant("sts-async on tokio", tokio),
        contestant("sts-async on smol", smol),
    ];
    let times = race(&mut contestants)?;
    println!("calls over one kept connection, {} bytes of form, {length} of reply", form.len());
    println!("{:<24} {:>12} {:>10} {:>10}", "", "calls/s", "of raw", "of ureq");
    for (contestant, taken) in contestants.iter().zip(&times) {
        let rate = 1.0 / median(taken.clone());
        let (raw, ureq) = (ratio(&times[0], taken), ratio(&times[1], taken));
        println!("{:<24} {rate:>12.0} {raw:>10.2} {ureq:>10.2}", contestant.name);
    }
    Ok(())
}

fn memory() -> Outcome {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    let other = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?);
    let caller = Arc::new(Caller::new(other, RetryPolicy::default()));
    let credentials = Arc::new(credentials()?);
    let response = http::Response::new(Body::from(document().into_bytes()));
    let now = OffsetDateTime::now_utc();
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let pieces = || {
        let operation = operation();
        let request = encoder.encode(&operation, Some(&credentials), now)?;
        std::hint::black_box(&request);
        operation.decode(&response)?;
        std::hint::black_box(response.clone());
        Ok(())
    };
    let flow = || {
        let (caller, credentials) = (Arc::clone(&caller), Some(Arc::clone(&credentials)));
        let step = Call::new(caller, operation(), credentials, deadlines, 7).start(now);
        let Step::Send(transmit, then) = step else { return Err("no request".into()) };
        std::hint::black_box(&transmit);
        match then.resume(now, Ok(response.clone())) {
            Step::Done(result) => {
                result?;
                Ok(())
            }
            _ => Err("no result".into()),
        }
    };
    let mut contestants = [contestant("encode and decode", pieces), contestant("the same by the flow", flow)];
    let times = race(&mut contestants)?;
    println!("\nin memory");
    for (contestant, taken) in contestants.iter().zip(&times) {
        println!("{:<24} {:>9.0} ns a call", contestant.name, 1e9 * median(taken.clone()));
    }
    let added = median(times[0].iter().zip(&times[1]).map(|(pieces, flow)| flow - pieces).collect());
    println!("{:<24} {:>9.0} ns a call", "added by the flow", 1e9 * added);
    Ok(())
}
