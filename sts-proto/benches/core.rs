//! What the core costs, each piece beside the least that it could cost on this machine.
//!
//! `cargo bench -p sts-proto --bench core`. A piece and its floor take turns in slices of a millisecond, and what is printed
//! is the median of the ratios of the slices: other work on the machine meets both alike.
//!
//! But not what runs on the same core, by its other hyperthread, as it does on most virtual machines. It can halve what is done
//! of most code, and takes nothing from SHA-256, each of whose instructions waits for the one before. So the slices of a
//! piece are spread over the whole run, and before the median stand the tenth percentile of the piece's time and its ratio to
//! that of the floor's: of when the core was left alone, if it ever was.
//!
//! With an argument only the pieces are run whose name holds it: `cargo bench -p sts-proto --bench core -- parse`.

#![allow(clippy::disallowed_methods, reason = "what measures the core is not the core: it needs a clock")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_xml::events::Event;
use sha2::{Digest, Sha256};
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::{AssumeRole, GetCallerIdentity, Operation};
use sts_proto::sigv4::{Signer, Signing};
use sts_proto::step::{Resume, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Body, Credentials, Encoder, Presign, RetryPolicy, Validation};

mod profiles;
mod replies;

const ROUNDS: usize = 15;
/// In each round.
const SLICES: usize = 20;
const SLICE: Duration = Duration::from_millis(1);

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn operation() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tag("Project", "Automation")
        .tag("CostCenter", "12345")
}

fn credentials() -> Outcome<Credentials> {
    Ok(Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?)
}

fn encoder() -> Outcome<Encoder> {
    Ok(Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?))
}

/// The blocks that SHA-256 works through for so many bytes.
fn blocks(length: usize) -> usize {
    (length + 9).div_ceil(64)
}

/// Those of an HMAC whose key has no more than a block: two for its pads, one for the outer hash.
fn hmac_blocks(length: usize) -> usize {
    3 + blocks(length)
}

/// One SHA-256 of exactly so many blocks.
fn sha256_of(blocks: usize) -> impl FnMut() {
    let bytes = vec![b'x'; 64 * blocks - 9];
    move || {
        black_box(Sha256::digest(black_box(&bytes)));
    }
}

/// One pass of quick-xml, with nothing done about what it finds.
fn events(document: &str) {
    let mut reader = quick_xml::Reader::from_str(document);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return,
            Ok(event) => drop(black_box(event)),
        }
    }
}

/// Nanoseconds of one run.
fn slice(run: &mut dyn FnMut()) -> f64 {
    // What stood in the caches before belongs to the other one.
    for _ in 0..8 {
        run();
    }
    let (start, mut runs) = (Instant::now(), 0u32);
    // So many between two looks at the clock, whose own cost would else be a part of what takes little.
    let mut batch = 1;
    while start.elapsed() < SLICE {
        for _ in 0..batch {
            run();
        }
        runs += batch;
        batch = 64.min(2 * batch);
    }
    1e9 * start.elapsed().as_secs_f64() / f64::from(runs)
}

/// The value that such a share of all is below.
fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[(share * values.len() as f64) as usize]
}

/// A piece and its floor, and what their slices took, in nanoseconds for one run.
struct Row {
    name: String,
    floor_name: String,
    slices: Vec<(f64, f64)>,
}

struct Table {
    only: Option<String>,
    rows: RefCell<Vec<Row>>,
}

impl Table {
    /// Lets a piece and its floor take turns.
    fn row(&self, name: &str, floor_name: &str, mut piece: impl FnMut(), mut floor: impl FnMut()) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let slices = (0..SLICES).map(|_| (slice(&mut piece), slice(&mut floor)));
        let mut rows = self.rows.borrow_mut();
        match rows.iter_mut().find(|row| row.name == name && row.floor_name == floor_name) {
            Some(row) => row.slices.extend(slices),
            None => rows.push(Row {
                name: name.to_owned(),
                floor_name: floor_name.to_owned(),
                slices: slices.collect(),
            }),
        }
    }

    fn print(&self) {
        println!("{:<44} {:>24} {:>9} {:>11}", "", "left alone", "median", "floor");
        for Row { name, floor_name, slices } in self.rows.borrow().iter() {
            let piece = quantile(slices.iter().map(|slice| slice.0), 0.1);
            let floor = quantile(slices.iter().map(|slice| slice.1), 0.1);
            let left_alone = piece / floor;
            let median = quantile(slices.iter().map(|(piece, floor)| piece / floor), 0.5);
            println!(
                "{name:<44} {piece:>12.0} ns {left_alone:>6.2} x {median:>7.2} x {floor:>8.0} ns  {floor_name}"
            );
        }
    }
}

fn main() -> Outcome {
    // Cargo says `--bench` to every benchmark.
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let table = Table { only, rows: RefCell::default() };
    for _ in 0..ROUNDS {
        requests(&table)?;
        parsing(&table)?;
        calls(&table)?;
        rest(&table)?;
        profiles::rows(&table)?;
    }
    table.print();
    Ok(())
}

fn requests(table: &Table) -> Outcome {
    let (encoder, credentials, operation) = (encoder()?, credentials()?, operation());
    let now = OffsetDateTime::from_unix_timestamp(1_795_194_528)?;
    let request = encoder.encode(&operation, Some(&credentials), now)?;
    let form = request.body().len();
    let explained = Signer::new().explain(&request, &Signing::new(&credentials, "eu-west-1", "sts", now))?;
    let cached = blocks(form)
        + blocks(explained.canonical_request.len())
        + hmac_blocks(explained.string_to_sign.len());
    // Date, region, service, terminator: one block of text each.
    let new = cached + 4 * hmac_blocks(12);
    table.row(
        "serialize + sign, key cached",
        &format!("SHA-256 of {cached} blocks"),
        || {
            black_box(encoder.encode(black_box(&operation), Some(&credentials), now)).ok();
        },
        sha256_of(cached),
    );
    // More days than a signer keeps keys of, so that none is ever found.
    let mut day = 0;
    table.row(
        "serialize + sign, key new",
        &format!("SHA-256 of {new} blocks"),
        || {
            day = (day + 1) % (Signer::KEPT_KEYS + 1);
            let then = now + time::Duration::days(day as i64);
            black_box(encoder.encode(black_box(&operation), Some(&credentials), then)).ok();
        },
        sha256_of(new),
    );
    let lenient = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve()?)
        .validation(Validation::REQUIRED_ONLY);
    table.row(
        "the same, key cached, required only checked",
        &format!("SHA-256 of {cached} blocks"),
        || {
            black_box(lenient.encode(black_box(&operation), Some(&credentials), now)).ok();
        },
        sha256_of(cached),
    );
    let temporary = credentials.clone().with_session_token("IQoJb3JpZ2luX2VjEOn//////////".repeat(27))?;
    let request = encoder.encode(&operation, Some(&temporary), now)?;
    let explained = Signer::new().explain(&request, &Signing::new(&temporary, "eu-west-1", "sts", now))?;
    let blocks = blocks(form)
        + blocks(explained.canonical_request.len())
        + hmac_blocks(explained.string_to_sign.len());
    table.row(
        "the same, key cached, with a session token",
        &format!("SHA-256 of {blocks} blocks"),
        || {
            black_box(encoder.encode(black_box(&operation), Some(&temporary), now)).ok();
        },
        sha256_of(blocks),
    );
    let presigned = explained_url(&encoder, &credentials, now)?;
    let options = Presign::default();
    table.row(
        "presign GetCallerIdentity, key cached",
        &format!("SHA-256 of {presigned} blocks"),
        || {
            black_box(encoder.presign(&GetCallerIdentity::new(), &credentials, now, &options)).ok();
        },
        sha256_of(presigned),
    );
    Ok(())
}

/// The blocks of a presigned GetCallerIdentity.
fn explained_url(encoder: &Encoder, credentials: &Credentials, now: OffsetDateTime) -> Outcome<usize> {
    let url = format!("{}?Action=GetCallerIdentity&Version=2011-06-15", encoder.endpoint().url());
    let request = http::Request::get(url).body("")?;
    let signing = Signing::new(credentials, "eu-west-1", "sts", now);
    let explained = Signer::new().explain_presigned(&request, &signing, Duration::from_secs(60))?;
    Ok(blocks(0) + blocks(explained.canonical_request.len()) + hmac_blocks(explained.string_to_sign.len()))
}

fn parsing(table: &Table) -> Outcome {
    replies::each(|reply| {
        let name = format!("parse {}, {} bytes", reply.action, reply.document.len());
        table.row(&name, "one quick-xml event pass", reply.parse, || events(black_box(reply.document)));
    })?;
    let document = replies::assume_role();
    let fields = replies::owned_fields();
    let response = http::Response::new(document.as_bytes());
    let operation = operation();
    table.row(
        "read AssumeRole, and its fields copied",
        "one copy of the fields",
        || {
            black_box(operation.decode(black_box(&response))).ok();
        },
        || {
            for field in black_box(&fields) {
                black_box(field.clone());
            }
        },
    );
    Ok(())
}

fn calls(table: &Table) -> Outcome {
    let (encoder, credentials) = (encoder()?, Arc::new(credentials()?));
    let caller = Arc::new(Caller::new(self::encoder()?, RetryPolicy::default()));
    let now = OffsetDateTime::from_unix_timestamp(1_795_194_528)?;
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let document = replies::assume_role();
    let flow = || {
        let (caller, credentials) = (Arc::clone(&caller), Some(Arc::clone(&credentials)));
        let Step::Send(transmit, then) = Call::new(caller, operation(), credentials, deadlines, 7).start(now)
        else {
            return;
        };
        black_box(transmit);
        let response = http::Response::new(Body::from(document.as_bytes().to_vec()));
        if let Step::Done(result) = then.resume(now, Ok(response)) {
            black_box(result).ok();
        }
    };
    let pieces = || {
        let operation = operation();
        black_box(encoder.encode(&operation, Some(&credentials), now)).ok();
        let response = http::Response::new(Body::from(document.as_bytes().to_vec()));
        black_box(operation.decode(&response)).ok();
    };
    table.row("whole call in memory, by the flow", "the same without the flow", flow, pieces);
    let mut sha256 = sha256_of(15);
    table.row("whole call in memory, by the flow", "15 blocks and one event pass", flow, || {
        sha256();
        events(black_box(&document));
    });
    Ok(())
}

fn rest(table: &Table) -> Outcome {
    let operation = operation();
    let form = encoder()?.encode(&operation, Some(&credentials()?), OffsetDateTime::UNIX_EPOCH)?;
    let text = form.body().as_ref().to_vec();
    table.row(
        "validate AssumeRole",
        "one sum of the form's bytes",
        || {
            black_box(black_box(&operation).validate(Validation::default())).ok();
        },
        || {
            black_box(black_box(&text).iter().fold(0u32, |sum, b| sum.wrapping_add(u32::from(*b))));
        },
    );
    let options = EndpointOptions::new().region("eu-west-1");
    table.row(
        "resolve an endpoint",
        "reading its URL by http",
        || {
            black_box(black_box(&options).resolve()).ok();
        },
        || {
            black_box(http::Uri::try_from(black_box("https://sts.eu-west-1.amazonaws.com/"))).ok();
        },
    );
    // Not a floor: what it would cost as zeroize does it.
    table.row(
        "make a body of 4 KiB and wipe it",
        "the same by zeroize",
        || drop(black_box(Body::from(vec![1; 4 << 10]))),
        || drop(black_box(zeroize::Zeroizing::new(vec![1u8; 4 << 10]))),
    );
    Ok(())
}
