//! How many times the core asks for memory: upper bounds that only change on purpose. A count, unlike a time, is the same
//! on every machine.

#![allow(unsafe_code, reason = "an allocator that counts cannot be written without; it does nothing else")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::Response;
use sts_proto::operation::{AssumeRole, GetCallerIdentity, Operation};
use sts_proto::step::{Resume, Step};
use sts_proto::time::{Duration as Days, OffsetDateTime};
use sts_proto::{Body, Credentials, Encoder, Presign, RetryPolicy, Validation};
use sts_tests::responder::document;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count_one() {
    // Not there any more while a thread ends.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: as promised by whoever called.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: as promised by whoever called.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: as promised by whoever called.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as promised by whoever called.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many times memory was asked for, growth included; the result is dropped after counting.
fn allocations<T>(run: impl FnOnce() -> T) -> usize {
    let before = COUNT.get();
    let result = run();
    let count = COUNT.get() - before;
    drop(result);
    count
}

fn operation() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "build-42-of-the-main-branch-for-tests")
        .duration_seconds(3600)
        .tag("Project", "Automation")
        .tag("CostCenter", "12345")
}

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").expect("credentials")
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().expect("an endpoint"))
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_194_528).expect("a time")
}

/// Serialize and sign, with the key cached: the form, the table and the entries of the headers, and the values of two: date and
/// authorization.
const CACHED: usize = 5;

/// What a new key adds: the secret that it is kept for, region and service.
const NEW: usize = CACHED + 2;

/// A presigned URL: the form, its URL as a text and as a `Uri`, region and service, what is added to the query, the headers to be
/// named there, their names, those in the canonical request, the parameters in order, the URL that comes out.
const PRESIGN: usize = 11;

/// The fields that are kept: two of the user, three of the credentials, the request id; and two lists of quick-xml's, of the
/// elements that are open and of their names.
const PARSE: usize = 8;

/// Both, the two headers of an attempt and the state of the call.
const FLOW: usize = 16;

#[test]
fn validation_of_what_is_right_needs_no_memory() {
    let operation = operation();
    assert_eq!(allocations(|| operation.validate(Validation::default())), 0);
}

#[test]
fn serialize_and_sign() {
    let (encoder, credentials, operation) = (encoder(), credentials(), operation());
    // The first one makes the key, and room for the keys to come.
    drop(encoder.encode(&operation, Some(&credentials), now()));
    let cached = allocations(|| encoder.encode(&operation, Some(&credentials), now()));
    let tomorrow = now() + Days::days(1);
    let new = allocations(|| encoder.encode(&operation, Some(&credentials), tomorrow));
    assert_eq!((cached, new), (CACHED, NEW));
}

#[test]
fn presign() {
    let (encoder, credentials) = (encoder(), credentials());
    let sign = || encoder.presign(&GetCallerIdentity::new(), &credentials, now(), &Presign::default());
    drop(sign());
    let count = allocations(sign);
    assert_eq!(count, PRESIGN);
}

#[test]
fn parse() {
    let (operation, document) = (operation(), document());
    let response = Response::new(document.as_bytes());
    assert_eq!(allocations(|| operation.decode(&response)), PARSE);
    assert!(operation.decode(&response).is_ok());
}

#[test]
fn whole_call_by_the_flow() {
    let caller = Arc::new(Caller::new(encoder(), RetryPolicy::default()));
    let credentials = Arc::new(credentials());
    let deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };
    let document = document();
    let call = |operation: AssumeRole, body: Body| {
        let (caller, credentials) = (Arc::clone(&caller), Some(Arc::clone(&credentials)));
        let step = Call::new(caller, operation, credentials, deadlines, 7).start(now());
        let Step::Send(transmit, then) = step else { panic!("a request comes first") };
        let Step::Done(result) = then.resume(now(), Ok(Response::new(body))) else {
            panic!("a result comes next")
        };
        (transmit, result.expect("a result"))
    };
    let body = || Body::from(document.as_bytes().to_vec());
    drop(call(operation(), body()));
    let (operation, body) = (operation(), body());
    let count = allocations(|| call(operation, body));
    assert_eq!(count, FLOW);
}
