//! No block of memory that the core gives back holds a secret.
//!
//! The allocator looks through every block before it is freed. What the `http` crate keeps, the value of an outgoing
//! `x-amz-security-token` header, cannot be wiped by anybody; the test takes it out of the requests and keeps it.
//!
//! The one file with `unsafe`: an allocator cannot be written without, and this one hands everything to the system's.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::compatible::AssumeRoleWithCustomToken;
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http1::{self, Progress, ReplyReader};
use sts_proto::operation::*;
use sts_proto::proxy::ProxySettings;
use sts_proto::sigv4::Signing;
use sts_proto::step::{Resume, Step};
use sts_proto::{Body, Credentials, Encoder, Error, Presign, RetryPolicy, Secret, TransportKind};
use time::OffsetDateTime;

mod calls;
mod damaged;
mod replies;
mod requests;

/// What is looked for: secrets that nothing else looks like, as they are and percent-encoded.
const SECRETS: [&str; 12] = [
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYxKEYONE",
    "wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYxKEYONE",
    "IQoJb3JpZ2luX2VjEXAMPLE//8wEaTOKENtwo=",
    "IQoJb3JpZ2luX2VjEXAMPLE%2F%2F8wEaTOKENtwo%3D",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.ASSERTIONthree",
    "external-id/four=4x",
    "external-id%2Ffour%3D4x",
    "{\"Sid\":\"policyFIVE\"}",
    "%7B%22Sid%22%3A%22policyFIVE%22%7D",
    "sEcReTfRoMrEpLySiX+/=",
    "tOkEnFrOmRePlYsEvEn+/=",
    "hunter EIGHT",
];
const KEY: &str = SECRETS[0];
const TOKEN: &str = SECRETS[2];
const JWT: &str = SECRETS[4];
const EXTERNAL_ID: &str = SECRETS[5];
const POLICY: &str = SECRETS[7];
const NEW_KEY: &str = SECRETS[9];
const NEW_TOKEN: &str = SECRETS[10];

struct Looking;

thread_local! {
    // Without destructors, so that they can be used at any time.
    /// Whether this thread's blocks are looked at.
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
    /// Whether pieces of the secrets are looked for as well.
    static WANTS_PIECES: Cell<bool> = const { Cell::new(false) };
    /// Which secrets were found in them, a bit each.
    static FOUND: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's; a block is only read, in its whole length, before it is given back, and
// `alloc_zeroed` has it initialised for that.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract. Zeroed, so that the whole block can be read later.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if IS_LOOKING.with(Cell::get) {
            // SAFETY: the block is the caller's, of that size, and was initialised by `alloc`.
            look(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }

    // `realloc` is the default one: a new block, a copy, and the old block through `dealloc`.
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

/// The secrets whose pieces nothing else looks like.
const IN_PIECES: [usize; 4] = [0, 2, 9, 10];

/// Each secret in pieces of this length in bytes: what has twice as many bytes in common with one holds a piece.
const PIECE: usize = 8;

/// The bytes that pieces begin with.
const FIRSTS: [bool; 256] = {
    let mut firsts = [false; 256];
    let mut i = 0;
    while i < IN_PIECES.len() {
        let secret = SECRETS[IN_PIECES[i]].as_bytes();
        let mut at = 0;
        while at + PIECE <= secret.len() {
            firsts[secret[at] as usize] = true;
            at += PIECE;
        }
        i += 1;
    }
    firsts
};

fn look(block: &[u8]) {
    if WANTS_PIECES.with(Cell::get) {
        for window in block.windows(PIECE).filter(|window| FIRSTS[usize::from(window[0])]) {
            for i in IN_PIECES {
                if SECRETS[i].as_bytes().chunks_exact(PIECE).any(|piece| piece == window) {
                    FOUND.with(|found| found.set(found.get() | 1 << i));
                }
            }
        }
    }
    for (i, secret) in SECRETS.iter().enumerate() {
        if contains(block, secret.as_bytes()) {
            FOUND.with(|found| found.set(found.get() | 1 << i));
        }
    }
}

/// Without memory of its own, and without much time: the first byte decides mostly.
fn contains(block: &[u8], secret: &[u8]) -> bool {
    let Some(last) = block.len().checked_sub(secret.len()) else { return false };
    (0..=last).any(|at| block[at] == secret[0] && &block[at..at + secret.len()] == secret)
}

/// Runs that, and gives the secrets that were in freed blocks.
fn looked<T>(what: impl FnOnce() -> T) -> (T, Vec<&'static str>) {
    FOUND.with(|found| found.set(0));
    IS_LOOKING.with(|is_looking| is_looking.set(true));
    let result = what();
    IS_LOOKING.with(|is_looking| is_looking.set(false));
    let found = FOUND.with(Cell::get);
    let secrets = SECRETS.iter().enumerate().filter(|(i, _)| found & (1 << i) != 0);
    (result, secrets.map(|(_, secret)| *secret).collect())
}

#[track_caller]
fn clean(name: &str, what: impl FnOnce()) {
    let ((), found) = looked(what);
    assert!(found.is_empty(), "{name} leaves behind {found:?}");
}

/// As [`clean`], of pieces of secrets as well.
#[track_caller]
fn clean_of_pieces(name: &str, what: impl FnOnce()) {
    WANTS_PIECES.with(|wants| wants.set(true));
    let ((), found) = looked(what);
    WANTS_PIECES.with(|wants| wants.set(false));
    assert!(found.is_empty(), "{name} leaves behind a piece of {found:?}");
}

/// The test's own doing, which leaves behind what it likes.
fn unseen<T>(what: impl FnOnce() -> T) -> T {
    let was_looking = IS_LOOKING.with(|is_looking| is_looking.replace(false));
    let result = what();
    IS_LOOKING.with(|is_looking| is_looking.set(was_looking));
    result
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", KEY).unwrap().with_session_token(TOKEN).unwrap()
}

fn encoder() -> Encoder {
    Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().unwrap())
}

/// The listed exception: kept for ever.
fn keep_token<B>(request: &mut Request<B>) {
    if let Some(token) = request.headers_mut().remove("x-amz-security-token") {
        assert!(token.is_sensitive());
        mem::forget(token);
    }
}

fn role() -> AssumeRole {
    AssumeRole::new("arn:aws:iam::123456789012:role/Deploy", "session")
        .external_id(EXTERNAL_ID)
        .policy(POLICY)
        .tags((0..20).map(|i| (format!("key{i}"), "x".repeat(100))))
}

fn reply(action: &str) -> Body {
    let text = unseen(|| {
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>\
         {NEW_KEY}</SecretAccessKey><SessionToken>{NEW_TOKEN}</SessionToken><Expiration>2026-11-20T18:08:48Z\
         </Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:x</Arn>\
         </AssumedRoleUser></{action}Result></{action}Response>"
        )
    });
    Body::from(text.into_bytes())
}

/// The allocator itself: a test that finds nothing must be able to find something.
#[test]
fn a_secret_left_behind_is_found() {
    let ((), found) = looked(|| drop(black_box(NEW_KEY.to_owned())));
    assert_eq!(found, [NEW_KEY]);
    let ((), found) = looked(|| {
        let mut text = String::with_capacity(TOKEN.len());
        text.push_str(TOKEN);
        text.push_str(black_box("and more, so that it moves"));
        mem::forget(text);
    });
    assert_eq!(found, [TOKEN]);
    clean("a secret", || drop(black_box(Secret::from(NEW_KEY))));
    for piece in [&NEW_KEY[..8], &NEW_KEY[2..17], &TOKEN[17..32]] {
        WANTS_PIECES.with(|wants| wants.set(true));
        let ((), found) = looked(|| drop(black_box(format!("a {piece} b"))));
        WANTS_PIECES.with(|wants| wants.set(false));
        assert_eq!(found.len(), 1, "{piece}");
    }
}
